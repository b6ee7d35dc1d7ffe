package torrent

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"time"

	"gotor/torrent/swarm"
)

// When the connections are used up, a newcomer gets in only if somebody there is
// of less use than it may turn out to be. Nothing is known of a newcomer, so it
// replaces those that are certainly of no use: that have what we have and want
// what we want, nothing; and those between whom and us nobody wants anything, or
// that had a slot and asked for nothing. These make room at once: a peer says what
// it wants within a round trip, one that only fills a place does not. Whoever has
// most of them loses the oldest, so that a flood of one host costs itself.
//
// One with which something is wanted but nothing moves is a newcomer's equal, and
// the canonical priority of BEP 40 decides. All peers rank a pair of addresses
// alike, so that a swarm stays evenly connected instead of by who came first, and
// whoever wants to fill everybody's connections needs as many good addresses as
// the swarm has. Each has shedGrace to be of use, unless its host has more than
// its share of the room.
//
// A connection that moves data is never closed for an unknown one, so a flood of
// newcomers costs a swarm nothing.
const (
	// shedGrace is how long a new connection that wants something is left alone:
	// two choke rounds.
	shedGrace = 20 * time.Second
	// shedIdle is how long after its last block a connection counts as useful:
	// as many choke rounds as give a waiting peer some chances.
	shedIdle = 2 * time.Minute
	// shedSpurn is how long one may have a slot and ask for nothing.
	shedSpurn = 10 * time.Second
	// shedShare is the part of the room that one host may have in peace: a quarter.
	shedShare = 4
)

// shedPeer describes one connection, or one to be.
type shedPeer struct {
	addr        netip.AddrPort
	named       bool      // the user asked for this peer
	useless     bool      // neither side can have anything for the other: two seeds
	interested  bool      // it wants something of us
	interesting bool      // we want something of it
	spurns      bool      // it had a slot for long enough and took nothing
	hosts       int       // connections of its host, it included; set by shed
	crowds      bool      // these are more than its share; set by shed
	joined      time.Time // when it was connected
	moved       time.Time // when a block last moved, either way; zero: never
}

// ourAddr is how others see us; the zero value is not known.
type ourAddr struct{ v4, v6 netip.AddrPort }

// The standing of a connection, the first to be closed first.
type standing int

const (
	standsUseless standing = iota
	standsUnwanted
	standsIdle
	standsUseful
	standsFirm // not to be closed for anybody
)

func (p *shedPeer) standing(now time.Time) standing {
	wanted := p.interesting || p.interested && !p.spurns
	switch {
	case p.named:
		return standsFirm
	case p.useless:
		return standsUseless
	case wanted && !p.crowds && now.Sub(p.joined) < shedGrace:
		return standsFirm
	case !p.moved.IsZero() && now.Sub(p.moved) < shedIdle:
		return standsUseful
	case wanted:
		return standsIdle
	}
	return standsUnwanted
}

// shed returns the index of the connection to close for a newcomer, or -1 if
// that is the newcomer.
func shed(us ourAddr, peers []shedPeer, newcomer shedPeer, now time.Time) int {
	if newcomer.useless && !newcomer.named {
		return -1
	}
	countHosts(peers, newcomer.addr)
	least := -1
	for i := range peers {
		if least < 0 || shedBefore(us, &peers[i], &peers[least], now) {
			least = i
		}
	}
	if least < 0 {
		return -1
	}
	switch peers[least].standing(now) {
	case standsUseless, standsUnwanted:
		return least
	case standsIdle:
		if newcomer.named || peers[least].crowds || us.priority(newcomer.addr) > us.priority(peers[least].addr) {
			return least
		}
	case standsUseful:
		if newcomer.named { // the user knows better
			return least
		}
	}
	return -1
}

// countHosts notes how many connections each one's host has, and who has more
// than a share of the room and more than the newcomer's host.
func countHosts(peers []shedPeer, newcomer netip.AddrPort) {
	counts := make(map[netip.Addr]int, len(peers))
	for i := range peers {
		counts[hosts.Of(peers[i].addr.Addr())]++
	}
	share := max(swarm.MaxPerHost, len(peers)/shedShare, counts[hosts.Of(newcomer.Addr())]+1)
	for i := range peers {
		p := &peers[i]
		p.hosts = counts[hosts.Of(p.addr.Addr())]
		p.crowds = p.hosts > share
	}
}

// shedBefore reports whether a is to go rather than b.
func shedBefore(us ourAddr, a, b *shedPeer, now time.Time) bool {
	if s := a.standing(now); s == standsUnwanted && b.standing(now) == s {
		return cmp.Or(cmp.Compare(b.hosts, a.hosts), a.joined.Compare(b.joined)) < 0
	}
	return cmp.Or(cmp.Compare(a.standing(now), b.standing(now)),
		cmp.Compare(us.priority(a.addr), us.priority(b.addr)),
		a.moved.Compare(b.moved), a.joined.Compare(b.joined)) < 0
}

// priority is the canonical one of a connection to peer, 0 if our address of its
// kind is not known. The higher is kept.
func (us ourAddr) priority(peer netip.AddrPort) uint32 {
	self := us.v6
	if peer.Addr().Unmap().Is4() {
		self = us.v4
	}
	return canonicalPriority(self, peer)
}

// canonicalPriority is BEP 40's: the CRC32-C of both addresses, masked and in
// order, or of the ports if the addresses are equal. It is 0 for addresses of
// different kinds.
func canonicalPriority(a, b netip.AddrPort) uint32 {
	ip, other := a.Addr().Unmap(), b.Addr().Unmap()
	if !ip.IsValid() || !other.IsValid() || ip.BitLen() != other.BitLen() {
		return 0
	}
	var x, y []byte
	if ip.WithZone("") == other.WithZone("") {
		x, y = binary.BigEndian.AppendUint16(nil, a.Port()), binary.BigEndian.AppendUint16(nil, b.Port())
	} else {
		x, y = ip.AsSlice(), other.AsSlice()
		maskPair(x, y)
	}
	if bytes.Compare(x, y) > 0 {
		x, y = y, x
	}
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(x, table), table, y)
}

// maskPair hides what an owner of many neighbouring addresses could choose
// freely: of each byte behind the network's, every other bit. What counts as the
// network is two bytes of IPv4 or six of IPv6, and for two addresses that agree
// in those, one byte more than they agree in (FF.FF.FF.55 in one /16, all in one
// /24, and so on in steps of eight bits for IPv6).
func maskPair(x, y []byte) {
	clear := 2
	if len(x) == 16 {
		clear = 6
	}
	if bytes.Equal(x[:clear], y[:clear]) {
		for clear < len(x) && x[clear] == y[clear] {
			clear++
		}
		clear++
	}
	for i := clear; i < len(x); i++ {
		x[i] &= 0x55
		y[i] &= 0x55
	}
}
