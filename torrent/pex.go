package torrent

import (
	"net/netip"
	"slices"
	"time"

	"gotor/peer/wire"
	"gotor/torrent/swarm"
)

// Limits of peer exchange (BEP 11).
const (
	pexEvery  = 61 * time.Second // between messages of ours: a minute, and what the network may squeeze out of it
	pexGather = 2 * time.Second  // from the first news to a message, so that it has more than one contact
	pexFew    = 25               // connections of a family below which recent ones may be told of; and how many of them
	pexRecent = 30 * time.Minute // how long an ended connection is recent
	pexSweep  = 64               // contacts that left, before a search for those that may be forgotten
	maxPexOld = 2048             // contacts that left and that some peer has yet to hear of

	pexMinute  = time.Minute // in which a source may send one message
	pexBurst   = 2           // messages at once: the network may hold one back
	pexStrikes = 10          // messages beyond that in a row, until it is abuse
	maxPexList = 100         // addresses a source has told of and not taken back (threat: one source fills the book)
	pexRefill  = 20          // new addresses a minute from a source that has given maxPexList
)

// pexBook is what the peers of one swarm are told about each other (BEP 11), and
// what is taken from them. It does no I/O and is told the time. It must not be
// used for a private torrent.
//
// All peers share one timeline: contacts are kept in the order in which they
// joined, and those that left in the order in which they did so. A peer has two
// marks in it. It has been told of exactly the contacts that joined up to its
// mark added, less those that left up to its mark dropped. For this to hold, added
// moves only when dropped has reached the present. A contact that left is
// forgotten when no peer has its joining behind its mark and its leaving ahead.
type pexBook struct {
	seq    uint64 // of the last event; they count from 1
	live   map[netip.AddrPort]*pexContact
	joins  []*pexContact    // by joined
	leaves []*pexContact    // of those in joins, by left
	recent [2][]*pexContact // IPv4, IPv6: at most pexFew each, by left
	count  [2]int           // live ones of each family
	peers  []*pexPeer
	sweep  int // length of leaves at which to look for what may be forgotten
}

// pexContact is one stay of a peer in the swarm.
type pexContact struct {
	addr         netip.AddrPort
	flags        wire.PEXFlags
	links        int    // connections to it
	joined, left uint64 // events; left is 0 while it stays
	leftAt       time.Time
}

func newPexBook() *pexBook {
	return &pexBook{live: make(map[netip.AddrPort]*pexContact), sweep: pexSweep}
}

// joined notes that a connection was fully established to the peer that can be
// dialled at addr. A second one to the same address only sets the flags. Link-local
// addresses mean nothing to others and are left out.
func (b *pexBook) joined(addr netip.AddrPort, flags wire.PEXFlags, now time.Time) {
	addr = swarm.Unmapped(addr)
	if !dialable(addr) || addr.Addr().IsLinkLocalUnicast() {
		return
	}
	if c := b.live[addr]; c != nil {
		c.links, c.flags = c.links+1, flags
		return
	}
	b.event(now)
	c := &pexContact{addr: addr, flags: flags, links: 1, joined: b.seq}
	b.live[addr], b.joins = c, append(b.joins, c)
	f := pexFamily(addr)
	b.count[f]++
	b.recent[f] = slices.DeleteFunc(b.recent[f], func(c *pexContact) bool { return c.addr == addr })
}

// left notes that a connection noted by joined has ended. recent: it was closed by us
// for a reason that does not speak against the peer: it is connected in another
// family, neither has what the other needs, or there were too many connections.
func (b *pexBook) left(addr netip.AddrPort, recent bool, now time.Time) {
	addr = swarm.Unmapped(addr)
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
func (b *pexBook) event(now time.Time) {
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
func (b *pexBook) forget() {
	excess := len(b.leaves) - maxPexOld
	owed := func(c *pexContact) bool {
		return slices.ContainsFunc(b.peers, func(p *pexPeer) bool { return p.added >= c.joined && p.dropped < c.left })
	}
	kept := make(map[*pexContact]bool)
	for i, c := range b.leaves {
		if i >= excess && owed(c) {
			kept[c] = true
		}
	}
	b.leaves = slices.DeleteFunc(b.leaves, func(c *pexContact) bool { return !kept[c] })
	b.joins = slices.DeleteFunc(b.joins, func(c *pexContact) bool { return c.left > 0 && !kept[c] })
	b.sweep = max(pexSweep, 2*len(b.leaves))
}

// next is when some peer is due for a message; zero while there is no news.
func (b *pexBook) next() (at time.Time) {
	for _, p := range b.peers {
		if t := p.next(); !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at
}

// pexPeer is one connection's part in the exchange.
type pexPeer struct {
	book  *pexBook
	addr  netip.AddrPort // of the peer itself
	talks bool           // it takes messages

	added, dropped uint64           // marks in the timeline, see pexBook
	seen           [2]uint64        // marks in the recent contacts
	stale          []netip.AddrPort // recent contacts told last time
	news           time.Time        // since when there may be something to tell; zero: nothing
	notBefore      time.Time

	// What the peer told us.
	heard   map[netip.AddrPort]pexHeard // by pexHost
	listed  int                         // of them not taken back
	letters pexBucket
	fresh   pexBucket
	strikes int
}

// pexHeard is an address that a source told of.
type pexHeard struct {
	port uint16
	gone bool // taken back
}

// connect makes the part of one connection. addr is where the peer can be
// dialled, or at least its IP with port 0. Nothing is told until talk.
func (b *pexBook) connect(addr netip.AddrPort, now time.Time) *pexPeer {
	p := &pexPeer{
		book: b, addr: swarm.Unmapped(addr), news: now,
		letters: pexBucket{pexBurst, now}, fresh: pexBucket{maxPexList, now},
	}
	b.peers = append(b.peers, p)
	return p
}

// close ends the part of a connection.
func (p *pexPeer) close() {
	p.book.peers = slices.DeleteFunc(p.book.peers, func(q *pexPeer) bool { return p == q })
}

// talk says whether the peer takes messages, as its extension handshakes say.
func (p *pexPeer) talk(on bool) { p.talks = on }

// next is when message may have something; zero while there is no news.
func (p *pexPeer) next() time.Time {
	if !p.talks || p.news.IsZero() {
		return time.Time{}
	}
	if at := p.news.Add(pexGather); at.After(p.notBefore) {
		return at
	}
	return p.notBefore
}

// message returns what is to be sent to the peer now, if next has come and there
// is anything. What it returns counts as told.
func (p *pexPeer) message(now time.Time) (m wire.PEX, ok bool) {
	if at := p.next(); at.IsZero() || now.Before(at) {
		return m, false
	}
	owed, marks := p.owed()
	if len(owed) > wire.MaxPEX { // first things first: nothing is added meanwhile
		m.Dropped = owed[:wire.MaxPEX]
		p.stale, p.dropped = nil, marks[wire.MaxPEX-1]
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
func (p *pexPeer) owed() (addrs []netip.AddrPort, marks []uint64) {
	for _, a := range p.stale {
		addrs, marks = append(addrs, a), append(marks, p.dropped)
	}
	leaves := p.book.leaves
	i, _ := slices.BinarySearchFunc(leaves, p.dropped+1, func(c *pexContact, at uint64) int { return int(int64(c.left) - int64(at)) })
	for _, c := range leaves[i:] {
		if c.joined <= p.added && p.mayKnow(c) {
			addrs, marks = append(addrs, c.addr), append(marks, c.left)
		}
	}
	return addrs, marks
}

// compose makes a message that has all the contacts owed, and moves the marks.
func (p *pexPeer) compose(owed []netip.AddrPort, now time.Time) (m wire.PEX) {
	b := p.book
	p.dropped, p.stale, p.news = b.seq, nil, time.Time{}
	back := make(map[netip.AddrPort]bool) // left and came again: as if nothing had been
	i, _ := slices.BinarySearchFunc(b.joins, p.added+1, func(c *pexContact, at uint64) int { return int(int64(c.joined) - int64(at)) })
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
		if len(m.Added) == wire.MaxPEX { // the rest comes with the next message
			p.added, p.news = c.joined-1, now
			break
		}
		m.Added = append(m.Added, wire.PEXPeer{Addr: c.addr, Flags: c.flags})
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
func (p *pexPeer) addRecent(family int, m *wire.PEX, now time.Time) {
	if p.book.count[family] >= pexFew {
		return
	}
	for _, c := range p.book.recent[family] {
		if c.left <= p.seen[family] {
			continue
		}
		if len(m.Added) == wire.MaxPEX {
			return
		}
		p.seen[family] = c.left
		if now.Sub(c.leftAt) <= pexRecent && p.mayKnow(c) && !slices.Contains(m.Dropped, c.addr) {
			m.Added = append(m.Added, wire.PEXPeer{Addr: c.addr, Flags: c.flags})
			p.stale, p.news = append(p.stale, c.addr), now
		}
	}
}

// mayKnow reports whether the peer is told of a contact at all: not of itself, and
// of private addresses only if its own is private, since elsewhere they lead to
// nobody or to somebody else.
func (p *pexPeer) mayKnow(c *pexContact) bool {
	return c.addr != p.addr && (!private(c.addr.Addr()) || private(p.addr.Addr()))
}

// receive takes a message and returns the addresses in it that the peer had not
// told us of. They are not to be trusted: whether one may be dialled is for the
// policy to say. A message that comes too early is ignored. abuse: there were
// many of those, and the connection should be closed.
func (p *pexPeer) receive(m wire.PEX, now time.Time) (fresh []wire.PEXPeer, abuse bool) {
	if !p.letters.take(1/pexMinute.Seconds(), pexBurst, now) {
		p.strikes++
		return nil, p.strikes >= pexStrikes
	}
	p.strikes = max(0, p.strikes-1)
	for _, a := range m.Dropped[:min(len(m.Dropped), wire.MaxPEX)] {
		p.takeBack(swarm.Unmapped(a))
	}
	for _, c := range m.Added[:min(len(m.Added), wire.MaxPEX)] {
		c.Addr = swarm.Unmapped(c.Addr)
		if dialable(c.Addr) && c.Addr != p.addr && p.hear(c.Addr, now) {
			fresh = append(fresh, c)
		}
	}
	return fresh, false
}

// hear notes an address and reports whether it is new. A public IP has one port for
// as long as the connection lasts (BEP 11; threat: many ports of one victim).
func (p *pexPeer) hear(a netip.AddrPort, now time.Time) bool {
	key := pexHost(a)
	h, known := p.heard[key]
	if known && (h.port != a.Port() || !h.gone) || p.listed >= maxPexList {
		return false
	}
	if !known && !p.fresh.take(pexRefill/pexMinute.Seconds(), maxPexList, now) {
		return false
	}
	if p.heard == nil {
		p.heard = make(map[netip.AddrPort]pexHeard)
	}
	if !known && len(p.heard) >= 2*maxPexList {
		p.unhear()
	}
	p.heard[key] = pexHeard{port: a.Port()}
	p.listed++
	return !known
}

// unhear forgets an address that was taken back.
func (p *pexPeer) unhear() {
	for key, h := range p.heard {
		if h.gone {
			delete(p.heard, key)
			return
		}
	}
}

func (p *pexPeer) takeBack(a netip.AddrPort) {
	if h, known := p.heard[pexHost(a)]; known && h.port == a.Port() && !h.gone {
		p.heard[pexHost(a)] = pexHeard{port: h.port, gone: true}
		p.listed--
	}
}

// pexBucket is a number of permits that grows with time.
type pexBucket struct {
	level float64
	at    time.Time
}

// take takes a permit, if there is one. There are perSecond more every second,
// up to most.
func (b *pexBucket) take(perSecond, most float64, now time.Time) bool {
	b.level = min(most, b.level+max(0, now.Sub(b.at).Seconds())*perSecond)
	b.at = now
	if b.level < 1 {
		return false
	}
	b.level--
	return true
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

// pexHost is what of an address is taken once from a source: the IP address, but
// of a private one each port.
func pexHost(addr netip.AddrPort) netip.AddrPort {
	ip, port := addr.Addr().Unmap(), addr.Port()
	if !private(ip) {
		port = 0
	}
	return netip.AddrPortFrom(ip, port)
}
