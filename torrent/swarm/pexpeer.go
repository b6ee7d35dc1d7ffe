package swarm

import (
	"net/netip"
	"slices"
	"time"
)

// PEXPeer is one connection's part in the exchange.
type PEXPeer struct {
	book  *PEX
	addr  netip.AddrPort // of the peer itself
	talks bool           // it takes messages

	added, dropped uint64           // marks in the timeline, see PEX
	seen           [2]uint64        // marks in the recent contacts
	stale          []netip.AddrPort // recent contacts told last time
	news           time.Time        // since when there may be something to tell; zero: nothing
	notBefore      time.Time

	// What the peer told us.
	heard   map[netip.AddrPort]pexTold // by Hosts.address
	listed  int                        // of them not taken back
	letters bucket
	fresh   bucket
	strikes int
}

// Connect makes the part of one connection. addr is where the peer can be
// dialled, or at least its IP with port 0. Nothing is told until Talk.
func (b *PEX) Connect(addr netip.AddrPort, now time.Time) *PEXPeer {
	p := &PEXPeer{
		book: b, addr: Unmapped(addr), news: now,
		letters: bucket{pexBurst, now}, fresh: bucket{maxPexList, now},
	}
	b.peers = append(b.peers, p)
	return p
}

// Close ends the part of a connection.
func (p *PEXPeer) Close() {
	p.book.peers = slices.DeleteFunc(p.book.peers, func(q *PEXPeer) bool { return p == q })
}

// Talk says whether the peer takes messages, as its extension handshakes say.
func (p *PEXPeer) Talk(on bool) { p.talks = on }

// Next is when Message may have something; zero while there is no news.
func (p *PEXPeer) Next() time.Time {
	if !p.talks || p.news.IsZero() {
		return time.Time{}
	}
	if at := p.news.Add(pexGather); at.After(p.notBefore) {
		return at
	}
	return p.notBefore
}

// Message returns what is to be sent to the peer now, if Next has come and there
// is anything. What it returns counts as told.
func (p *PEXPeer) Message(now time.Time) (m PEXMessage, ok bool) {
	if at := p.Next(); at.IsZero() || now.Before(at) {
		return m, false
	}
	owed, marks := p.owed()
	if len(owed) > MaxPEX { // first things first: nothing is added meanwhile
		m.Dropped = owed[:MaxPEX]
		p.stale, p.dropped = nil, marks[MaxPEX-1]
	} else {
		m = p.compose(owed, now)
	}
	if ok = len(m.Added)+len(m.Dropped) > 0; ok {
		p.notBefore = now.Add(pexEvery)
	}
	return m, ok
}

// owed lists the contacts that the peer believes to be here and that left, and
// the mark that has each behind it.
func (p *PEXPeer) owed() (addrs []netip.AddrPort, marks []uint64) {
	for _, a := range p.stale {
		addrs, marks = append(addrs, a), append(marks, p.dropped)
	}
	leaves := p.book.leaves
	i, _ := slices.BinarySearchFunc(leaves, p.dropped+1, func(c *pexStay, at uint64) int { return int(int64(c.left) - int64(at)) })
	for _, c := range leaves[i:] {
		if c.joined <= p.added && p.mayKnow(c) {
			addrs, marks = append(addrs, c.addr), append(marks, c.left)
		}
	}
	return addrs, marks
}

// compose makes a message that has all the contacts owed, and moves the marks.
func (p *PEXPeer) compose(owed []netip.AddrPort, now time.Time) (m PEXMessage) {
	b := p.book
	p.dropped, p.stale, p.news = b.seq, nil, time.Time{}
	back := make(map[netip.AddrPort]bool) // left and came again: as if nothing had been
	i, _ := slices.BinarySearchFunc(b.joins, p.added+1, func(c *pexStay, at uint64) int { return int(int64(c.joined) - int64(at)) })
	p.added = b.seq
	for ; i < len(b.joins); i++ {
		c := b.joins[i]
		if c.left > 0 || !p.mayKnow(c) {
			continue
		}
		if slices.Contains(owed, c.addr) {
			back[c.addr] = true
			continue
		}
		if len(m.Added) == MaxPEX { // the rest comes with the next message
			p.added, p.news = c.joined-1, now
			break
		}
		m.Added = append(m.Added, Contact{Addr: c.addr, Flags: c.flags})
	}
	for _, a := range owed {
		if !back[a] {
			m.Dropped = append(m.Dropped, a)
		}
	}
	for f := range b.recent {
		p.addRecent(f, &m, now)
	}
	return m
}

// addRecent fills up a message with contacts that are no longer connected, while
// few of their family are (BEP 11: "Filling underpopulated lists"). Each is told
// once, and taken back with the next message.
func (p *PEXPeer) addRecent(family int, m *PEXMessage, now time.Time) {
	if p.book.count[family] >= pexFew {
		return
	}
	for _, c := range p.book.recent[family] {
		if c.left <= p.seen[family] {
			continue
		}
		if len(m.Added) == MaxPEX {
			return
		}
		p.seen[family] = c.left
		if now.Sub(c.leftAt) <= pexRecent && p.mayKnow(c) && !slices.Contains(m.Dropped, c.addr) {
			m.Added = append(m.Added, Contact{Addr: c.addr, Flags: c.flags})
			p.stale, p.news = append(p.stale, c.addr), now
		}
	}
}

// mayKnow reports whether the peer is told of a contact at all: not of itself, and
// of private addresses only if its own is private, since elsewhere they lead to
// nobody or to somebody else.
func (p *PEXPeer) mayKnow(c *pexStay) bool {
	return c.addr != p.addr && (!p.book.hosts.Private(c.addr.Addr()) || p.book.hosts.Private(p.addr.Addr()))
}
