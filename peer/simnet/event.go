package simnet

import "time"

// A firer is something to which events happen. What n means is its business.
type firer interface{ fire(n int) }

// fireFunc makes an event of a function, for what is rare.
type fireFunc func()

func (f fireFunc) fire(int) { f() }

// event is a call of to.fire(n) that is due at a nanosecond after the epoch.
type event struct {
	at  int64
	seq uint64 // orders events of the same instant
	to  firer
	n   int
}

func (e *event) before(o *event) bool {
	return e.at < o.at || e.at == o.at && e.seq < o.seq
}

// eventQueue is a binary heap. It is not container/heap because that would
// allocate for each event.
type eventQueue struct {
	heap []event
	seq  uint64
}

func (q *eventQueue) push(at int64, to firer, n int) {
	q.seq++
	q.heap = append(q.heap, event{at, q.seq, to, n})
	h, i := q.heap, len(q.heap)-1
	for i > 0 {
		parent := (i - 1) / 2
		if !h[i].before(&h[parent]) {
			return
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
}

// pop removes the first event. The queue must not be empty.
func (q *eventQueue) pop() event {
	h := q.heap
	first, last := h[0], len(h)-1
	h[0], h[last] = h[last], event{}
	h = h[:last]
	q.heap = h
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return first
		}
		if child+1 < last && h[child+1].before(&h[child]) {
			child++
		}
		if !h[child].before(&h[i]) {
			return first
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}

// now is the time since the epoch of the Net.
func (n *Net) now() int64 { return int64(time.Since(n.epoch)) }

// at has to.fire(arg) called, with n.mu held, at nanosecond t of the Net.
// The caller holds n.mu.
func (n *Net) at(t int64, to firer, arg int) {
	n.queue.push(t, to, arg)
	if t < n.wake {
		n.arm(t)
	}
}

// after has to.fire(arg) called d nanoseconds from now, and at once when d is
// zero. The caller holds n.mu.
func (n *Net) after(d int64, to firer, arg int) {
	if d == 0 {
		to.fire(arg)
		return
	}
	n.at(n.now()+d, to, arg)
}

// arm sets the one timer to t, or to the next multiple of the grain.
func (n *Net) arm(t int64) {
	if over := t % n.grain; over > 0 {
		t += n.grain - over
	}
	n.wake = t
	d := time.Duration(max(0, t-n.now()))
	if n.timer == nil {
		n.timer = time.AfterFunc(d, n.run)
		return
	}
	n.timer.Reset(d)
}

// run is the timer's function: it lets all due events happen.
func (n *Net) run() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wake = 0 // events made by events need not set the timer
	now := n.now()
	for len(n.queue.heap) > 0 && n.queue.heap[0].at <= now {
		e := n.queue.pop()
		e.to.fire(e.n)
	}
	n.wake = never
	if len(n.queue.heap) > 0 {
		n.arm(n.queue.heap[0].at)
	}
}
