package dht

import (
	"container/heap"
	"net/netip"
	"time"
)

// Times of a query. A node that is slower than nearly all others is no longer
// waited for, but its answer is taken for some seconds more.
const (
	firstPatience = 700 * time.Millisecond // before anybody has answered
	minPatience   = 200 * time.Millisecond
	maxPatience   = 2 * time.Second
	callTimeout   = 5 * time.Second
	maxCalls      = 1024 // unanswered queries: more than all lookups can have
)

// outcome is what becomes of a call. slow comes before one of the others.
type outcome int

const (
	answered outcome = iota
	refused          // an error message
	slow
	failed
)

// call is a query that waits for its answer.
type call struct {
	tid   uint32
	to    Contact
	hasID bool // the id of to is known, and the answer must have it
	fam   *family
	sent  time.Time
	wake  time.Time
	slow  bool
	index int // in the heap

	// done is called once with the end, and before that perhaps with slow. The
	// message is that of answered and refused.
	done func(now time.Time, what outcome, m *message)
}

// callHeap has the calls in the order in which something is due.
type callHeap []*call

func (h callHeap) Len() int           { return len(h) }
func (h callHeap) Less(i, j int) bool { return h[i].wake.Before(h[j].wake) }
func (h callHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *callHeap) Push(x any) {
	c := x.(*call)
	c.index = len(*h)
	*h = append(*h, c)
}
func (h *callHeap) Pop() any {
	old := *h
	c := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return c
}

// ask sends a query. It reports whether it was sent: done is called only then.
func (n *Node) ask(now time.Time, to Contact, hasID bool, q *query, done func(time.Time, outcome, *message)) bool {
	f := n.family(to.Addr.Addr())
	if f == nil || n.closed || len(n.calls) >= maxCalls {
		return false
	}
	tid := n.rand.Uint32()
	for n.calls[tid] != nil {
		tid = n.rand.Uint32()
	}
	q.own = f.own
	c := &call{tid: tid, to: to, hasID: hasID, fam: f, sent: now, wake: now.Add(n.rtt.patience()), done: done}
	n.calls[tid] = c
	heap.Push(&n.timers, c)
	n.send(q.append(n.buf[:0], tid, n.cfg.ReadOnly, n.cfg.Version), to.Addr)
	return true
}

// answer takes a message as the answer to a call: it must come from the very
// address that was asked and carry the call's four random bytes. It returns
// false if it is no answer.
func (n *Node) answer(now time.Time, f *family, m *message, from netip.AddrPort) bool {
	if len(m.tid) != 4 {
		return false
	}
	t := m.tid
	c := n.calls[uint32(t[0])<<24|uint32(t[1])<<16|uint32(t[2])<<8|uint32(t[3])]
	if c == nil || c.to.Addr != from {
		return false
	}
	delete(n.calls, c.tid)
	heap.Remove(&n.timers, c.index)
	n.rtt.sample(now.Sub(c.sent))
	n.gate.prove(now, from)
	switch {
	case m.kind == 'e':
		c.done(now, refused, m)
	case !m.hasID || c.hasID && m.id != c.to.ID:
		n.lost(now, c)
		c.done(now, failed, nil)
	default:
		n.vote(now, f, m.ip, from.Addr())
		n.heard(now, f, Contact{m.id, from})
		c.done(now, answered, m)
	}
	return true
}

// expireCalls ends the waiting for what has not been answered.
func (n *Node) expireCalls(now time.Time) {
	for len(n.timers) > 0 && !n.timers[0].wake.After(now) {
		c := n.timers[0]
		if end := c.sent.Add(callTimeout); !c.slow && now.Before(end) {
			c.slow, c.wake = true, end
			heap.Fix(&n.timers, 0)
			c.done(now, slow, nil)
			continue
		}
		heap.Pop(&n.timers)
		delete(n.calls, c.tid)
		n.lost(now, c)
		c.done(now, failed, nil)
	}
}

// lost tells the table that a node of it is silent.
func (n *Node) lost(now time.Time, c *call) {
	if c.hasID && c.fam == n.family(c.to.Addr.Addr()) {
		c.fam.table.failed(now, c.to)
	}
}

// heard takes a node that has answered into the table.
func (n *Node) heard(now time.Time, f *family, c Contact) {
	if f.table.answered(now, c) {
		n.feedHungry(now, f, c)
		return
	}
	// Perhaps it has become a spare: then one that we have doubts about is
	// asked whether it still lives.
	if e, ok := f.table.doubtful(now, &c.ID); ok {
		n.probe(now, e, 1)
	}
}

// probe pings a node of the table, a second time if the first is not answered
// (BEP 5: "try once more before discarding").
func (n *Node) probe(now time.Time, c Contact, more int) {
	n.ask(now, c, true, &query{method: "ping"}, func(now time.Time, what outcome, _ *message) {
		if what == failed && more > 0 {
			n.probe(now, c, more-1)
		}
	})
}

// roundTrip estimates how long answers take, as TCP does (RFC 6298).
type roundTrip struct{ mean, deviation time.Duration }

func (r *roundTrip) sample(d time.Duration) {
	d = max(d, 0)
	if r.mean == 0 {
		r.mean, r.deviation = max(d, 1), d/2
		return
	}
	r.deviation += ((r.mean - d).Abs() - r.deviation) / 4
	r.mean = max(r.mean+(d-r.mean)/8, 1)
}

// patience is for how long a node is waited for before another is asked too.
func (r *roundTrip) patience() time.Duration {
	if r.mean == 0 {
		return firstPatience
	}
	return min(max(r.mean+4*r.deviation, minPatience), maxPatience)
}
