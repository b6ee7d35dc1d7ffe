package piece

import (
	"testing"
	"time"
)

// TestBudgetIsBackPressure: "no buffer budget, no new requests".
func TestBudgetIsBackPressure(t *testing.T) {
	s := newSwarm(t, 1<<20, 64<<10, manual(), budget(16))
	s.have(0, 1, 2, 3)
	a, b := s.seed(), s.seed()
	a.pick(100)
	b.pick(100)
	if s.pool.used > 16 {
		t.Errorf("%d slabs in use of 16", s.pool.used)
	}
	for turns := 0; !s.m.Done(); turns++ {
		if turns > 1000 {
			t.Fatalf("stuck: %+v", s.m.Stats())
		}
		for _, r := range []*remote{a, b} {
			r.answer()
			s.drain()
			r.pick(100)
		}
	}
	s.wantDone()
	if s.pool.nfree > 16 {
		t.Errorf("%d slabs were made of 16", s.pool.nfree)
	}
}

// TestWorkersFallBehind: pieces that nobody has time to hash hold back requests
// long before they fill the budget.
func TestWorkersFallBehind(t *testing.T) {
	s := newSwarm(t, 32<<20, 256<<10, manual())
	r := s.seed()
	for turns := 0; len(r.pick(16)) > 0; turns++ {
		if turns > 100 {
			t.Fatal("requests go on and on")
		}
		r.answer()
	}
	if q := s.m.Stats().Queued; q < 32 || q > 34 || s.pool.used > 600 {
		t.Errorf("%d pieces wait for a worker, %d slabs in use", q, s.pool.used)
	}
	r.wakes = 0
	if s.drain(); r.wakes == 0 {
		t.Fatal("the peer is not woken")
	}
	if len(r.pick(16)) == 0 {
		t.Error("woken for nothing")
	}
}

// TestStarvedPeersAreWokenInOrder fills the budget and lets it come back.
func TestStarvedPeersAreWokenInOrder(t *testing.T) {
	s := newSwarm(t, 1<<20, 1<<20, manual(), budget(24))
	var order []int
	var peers []*Peer
	for k := range 6 {
		p := s.m.Join(s.join().addr, Hooks{Wake: func() { order = append(order, k) }})
		s.m.SetHaveAll(p)
		s.m.Unchoked(p)
		peers = append(peers, p)
	}
	order = nil
	var held []Block
	for _, p := range peers[:4] { // 24 of 24
		held = append(held, s.m.Pick(p, nil, 6, s.now)...)
	}
	if len(held) != 24 {
		t.Fatalf("picked %d blocks, want 24", len(held))
	}
	for _, p := range []int{5, 4} {
		if got := s.m.Pick(peers[p], nil, 3, s.now); len(got) > 0 {
			t.Fatalf("picked %v with nothing left", got)
		}
	}
	s.m.Choked(peers[0], false) // six blocks come back: three for each
	if len(order) != 2 || order[0] != 5 || order[1] != 4 {
		t.Fatalf("woken %v, want 5 and 4", order)
	}
	if n := len(s.m.Pick(peers[1], nil, 6, s.now)); n > 0 {
		t.Errorf("a busy peer overtook: %d blocks", n)
	}
	for _, p := range []int{4, 5} {
		if n := len(s.m.Pick(peers[p], nil, 3, s.now)); n != 3 {
			t.Errorf("peer %d got %d of 3 set aside for it", p, n)
		}
	}
}

// TestCreditIsNotLost: budget set aside for a peer that does not come goes to
// the next one.
func TestCreditIsNotLost(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(s *swarm, r *remote)
	}{
		{"leave", func(s *swarm, r *remote) { s.m.Leave(r.p) }},
		{"choke", func(s *swarm, r *remote) { s.m.Choked(r.p, true) }},
		{"silence", func(s *swarm, r *remote) {
			for range 2 {
				s.advance(time.Second)
				s.m.Tick(s.now)
			}
		}},
		{"wants less", func(s *swarm, r *remote) { s.m.Pick(r.p, nil, 0, s.now); r.pick(1) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSwarm(t, 1<<20, 1<<20, manual(), budget(4))
			a, b, d := s.seed(), s.seed(), s.seed()
			a.pick(4)
			b.pick(4)
			d.pick(4)
			if s.pool.used != 4 {
				t.Fatal("there is budget left")
			}
			d.wakes = 0
			s.m.Choked(a.p, false) // for b, who asked first
			if b.p.credit == 0 {
				t.Fatal("nothing is set aside")
			}
			if c.do(s, b); d.wakes == 0 {
				t.Error("the next peer is not woken")
			}
			if err := s.m.invariants(0); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestIdleMemoryIsReturned: the free list shrinks when it is not used.
func TestIdleMemoryIsReturned(t *testing.T) {
	s := newSwarm(t, 4<<20, 1<<20, manual())
	r := s.seed()
	for len(r.pick(256)) > 0 {
		r.answer()
		s.drain()
	}
	s.wantDone()
	if s.pool.nfree == 0 {
		t.Fatal("no slabs on the free list")
	}
	for range 12 {
		s.m.Tick(s.now)
	}
	if s.pool.nfree != 0 || s.pool.list != nil {
		t.Errorf("%d slabs are kept for nothing", s.pool.nfree)
	}
}

// TestPoolIsShared: one torrent that holds all memory in pieces it cannot
// finish makes room for another.
func TestPoolIsShared(t *testing.T) {
	pool := NewPool(16 * BlockSize)
	shared := func(_ *swarm, c *Config) { c.Pool = pool }
	s := newSwarm(t, 4<<20, 1<<20, manual(), shared)
	r := s.seed()
	for range 40 { // fill memory with finished blocks
		r.pick(16)
		r.answer()
		if pool.spilling.Load() > 0 {
			break
		}
	}
	s.m.Choked(r.p, false) // now nobody can finish them
	s.drain()
	other := newSwarm(t, 1<<20, 64<<10, manual(), shared)
	o := other.seed()
	for turns := 0; !other.m.Done(); turns++ {
		if turns > 1000 {
			t.Fatalf("starved: %d of %d in use, %+v", pool.used, pool.slabs, s.m.Stats())
		}
		o.pick(16)
		o.answer()
		s.drain()
		other.drain()
	}
	other.wantDone()
	s.m.Unchoked(r.p)
	for len(r.pick(16)) > 0 || !s.m.Done() {
		r.answer()
		s.drain()
	}
	s.wantDone()
}
