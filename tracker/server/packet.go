package server

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"gotor/tracker"
)

// The actions of BEP 15.
const (
	actConnect  = 0
	actAnnounce = 1
	actScrape   = 2
	actError    = 3
)

const (
	protocolID   = 0x41727101980 // in place of a connection id when asking for one
	headerSize   = 16
	announceSize = 98   // of a request, without the options of BEP 41
	maxAnswer    = 1220 // bytes of a datagram: 200 IPv4 or 66 IPv6 peers, and no fragments anywhere
)

var (
	errShort  = errors.New("the packet is too short")
	errAction = errors.New("unknown action")
	errEvent  = errors.New("unknown event")
)

// header is what every request starts with.
type header struct {
	connection          uint64
	action, transaction uint32
}

// parseHeader reads the start of a packet; false: it is none of ours.
func parseHeader(b []byte) (header, bool) {
	if len(b) < headerSize {
		return header{}, false
	}
	be := binary.BigEndian
	return header{be.Uint64(b), be.Uint32(b[8:]), be.Uint32(b[12:])}, true
}

// parseUDPAnnounce reads an announce that came from an address. What follows
// its 98 bytes, the URL data of BEP 41 above all, is not looked at.
func parseUDPAnnounce(b []byte, from netip.Addr) (announce, error) {
	if len(b) < announceSize {
		return announce{}, errShort
	}
	be := binary.BigEndian
	a := announce{
		hash: [20]byte(b[16:36]), id: [20]byte(b[36:56]),
		seed: be.Uint64(b[64:]) == 0,
		want: clampWant(int64(int32(be.Uint32(b[92:])))),
		port: be.Uint16(b[96:]),
		from: from, family: 6,
	}
	event := be.Uint32(b[80:])
	if event > uint32(tracker.EventStopped) {
		return announce{}, errEvent
	}
	a.event = tracker.Event(event)
	size := 18
	if from.Is4() {
		a.family, size = 4, 6
		// BEP 15: the field has a meaning over IPv4 only, and 0 is none.
		if ip := [4]byte(b[84:88]); ip != [4]byte{} {
			a.named = netip.AddrFrom4(ip)
		}
	}
	a.want = min(a.want, (maxAnswer-20)/size)
	return a, nil
}

// parseUDPScrape reads the hashes of a scrape into dst[:0].
func parseUDPScrape(b []byte, dst [][20]byte) ([][20]byte, error) {
	b, dst = b[headerSize:], dst[:0]
	for ; len(b) >= 20 && len(dst) < maxScrape; b = b[20:] {
		dst = append(dst, [20]byte(b))
	}
	if len(dst) == 0 {
		return nil, errShort
	}
	return dst, nil
}

// appendHeader appends what every answer starts with.
func appendHeader(dst []byte, action, transaction uint32) []byte {
	dst = binary.BigEndian.AppendUint32(dst, action)
	return binary.BigEndian.AppendUint32(dst, transaction)
}

// appendConnect appends the answer to a connect request: 16 bytes, as many as
// the request has.
func appendConnect(dst []byte, transaction uint32, connection uint64) []byte {
	return binary.BigEndian.AppendUint64(appendHeader(dst, actConnect, transaction), connection)
}

// appendUDPAnnounce appends the answer to an announce, with the peers of one
// family.
func appendUDPAnnounce(dst []byte, transaction uint32, a *answer, family int) []byte {
	dst = appendHeader(dst, actAnnounce, transaction)
	dst = binary.BigEndian.AppendUint32(dst, uint32(a.interval/time.Second))
	dst = binary.BigEndian.AppendUint32(dst, uint32(a.leechers))
	dst = binary.BigEndian.AppendUint32(dst, uint32(a.seeders))
	return appendCompact(dst, a.peers, family)
}

// appendUDPScrape appends one torrent to the answer to a scrape, 12 bytes. The
// format has no way to say that a torrent is not known.
func appendUDPScrape(dst []byte, c counts) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(c.seeders))
	dst = binary.BigEndian.AppendUint32(dst, uint32(c.completed))
	return binary.BigEndian.AppendUint32(dst, uint32(c.leechers))
}

// appendError appends an answer that refuses.
func appendError(dst []byte, transaction uint32, err error) []byte {
	return append(appendHeader(dst, actError, transaction), err.Error()...)
}
