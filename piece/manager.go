package piece

import (
	"hash/maphash"
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
	// Digest returns what piece i must hash to. It is called from NewManager and
	// from workers. A digest that is not known yet may become so, once; see Learn.
	Digest     func(i int) Digest
	Store      Store
	Pool       *Pool
	Workers    *Workers
	Sequential bool       // pick in index order
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
	layout     *Layout
	digest     func(int) Digest
	store      Store
	pool       *Pool
	workers    *Workers
	onPiece    func(Result)
	bug        func(any) // nil: a panic ends the process
	sequential bool
	transient  bool
	n          int          // pieces
	digestSeed maphash.Seed // liars must not be able to make collisions

	jobs sync.WaitGroup // jobs queued or running
	held atomic.Int64   // this manager's part of pool.held

	mu sync.Mutex // guards the rest

	order     order
	ours      Bitset // verified and readable
	wanted    Bitset // priority above 0 and not verified
	known     Bitset // their digest is known; nil: all are
	startable Bitset // wanted, known and not active: what order lists
	supply    uint32 // raised when startable grows or the window moves
	lowest    uint32 // no startable piece below
	lo, hi    int    // the window
	haveCount int
	verified  int // pieces verified since the start or resumed, forgotten ones too

	leftPieces int
	leftBytes  int64

	active     []*active // every piece begun, also while a worker has it
	open       []*active // those with free blocks
	idleActive []*active // structs to use again
	planned    int       // blocks of active pieces that are not done
	freed      bool      // blocks became free in this call
	crowded    bool      // a peer waits until a piece is complete
	uncapped   []*Peer   // peers that may be asked for more since this call
	emptied    []*active // pieces to put back at the end of this call
	reqs       requests
	rivals     []rival // scratch of duplicate

	peers    []*Peer
	webs     []*Peer // those that are servers
	fellows  fellows
	head     head
	seeds    int
	rates    float64 // sum of the peers' meter.rate
	unchoked int     // peers that do not choke us
	idle     int     // peers whose last Pick found too few blocks

	suspects      map[uint32]*suspect
	suspectOrder  []uint32 // oldest first
	suspectBlocks int

	epoch    time.Time
	lastTime int64 // what clock returned last
	stats    Stats
	shut     bool
	failed   error // of the Store
}

// NewManager returns a manager that has nothing and wants every piece at
// Normal priority.
func NewManager(c Config) *Manager {
	n := c.Layout.Pieces()
	rng := c.Rand
	if rng == nil {
		rng = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	m := &Manager{
		layout: c.Layout, digest: c.Digest, store: c.Store, pool: c.Pool,
		workers: c.Workers, onPiece: c.OnPiece, bug: c.Bug, sequential: c.Sequential, transient: c.Transient, n: n,
		digestSeed: maphash.MakeSeed(),
		order:      newOrder(n, rng),
		ours:       NewBitset(n), wanted: NewBitset(n), startable: NewBitset(n),
		hi: n, supply: 1,
		leftPieces: n, leftBytes: c.Layout.Total(),
		reqs: requests{free: noReq}, suspects: make(map[uint32]*suspect),
	}
	for i := range m.order.prio {
		m.order.prio[i] = uint8(Normal)
	}
	m.wanted.fill(n)
	m.startable.fill(n)
	m.findUnknown()
	m.order.reset(m.startable)
	m.pool.register(m)
	return m
}

// findUnknown takes the pieces that cannot be verified yet off the startable ones.
func (m *Manager) findUnknown() {
	for i := range m.n {
		if m.digest(i).Known() {
			continue
		}
		if m.known == nil {
			m.known = NewBitset(m.n)
			m.known.fill(m.n)
		}
		m.known.Clear(uint32(i))
		m.startable.Clear(uint32(i))
	}
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
	m.dropAll(&after)
	for len(m.peers) > 0 {
		m.leave(m.peers[len(m.peers)-1], &after)
	}
}

// unlock ends a call: wakes whom new blocks may interest, releases the lock,
// and then does everything that must not be done under it. It is to be deferred:
// a panic, which ends one connection (see package peer), must not leave the lock
// to hang all others.
func (m *Manager) unlock(after *after) {
	defer after.run(m)
	m.tidy(after)
}

// tidy ends what is done under the lock, and releases it.
func (m *Manager) tidy(after *after) {
	defer m.mu.Unlock()
	if len(m.emptied) > 0 {
		m.putBack()
	}
	if m.freed {
		m.freed = false
		m.wakeIdle(after)
	}
	for i, p := range m.uncapped {
		after.wake(p)
		m.uncapped[i] = nil
	}
	m.uncapped = m.uncapped[:0]
}

// wakeIdle wakes the peers that found nothing to pick.
func (m *Manager) wakeIdle(after *after) {
	if m.idle == 0 {
		return
	}
	for _, p := range m.peers {
		if p.idle && m.interesting(p) {
			m.setIdle(p, false)
			after.wake(p)
		}
	}
}

// setIdle notes whether p waits for blocks to become free.
func (m *Manager) setIdle(p *Peer, idle bool) {
	if p.idle == idle {
		return
	}
	p.idle = idle
	if idle {
		m.idle++
	} else {
		m.idle--
	}
}

// clock turns a time into nanoseconds since the first time we were told one.
func (m *Manager) clock(now time.Time) int64 {
	if m.epoch.IsZero() {
		m.epoch = now
	}
	m.lastTime = int64(now.Sub(m.epoch))
	return m.lastTime
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
	t := m.clock(now)
	m.rates, m.head.best = 0, 0
	for _, p := range m.peers {
		p.meter.expire(t)
		m.rates += p.meter.rate
		if !p.choked && m.interesting(p) {
			m.head.best = max(m.head.best, p.meter.rate)
		}
		if len(p.avoid) > 0 && t-p.avoidAt > avoidFor {
			p.avoid = p.avoid[:0]
			p.dry = 0
		}
	}
	m.countFellows(t)
	if m.leftPieces > 0 && !m.halted() {
		m.wakeIdle(&after)
	}
	m.pool.expire(m.peers, &after)
}

// Have reports whether piece i is verified and can be read, 0 <= i < Pieces.
func (m *Manager) Have(i int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ours.Has(uint32(i))
}

// AppendBitfield appends what we have as a bitfield message's payload.
func (m *Manager) AppendBitfield(dst []byte) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.transient {
		return NewBitset(m.n).appendWire(dst, m.n)
	}
	return m.ours.appendWire(dst, m.n)
}

// HaveCount returns how many pieces AppendBitfield tells of.
func (m *Manager) HaveCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.transient {
		return 0
	}
	return m.haveCount
}

// WantedLeft returns the pieces and bytes that are wanted and not verified.
func (m *Manager) WantedLeft() (pieces int, bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.leftPieces, m.leftBytes
}

// Done reports whether everything wanted is verified and written.
func (m *Manager) Done() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.leftPieces == 0
}

// Stats returns the counters.
func (m *Manager) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stats
	for _, a := range m.active {
		if a.done {
			s.Queued++
		} else {
			s.Active++
		}
	}
	s.Buffered = m.held.Load() * BlockSize
	s.Seeds = m.seeds
	return s
}
