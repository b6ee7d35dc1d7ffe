package swarm

import (
	"net/netip"
	"slices"
	"time"
)

// MaxPEX is how many contacts of each kind a message has (BEP 11); of one that has
// more the rest is not read (threat: PEX floods).
const MaxPEX = 50

// Limits of what peers are told (BEP 11).
const (
	pexEvery  = 61 * time.Second // between messages of ours: a minute, and what the network may squeeze out of it
	pexGather = 2 * time.Second  // from the first news to a message, so that it has more than one contact
	pexFew    = 25               // connections of a family below which recent ones may be told of; and how many of them
	pexRecent = 30 * time.Minute // how long an ended connection is recent
	pexSweep  = 64               // contacts that left, before a search for those that may be forgotten
	maxPexOld = 2048             // contacts that left and that some peer has yet to hear of
)

// Contact is a peer that somebody is connected to. Flags are those of BEP 11, which
// are passed on as they are.
type Contact struct {
	Addr  netip.AddrPort
	Flags uint8
}

// PEXMessage is one message of peer exchange.
type PEXMessage struct {
	Added   []Contact
	Dropped []netip.AddrPort
}

// PEX is what the peers of one swarm are told about each other (BEP 11), and
// what is taken from them. It must not be used for a private torrent (BEP 27).
//
// All peers share one timeline: contacts are kept in the order in which they
// joined, and those that left in the order in which they did so. A peer has two
// marks in it. It has been told of exactly the contacts that joined up to its
// mark added, less those that left up to its mark dropped. For this to hold, added
// moves only when dropped has reached the present. A contact that left is
// forgotten when no peer has its joining behind its mark and its leaving ahead.
type PEX struct {
	hosts  Hosts
	seq    uint64 // of the last event; they count from 1
	live   map[netip.AddrPort]*pexStay
	joins  []*pexStay    // by joined
	leaves []*pexStay    // of those in joins, by left
	recent [2][]*pexStay // IPv4, IPv6: at most pexFew each, by left
	count  [2]int        // live ones of each family
	peers  []*PEXPeer
	sweep  int // length of leaves at which to look for what may be forgotten
}

// pexStay is one stay of a peer in the swarm.
type pexStay struct {
	addr         netip.AddrPort
	flags        uint8
	links        int    // connections to it
	joined, left uint64 // events; left is 0 while it stays
	leftAt       time.Time
}

// NewPEX makes the exchange of a swarm.
func NewPEX(hosts Hosts) *PEX {
	return &PEX{hosts: hosts, live: make(map[netip.AddrPort]*pexStay), sweep: pexSweep}
}

// Joined notes that a connection was fully established to the peer that can be
// dialled at addr. A second one to the same address only sets the flags. Link-local
// addresses mean nothing to others and are left out.
func (b *PEX) Joined(addr netip.AddrPort, flags uint8, now time.Time) {
	addr = Unmapped(addr)
	if !dialable(addr) || addr.Addr().IsLinkLocalUnicast() {
		return
	}
	if c := b.live[addr]; c != nil {
		c.links, c.flags = c.links+1, flags
		return
	}
	b.event(now)
	c := &pexStay{addr: addr, flags: flags, links: 1, joined: b.seq}
	b.live[addr], b.joins = c, append(b.joins, c)
	f := pexFamily(addr)
	b.count[f]++
	b.recent[f] = slices.DeleteFunc(b.recent[f], func(c *pexStay) bool { return c.addr == addr })
}

// Left notes that a connection noted by Joined has ended. recent: it was closed by us
// for a reason that does not speak against the peer: it is connected in another
// family, neither has what the other needs, or there were too many connections.
func (b *PEX) Left(addr netip.AddrPort, recent bool, now time.Time) {
	addr = Unmapped(addr)
	c := b.live[addr]
	if c == nil {
		return
	}
	if c.links--; c.links > 0 {
		return
	}
	b.event(now)
	f := pexFamily(addr)
	delete(b.live, addr)
	b.count[f]--
	c.left, c.leftAt = b.seq, now
	b.leaves = append(b.leaves, c)
	if recent {
		b.recent[f] = append(b.recent[f], c)
		b.recent[f] = b.recent[f][max(0, len(b.recent[f])-pexFew):]
	}
	if len(b.leaves) >= b.sweep {
		b.forget()
	}
}

// event begins the next moment of the timeline.
func (b *PEX) event(now time.Time) {
	b.seq++
	for _, p := range b.peers {
		if p.news.IsZero() {
			p.news = now
		}
	}
}

// forget drops the contacts that no peer needs to hear of any more. Beyond
// maxPexOld the oldest go although their leaving was not told to all: peers that
// do not read what we send cannot make us keep more.
func (b *PEX) forget() {
	excess := len(b.leaves) - maxPexOld
	owed := func(c *pexStay) bool {
		return slices.ContainsFunc(b.peers, func(p *PEXPeer) bool { return p.added >= c.joined && p.dropped < c.left })
	}
	kept := make(map[*pexStay]bool)
	for i, c := range b.leaves {
		if i >= excess && owed(c) {
			kept[c] = true
		}
	}
	b.leaves = slices.DeleteFunc(b.leaves, func(c *pexStay) bool { return !kept[c] })
	b.joins = slices.DeleteFunc(b.joins, func(c *pexStay) bool { return c.left > 0 && !kept[c] })
	b.sweep = max(pexSweep, 2*len(b.leaves))
}

// Next is when some peer is due for a message; zero while there is no news.
func (b *PEX) Next() (at time.Time) {
	for _, p := range b.peers {
		if t := p.Next(); !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at
}

func pexFamily(a netip.AddrPort) int {
	if a.Addr().Is4() {
		return 0
	}
	return 1
}

// dialable reports whether an address can be one of a peer at all.
func dialable(a netip.AddrPort) bool {
	ip := a.Addr()
	return a.Port() != 0 && ip.IsValid() && !ip.IsUnspecified() && !ip.IsMulticast() &&
		ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}
