package piece

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// Pool is the memory of all unfinished pieces: a budget in slabs and a free
// list. Managers share it. A request takes its share of the budget when it is
// picked, memory only when its block arrives.
//
// When the budget is spent, peers wait in one queue over all managers. What
// comes back is set aside for them in order (credit) before they are woken, so
// that a busy peer cannot overtake a patient one.
//
// The mutex is a leaf: nothing else is locked under it.
type Pool struct {
	// held counts slabs with finished blocks of unfinished pieces. Only these
	// may never come back by themselves; see relieve.
	held     atomic.Int64
	spilling atomic.Int32 // spill jobs queued or running

	mu       sync.Mutex
	slabs    int   // the budget, without what is reserved
	reserved int   // for memory elsewhere; see Reserve
	used     int   // budget taken: requests, slabs, credits
	busy     int   // slabs of pieces that are complete, until a worker is done
	slack    int   // how many of those may wait; see free
	list     *Slab // free ones, most recently used first, for warm caches
	nfree    int
	low      int // least nfree since the last trim
	managers []*Manager
	head     *Peer // the queue
	tail     *Peer
}

// minSlabs is the smallest budget: below it no two peers could work.
const minSlabs = 4

// NewPool returns a pool that never holds more than budget bytes (at least
// 64 KiB). It holds no memory until blocks arrive.
func NewPool(budget int64) *Pool {
	n := int(max(budget/BlockSize, minSlabs))
	return &Pool{slabs: n, slack: n / 8}
}

// free returns how much budget is left. While the workers cannot keep up there
// is none: more blocks in line would not be verified any sooner, but be out of
// the processor's caches by then.
func (l *Pool) free() int {
	if l.busy > l.slack {
		return 0
	}
	return max(0, l.slabs-l.used)
}

// Memory is how many bytes of the budget are taken, by requests and by blocks, and
// how many there are.
func (l *Pool) Memory() (used, budget int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(l.used) * BlockSize, int64(l.slabs) * BlockSize
}

// waiter is a peer's place in the queue, guarded by Pool.mu.
type waiter struct {
	credit       int // budget set aside for the peer
	want         int
	aged         bool // it has lain there since the last expire
	queued       bool
	qprev, qnext *Peer
}

// take gives p up to n slabs of budget: its credit, and what is free if nobody
// waits. Credit beyond n goes back.
func (l *Pool) take(p *Peer, n int, after *after) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	got := min(p.credit, n)
	back := p.credit - got
	p.credit = 0
	l.used -= back
	if l.head == nil {
		k := min(n-got, l.free())
		l.used += k
		got += k
	} else if back > 0 {
		l.grant(after)
	}
	return got
}

// settle ends a pick: unused budget goes back, and if want > 0 the peer waits
// for that much more, else it waits no longer.
func (l *Pool) settle(p *Peer, unused, want int, after *after) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used -= unused
	if p.want = want; want > 0 {
		l.enqueue(p)
	} else {
		l.dequeue(p)
	}
	l.grant(after)
}

// quit takes back what is set aside for p and its place in the queue.
func (l *Pool) quit(p *Peer, after *after) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used -= p.credit
	p.credit = 0
	l.dequeue(p)
	l.grant(after)
}

// expire takes back what has been set aside for peers since the call before.
func (l *Pool) expire(peers []*Peer, after *after) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range peers {
		if p.aged {
			l.used -= p.credit
			p.credit = 0
		}
		p.aged = p.credit > 0
	}
	l.grant(after)
}

// takeOne takes budget for a block that comes late, past the queue.
func (l *Pool) takeOne() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.used >= l.slabs {
		return false
	}
	l.used++
	return true
}

// put returns budget without memory, and a chain of slabs with theirs.
func (l *Pool) put(chain *Slab, budget int, after *after) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := chain; s != nil; {
		next := s.next
		s.next, l.list = l.list, s
		l.nfree++
		budget++
		s = next
	}
	l.used -= budget
	if l.used < 0 {
		panic("piece: budget released twice")
	}
	l.grant(after)
}

// work counts n more slabs that wait for a worker, or fewer.
func (l *Pool) work(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy += n
}

// slab returns memory for budget that was taken before.
func (l *Pool) slab() *Slab {
	l.mu.Lock()
	s := l.list
	if s != nil {
		l.list, s.next = s.next, nil
		l.nfree--
		l.low = min(l.low, l.nfree)
	}
	l.mu.Unlock()
	if s == nil {
		s = &Slab{buf: make([]byte, BlockSize)}
	}
	s.move(slabFree, slabClaimed)
	return s
}

// trim lets go of half the memory that has lain idle since the last call.
func (l *Pool) trim() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := (l.low + 1) / 2; n > 0; n-- {
		l.list = l.list.next
		l.nfree--
	}
	l.low = l.nfree
}

// grant sets free budget aside for the peers that wait longest.
func (l *Pool) grant(after *after) {
	for l.head != nil && l.free() > 0 {
		p := l.head
		l.dequeue(p)
		k := min(p.want, l.free())
		l.used += k
		p.credit += k
		p.aged = false
		after.wake(p)
	}
}

// enqueue puts p at the end of the queue, unless it waits already.
func (l *Pool) enqueue(p *Peer) {
	if p.queued {
		return
	}
	p.queued, p.qprev, p.qnext = true, l.tail, nil
	if l.tail != nil {
		l.tail.qnext = p
	} else {
		l.head = p
	}
	l.tail = p
}

// dequeue takes p out of the queue if it is there.
func (l *Pool) dequeue(p *Peer) {
	if !p.queued {
		return
	}
	if p.qprev != nil {
		p.qprev.qnext = p.qnext
	} else {
		l.head = p.qnext
	}
	if p.qnext != nil {
		p.qnext.qprev = p.qprev
	} else {
		l.tail = p.qprev
	}
	p.queued, p.qprev, p.qnext = false, nil, nil
}

// register adds a manager to those that share the budget. Two pieces may always
// be with the workers.
func (l *Pool) register(m *Manager) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slack = max(l.slack, 2*m.layout.maxBlocks())
	l.managers = append(l.managers, m)
}

// unregister removes it; its buffers are back by then.
func (l *Pool) unregister(m *Manager) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, x := range l.managers {
		if x == m {
			l.managers = append(l.managers[:i], l.managers[i+1:]...)
			break
		}
	}
}

// Half the budget is for requests, in proportion to what the peers deliver
// (picker.fairDepth), and new pieces are begun only while all that are begun fit in
// three quarters of it, so normally each can be completed in memory. It cannot be so
// when a piece is larger than that, or when peers have no piece in common with what
// is begun. Then some finished blocks are spilled: a worker writes them to the Store,
// frees their slabs, and reads them back when the piece is complete.
//
// That this never deadlocks: every unit of budget that is in use belongs to
//
//   - a request, which the peer answers, rejects, voids by a choke, loses by
//     being snubbed, or takes along when it leaves. Or to a reader's slab,
//     which comes back with Commit or Abort;
//   - a piece that a worker has. Workers wait for nothing but the Store;
//   - a peer as credit that it was woken for; it picks, or Tick, a choke or
//     Leave takes the credit back;
//   - a finished block of a piece that is not complete.
//
// Only the last kind can stay for ever. If everything begun fits in the
// budgets of its managers, these blocks leave room for all that are missing.
// If not, as soon as they are more than half of the budget, the manager that
// holds most of them spills, whoever is short; as long as they are less, the
// other half is of the kinds that come back. So budget comes back again and
// again, peers waiting for it are served in order, and each of them can be given
// a block of a piece that it has, begun or new.

// relieve is called by a peer that came away with less than it asked for, with
// no lock held. Budget in requests comes back when the peer answers, rejects,
// chokes, is snubbed or leaves, budget in jobs when a worker is done. Finished
// blocks of pieces that nobody can complete do not come back, so when they
// fill half the budget some are spilled, by the manager that holds most of them
// and has begun more than its share.
func (l *Pool) relieve() {
	l.mu.Lock()
	slabs := l.slabs
	l.mu.Unlock()
	if l.spilling.Load() > 0 || l.held.Load()*2 <= int64(slabs) {
		return
	}
	type holder struct {
		m    *Manager
		held int64
	}
	var few [8]holder // more allocate
	all := few[:0]
	l.mu.Lock()
	for _, m := range l.managers {
		all = append(all, holder{m, m.held.Load()})
	}
	l.mu.Unlock()
	slices.SortFunc(all, func(a, b holder) int { return cmp.Compare(b.held, a.held) })
	for _, h := range all {
		if h.m.spill(max(1, slabs/8)) {
			return
		}
	}
}

// share returns how many slabs one manager may plan with.
func (l *Pool) share() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.slabs / max(1, len(l.managers))
}
