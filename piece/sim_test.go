package piece

import (
	"container/heap"
	"crypto/sha1"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// sim is a swarm in virtual time: remote peers with a rate and a delay, which
// answer requests in order, and connections that keep a pipeline full. The
// torrent is all zeros, so that blocks need no bytes.
type sim struct {
	t      testing.TB
	m      *Manager
	jobs   *swarm
	now    time.Time
	events eventQueue
	seq    int
	peers  []*simPeer
	got    int64 // payload bytes received
}

type event struct {
	at  time.Time
	seq int
	do  func()
}

type eventQueue []event

func (q eventQueue) Len() int      { return len(q) }
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *eventQueue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *eventQueue) Pop() any {
	x := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return x
}

func (q eventQueue) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].seq < q[j].seq
	}
	return q[i].at.Before(q[j].at)
}

func (s *sim) after(d time.Duration, do func()) {
	s.seq++
	heap.Push(&s.events, event{s.now.Add(d), s.seq, do})
}

func newSim(t testing.TB, total, pieceLength, budget int64) *sim {
	l, err := NewLayout(total, pieceLength)
	if err != nil {
		t.Fatal(err)
	}
	whole := sha1.Sum(make([]byte, pieceLength))
	last := whole
	if n := l.Pieces(); n > 0 {
		last = sha1.Sum(make([]byte, l.PieceLen(n-1)))
	}
	w := &Workers{}
	w.wake.L = &w.mu
	s := &sim{t: t, now: time.Unix(1000, 0), jobs: &swarm{workers: w}}
	s.m = NewManager(Config{
		Layout: l, Store: zeros{}, Pool: NewPool(budget), Workers: w,
		Rand: rand.New(rand.NewPCG(1, 2)),
		Digest: func(i int) Digest {
			if i == l.Pieces()-1 {
				return SHA1(last)
			}
			return SHA1(whole)
		},
	})
	return s
}

// zeros is a Store of zeros.
type zeros struct{ discard }

func (zeros) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

// simPeer is one connection and its remote.
type simPeer struct {
	s     *sim
	p     *Peer
	rate  float64 // bytes per second
	delay time.Duration
	queue []Block // at the remote, or on the way there
	busy  bool
	gone  bool
	wakes bool
	start time.Time
	bytes int64
}

// join adds a peer. have is nil for a seed.
func (s *sim) join(rate float64, delay time.Duration, have func(i int) bool) *simPeer {
	r := &simPeer{s: s, rate: rate, delay: delay, start: s.now}
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, byte(len(s.peers))}), 1)
	r.p = s.m.Join(addr, Hooks{Wake: r.wake, Cancel: r.cancel})
	if have == nil {
		s.m.SetHaveAll(r.p)
	} else {
		set := NewBitset(s.m.ledger.wants.n)
		for i := range s.m.ledger.wants.n {
			if have(i) {
				set.Set(uint32(i))
			}
		}
		if err := s.m.SetBitfield(r.p, set.appendWire(nil, s.m.ledger.wants.n)); err != nil {
			s.t.Fatal(err)
		}
	}
	s.peers = append(s.peers, r)
	s.m.Unchoked(r.p)
	return r
}

func (r *simPeer) wake() {
	if r.wakes || r.gone {
		return
	}
	r.wakes = true
	r.s.after(0, func() { r.wakes = false; r.ask() })
}

func (r *simPeer) cancel(b Block) {
	r.s.after(r.delay/2, func() {
		for k, x := range r.queue {
			if x == b && (k > 0 || !r.busy) {
				r.queue = append(r.queue[:k], r.queue[k+1:]...)
				return
			}
		}
	})
	r.wake()
}

// depth is what the connection keeps outstanding: enough for the delay, and
// two seconds of work.
func (r *simPeer) depth() int {
	rate := 64.0 * BlockSize / 2
	if d := r.s.now.Sub(r.start); r.bytes > 0 && d > 0 {
		rate = float64(r.bytes) / d.Seconds()
	}
	return min(2+int(rate*(2*r.delay+2*time.Second).Seconds()/BlockSize), 250)
}

func (r *simPeer) ask() {
	if r.gone {
		return
	}
	n := r.depth() - r.s.m.Outstanding(r.p)
	got := r.s.m.Pick(r.p, nil, n, r.s.now)
	if len(got) > 0 {
		r.s.after(r.delay/2, func() { r.queue = append(r.queue, got...); r.serve() })
	}
}

// serve lets the remote send the block at the head of its queue.
func (r *simPeer) serve() {
	if r.busy || len(r.queue) == 0 || r.gone {
		return
	}
	r.busy = true
	b := r.queue[0]
	r.s.after(time.Duration(float64(b.Len())/r.rate*1e9), func() {
		r.busy = false
		r.queue = r.queue[1:]
		r.s.after(r.delay/2, func() { r.receive(b) })
		r.serve()
	})
}

func (r *simPeer) receive(b Block) {
	if r.gone {
		return
	}
	r.s.got += int64(b.Len())
	r.bytes += int64(b.Len())
	sl, err := r.s.m.Claim(r.p, b.index, b.begin, b.length)
	if err == nil {
		r.s.m.Commit(r.p, sl, r.s.now)
	} else if !errors.Is(err, ErrUnwanted) {
		r.s.t.Fatal(err)
	}
	if r.s.m.Outstanding(r.p) <= r.depth()/2 {
		r.ask()
	}
}

// run goes on until everything is there and returns how long it took.
func (s *sim) run(limit time.Duration) time.Duration {
	begin := s.now
	var tick func()
	tick = func() { s.m.Tick(s.now); s.after(time.Second, tick) }
	s.after(time.Second, tick)
	for !s.m.Done() {
		if len(s.events) == 0 || s.now.Sub(begin) > limit {
			p, b := s.m.wantedLeft()
			s.t.Fatalf("after %v: %d pieces, %d bytes left; %+v", s.now.Sub(begin), p, b, s.m.Stats())
		}
		e := heap.Pop(&s.events).(event)
		s.now = e.at
		e.do()
		if s.jobs.workers.next < len(s.jobs.workers.queue) {
			s.jobs.drainWith(benchWorker)
		}
	}
	return s.now.Sub(begin)
}

func (s *sim) summary(took time.Duration, ideal float64) string {
	st := s.m.Stats()
	return fmt.Sprintf("took %v, ideal %.2fs, ratio %.3f, wasted %.2f%%, spilled %.1f%%",
		took, ideal, took.Seconds()/ideal, 100*float64(st.Wasted)/float64(s.m.layout.Total()),
		100*float64(st.Spilled)/float64(s.m.layout.Total()))
}

const mib = 1 << 20

// TestSwarmTimes runs whole downloads in virtual time and compares them with
// what the peers' bandwidth allows.
func TestSwarmTimes(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	seeds := func(n int, rate float64) func(*sim) {
		return func(s *sim) {
			for range n {
				s.join(rate, 50*time.Millisecond, nil)
			}
		}
	}
	mixed := func(s *sim) { // 20 KiB/s to 2 MiB/s, 10 to 300 ms
		for k := range 100 {
			s.join(float64(20<<10*(1+k)), time.Duration(10+3*k)*time.Millisecond, nil)
		}
	}
	leechers := func(s *sim) {
		s.join(mib, 50*time.Millisecond, nil)
		for range 50 {
			part := rng.Float64()
			s.join(mib, 50*time.Millisecond, func(int) bool { return rng.Float64() < part })
		}
	}
	for _, c := range []struct {
		name                 string
		total, piece, budget int64
		setup                func(*sim)
		bandwidth            float64 // of all peers
		worst                float64 // times the ideal
		wasted               float64 // of the total
	}{
		{"one seed", 64 * mib, mib, 64 * mib, seeds(1, 10*mib), 10 * mib, 1.05, 0},
		{"20 seeds, pieces a quarter of the budget", 256 * mib, 16 * mib, 64 * mib, seeds(20, 5*mib), 100 * mib, 1.1, 0.02},
		{"pieces far beyond the budget", 256 * mib, 128 * mib, 8 * mib, seeds(4, 10*mib), 40 * mib, 1.1, 0.01},
		{"disjoint halves, pieces like the budget", 128 * mib, 16 * mib, 16 * mib, func(s *sim) {
			s.join(10*mib, 50*time.Millisecond, func(i int) bool { return i%2 == 0 })
			s.join(10*mib, 50*time.Millisecond, func(i int) bool { return i%2 == 1 })
		}, 20 * mib, 1.15, 0.01},
		{"a fast seed and a hundred times slower one", 64 * mib, mib, 64 * mib, func(s *sim) {
			s.join(20*mib, 20*time.Millisecond, nil)
			s.join(mib/5, 200*time.Millisecond, nil)
		}, 20.2 * mib, 1.1, 0.01},
		{"100 peers of all kinds", 256 * mib, mib, 64 * mib, mixed, 20 << 10 * 5050, 1.5, 0.1},
		{"50 leechers", 256 * mib, mib, 64 * mib, leechers, 51 * mib, 1.3, 0.03},
		{"50 leechers, small budget", 256 * mib, 4 * mib, 16 * mib, leechers, 51 * mib, 1.5, 0.03},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSim(t, c.total, c.piece, c.budget)
			c.setup(s)
			took := s.run(time.Hour)
			ideal := float64(c.total) / c.bandwidth
			t.Log(s.summary(took, ideal))
			if took.Seconds() > c.worst*ideal {
				t.Errorf("took %v, want at most %.1f times %.2f s", took, c.worst, ideal)
			}
			if w := float64(s.m.Stats().Wasted); w > c.wasted*float64(c.total) {
				t.Errorf("%.0f bytes wasted, want at most %.1f %%", w, 100*c.wasted)
			}
			if err := s.m.invariants(0); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSlowPeerDoesNotDelayTheEnd: "there's a tendency for the last few pieces
// to all be downloaded off a single hosed modem line" (BEP 3).
func TestSlowPeerDoesNotDelayTheEnd(t *testing.T) {
	for _, total := range []int64{mib, 32 * mib} {
		s := newSim(t, total, 256<<10, 64*mib)
		s.join(2<<10, 300*time.Millisecond, nil) // 8 s for one block
		s.after(time.Second, func() { s.join(10*mib, 20*time.Millisecond, nil) })
		took := s.run(time.Hour)
		if want := time.Second + time.Duration(float64(total)/(10*mib)*1e9); took > want+time.Second {
			t.Errorf("%d MiB took %v, want about %v", total/mib, took, want)
		}
	}
}
