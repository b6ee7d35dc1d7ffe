package dht

import (
	"net/netip"
	"slices"
	"time"
)

// Numbers of the routing table (BEP 5).
const (
	bucketSize   = 8                // K
	maxFails     = 2                // unanswered queries in a row that make a node bad
	goodFor      = 15 * time.Minute // after this, a silent node is questionable
	refreshAfter = 15 * time.Minute // after this, an unchanged bucket is refreshed
)

// entry is a node of the table.
type entry struct {
	Contact
	answered time.Time // zero: only heard of (from the saved state)
	queried  time.Time // when it last sent us a query
	fails    int       // unanswered queries since its last answer
	silent   time.Time // when the first of these was given up
	trusted  bool      // its id belongs to its address (BEP 42)
	probed   bool      // a ping is under way that decides whether it stays
}

// good reports whether a node may be named to others: it answered in the last
// 15 minutes, or it ever did and has queried us in that time (BEP 5).
func (e *entry) good(now time.Time) bool {
	return e.fails == 0 && !e.answered.IsZero() && (now.Sub(e.answered) < goodFor || now.Sub(e.queried) < goodFor)
}

// seen is when the node last showed that it is alive.
func (e *entry) seen() time.Time {
	if e.queried.After(e.answered) {
		return e.queried
	}
	return e.answered
}

// bucket has the nodes that share a certain number of leading bits with us.
type bucket struct {
	live    []entry   // at most bucketSize
	spare   []entry   // at most bucketSize: nodes that answered and found no room, newest last
	changed time.Time // last answer or new node in here; zero: never
}

// table is the routing table of one address family. Bucket i has the nodes
// that share exactly i leading bits with our id, the last one those that share
// i or more: so only the bucket of our own id is ever split.
type table struct {
	own     ID
	rules   addressRules
	buckets []bucket
	places  map[netip.AddrPort]ID // of live nodes: one a place
	heard   time.Time             // last answer of any node
}

func newTable(own ID, rules addressRules) *table {
	return &table{own: own, rules: rules, buckets: make([]bucket, 1), places: make(map[netip.AddrPort]ID)}
}

// bucketOf returns the bucket in whose range an id lies.
func (t *table) bucketOf(id *ID) *bucket {
	return &t.buckets[min(commonBits(&t.own, id), len(t.buckets)-1)]
}

// find returns the live entry of a node, nil if there is none.
func (t *table) find(c Contact) *entry {
	b := t.bucketOf(&c.ID)
	for i := range b.live {
		if b.live[i].Contact == c {
			return &b.live[i]
		}
	}
	return nil
}

// answered takes a node that has just answered: it is refreshed, inserted or
// kept in reserve. It reports whether it is new in the table.
func (t *table) answered(now time.Time, c Contact) bool {
	t.heard = now
	if e := t.find(c); e != nil {
		e.answered, e.fails, e.probed = now, 0, false
		t.bucketOf(&c.ID).changed = now
		return false
	}
	return t.insert(now, entry{Contact: c, answered: now})
}

// insert adds a node if there is room for it, or one that it may replace;
// otherwise it becomes a spare.
func (t *table) insert(now time.Time, e entry) bool {
	if e.ID == t.own || !t.makePlace(now, &e) {
		return false
	}
	e.trusted = t.rules.trusted(&e.ID, e.Addr.Addr())
	for {
		b := t.bucketOf(&e.ID)
		if len(b.live) < bucketSize {
			t.put(b, len(b.live), e, now)
			return true
		}
		if i := b.victim(&e); i >= 0 {
			old := b.live[i]
			t.put(b, i, e, now)
			if old.fails == 0 {
				t.addSpare(b, old)
			}
			return true
		}
		if b != &t.buckets[len(t.buckets)-1] || len(t.buckets) == 160 {
			t.addSpare(b, e)
			return false
		}
		t.split()
	}
}

// makePlace reports whether no other live node stands at the place of e. One
// that has failed gives way, and so does one at the very same address, which
// has a new id now; an id never moves to another address while it lives there.
func (t *table) makePlace(now time.Time, e *entry) bool {
	b := t.bucketOf(&e.ID)
	if i := slices.IndexFunc(b.live, func(o entry) bool { return o.ID == e.ID }); i >= 0 {
		if b.live[i].fails == 0 {
			return false
		}
		t.drop(b, i)
	}
	id, taken := t.places[t.rules.place(e.Addr)]
	if !taken {
		return true
	}
	b = t.bucketOf(&id)
	i := slices.IndexFunc(b.live, func(o entry) bool { return o.ID == id })
	if i >= 0 && b.live[i].fails == 0 && b.live[i].Addr != e.Addr {
		return false
	}
	if i >= 0 {
		t.drop(b, i)
	}
	return true
}

// put writes e at index i of the live nodes of b, which is one past the end or
// that of a node that is replaced.
func (t *table) put(b *bucket, i int, e entry, now time.Time) {
	if i == len(b.live) {
		b.live = append(b.live, e)
	} else {
		delete(t.places, t.rules.place(b.live[i].Addr))
		b.live[i] = e
	}
	t.places[t.rules.place(e.Addr)] = e.ID
	b.changed = now
}

// drop removes the live node i of b.
func (t *table) drop(b *bucket, i int) {
	delete(t.places, t.rules.place(b.live[i].Addr))
	b.live = slices.Delete(b.live, i, i+1)
}

// victim returns the index of a node that e may replace at once, or -1: a bad
// one, one that never answered, or one that is not trusted if e is (BEP 42).
func (b *bucket) victim(e *entry) int {
	choice := -1
	for i := range b.live {
		switch o := &b.live[i]; {
		case o.fails >= maxFails, o.answered.IsZero() && !e.answered.IsZero():
			return i
		case !o.trusted && e.trusted:
			choice = i
		}
	}
	return choice
}

// addSpare keeps e in reserve, one of a place; the oldest makes room.
func (t *table) addSpare(b *bucket, e entry) {
	place := t.rules.place(e.Addr)
	b.spare = slices.DeleteFunc(b.spare, func(o entry) bool { return o.ID == e.ID || t.rules.place(o.Addr) == place })
	if len(b.spare) == bucketSize {
		b.spare = slices.Delete(b.spare, 0, 1)
	}
	e.probed = false
	b.spare = append(b.spare, e)
}

// split divides the last bucket by the next bit.
func (t *table) split() {
	depth := len(t.buckets) - 1
	old := t.buckets[depth]
	halves := [2]bucket{{changed: old.changed}, {changed: old.changed}}
	side := func(e *entry) *bucket {
		if commonBits(&t.own, &e.ID) > depth {
			return &halves[1]
		}
		return &halves[0]
	}
	for _, e := range old.live {
		h := side(&e)
		h.live = append(h.live, e)
	}
	for _, e := range old.spare {
		h := side(&e)
		h.spare = append(h.spare, e)
	}
	t.buckets = append(t.buckets[:depth], halves[:]...)
}

// failed notes that a node has not answered. A bad node is replaced by the
// newest spare or dropped; but if nobody else has answered since it fell
// silent it stays, as it may be our own network that is down.
func (t *table) failed(now time.Time, c Contact) {
	e := t.find(c)
	if e == nil {
		return
	}
	e.fails++
	e.probed = false
	if e.fails == 1 {
		e.silent = now
	}
	if e.fails < maxFails {
		return
	}
	b := t.bucketOf(&c.ID)
	i := slices.IndexFunc(b.live, func(o entry) bool { return o.Contact == c })
	for len(b.spare) > 0 {
		next := b.spare[len(b.spare)-1]
		b.spare = b.spare[:len(b.spare)-1]
		id, taken := t.places[t.rules.place(next.Addr)]
		if taken && id != c.ID {
			continue // another node of that network has come in meanwhile
		}
		t.put(b, i, next, now)
		return
	}
	if t.heard.After(e.silent) || e.answered.IsZero() {
		t.drop(b, i)
	}
}

// doubtful returns a node to ping because another waits for its place: the
// questionable one of the bucket of id that was seen longest ago (BEP 5). One
// is probed at a time.
func (t *table) doubtful(now time.Time, id *ID) (Contact, bool) {
	b := t.bucketOf(id)
	var oldest *entry
	for i := range b.live {
		e := &b.live[i]
		if e.probed {
			return Contact{}, false
		}
		if !e.good(now) && (oldest == nil || e.seen().Before(oldest.seen())) {
			oldest = e
		}
	}
	if oldest == nil || len(b.spare) == 0 {
		return Contact{}, false
	}
	oldest.probed = true
	return oldest.Contact, true
}

// hasRoom reports whether a node that nobody has asked yet would be inserted.
func (t *table) hasRoom(c Contact) bool {
	b := t.bucketOf(&c.ID)
	if _, taken := t.places[t.rules.place(c.Addr)]; taken || c.ID == t.own {
		return false
	}
	e := entry{Contact: c, trusted: t.rules.trusted(&c.ID, c.Addr.Addr())}
	return len(b.live) < bucketSize || b == &t.buckets[len(t.buckets)-1] && e.trusted || b.victim(&e) >= 0
}

// closest appends to dst[:0] the most live nodes closest to the target in the
// order of their distance, of those that pick takes.
func (t *table) closest(dst []Contact, target *ID, most int, pick func(*entry) bool) []Contact {
	dst = dst[:0]
	if most <= 0 {
		return dst
	}
	for i := range t.buckets {
		for j := range t.buckets[i].live {
			e := &t.buckets[i].live[j]
			if len(dst) == most && !closer(target, &e.ID, &dst[most-1].ID) || !pick(e) {
				continue
			}
			if len(dst) == most {
				dst = dst[:most-1]
			}
			k := len(dst)
			for k > 0 && closer(target, &e.ID, &dst[k-1].ID) {
				k--
			}
			dst = slices.Insert(dst, k, e.Contact)
		}
	}
	return dst
}

// nextRefresh returns the bucket that has been unchanged for longest and when
// it is to be refreshed.
func (t *table) nextRefresh() (index int, at time.Time) {
	for i := range t.buckets {
		if due := t.buckets[i].changed.Add(refreshAfter); i == 0 || due.Before(at) {
			index, at = i, due
		}
	}
	return index, at
}

// randomIn returns a point of the space of bucket i, made of a random one.
func (t *table) randomIn(i int, random ID) ID {
	for bit := range i {
		mask := byte(0x80) >> (bit % 8)
		random[bit/8] = random[bit/8]&^mask | t.own[bit/8]&mask
	}
	if i < len(t.buckets)-1 { // exactly i bits in common
		mask := byte(0x80) >> (i % 8)
		random[i/8] = random[i/8]&^mask | ^t.own[i/8]&mask
	}
	return random
}

// count returns how many nodes are live and how many of them are good.
func (t *table) count(now time.Time) (live, good int) {
	for i := range t.buckets {
		live += len(t.buckets[i].live)
		for j := range t.buckets[i].live {
			if t.buckets[i].live[j].good(now) {
				good++
			}
		}
	}
	return live, good
}

// local returns how many live nodes are on networks of ours.
func (t *table) local() (n int) {
	for i := range t.buckets {
		for j := range t.buckets[i].live {
			if isLocal(t.buckets[i].live[j].Addr.Addr()) {
				n++
			}
		}
	}
	return n
}
