package torrent

import (
	"encoding/binary"
	"net/netip"
	"sync/atomic"
)

// protocol is one of those that share the UDP socket, in the order in which a
// packet is tested: what a STUN server answers looks like a uTP packet, too.
type protocol int

const (
	protoSTUN protocol = iota
	protoDHT
	protoTracker // answers of UDP trackers
	protoUTP
	protocols // how many there are
)

// takeFunc is given a packet that has the shape of its protocol, which it must not
// keep, and reports whether it was one of its own. It is called from the goroutine
// that reads the socket.
type takeFunc func(p []byte, from netip.AddrPort) bool

// demux tells the packets of one socket apart. What is nobody's is dropped without
// an answer: whatever we answered could be sent on to somebody else (threat:
// reflection). The zero value is ready.
type demux struct {
	takers [protocols]atomic.Pointer[takeFunc]
}

// register has take get the packets of a protocol from now on.
func (d *demux) register(p protocol, take takeFunc) { d.takers[p].Store(&take) }

// deliver hands a packet to the first protocol that says it is its own.
func (d *demux) deliver(p []byte, from netip.AddrPort) {
	for proto := range protocols {
		if take := d.takers[proto].Load(); take != nil && proto.fits(p) && (*take)(p, from) {
			return
		}
	}
}

const (
	stunMagic      = 0x2112A442 // RFC 8489, 5
	utpVersion     = 1          // BEP 29; the low half of the first byte
	utpLastType    = 4          // SYN; the high half
	utpLastExt     = 2          // the first extension of a packet is none beyond it
	maxUDPAction   = 3          // BEP 15: error
	minSTUN        = 20         // bytes of a header
	minUTP         = 20
	minUDPResponse = 8 // action and transaction
)

// fits reports whether a packet may be one of a protocol.
func (proto protocol) fits(p []byte) bool {
	switch proto {
	case protoSTUN:
		return len(p) >= minSTUN && p[0]>>6 == 0 && binary.BigEndian.Uint32(p[4:]) == stunMagic
	case protoDHT: // a bencoded dictionary (BEP 5)
		return len(p) > 0 && p[0] == 'd'
	case protoTracker:
		return len(p) >= minUDPResponse && binary.BigEndian.Uint32(p) <= maxUDPAction
	case protoUTP:
		return len(p) >= minUTP && p[0]&15 == utpVersion && p[0]>>4 <= utpLastType && p[1] <= utpLastExt
	}
	return false
}
