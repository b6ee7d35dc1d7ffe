package swarm

import (
	"cmp"
	"net/netip"
	"time"
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

// Connection describes one connection, or one to be.
type Connection struct {
	Addr        netip.AddrPort
	Named       bool      // the user asked for this peer
	Useless     bool      // neither side can have anything for the other: two seeds
	Interested  bool      // it wants something of us
	Interesting bool      // we want something of it
	Asks        bool      // requests of it wait for us
	Joined      time.Time // when it was connected
	Moved       time.Time // when a block last moved, either way; zero: never
	Offered     time.Time // when it got the first slot of those that it has not used; zero: it has used all

	hosts  int  // connections of its host, it included; set by Shed
	crowds bool // these are more than its share; set by Shed
}

// The standing of a connection, the first to be closed first.
type standing int

const (
	standsUseless standing = iota
	standsUnwanted
	standsIdle
	standsUseful
	standsFirm // not to be closed for anybody
)

func (p *Connection) standing(now time.Time) standing {
	wanted := p.Interesting || p.Interested && !p.spurns(now)
	switch {
	case p.Named:
		return standsFirm
	case p.Useless:
		return standsUseless
	case wanted && !p.crowds && now.Sub(p.Joined) < shedGrace:
		return standsFirm
	case !p.Moved.IsZero() && now.Sub(p.Moved) < shedIdle:
		return standsUseful
	case wanted:
		return standsIdle
	}
	return standsUnwanted
}

// spurns reports whether a peer had a slot for long enough and asked for nothing.
func (p *Connection) spurns(now time.Time) bool {
	return !p.Offered.IsZero() && !p.Moved.After(p.Offered) && now.Sub(p.Offered) >= shedSpurn && !p.Asks
}

// Shed returns the index of the connection to close for a newcomer, or -1 if
// that is the newcomer.
func (h Hosts) Shed(us OurAddr, peers []Connection, newcomer Connection, now time.Time) int {
	if newcomer.Useless && !newcomer.Named {
		return -1
	}
	h.countHosts(peers, newcomer.Addr)
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
		if newcomer.Named || peers[least].crowds || us.priority(newcomer.Addr) > us.priority(peers[least].Addr) {
			return least
		}
	case standsUseful:
		if newcomer.Named { // the user knows better
			return least
		}
	}
	return -1
}

// Idle returns the index of the connection of least use, whatever our address, or
// -1 if all are of use.
func Idle(peers []Connection, now time.Time) int {
	least := Least(peers, now)
	if least < 0 || peers[least].standing(now) >= standsUseful {
		return -1
	}
	return least
}

// Least is Idle, but for those that are of use: only whom the user named stays. -1:
// there is nobody else.
func Least(peers []Connection, now time.Time) int {
	least := -1
	for i := range peers {
		if !peers[i].Named && (least < 0 || shedBefore(OurAddr{}, &peers[i], &peers[least], now)) {
			least = i
		}
	}
	return least
}

// countHosts notes how many connections each one's host has, and who has more
// than a share of the room and more than the newcomer's host.
func (h Hosts) countHosts(peers []Connection, newcomer netip.AddrPort) {
	counts := make(map[netip.Addr]int, len(peers))
	for i := range peers {
		counts[h.Of(peers[i].Addr.Addr())]++
	}
	share := max(MaxPerHost, len(peers)/shedShare, counts[h.Of(newcomer.Addr())]+1)
	for i := range peers {
		p := &peers[i]
		p.hosts = counts[h.Of(p.Addr.Addr())]
		p.crowds = p.hosts > share
	}
}

// shedBefore reports whether a is to go rather than b.
func shedBefore(us OurAddr, a, b *Connection, now time.Time) bool {
	if s := a.standing(now); s == standsUnwanted && b.standing(now) == s {
		return cmp.Or(cmp.Compare(b.hosts, a.hosts), a.Joined.Compare(b.Joined)) < 0
	}
	return cmp.Or(cmp.Compare(a.standing(now), b.standing(now)),
		cmp.Compare(us.priority(a.Addr), us.priority(b.Addr)),
		a.Moved.Compare(b.Moved), a.Joined.Compare(b.Joined)) < 0
}
