package simnet

import "time"

const (
	// A link serves a flow for this long before it turns to the next: short
	// against round-trip times, long enough that a swarm on lines of 20 Mbit/s
	// takes one event for each 20 KB, about one block.
	turn = 8 * time.Millisecond

	// The least and the most that a link sends in one turn, in bytes: the
	// payload of one TCP segment, and what keeps fast links from making more
	// events than the reader makes calls.
	minQuantum = 1448
	maxQuantum = 64 << 10
)

// A source is what waits in a flow. Its methods are called with Net.mu held.
type source interface {
	// next returns the size of what it would send now: at most limit for a
	// stream, one whole datagram else, and 0 for nothing.
	next(limit int) int
	// pass says that those n bytes are through the link.
	pass(n int)
}

// flow is the place of one source in the rounds of one link.
type flow struct {
	src    source
	queued bool
	credit int
	behind *flow
}

// link is one direction of a host's line. All fields are guarded by Net.mu.
type link struct {
	net     *Net
	rate    int64 // bytes per second; 0: no limit
	quantum int
	down    bool // nothing passes; what comes waits

	head, tail *flow // whose turn it is, and who came last
	cur        *flow // in service until free, with curN bytes; nil: idle
	curN       int
	free       int64
	rest       int64 // of a nanosecond, in 1/rate, left over from the last service

	passed int64 // bytes, in all
}

func newLink(n *Net, rate int64) *link {
	l := &link{net: n, rate: rate, quantum: maxQuantum}
	if rate > 0 {
		perTurn := rate * int64(turn) / int64(time.Second)
		l.quantum = int(min(max(perTurn, minQuantum), maxQuantum))
	}
	return l
}

// push says that f has something to send.
func (l *link) push(f *flow) { l.pushAt(f, l.net.now()) }

func (l *link) pushAt(f *flow, t int64) {
	if !f.queued {
		f.queued, f.credit = true, l.quantum
		l.enqueue(f)
	}
	if l.cur == nil {
		l.start(t)
	}
}

func (l *link) enqueue(f *flow) {
	if l.tail == nil {
		l.head = f
	} else {
		l.tail.behind = f
	}
	l.tail = f
}

func (l *link) dequeue() *flow {
	f := l.head
	l.head = f.behind
	if l.head == nil {
		l.tail = nil
	}
	f.behind = nil
	return f
}

// start begins the next service at time t: deficit round robin, as by Shreedhar
// and Varghese (1995).
func (l *link) start(t int64) {
	for l.cur == nil && l.head != nil && !l.down {
		f := l.head
		n := f.src.next(l.quantum)
		switch {
		case n == 0:
			l.dequeue().queued = false
		case l.rate == 0:
			l.passed += int64(n)
			f.src.pass(n)
		case f.credit < n:
			f.credit += l.quantum
			l.enqueue(l.dequeue())
		default:
			f.credit -= n
			l.cur, l.curN = f, n
			l.free = t + l.duration(n)
			l.net.at(l.free, l, 0)
		}
	}
}

// duration returns the nanoseconds that n bytes take. Fractions are carried
// over, so that they do not add up to an error.
func (l *link) duration(n int) int64 {
	work := int64(n)*int64(time.Second) + l.rest
	l.rest = work % l.rate
	return work / l.rate
}

// fire ends a service.
func (l *link) fire(int) {
	f, n := l.cur, l.curN
	l.cur = nil
	l.passed += int64(n)
	f.src.pass(n)
	if l.cur == nil {
		l.start(l.free)
	}
}

// setDown stops the link, after what is in service, or starts it again.
func (l *link) setDown(down bool) {
	l.down = down
	if l.cur == nil {
		l.start(l.net.now())
	}
}
