package piece

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Store is where verified pieces go, at offsets of the torrent.
// *storage.Store is one.
type Store interface {
	// ReadAt reads what an earlier WriteVec wrote; io.ReaderAt.
	ReadAt(p []byte, off int64) (int, error)
	// WriteVec writes bufs one after the other, starting at off.
	WriteVec(bufs [][]byte, off int64) error
}

// Config is what a Manager needs. Layout, Digest, Store, Pool and Workers are
// required; Pool and Workers are shared by all managers of a process.
type Config struct {
	Layout *Layout
	// Digest returns what piece i must hash to; it is called from workers. Known
	// reports for which pieces that is known at the start, the others become so by
	// Learn; nil: it is for all.
	Digest     func(i int) Digest
	Known      func(i int) bool
	Store      Store
	Pool       *Pool
	Workers    *Workers
	Sequential bool       // pick in index order; see SetSequential
	Transient  bool       // what is verified will be gone soon: peers are told that we have nothing
	Rand       *rand.Rand // nil: seeded by the system; used under the lock
	// OnPiece gets the verdict on each piece that came in completely. It is
	// called from a worker with no lock held and must not block.
	OnPiece func(Result)
	// Bug, if not nil, gets what a panic in a worker left (deferred: the stack is
	// still there), and the process goes on. The manager has to be closed then.
	Bug func(recovered any)
}

// Result is the verdict on one piece.
type Result struct {
	Piece int
	OK    bool // verified, written, and ours to give
	// Err is a failure of the Store. The manager has stopped picking.
	Err error
	// Guilty are peers that are proven to have sent wrong bytes, in this piece
	// or in an earlier copy of it.
	Guilty []netip.AddrPort
	// Wasted counts the bytes of a copy that failed its hash.
	Wasted int64
}

// Stats is a snapshot of a manager's counters.
type Stats struct {
	Wasted   int64 // bytes that came twice, unwanted or wrong
	Failed   int   // copies of pieces that failed their hash
	Active   int   // pieces begun and not complete
	Queued   int   // pieces complete and not yet verified and written
	Buffered int64 // bytes of memory that finished blocks of Active take
	Spilled  int64 // bytes written before their piece was complete
	Seeds    int   // joined peers that have everything
}

// Manager is the shared state of one torrent's data. It is a monitor: every
// method may be called from any goroutine, none waits for I/O, hashing or a
// hook. See the package comment.
type Manager struct {
	// Immutable.
	layout    *Layout
	disk      disk
	pool      *Pool
	workers   *Workers
	onPiece   func(Result)
	bug       func(any) // nil: a panic ends the process
	transient bool

	jobs sync.WaitGroup // jobs queued or running
	held atomic.Int64   // this manager's part of pool.held

	mu sync.Mutex // guards the rest

	ledger ledger
	picker picker
	runs   runs

	stats  Stats
	shut   bool
	failed error // of the Store
}

// NewManager returns a manager that has nothing and wants every piece at
// Normal priority.
func NewManager(c Config) *Manager {
	rng := c.Rand
	if rng == nil {
		rng = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	m := &Manager{
		layout: c.Layout, disk: disk{c.Layout, c.Store, c.Digest}, pool: c.Pool,
		workers: c.Workers, onPiece: c.OnPiece, bug: c.Bug, transient: c.Transient,
		ledger: newLedger(c.Layout, c.Known, c.Sequential, rng),
	}
	if m.onPiece == nil {
		m.onPiece = func(Result) {}
	}
	m.picker.l = &m.ledger
	m.runs.l, m.runs.pk = &m.ledger, &m.picker
	m.pool.register(m)
	return m
}

// Close stops picking, lets the workers finish the pieces that are complete
// (OnPiece is still called for them), gives every buffer back and waits for
// its jobs. Slabs that readers hold may be committed or aborted afterwards.
func (m *Manager) Close() {
	m.stop()
	m.jobs.Wait()
	m.pool.unregister(m)
}

// stop drops everything and everybody.
func (m *Manager) stop() {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if m.shut {
		return
	}
	m.shut = true
	m.ledger.dropAll(&after)
	for len(m.ledger.peers) > 0 {
		m.leave(m.ledger.peers[len(m.ledger.peers)-1], &after)
	}
}

// unlock ends a call: brings the counts up to date, releases the lock, and then
// does everything that must not be done under it. It is to be deferred: a panic,
// which ends one connection (see package peer), must not leave the lock to hang
// all others.
func (m *Manager) unlock(after *after) {
	defer after.run(m)
	defer m.mu.Unlock()
	m.ledger.settle(after)
	if after.unheld != 0 {
		m.hold(-after.unheld)
	}
	if after.worked > 0 {
		m.pool.work(-after.worked)
	}
	m.stats.Wasted += after.wasted
}

// hold counts n more finished blocks of unfinished pieces in memory, or fewer.
func (m *Manager) hold(n int) {
	m.held.Add(int64(n))
	m.pool.held.Add(int64(n))
}

// halted reports whether nothing is to be picked any more.
func (m *Manager) halted() bool { return m.shut || m.failed != nil }

// Tick does what time alone brings about: duplicates for blocks whose holder
// has become slow, requests set aside for peers that do not come, idle memory.
// Call it about once a second.
func (m *Manager) Tick(now time.Time) {
	m.tick(now)
	m.pool.trim()
}

// tick is Tick under the lock.
func (m *Manager) tick(now time.Time) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	m.picker.tick(m.ledger.clock(now))
	if m.ledger.wants.leftPieces > 0 && !m.halted() {
		m.ledger.wakeIdle(&after)
	}
	m.pool.expire(m.ledger.peers, &after)
}

// Have reports whether piece i is verified and can be read, 0 <= i < Pieces.
func (m *Manager) Have(i int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ledger.wants.ours.Has(uint32(i))
}

// AppendBitfield appends what we have as a bitfield message's payload.
func (m *Manager) AppendBitfield(dst []byte) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.transient {
		return NewBitset(m.ledger.wants.n).appendWire(dst, m.ledger.wants.n)
	}
	return m.ledger.wants.ours.appendWire(dst, m.ledger.wants.n)
}

// HaveCount returns how many pieces AppendBitfield tells of.
func (m *Manager) HaveCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.transient {
		return 0
	}
	return m.ledger.wants.haveCount
}

// Done reports whether everything wanted is verified and written.
func (m *Manager) Done() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ledger.wants.leftPieces == 0
}

// Stats returns the counters.
func (m *Manager) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stats
	for _, a := range m.ledger.begun.active {
		if a.done {
			s.Queued++
		} else {
			s.Active++
		}
	}
	s.Buffered = m.held.Load() * BlockSize
	s.Seeds = m.ledger.seeds
	return s
}
