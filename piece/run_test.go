package piece

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// web joins a server.
func (s *swarm) web() *remote {
	s.joined++
	r := &remote{s: s, addr: netip.AddrPortFrom(netip.IPv6Unspecified().WithZone(string(rune('a'+s.joined))), 0)}
	r.p = s.m.JoinWeb(r.addr, Hooks{Wake: func() { s.mu.Lock(); r.wakes++; s.mu.Unlock() }})
	return r
}

// reserve begins a run and checks that it is one, in pieces.
func (r *remote) reserve(st Stretch) (first, n int) {
	r.s.t.Helper()
	off, size, _ := r.s.m.Reserve(r.p, st, r.s.now)
	if size == 0 {
		return 0, 0
	}
	s := r.s.layout.Span(off, size)
	return s.First, s.End - s.First
}

// next takes up to n blocks of the run, which must follow each other.
func (r *remote) next(n int) (over bool) {
	r.s.t.Helper()
	got, over := r.s.m.Next(r.p, nil, n, r.s.now)
	for k := 1; k < len(got); k++ {
		if got[k].index < got[k-1].index || got[k].index == got[k-1].index && got[k].begin <= got[k-1].begin {
			r.s.t.Fatalf("%v comes after %v", got[k], got[k-1])
		}
	}
	if over && len(got) > 0 {
		r.s.t.Fatal("the run is over and gives blocks")
	}
	r.queue = append(r.queue, got...)
	return over
}

// finish gives the whole run.
func (r *remote) finish() {
	r.s.t.Helper()
	for !r.next(16) {
		if len(r.queue) == 0 {
			r.s.t.Fatal("the run waits")
		}
		r.answer()
		if r.s.manual {
			r.s.drain()
		}
		r.s.m.jobs.Wait()
	}
}

// TestRunAlone: a few runs are everything.
func TestRunAlone(t *testing.T) {
	s := newSwarm(t, 100*32<<10+7, 32<<10)
	w := s.web()
	runs := 0
	for ; !s.m.Done(); runs++ {
		if runs == 4 {
			t.Fatal("more than 4 runs")
		}
		if _, n := w.reserve(Stretch{}); n == 0 {
			t.Fatal("nothing to reserve")
		}
		w.finish()
	}
	s.wantDone()
	if _, n, wait := s.m.Reserve(w.p, Stretch{}, s.now); n > 0 || !wait {
		t.Error("there is a run after the end")
	}
}

// TestRunReserved: what is reserved is not asked of others, as long as there is
// anything else; then they take it from the end.
func TestRunReserved(t *testing.T) {
	s := newSwarm(t, 20*16<<10, 16<<10, manual())
	w := s.web()
	s.m.SetPriority(func(int) Priority { return Normal })
	first, n := w.reserve(Stretch{From: 5 * 16 << 10, InOrder: true, Most: 10})
	if first != 5 || n != 10 {
		t.Fatalf("reserved %d+%d, want 5+10", first, n)
	}
	seed := s.seed()
	for _, b := range seed.pick(10) {
		if b.Index() >= 5 && b.Index() < 15 {
			t.Errorf("%v is reserved", b)
		}
	}
	for k, b := range seed.pick(3) {
		if b.Index() != 14-k {
			t.Errorf("took %v of the run, want piece %d", b, 14-k)
		}
	}
	w.next(20)
	if got := w.queue[len(w.queue)-1].Index(); len(w.queue) != 7 || got != 11 {
		t.Errorf("the run gave %d blocks up to piece %d, want 7 up to 11", len(w.queue), got)
	}
	w.answer()
	seed.answer()
	s.drain()
	if !w.next(1) {
		t.Error("the run is not over")
	}
	s.wantDone()
}

// TestRunFast: a slow peer does not take what the server brings sooner.
func TestRunFast(t *testing.T) {
	s := newSwarm(t, 64*16<<10, 16<<10, manual())
	w := s.web()
	w.reserve(Stretch{InOrder: true})
	slow := s.leecher(62, 63)
	for range 40 { // 40 blocks in 2 seconds
		w.next(1)
		s.advance(50 * time.Millisecond)
		w.answer()
	}
	slow.p.meter.rate, slow.p.meter.last = 1000, s.m.ledger.now
	if got := slow.pick(1); len(got) > 0 {
		t.Errorf("%v is asked of a slow peer", got)
	}
	slow.p.meter.rate = 100_000
	if got := slow.pick(1); len(got) != 1 || got[0].Index() != 63 {
		t.Errorf("picked %v of a peer that is sooner, want 63", got)
	}
}

// TestRunsSplit: a second server takes half of what the first has reserved.
func TestRunsSplit(t *testing.T) {
	s := newSwarm(t, 100*16<<10, 16<<10)
	a, b := s.web(), s.web()
	a.reserve(Stretch{InOrder: true}) // 1 MiB
	if first, n := b.reserve(Stretch{InOrder: true}); first != 64 || n != 36 {
		t.Errorf("the second server has %d+%d, want 64+36", first, n)
	}
	b.finish()
	if first, n := b.reserve(Stretch{InOrder: true}); first != 32 || n != 32 {
		t.Errorf("the second server goes on with %d+%d, want 32+32", first, n)
	}
	a.finish()
	b.finish()
	s.wantDone()
}

// TestRunLeave: what a server did not give goes to others.
func TestRunLeave(t *testing.T) {
	for name, end := range map[string]func(*swarm, *remote){
		"leave":   func(s *swarm, r *remote) { s.m.Leave(r.p) },
		"release": func(s *swarm, r *remote) { s.m.Release(r.p) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSwarm(t, 30*32<<10, 32<<10)
			w := s.web()
			w.reserve(Stretch{})
			w.next(5)
			if err := w.send(w.queue[0]); err != nil {
				t.Fatal(err)
			}
			end(s, w)
			if err := w.send(w.queue[0]); !errors.Is(err, ErrUnwanted) {
				t.Errorf("a block after the end: %v", err)
			}
			seed := s.seed()
			for !s.m.Done() {
				if len(seed.pick(20)) == 0 {
					t.Fatal("nothing to pick")
				}
				seed.answer()
				s.m.jobs.Wait()
			}
			s.wantDone()
		})
	}
}

// TestRunOrphan: a piece that a peer left half done comes first.
func TestRunOrphan(t *testing.T) {
	s := newSwarm(t, 20*64<<10, 64<<10)
	p := s.seed()
	got := p.pick(2)
	p.answer()
	s.m.Leave(p.p)
	w := s.web()
	off, n, _ := s.m.Reserve(w.p, Stretch{}, s.now)
	if want := s.layout.Offset(got[0].Index()) + 2*BlockSize; off != want || n < 2*BlockSize {
		t.Fatalf("reserved %d+%d, want from %d", off, n, want)
	}
	for !s.m.Done() {
		w.finish()
		w.reserve(Stretch{})
	}
	s.wantDone()
	if w := s.m.Stats().Wasted; w != 0 {
		t.Errorf("%d bytes wasted", w)
	}
}

// TestRunGap: blocks that others give are left out.
func TestRunGap(t *testing.T) {
	s := newSwarm(t, 256<<10, 256<<10) // one piece of 16 blocks
	w := s.web()
	w.reserve(Stretch{})
	w.next(4)
	p := s.seed()
	if got := p.pick(3); len(got) != 3 || got[0].Begin() != 4*BlockSize {
		t.Fatalf("picked %v", got)
	}
	w.answer()
	w.next(16)
	if len(w.queue) != 9 || w.queue[0].Begin() != 7*BlockSize {
		t.Errorf("the run goes on with %v", w.queue)
	}
	p.answer()
	w.answer()
	s.wantDone()
}

func TestRunLacks(t *testing.T) {
	s := newSwarm(t, 10*16<<10, 16<<10)
	w := s.web()
	s.m.Lacks(w.p, 3*16<<10+1, 5*16<<10) // a byte of piece 3, all of 4
	s.m.Lacks(w.p, 9*16<<10, 1<<40)
	for {
		if _, n := w.reserve(Stretch{}); n == 0 {
			break
		}
		w.finish()
	}
	for i := range 10 {
		if got, want := s.m.Have(i), i != 3 && i != 4 && i != 9; got != want {
			t.Errorf("piece %d: have %v", i, got)
		}
	}
}

// TestRunWindowAlone: in order, one long run waits for the window; when others
// come it ends.
func TestRunWindowAlone(t *testing.T) {
	s := newSwarm(t, 20*16<<10, 16<<10, sequential())
	s.m.SetWindow(0, 4)
	w := s.web()
	if first, n := w.reserve(Stretch{}); first != 0 || n != 20 {
		t.Fatalf("reserved %d+%d, want 0+20", first, n)
	}
	w.next(20)
	if len(w.queue) != 4 {
		t.Fatalf("the run gives %d blocks, the window has 4", len(w.queue))
	}
	w.answer()
	if over := w.next(1); over || len(w.queue) > 0 {
		t.Fatalf("over %v, %v behind the window", over, w.queue)
	}
	wakes := w.wakes
	s.m.SetWindow(4, 8)
	if w.wakes == wakes {
		t.Error("not woken when the window moved")
	}
	w.next(1)
	w.answer()
	s.seed()
	if !w.next(1) {
		t.Error("the run goes on although a peer has come")
	}
}

// TestRunWindow: beside others, a run ends with the window.
func TestRunWindow(t *testing.T) {
	s := newSwarm(t, 20*16<<10, 16<<10, sequential())
	s.m.SetWindow(0, 4)
	w := s.web()
	s.seed()
	if first, n := w.reserve(Stretch{}); first != 0 || n != 4 {
		t.Fatalf("reserved %d+%d, want 0+4", first, n)
	}
	w.finish()
	if _, n, _ := s.m.Reserve(w.p, Stretch{}, s.now); n != 0 {
		t.Fatal("there is a run behind the window")
	}
	wakes := w.wakes
	s.m.SetWindow(4, 20)
	if w.wakes == wakes {
		t.Error("not woken when the window moved")
	}
	if first, n := w.reserve(Stretch{}); first != 4 || n != 16 {
		t.Errorf("reserved %d+%d, want 4+16", first, n)
	}
	w.finish()
	s.wantDone()
}

// TestRunSelection: pieces may be deselected, and chosen again, under a run.
func TestRunSelection(t *testing.T) {
	s := newSwarm(t, 20*16<<10, 16<<10)
	w := s.web()
	w.reserve(Stretch{InOrder: true})
	w.next(2)
	s.m.SetPriority(func(i int) Priority { return Priority(4 * (i % 2)) })
	w.answer()
	if !w.next(16) {
		t.Error("the run goes on as if nothing had happened")
	}
	s.m.SetPriority(func(int) Priority { return Normal })
	for !s.m.Done() {
		w.reserve(Stretch{})
		w.finish()
	}
	s.wantDone()
}

// TestRunBudget: a server goes on where pieces are larger than memory.
func TestRunBudget(t *testing.T) {
	s := newSwarm(t, 5<<20, 1<<20, budget(16))
	w := s.web()
	for !s.m.Done() {
		if _, n := w.reserve(Stretch{}); n == 0 {
			t.Fatal("nothing to reserve")
		}
		for tries := 0; !w.next(4); tries++ {
			if len(w.queue) == 0 && tries > 10_000 {
				t.Fatal("stuck")
			}
			w.answer()
			s.m.jobs.Wait()
		}
	}
	s.wantDone()
}

// named joins a leecher that is known by an id.
func (s *swarm) named(id byte, have ...int) *remote {
	r := s.leecher(have...)
	s.m.Identify(r.p, [20]byte{0xff}, [20]byte{id})
	return r
}

// TestRunShare: leechers that know each other leave most pieces to one of them.
func TestRunShare(t *testing.T) {
	const leechers, pieces = 5, 200
	taken := make([]int, pieces)
	for me := range leechers {
		s := newSwarm(t, pieces*1<<20, 1<<20, manual())
		for k := range leechers {
			if k != me {
				p := s.leecher()
				s.m.Identify(p.p, [20]byte{byte(me + 1)}, [20]byte{byte(k + 1)})
			}
		}
		w := s.web()
		for range pieces / leechers * 3 / 4 {
			first, n := w.reserve(Stretch{})
			if n != 1 {
				t.Fatalf("a run of %d pieces of 1 MiB among leechers", n)
			}
			taken[first]++
			s.m.Resume(s.with(first)) // as if it were here
		}
	}
	twice := 0
	for _, n := range taken {
		if n > 1 {
			twice++
		}
	}
	if twice > pieces/20 {
		t.Errorf("%d of %d pieces are fetched more than once", twice, pieces)
	}
}

// with is the bitfield of what is verified and piece i.
func (s *swarm) with(i int) []byte {
	b := s.m.AppendBitfield(nil)
	b[i/8] |= 0x80 >> (i % 8)
	return b
}

// TestRunSpared: when leechers have all that is missing and are faster, the
// server is not asked; when they fall silent, it is.
func TestRunSpared(t *testing.T) {
	s := newSwarm(t, 20*16<<10, 16<<10, manual())
	all := make([]int, 19)
	for i := range all {
		all[i] = i
	}
	p, w := s.named(1, all...), s.web()
	w.reserve(Stretch{}) // piece 19, that nobody has
	w.finish()
	s.drain()
	s.m.Tick(s.now)
	for range 2 {
		p.pick(4)
		s.advance(600 * time.Millisecond)
		p.answer()
	}
	if _, n, wait := s.m.Reserve(w.p, Stretch{}, s.now); n > 0 || !wait {
		t.Error("the server is asked for what a leecher gives")
	}
	s.advance(2 * time.Second)
	wakes := w.wakes
	s.m.Tick(s.now)
	if w.wakes == wakes {
		t.Error("nobody looks again")
	}
	if _, n := w.reserve(Stretch{}); n == 0 {
		t.Error("the server is not asked although the leecher is silent")
	}
}

// TestRunProperty: whatever servers and peers do, everything arrives once and
// the books are right.
func TestRunProperty(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 3))
		s := newSwarm(t, 1<<20+int64(rng.IntN(1<<20)), int64(16<<10<<rng.IntN(4)), budget(8+rng.IntN(64)), manual())
		rs := []*remote{s.web(), s.web(), s.seed(), s.named(1, 0, 1, 2)}
		for step := 0; !s.m.Done(); step++ {
			if step > 20_000 {
				t.Fatalf("seed %d: stuck", seed)
			}
			k := rng.IntN(len(rs))
			r := rs[k]
			switch x := rng.IntN(10); {
			case x < 4 && k < 2:
				if r.next(1 + rng.IntN(20)) {
					if _, n := r.reserve(Stretch{Most: rng.IntN(4)}); n == 0 {
						r.pick(3)
					}
				}
			case x < 2:
				r.pick(1 + rng.IntN(4))
			case x < 8 && len(r.queue) > 0:
				if err := r.send(r.queue[0]); err != nil && !errors.Is(err, ErrUnwanted) {
					t.Fatal(err)
				}
			case x == 8 && k < 2 && rng.IntN(10) == 0:
				s.m.Release(r.p)
				r.queue = nil
			case x == 9:
				s.drain()
				s.advance(100 * time.Millisecond)
				s.m.Tick(s.now)
			}
		}
		s.drain()
		s.wantDone()
		for _, r := range rs {
			s.m.Leave(r.p)
		}
		if err := s.m.invariants(0); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}
