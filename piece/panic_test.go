package piece

import (
	"math/rand/v2"
	"testing"
)

// brittle is a source of random numbers that panics when it is told to. The
// manager draws from it under its lock.
type brittle struct {
	rand.Source
	breaks bool
}

func (b *brittle) Uint64() uint64 {
	if b.breaks {
		panic("boom")
	}
	return b.Source.Uint64()
}

// free checks that nobody holds a lock.
func (s *swarm) free() {
	s.t.Helper()
	if !s.m.mu.TryLock() {
		s.t.Fatal("the manager's lock is held")
	}
	s.m.mu.Unlock()
	if !s.pool.mu.TryLock() {
		s.t.Fatal("the pool's lock is held")
	}
	s.pool.mu.Unlock()
}

// A panic in a call of one peer leaves no lock behind, and the others finish the
// download once it has left.
func TestPanicLeavesNoLock(t *testing.T) {
	slab := func(r *remote) *Slab {
		sl, err := r.claim(r.pick(1)[0])
		if err != nil {
			t.Fatal(err)
		}
		return sl
	}
	for name, f := range map[string]func(s *swarm, r *remote, b *brittle){
		"commit twice": func(s *swarm, r *remote, _ *brittle) {
			sl := slab(r)
			s.m.Abort(r.p, sl)
			s.m.Commit(r.p, sl, s.now)
		},
		"abort twice": func(s *swarm, r *remote, _ *brittle) {
			sl := slab(r)
			s.m.Abort(r.p, sl)
			s.m.Abort(r.p, sl)
		},
		"in a pick": func(s *swarm, r *remote, b *brittle) {
			b.breaks = true
			r.pick(4)
		},
		"in the pool": func(s *swarm, _ *remote, _ *brittle) {
			s.pool.put(nil, 1<<30, new(after))
		},
		"in a hook": func(s *swarm, r *remote, _ *brittle) {
			r.p.hooks.Interest = func(bool) { panic("boom") }
			s.m.SetHaveNone(r.p)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := &brittle{Source: rand.NewPCG(1, 2)}
			s := newSwarm(t, 1<<20, 64<<10, func(_ *swarm, c *Config) { c.Rand = rand.New(b) })
			r, other := s.seed(), s.seed()
			other.pick(3)
			used := s.pool.used
			wantPanic(t, name, func() { f(s, r, b) })
			s.free()
			b.breaks = false
			s.m.Leave(r.p)
			if name == "in the pool" { // which is its only defect
				s.pool.used = used
			}
			for !s.m.Done() {
				if other.pick(8); len(other.queue) == 0 {
					s.m.jobs.Wait()
				}
				other.answer()
			}
			s.wantDone()
		})
	}
}

// Whatever method a peer that does not exist breaks, the lock comes back.
func TestEveryMethodReleasesTheLock(t *testing.T) {
	s := newSwarm(t, 1<<20, 64<<10)
	for name, f := range map[string]func(){
		"Leave":         func() { s.m.Leave(nil) },
		"SetBitfield":   func() { s.m.SetBitfield(nil, []byte{1, 2}) },
		"SetHaveAll":    func() { s.m.SetHaveAll(nil) },
		"SetHaveNone":   func() { s.m.SetHaveNone(nil) },
		"SetHave":       func() { s.m.SetHave(nil, 1) },
		"SetDontHave":   func() { s.m.SetDontHave(nil, 1) },
		"RemoteHas":     func() { s.m.RemoteHas(nil, 1) },
		"remoteSeed":    func() { s.m.remoteSeed(nil) },
		"Interesting":   func() { s.m.Interesting(nil) },
		"Outstanding":   func() { s.m.Outstanding(nil) },
		"Pick":          func() { s.m.Pick(nil, nil, 1, s.now) },
		"Commit":        func() { s.m.Commit(nil, nil, s.now) },
		"Abort":         func() { s.m.Abort(nil, nil) },
		"Choked":        func() { s.m.Choked(nil, true) },
		"Unchoked":      func() { s.m.Unchoked(nil) },
		"AllowFast":     func() { s.m.AllowFast(nil, 1) },
		"Snub":          func() { s.m.Snub(nil) },
		"Unsnub":        func() { s.m.Unsnub(nil) },
		"Identify":      func() { s.m.Identify(nil, [20]byte{}, [20]byte{1}) },
		"Pool.settle":   func() { s.pool.settle(nil, 0, 1, new(after)) },
		"Pool.quit":     func() { s.pool.quit(nil, new(after)) },
		"Pool.register": func() { s.pool.register(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			wantPanic(t, name, f)
			s.free()
		})
	}
}
