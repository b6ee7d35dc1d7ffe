package piece

// after collects what a call has to do once the manager's lock is released:
// hooks, jobs, and budget to give back. It lives on the caller's stack.
type after struct {
	notes  [6]note
	n      int
	more   []note // beyond notes; allocates, but only in a crowd
	job    job
	jobs   []job // beyond job
	slabs  *Slab // chain to put back into the pool
	budget int   // budget to put back, without memory
	short  bool  // a peer got less budget than it asked for

	// What the Manager counts, before it releases its lock.
	unheld int   // finished blocks of unfinished pieces fewer in memory
	worked int   // blocks of finished pieces fewer that wait for a worker
	wasted int64 // bytes that came to nothing
}

// noteKind says which hook.
type noteKind uint8

const (
	noteWake noteKind = iota
	noteCancel
	noteInterest
	noteLost
)

// note is a hook to be called once the lock is released.
type note struct {
	p     *Peer
	block Block
	kind  noteKind
	n     int // of noteLost: how many requests
	room  int
}

// add notes a hook to be called.
func (t *after) add(x note) {
	if t.n < len(t.notes) {
		t.notes[t.n] = x
		t.n++
		return
	}
	t.more = append(t.more, x)
}

func (t *after) wake(p *Peer)            { t.add(note{p: p, kind: noteWake}) }
func (t *after) interest(p *Peer)        { t.add(note{p: p, kind: noteInterest}) }
func (t *after) cancel(p *Peer, b Block) { t.add(note{p: p, block: b, kind: noteCancel}) }

func (t *after) lost(p *Peer, n, room int) {
	t.add(note{p: p, n: n, room: room, kind: noteLost})
}

// release puts a slab on the chain of those that go back.
func (t *after) release(s *Slab) {
	s.m, s.a = nil, nil
	s.next, t.slabs = t.slabs, s
}

// submit queues a job; its manager counts it until it is done.
func (t *after) submit(j job) {
	j.m.jobs.Add(1)
	if t.job.m == nil {
		t.job = j
		return
	}
	t.jobs = append(t.jobs, j)
}

// run does it all. No lock may be held.
func (t *after) run(m *Manager) {
	if t.slabs != nil || t.budget > 0 {
		m.pool.put(t.slabs, t.budget, t)
	}
	if t.job.m != nil {
		m.workers.submit(t.job)
	}
	for _, j := range t.jobs {
		m.workers.submit(j)
	}
	for i := range t.n { // last: should one of these panic, nothing waits for ever
		t.notes[i].deliver()
	}
	for i := range t.more {
		t.more[i].deliver()
	}
	if t.short {
		m.pool.relieve()
	}
}

// deliver calls the hook. A peer may have left since; its connection takes no
// notice then.
func (x *note) deliver() {
	h := &x.p.hooks
	switch x.kind {
	case noteWake:
		if h.Wake != nil {
			h.Wake()
		}
	case noteCancel:
		if h.Cancel != nil {
			h.Cancel(x.block)
		}
	case noteInterest:
		x.p.tell()
	case noteLost:
		if h.Lost != nil {
			h.Lost(x.n, x.room)
		}
	}
}
