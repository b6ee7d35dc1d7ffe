package dht

import (
	"net/netip"
	"slices"
	"time"
)

const (
	joinRetry    = 5 * time.Second // first wait after a join that found nobody
	maxJoinRetry = 5 * time.Minute

	votesNeeded = 5                // of different networks, for an external address
	maxVotes    = 20               // then they are counted afresh
	idChange    = 10 * time.Minute // at most one new id in this time
)

// setID gives the family a new id and a table around it, with the nodes of the
// table before.
func (f *family) setID(n *Node, external netip.Addr, own ID) {
	old := f.table
	f.own, f.external, f.table = own, external, newTable(own, n.rules)
	if old == nil {
		return
	}
	for _, b := range old.buckets {
		for _, e := range append(b.live, b.spare...) {
			e.probed = false
			f.table.insert(b.changed, e)
		}
	}
}

// planJoin lets the next Tick look for our neighbours.
func (f *family) planJoin(now time.Time) {
	f.joinAt, f.joinWait = now, 0
}

// maintain does what is due: joining the network, refreshing buckets, ending
// lookups that found nobody to ask.
func (n *Node) maintain(now time.Time) {
	for _, f := range n.fams {
		if f == nil {
			continue
		}
		if !f.joinAt.IsZero() && !f.joinAt.After(now) && !f.joining {
			n.join(now, f)
		}
		if at, ok := f.refreshAt(); ok && !at.After(now) {
			n.refresh(now, f)
		}
	}
	for _, l := range slices.Clone(n.running) {
		if l.parked() && now.Sub(l.started) >= parkTime {
			l.proceed(now)
		}
	}
}

// nextMaintenance returns when maintain has something to do.
func (n *Node) nextMaintenance() (next time.Time) {
	earliest := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, f := range n.fams {
		if f == nil {
			continue
		}
		if !f.joining {
			earliest(f.joinAt)
		}
		if at, ok := f.refreshAt(); ok {
			earliest(at)
		}
	}
	for _, l := range n.running {
		if l.parked() {
			earliest(l.started.Add(parkTime))
		}
	}
	return next
}

// join looks for the nodes closest to ourselves, which makes them know us too
// (BEP 5). While nobody answers it is tried again, less and less often.
func (n *Node) join(now time.Time, f *family) {
	f.joinAt, f.joining = time.Time{}, true
	l := &Lookup{target: f.own, method: "find_node", only: f}
	l.onDone = func(r Result) {
		f.joining = false
		switch {
		case r.Answered > 0:
			f.joined = true
		case f.joinAt.IsZero() && (len(n.boot) > 0 || !f.empty()):
			f.joinWait = min(max(2*f.joinWait, joinRetry), maxJoinRetry)
			f.joinAt = l.started.Add(r.Elapsed + f.joinWait)
		}
	}
	n.submit(now, l)
}

func (f *family) empty() bool {
	live, _ := f.table.count(time.Time{})
	return live == 0
}

// refreshAt returns when a bucket is to be refreshed next, if any.
func (f *family) refreshAt() (time.Time, bool) {
	if !f.joined || f.joining || f.refreshing || f.empty() {
		return time.Time{}, false
	}
	_, at := f.table.nextRefresh()
	return at, true
}

// refresh looks for a random point of the bucket that has been unchanged for
// longest, and pings its nodes that are not known to be good, which the search
// may pass by. Whatever comes of it, the bucket has its turn again in 15
// minutes.
func (n *Node) refresh(now time.Time, f *family) {
	i, _ := f.table.nextRefresh()
	b := &f.table.buckets[i]
	b.changed = now
	for j := range b.live {
		if e := &b.live[j]; !e.good(now) && !e.probed {
			e.probed = true
			n.probe(now, e.Contact, 1)
		}
	}
	f.refreshing = true
	n.submit(now, &Lookup{target: f.table.randomIn(i, n.randomID()), method: "find_node", only: f,
		onDone: func(Result) { f.refreshing = false }})
}

// introduce pings a node of a family in which we know too few, which a node of
// the other family has named (BEP 32: bootstrapping).
func (n *Node) introduce(now time.Time, c Contact) {
	f := n.family(c.Addr.Addr())
	if f != nil && f.poor() && f.table.hasRoom(c) && n.gate.mayProbe(now, c.Addr) {
		n.ask(now, c, true, &query{method: "ping"}, func(time.Time, outcome, *message) {})
	}
}

// poor reports whether the table has too few nodes for a search.
func (f *family) poor() bool {
	live, _ := f.table.count(time.Time{})
	return live < bucketSize
}

// votes count what others see as our address (BEP 42). A single node cannot be
// trusted, and neither can many nodes of one network.
type votes struct {
	counts  map[netip.Addr]int
	voters  map[netip.AddrPort]bool // networks that have voted
	changed time.Time               // when we last believed them
}

// vote takes the address that a node sees us at.
func (n *Node) vote(now time.Time, f *family, ip, voter netip.Addr) {
	if !ip.IsValid() || n.family(ip) != f || n.rules.exempt(ip) || !ip.IsGlobalUnicast() && !n.rules.strictLocal {
		return
	}
	v := &f.votes
	if v.counts == nil || len(v.voters) >= maxVotes {
		v.counts, v.voters = make(map[netip.Addr]int), make(map[netip.AddrPort]bool)
	}
	network := n.rules.place(netip.AddrPortFrom(voter, 1))
	if v.voters[network] {
		return
	}
	v.voters[network] = true
	v.counts[ip]++
	if v.counts[ip] < votesNeeded || 2*v.counts[ip] <= len(v.voters) {
		return
	}
	if n.cfg.Agreed != nil {
		n.cfg.Agreed(ip)
	}
	if ip == f.external {
		return
	}
	if !f.external.IsValid() || now.Sub(v.changed) >= idChange {
		v.counts, v.voters, v.changed = nil, nil, now
		n.SetExternal(now, ip)
	}
}
