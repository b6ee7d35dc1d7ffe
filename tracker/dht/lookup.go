package dht

import (
	"math"
	"net/netip"
	"slices"
	"time"
)

// Limits of lookups.
const (
	maxRunning  = 16   // at once; others wait for their turn
	maxWaiting  = 1000 // more are refused
	maxFound    = 2000 // peers of one lookup
	maxPerReply = 200  // peers of one answer; a packet has no room for more
	parkTime    = 20 * time.Second
)

// phase is how far a lookup has come.
type phase uint8

const (
	queued phase = iota
	searching
	storing // announcing or putting
	over
)

// Lookup is a search for the nodes closest to a target that is under way, and
// what is done with them.
type Lookup struct {
	n      *Node
	target ID
	method string // find_node, get_peers, get
	opts   PeersOptions
	only   *family // of the family's own lookups, else nil
	salt   []byte
	put    *Item
	cas    *int64

	onPeers func([]netip.AddrPort)
	onDone  func(Result)

	phase    phase
	started  time.Time
	searches [2]*search
	found    map[netip.AddrPort]struct{}
	filters  *[2]bloom // seeds, other peers (BEP 33)
	stores   int       // announces or puts not settled
	result   Result
}

// Result is how a lookup ended.
type Result struct {
	Target   ID
	Closest  []Contact // that answered, closest first; at most 8 of each family
	Queried  int       // nodes asked
	Answered int       // of these
	Hops     int       // answers that led from our table to the farthest of Closest, and its own
	Elapsed  time.Duration

	Peers  int // different peers found, at most 2,000
	Stored int // nodes that took our announce or put
	// Refused is what the last node answered that did not take it, or nil.
	Refused *RemoteError

	// Seeds and Leechers are estimates from all answers to a scrape (BEP 33).
	Scraped         bool
	Seeds, Leechers int

	Item *Item // found by Get: the newest, checked; nil if there is none

	// Err is nil, ErrNoNodes (nobody answered), ErrBusy, ErrCancelled or
	// ErrClosed. A lookup that found nothing is no error.
	Err error
}

// query returns the question that the lookup asks.
func (l *Lookup) query() query {
	return query{method: l.method, target: l.target, scrape: l.opts.Scrape, noSeed: l.opts.NoSeeds}
}

// wantsBoth reports whether to ask for nodes of both families: as long as we
// know too few of one of them (BEP 32: bootstrapping).
func (l *Lookup) wantsBoth() bool {
	few := false
	for i, f := range l.n.fams {
		if f == nil {
			return false
		}
		s := l.searches[i]
		few = few || s != nil && len(s.nodes) < bucketSize || s == nil && f.poor()
	}
	return few
}

// submit starts a lookup, or lets it wait for its turn. Our own for the table
// never wait.
func (n *Node) submit(now time.Time, l *Lookup) *Lookup {
	l.n, l.started = n, now
	l.result.Target = l.target
	switch {
	case n.closed:
		l.finish(now, ErrClosed)
	case l.only == nil && len(n.running) >= maxRunning && len(n.waiting) >= maxWaiting:
		l.finish(now, ErrBusy)
	case l.only == nil && len(n.running) >= maxRunning:
		n.waiting = append(n.waiting, l)
	default:
		l.start(now)
	}
	return l
}

// start gives the lookup its searches and asks the first nodes.
func (l *Lookup) start(now time.Time) {
	l.phase = searching
	l.n.running = append(l.n.running, l)
	for i, f := range l.n.fams {
		if f != nil && (l.only == nil || l.only == f) {
			l.searches[i] = newSearch(l, f)
		}
	}
	l.proceed(now)
}

// proceed asks what is to be asked next, and ends the search when nothing is
// left. A lookup that knows nobody waits a while for a first node.
func (l *Lookup) proceed(now time.Time) {
	if l.phase != searching {
		return
	}
	idle, asked := true, 0
	for _, s := range l.searches {
		if s != nil {
			s.pump(now)
			idle = idle && s.idle()
			asked += s.asked
		}
	}
	if idle && (asked > 0 || l.only != nil || now.Sub(l.started) >= parkTime) {
		l.store(now)
	}
}

// parked reports whether the lookup waits for a first node.
func (l *Lookup) parked() bool {
	for _, s := range l.searches {
		if s != nil && s.asked > 0 {
			return false
		}
	}
	return l.phase == searching
}

// take reads what an answer says about the target.
func (l *Lookup) take(k *candidate, m *message) {
	switch l.method {
	case "get_peers":
		l.takePeers(k, m)
	case "get":
		l.takeItem(k, m)
	}
}

// takePeers passes on the peers of an answer that are new. Nothing tells
// whether they exist; but none may lead us where no packet should go.
func (l *Lookup) takePeers(k *candidate, m *message) {
	var peers []netip.AddrPort
	read := 0
	for v := range m.body.Get("values").Items() {
		if read++; read > maxPerReply {
			break
		}
		s, _ := v.Str()
		p, ok := peerOf(s)
		if _, known := l.found[p]; !ok || known || len(l.found) >= maxFound || !usable(p, k.Addr.Addr()) {
			continue
		}
		if l.found == nil {
			l.found = make(map[netip.AddrPort]struct{})
		}
		l.found[p] = struct{}{}
		peers = append(peers, p)
	}
	if l.opts.Scrape {
		l.takeScrape(m, peers)
	}
	if len(peers) > 0 && l.onPeers != nil {
		l.onPeers(peers)
	}
}

// takeScrape unites the filters of an answer with those we have. A node that
// does not know scrapes has its peers counted (BEP 33: "Handling legacy
// responses"); filters fuller than any honest one are left out.
func (l *Lookup) takeScrape(m *message, peers []netip.AddrPort) {
	if l.filters == nil {
		l.filters = new([2]bloom)
	}
	seeds, _ := m.body.Get("BFsd").Str()
	others, _ := m.body.Get("BFpe").Str()
	if len(seeds) == len(bloom{}) && len(others) == len(bloom{}) {
		var both [2]bloom
		both[0].unite(seeds)
		both[1].unite(others)
		if both[0].estimate() <= mostCounted && both[1].estimate() <= mostCounted {
			l.filters[0].unite(seeds)
			l.filters[1].unite(others)
		}
		return
	}
	for _, p := range peers {
		if !l.filters[0].contains(p.Addr()) {
			l.filters[1].insert(p.Addr())
		}
	}
}

// takeItem keeps the newest item that is what it claims to be (BEP 44).
func (l *Lookup) takeItem(k *candidate, m *message) {
	_, k.hasItem = m.body.Get("seq").Int()
	it, ok := itemOf(m.body, l.salt)
	best := l.result.Item
	if !ok || it.Target() != l.target || best != nil && (!it.Mutable || it.Seq <= best.Seq) || it.Check() != nil {
		return
	}
	l.result.Item = &it
}

// store announces to, or puts at, the closest nodes that gave a token.
func (l *Lookup) store(now time.Time) {
	l.phase = storing
	l.stores++ // our own, so that it does not end before all are asked
	for _, s := range l.searches {
		if s == nil || !l.opts.Announce && l.put == nil {
			continue
		}
		for _, k := range s.closest() {
			if k.token != nil {
				l.storeAt(now, k)
			}
		}
	}
	l.settled(now)
}

// storeAt announces to one node, or puts the item there, with the token that
// it gave. A token is shown to nobody but the node it came from.
func (l *Lookup) storeAt(now time.Time, k *candidate) {
	q := query{method: "announce_peer", target: l.target, token: k.token,
		port: l.opts.Port, implied: l.opts.ImpliedPort, seed: l.opts.Seed}
	if l.put != nil {
		q.method, q.item = "put", l.put
		if l.cas != nil && k.hasItem { // BEP 44: not to nodes that have none
			q.cas, q.hasCAS = *l.cas, true
		}
	}
	waited := true
	ok := l.n.ask(now, k.Contact, true, &q, func(now time.Time, what outcome, m *message) {
		if l.phase != storing {
			return
		}
		switch what {
		case answered:
			l.result.Stored++
		case refused:
			l.result.Refused = m.remoteError()
		}
		if waited { // slow nodes are not waited for
			waited = false
			l.settled(now)
		}
	})
	if ok {
		l.stores++
	}
}

// settled counts an announce or put that is no longer waited for, and ends the
// lookup after the last.
func (l *Lookup) settled(now time.Time) {
	if l.stores--; l.stores > 0 {
		return
	}
	err := error(nil)
	if l.answers() == 0 {
		err = ErrNoNodes
	}
	l.finish(now, err)
}

// answers returns how many nodes have answered in all searches.
func (l *Lookup) answers() (sum int) {
	for _, s := range l.searches {
		if s != nil {
			sum += s.answers
		}
	}
	return sum
}

// finish ends the lookup and tells its owner; then others have their turn.
func (l *Lookup) finish(now time.Time, err error) {
	if l.phase == over {
		return
	}
	l.phase = over
	n := l.n
	n.running = slices.DeleteFunc(n.running, func(o *Lookup) bool { return o == l })
	n.waiting = slices.DeleteFunc(n.waiting, func(o *Lookup) bool { return o == l })
	l.sum(now, err)
	if l.onDone != nil {
		l.onDone(l.result)
	}
	n.takeTurns(now)
}

// takeTurns starts waiting lookups. One that ends at once calls it again: the
// loop of the first call sees to the rest.
func (n *Node) takeTurns(now time.Time) {
	if n.turning || n.closed {
		return
	}
	n.turning = true
	for len(n.waiting) > 0 && len(n.running) < maxRunning {
		next := n.waiting[0]
		n.waiting = slices.Delete(n.waiting, 0, 1)
		next.start(now)
	}
	n.turning = false
}

// sum fills in the result from the searches, and lets go of them.
func (l *Lookup) sum(now time.Time, err error) {
	r := &l.result
	r.Err, r.Elapsed, r.Peers = err, now.Sub(l.started), len(l.found)
	for _, s := range l.searches {
		if s == nil {
			continue
		}
		r.Queried += s.asked
		r.Answered += s.answers
		for _, k := range s.closest() {
			r.Closest = append(r.Closest, k.Contact)
			r.Hops = max(r.Hops, k.hop)
		}
	}
	if l.filters != nil {
		r.Scraped = true
		r.Seeds = int(math.Round(l.filters[0].estimate()))
		r.Leechers = int(math.Round(l.filters[1].estimate()))
	}
	for i := range l.searches { // a caller may keep the Lookup: not all this
		l.searches[i] = nil
	}
	l.found, l.filters = nil, nil
}

// Cancel ends the lookup: its onDone is called with ErrCancelled, unless it
// has been called.
func (l *Lookup) Cancel(now time.Time) { l.finish(now, ErrCancelled) }

// Progress returns how many nodes have been asked and have answered so far.
func (l *Lookup) Progress() (queried, answers int) {
	if l.phase == over {
		return l.result.Queried, l.result.Answered
	}
	for _, s := range l.searches {
		if s != nil {
			queried += s.asked
		}
	}
	return queried, l.answers()
}
