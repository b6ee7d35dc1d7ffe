package dht

import (
	"net/netip"
	"slices"
	"time"
)

// Numbers of a search.
const (
	alpha         = 6   // queries in flight to nodes that may end the search, two a path
	softSlots     = 2   // queries in flight to nodes that may not
	maxSoft       = 64  // such queries in all
	maxAsked      = 400 // queries of a search in all: nobody can keep it going
	maxCandidates = 256 // nodes remembered, the closest
	maxNamed      = bucketSize
	paths         = 3 // that a search follows apart
	suspectAfter  = 2 // silent nodes that one answer named, with none that lives
)

type state uint8

const (
	fresh state = iota
	asked
	late // asked, and no longer waited for
	alive
	dead
)

// candidate is a node that a search has heard of.
type candidate struct {
	Contact
	state state
	gate  bool       // a bootstrap node
	soft  bool       // its id does not belong to its address, or its port is odd
	via   *candidate // who named it; nil: from our table
	hop   int        // answers between our table and it, plus one
	path  uint8      // that its answer leads on
	on    uint8      // bits of the paths that have found it

	silent, living int // of the nodes it named

	token   []byte
	hasItem bool // it has a mutable item under the target (BEP 44)
}

// suspect reports whether who named the node seems to make nodes up. It is
// asked when there is nothing better.
func (c *candidate) suspect() bool {
	return c.soft || c.via != nil && c.via.silent >= suspectAfter && c.via.living == 0
}

// search is the part of a lookup that runs in one family: the nodes that it
// knows in the order of their distance, asked from the closest on until the
// eight closest that live have answered.
//
// It follows three paths that start from different nodes. What a node names
// belongs to its own path only, and each path goes on until its own eight
// closest have answered: a gang of nodes that name nobody but each other ends
// the path that it is met on, and not the search.
type search struct {
	l      *Lookup
	f      *family
	own    ID // at the start: what we are called now may change
	nodes  []*candidate
	places map[netip.AddrPort]*candidate // one node each: see addressRules.place
	starts uint8                         // nodes that paths have started from
	gates  []netip.AddrPort              // bootstrap nodes not asked yet, whose ids are not known

	inFlight, softFlight int
	asked, softAsked     int
	answers, losses      int
}

// newSearch starts from the sixteen closest nodes of the table, and from the
// bootstrap nodes if there are too few.
func newSearch(l *Lookup, f *family) *search {
	s := &search{l: l, f: f, own: f.own, places: make(map[netip.AddrPort]*candidate)}
	n := l.n
	known := f.table.closest(nil, &l.target, 2*bucketSize, func(e *entry) bool { return e.fails < maxFails })
	if len(known) < bucketSize { // perhaps our network was down: then bad nodes are the best we have
		known = f.table.closest(known, &l.target, 2*bucketSize, func(*entry) bool { return true })
	}
	for _, c := range known {
		s.add(c, nil)
	}
	if len(known) < bucketSize {
		s.addGates(n.boot)
	}
	return s
}

// addGates lets the search ask nodes whose ids it does not know.
func (s *search) addGates(addrs []netip.AddrPort) {
	for _, a := range addrs {
		if place := s.l.n.rules.place(a); s.l.n.family(a.Addr()) == s.f && s.places[place] == nil {
			s.places[place] = &candidate{}
			s.gates = append(s.gates, a)
		}
	}
}

// add takes a node into the list, at its place in the order.
func (s *search) add(c Contact, via *candidate) {
	rules := s.l.n.rules
	place := rules.place(c.Addr)
	if c.ID == s.own || c.ID == s.f.own {
		return
	}
	if known := s.places[place]; known != nil {
		if known.Contact == c && via != nil {
			known.on |= 1 << via.path
		}
		return
	}
	ip := c.Addr.Addr()
	k := &candidate{Contact: c, via: via, hop: 1}
	k.soft = !rules.trusted(&c.ID, ip) || via != nil && c.Addr.Port() < 1024 && !isLocal(ip)
	if via != nil {
		k.hop = via.hop + 1
	}
	s.setPath(k)
	if s.insert(k) {
		s.places[place] = k
	}
}

// setPath puts a node on the path of the one who named it. Our own nodes, and
// those that a bootstrap node has named, are dealt out to the paths.
func (s *search) setPath(k *candidate) {
	if k.via != nil && !k.via.gate {
		k.path = k.via.path
	} else {
		k.path = s.starts % paths
		s.starts++
	}
	k.on = 1 << k.path
}

// insert puts a candidate into the list; the farthest makes room, unless that
// is k itself or a node that has been asked.
func (s *search) insert(k *candidate) bool {
	i, _ := slices.BinarySearchFunc(s.nodes, k, func(a, b *candidate) int {
		if closer(&s.l.target, &a.ID, &b.ID) {
			return -1
		}
		return 1
	})
	if len(s.nodes) >= maxCandidates {
		last := s.nodes[len(s.nodes)-1]
		if i == len(s.nodes) || last.state != fresh {
			return false
		}
		delete(s.places, s.l.n.rules.place(last.Addr))
		s.nodes = s.nodes[:len(s.nodes)-1]
	}
	s.nodes = slices.Insert(s.nodes, i, k)
	return true
}

// firm returns the first node to ask among those that count, which are the
// eight closest of each path, and how many of them have been asked.
func (s *search) firm() (next *candidate, counted int) {
	var full uint8
	var onPath [paths]int
	for _, k := range s.nodes {
		if k.state == late || k.state == dead || k.soft || k.on&^full == 0 || k.suspect() && k.state != alive {
			continue
		}
		if k.state == fresh {
			return k, counted
		}
		counted++
		for p := range onPath {
			if k.on&(1<<p) == 0 {
				continue
			}
			if onPath[p]++; onPath[p] == bucketSize {
				full |= 1 << p
			}
		}
		if full == 1<<paths-1 {
			break
		}
	}
	return nil, counted
}

// doubtful returns the closest node to ask of those that do not count.
func (s *search) doubtful() *candidate {
	if s.softAsked >= maxSoft {
		return nil
	}
	for _, k := range s.nodes {
		if k.state == fresh && k.suspect() {
			return k
		}
	}
	return nil
}

// pump asks as many nodes as there is room for.
func (s *search) pump(now time.Time) {
	for s.inFlight < alpha && s.asked < maxAsked {
		k, counted := s.firm()
		if counted < bucketSize && len(s.gates) > 0 && (k == nil || len(s.nodes) < bucketSize) {
			k = &candidate{Contact: Contact{Addr: s.gates[0]}, gate: true}
			s.gates = s.gates[1:]
			s.ask(now, k, false)
			continue
		}
		if k == nil {
			break
		}
		s.ask(now, k, true)
	}
	slots := softSlots
	if _, counted := s.firm(); s.inFlight == 0 && counted < bucketSize {
		slots = alpha // nothing better is left
	}
	for s.softFlight < slots && s.asked < maxAsked && !s.complete() {
		k := s.doubtful()
		if k == nil {
			break
		}
		s.ask(now, k, true)
	}
}

// complete reports whether the eight closest nodes have answered.
func (s *search) complete() bool {
	next, counted := s.firm()
	return next == nil && s.inFlight == 0 && counted >= bucketSize
}

// idle reports whether nothing is left to wait for.
func (s *search) idle() bool {
	return s.complete() || s.inFlight == 0 && s.softFlight == 0
}

// flight returns the counter of the queries in flight that k belongs to.
func (s *search) flight(soft bool) *int {
	if soft {
		return &s.softFlight
	}
	return &s.inFlight
}

// ask sends the lookup's query to a node.
func (s *search) ask(now time.Time, k *candidate, hasID bool) {
	soft := hasID && k.suspect()
	q := s.l.query()
	q.both = s.l.wantsBoth()
	s.asked++
	k.state = asked
	ok := s.l.n.ask(now, k.Contact, hasID, &q, func(now time.Time, what outcome, m *message) {
		s.settle(now, k, what, m, soft, hasID)
	})
	if !ok {
		k.state = dead
		return
	}
	*s.flight(soft)++
	if soft {
		s.softAsked++
	}
}

// settle takes the end of a query, or that it is slow. Answers that come after
// the search has ended are of use to the table only, which has had them.
func (s *search) settle(now time.Time, k *candidate, what outcome, m *message, soft, hasID bool) {
	if k.state == asked {
		*s.flight(soft)--
	}
	wasLate := k.state == late
	switch what {
	case slow:
		k.state = late
		s.blame(k, 1, 0)
	case answered:
		k.state = alive
		if wasLate {
			s.blame(k, -1, 1)
		} else {
			s.blame(k, 0, 1)
		}
	default:
		k.state = dead
		if !wasLate {
			s.blame(k, 1, 0)
		}
		s.losses++
		delete(s.places, s.l.n.rules.place(k.Addr)) // another node may be there
	}
	if s.l.phase != searching {
		return
	}
	if what == answered {
		s.answers++
		s.take(now, k, m, hasID)
	}
	s.l.proceed(now)
}

// blame counts for the one who named k that k is silent or lives.
func (s *search) blame(k *candidate, silent, living int) {
	if k.via != nil {
		k.via.silent += silent
		k.via.living += living
	}
}

// take reads an answer: the nodes that it names, and what the lookup is for.
func (s *search) take(now time.Time, k *candidate, m *message, hasID bool) {
	if !hasID { // a bootstrap node: only now we know its id
		k.ID, k.hop = m.id, 1
		k.soft = !s.l.n.rules.trusted(&k.ID, k.Addr.Addr())
		s.setPath(k)
		if k.ID != s.own && !s.has(k.ID) {
			s.insert(k)
		}
	}
	s.takeNodes(now, k, m)
	if token, ok := m.body.Get("token").Str(); ok && len(token) <= 64 {
		k.token = append([]byte(nil), token...)
	}
	s.l.take(k, m)
}

// takeNodes adds the nodes of an answer to the searches of their families, and
// makes the acquaintance of some where there is no search. What the answer
// says of either family is taken, asked for or not: more than eight nodes of
// each nobody can name.
func (s *search) takeNodes(now time.Time, k *candidate, m *message) {
	var named [maxNamed]Contact
	for i, key := range [2]string{"nodes", "nodes6"} {
		size := [2]int{shortNode, longNode}[i]
		for _, c := range nodesOf(named[:0], m.body.Get(key), size, maxNamed) {
			if !usable(c.Addr, k.Addr.Addr()) {
				continue
			}
			if o := s.l.searches[i]; o != nil {
				o.add(c, k)
			} else {
				s.l.n.introduce(now, c)
			}
		}
	}
}

// has reports whether a node with this id is in the list.
func (s *search) has(id ID) bool {
	return slices.ContainsFunc(s.nodes, func(k *candidate) bool { return k.ID == id })
}

// closest returns the nodes closest to the target that answered: those whose
// id belongs to their address, and others only if there are fewer than eight.
func (s *search) closest() []*candidate {
	var out []*candidate
	for _, soft := range [2]bool{false, true} {
		for _, k := range s.nodes {
			if k.state == alive && k.soft == soft && len(out) < bucketSize {
				out = append(out, k)
			}
		}
	}
	return out
}
