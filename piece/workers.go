package piece

import "sync"

// job is one unit for a worker: verify a complete piece, or spill blocks of an
// unfinished one.
type job struct {
	m     *Manager
	a     *active
	spill bool
}

// Workers hash and write pieces, on n goroutines shared by all managers. The
// queue needs no bound of its own: what is in it holds pool budget.
type Workers struct {
	done sync.WaitGroup

	mu     sync.Mutex
	wake   sync.Cond
	queue  []job // queue[next:] waits
	next   int
	closed bool
}

// NewWorkers starts n goroutines (at least one); Close ends them.
func NewWorkers(n int) *Workers {
	w := &Workers{}
	w.wake.L = &w.mu
	for range max(n, 1) {
		w.done.Go(w.run)
	}
	return w
}

// Close finishes what is queued and waits for the goroutines. Close the
// managers first.
func (w *Workers) Close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.wake.Broadcast()
	w.done.Wait()
}

// submit queues a job; it never waits for one.
func (w *Workers) submit(j job) {
	w.mu.Lock()
	closed := w.closed
	if !closed {
		if w.next > 0 && len(w.queue) == cap(w.queue) {
			n := copy(w.queue, w.queue[w.next:])
			clear(w.queue[n:])
			w.queue, w.next = w.queue[:n], 0
		}
		w.queue = append(w.queue, j)
	}
	w.mu.Unlock()
	if closed { // out of order, but nobody shall wait for ever
		newWorker().do(j)
		return
	}
	w.wake.Signal()
}

// pop waits for a job; it reports false when closed and drained.
func (w *Workers) pop() (job, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.next == len(w.queue) {
		if w.closed {
			return job{}, false
		}
		w.wake.Wait()
	}
	j := w.queue[w.next]
	w.queue[w.next] = job{}
	if w.next++; w.next == len(w.queue) {
		w.queue, w.next = w.queue[:0], 0
	}
	return j, true
}

// run is one worker goroutine.
func (w *Workers) run() {
	x := newWorker()
	for {
		j, ok := w.pop()
		if !ok {
			return
		}
		x.do(j)
	}
}

// worker is the scratch memory of one goroutine.
type worker struct {
	hasher
	bufs   [][]byte // the vector for WriteVec
	read   []byte   // for spilled blocks; made when first needed
	blocks []uint32 // the blocks a spill takes
}

func newWorker() *worker { return new(worker) }

// do runs one job to its end. A panic in it is told to Config.Bug, if that is not
// nil, and leaves the worker as it was.
func (x *worker) do(j job) {
	if bug := j.m.bug; bug != nil {
		defer func() {
			if v := recover(); v != nil {
				bug(v)
			}
		}()
	}
	if j.spill {
		x.spill(j.m, j.a)
	} else {
		x.verify(j.m, j.a)
	}
}
