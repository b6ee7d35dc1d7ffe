package piece

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"gotor/piece/storage"
)

// TestNoDeadlock: a budget of a few blocks, pieces far larger than that, and
// peers with disjoint halves. It gets slow, it never stops.
func TestNoDeadlock(t *testing.T) {
	for slabs := minSlabs; slabs <= 12; slabs++ {
		for _, peers := range []int{1, 2, 3, 7} {
			t.Run(fmt.Sprintf("slabs=%d/peers=%d", slabs, peers), func(t *testing.T) {
				s := newSwarm(t, 12*300_000, 300_000, manual(), budget(slabs))
				var all []*remote
				for k := range peers {
					var have []int
					for i := range 12 {
						if i%peers == k {
							have = append(have, i)
						}
					}
					all = append(all, s.leecher(have...))
				}
				for turns := 0; !s.m.Done(); turns++ {
					if turns > 10_000 {
						t.Fatalf("stuck: %d of %d in use, %+v", s.pool.used, slabs, s.m.Stats())
					}
					for _, r := range all {
						r.pick(8)
					}
					if s.pool.used > slabs {
						t.Fatalf("%d slabs in use of %d", s.pool.used, slabs)
					}
					for _, r := range all {
						r.answer()
					}
					s.drain()
				}
				s.wantDone()
				if s.m.Stats().Spilled == 0 {
					t.Error("nothing was spilled")
				}
			})
		}
	}
}

// TestNoSpillWithoutNeed: what fits in the budget stays in memory, and each
// piece is written with one call.
func TestNoSpillWithoutNeed(t *testing.T) {
	s := newSwarm(t, 8<<20, 1<<20, manual(), budget(4*64))
	var all []*remote
	for range 5 {
		all = append(all, s.seed())
	}
	for turns := 0; !s.m.Done() && turns < 1000; turns++ {
		for _, r := range all {
			r.pick(50)
			r.answer()
			s.drain()
		}
	}
	s.wantDone()
	if st := s.m.Stats(); st.Spilled != 0 || s.store.writes != 8 {
		t.Errorf("%d bytes spilled, %d writes, want 0 and 8", st.Spilled, s.store.writes)
	}
}

// spilling returns a swarm with a piece whose first blocks are being spilled.
func spilling(t *testing.T) (*swarm, *remote) {
	s := newSwarm(t, 2<<20, 1<<20, manual(), budget(8))
	r := s.seed()
	for s.pool.spilling.Load() == 0 {
		r.pick(8)
		r.answer()
	}
	return s, r
}

func TestPieceCompletesWhileItSpills(t *testing.T) {
	s := newSwarm(t, 14*16<<10, 7*16<<10, manual(), budget(5))
	a := s.seed()
	for range 3 { // the third finds no memory
		a.pick(2)
		a.answer()
	}
	s.drain()
	last := a.pick(2)
	if err := a.send(last[0]); err != nil {
		t.Fatal(err)
	}
	s.m.spill(1)
	if s.pool.spilling.Load() != 1 {
		t.Fatal("nothing spills")
	}
	if err := a.send(last[1]); err != nil {
		t.Fatal(err)
	}
	s.drain()
	if res := s.wantResult(); !res.OK {
		t.Fatalf("result %+v", res)
	}
	for len(a.pick(4)) > 0 {
		a.answer()
		s.drain()
	}
	s.wantDone()
}

func TestPieceIsDeselectedWhileItSpills(t *testing.T) {
	s, r := spilling(t)
	s.m.SetPriority(func(int) Priority { return Skip })
	if err := s.m.invariants(0); err != nil {
		t.Fatal(err)
	}
	s.drain()
	if s.inUse() != 0 || len(s.m.ledger.begun.active) != 0 {
		t.Errorf("%d slabs, %d pieces are left", s.inUse(), len(s.m.ledger.begun.active))
	}
	s.m.SetPriority(func(int) Priority { return Normal })
	for len(r.pick(8)) > 0 || !s.m.Done() {
		r.answer()
		s.drain()
	}
	s.wantDone()
}

func TestSpillFails(t *testing.T) {
	s, r := spilling(t)
	s.store.fail = io.ErrShortWrite
	s.drain()
	if res := s.wantResult(); !errors.Is(res.Err, io.ErrShortWrite) {
		t.Errorf("result %+v", res)
	}
	if len(r.pick(1)) > 0 || s.inUse() != 0 {
		t.Error("the manager goes on after a disk error")
	}
}

// TestSpillMeetsAFinishedFile: unverified bytes that differ from a file under
// its final name prove nothing about the disk.
func TestSpillMeetsAFinishedFile(t *testing.T) {
	s, r := spilling(t)
	s.store.fail = fmt.Errorf("write: %w", storage.ErrConflict)
	s.drain()
	if s.m.failed != nil || len(s.m.ledger.begun.active) != 0 || s.inUse() != 0 {
		t.Fatalf("failed %v, %d pieces, %d slabs", s.m.failed, len(s.m.ledger.begun.active), s.inUse())
	}
	s.store.fail = nil
	for len(r.pick(8)) > 0 || !s.m.Done() {
		r.answer()
		s.drain()
	}
	s.wantDone()
}

func TestSpilledBytesAreLost(t *testing.T) {
	s, r := spilling(t)
	s.drain()
	s.store.short = true
	for s.m.failed == nil {
		r.pick(8)
		r.answer()
		s.drain()
	}
	if res := s.wantResult(); !errors.Is(res.Err, io.ErrUnexpectedEOF) || len(res.Guilty) > 0 {
		t.Errorf("result %+v", res)
	}
	if s.inUse() != 0 {
		t.Errorf("%d slabs are left", s.inUse())
	}
}

// inUse returns how many slabs of budget are not just set aside.
func (s *swarm) inUse() int {
	n := s.pool.used
	for _, p := range s.m.ledger.peers {
		n -= p.credit
	}
	return n
}
