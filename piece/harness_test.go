package piece

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// memStore keeps a torrent's bytes in memory.
type memStore struct {
	mu     sync.Mutex
	data   []byte
	writes int
	fail   error // of every write
	short  bool  // reads find nothing
}

func (s *memStore) ReadAt(p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.short || off >= int64(len(s.data)) {
		return 0, io.EOF
	}
	n := copy(p, s.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (s *memStore) WriteVec(bufs [][]byte, off int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	s.writes++
	for _, b := range bufs {
		off += int64(copy(s.data[off:], b))
	}
	return nil
}

// swarm is a manager under test with the truth about its torrent. Time moves
// only when the test says so.
type swarm struct {
	t       testing.TB
	m       *Manager
	pool    *Pool
	workers *Workers
	layout  *Layout
	store   *memStore
	data    []byte
	now     time.Time
	manual  bool // jobs are done by drain
	joined  int

	mu      sync.Mutex
	results []Result
	verdict chan struct{}
}

type option func(*swarm, *Config)

func sequential() option { return func(_ *swarm, c *Config) { c.Sequential = true } }

func budget(n int) option {
	return func(_ *swarm, c *Config) { c.Pool = NewPool(int64(n) * BlockSize) }
}

// newSwarm makes a manager for total random bytes.
func newSwarm(t testing.TB, total, pieceLength int64, opts ...option) *swarm {
	t.Helper()
	l, err := NewLayout(total, pieceLength)
	if err != nil {
		t.Fatal(err)
	}
	s := &swarm{
		t: t, layout: l, now: time.Unix(1000, 0),
		store: &memStore{data: make([]byte, total)},
		data:  make([]byte, total), verdict: make(chan struct{}, 1<<16),
	}
	rng := rand.NewChaCha8([32]byte{1})
	rng.Read(s.data)
	s.workers = NewWorkers(2)
	c := Config{
		Layout: l, Digest: s.digest, Store: s.store, Workers: s.workers,
		Pool: NewPool(64 << 20), Rand: rand.New(rand.NewPCG(1, 2)), OnPiece: s.onPiece,
	}
	for _, o := range opts {
		o(s, &c)
	}
	s.pool = c.Pool
	s.m = NewManager(c)
	t.Cleanup(s.close)
	return s
}

func (s *swarm) close() {
	if s.manual {
		s.drain()
	}
	s.m.Close()
	s.workers.Close()
}

func (s *swarm) digest(i int) Digest { return SHA1(sha1.Sum(s.piece(i))) }

func (s *swarm) piece(i int) []byte {
	off := s.layout.Offset(i)
	return s.data[off : off+s.layout.PieceLen(i)]
}

func (s *swarm) onPiece(r Result) {
	s.mu.Lock()
	s.results = append(s.results, r)
	s.mu.Unlock()
	s.verdict <- struct{}{}
}

// wantResult waits for the next verdict of a worker.
func (s *swarm) wantResult() Result {
	s.t.Helper()
	<-s.verdict
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.results[0]
	s.results = s.results[1:]
	return r
}

func (s *swarm) advance(d time.Duration) { s.now = s.now.Add(d) }

// remote is a fake peer: it answers what it was asked, when the test says so.
type remote struct {
	s       *swarm
	p       *Peer
	addr    netip.AddrPort
	queue   []Block // asked and not yet answered
	liar    bool    // sends wrong bytes
	wakes   int
	cancels []Block
	wants   []bool
}

func (s *swarm) join() *remote {
	s.joined++
	r := &remote{s: s, addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(s.joined >> 8), byte(s.joined)}), 6881)}
	r.p = s.m.Join(r.addr, Hooks{
		Wake: func() { s.mu.Lock(); r.wakes++; s.mu.Unlock() },
		Cancel: func(b Block) {
			s.mu.Lock()
			r.cancels = append(r.cancels, b)
			s.mu.Unlock()
		},
		Interest: func(v bool) { s.mu.Lock(); r.wants = append(r.wants, v); s.mu.Unlock() },
	})
	return r
}

// seed joins a peer that has everything and does not choke.
func (s *swarm) seed() *remote {
	r := s.join()
	s.m.SetHaveAll(r.p)
	s.m.Unchoked(r.p)
	return r
}

// leecher joins a peer that has the given pieces and does not choke.
func (s *swarm) leecher(have ...int) *remote {
	r := s.join()
	b := NewBitset(s.layout.Pieces())
	for _, i := range have {
		b.Set(uint32(i))
	}
	if err := s.m.SetBitfield(r.p, b.appendWire(nil, s.layout.Pieces())); err != nil {
		s.t.Fatal(err)
	}
	s.m.Unchoked(r.p)
	return r
}

// pick asks the manager for n blocks and checks that it may ask for them.
func (r *remote) pick(n int) []Block {
	r.s.t.Helper()
	got := r.s.m.Pick(r.p, nil, n, r.s.now)
	if len(got) > n {
		r.s.t.Fatalf("picked %d blocks, want at most %d", len(got), n)
	}
	for _, b := range got {
		if !r.s.m.RemoteHas(r.p, b.Index()) {
			r.s.t.Fatalf("picked %v, which the peer does not have", b)
		}
	}
	r.queue = append(r.queue, got...)
	return got
}

func (r *remote) forget(b Block) bool {
	for k, x := range r.queue {
		if x == b {
			r.queue = append(r.queue[:k], r.queue[k+1:]...)
			return true
		}
	}
	return false
}

// claim begins the answer to b.
func (r *remote) claim(b Block) (*Slab, error) {
	r.forget(b)
	return r.s.m.Claim(r.p, b.index, b.begin, b.length)
}

// fill writes what the peer sends for b into the slab.
func (r *remote) fill(sl *Slab, b Block) {
	off := r.s.layout.Offset(b.Index()) + int64(b.Begin())
	copy(sl.Bytes(), r.s.data[off:off+int64(b.Len())])
	if r.liar {
		sl.Bytes()[0] ^= 0xff
	}
}

// send answers b.
func (r *remote) send(b Block) error {
	sl, err := r.claim(b)
	if err != nil {
		return err
	}
	r.fill(sl, b)
	r.s.m.Commit(r.p, sl, r.s.now)
	return nil
}

// answer sends everything the peer was asked for.
func (r *remote) answer() {
	r.s.t.Helper()
	for len(r.queue) > 0 {
		if err := r.send(r.queue[0]); err != nil && !errors.Is(err, ErrUnwanted) {
			r.s.t.Fatal(err)
		}
	}
}

// wantDone checks that everything arrived.
func (s *swarm) wantDone() {
	s.t.Helper()
	s.m.jobs.Wait()
	if !s.m.Done() {
		p, b := s.m.wantedLeft()
		s.t.Fatalf("not done: %d pieces, %d bytes left", p, b)
	}
	if !bytes.Equal(s.store.data, s.data) {
		s.t.Fatal("the store does not hold the torrent's bytes")
	}
}

// wantedLeft returns the pieces and bytes that are wanted and not verified.
func (m *Manager) wantedLeft() (pieces int, bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ledger.wants.leftPieces, m.ledger.wants.leftBytes
}

// remoteSeed reports whether the peer has every piece.
func (m *Manager) remoteSeed(p *Peer) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return p.seed || p.bits != nil && p.count == m.ledger.wants.n
}

func (b Block) String() string { return fmt.Sprintf("%d+%d:%d", b.index, b.begin, b.length) }
