package piece

import (
	"slices"
	"testing"
)

// wantTold checks what the peer's Interest hook was told, ever.
func (r *remote) wantTold(want ...bool) {
	r.s.t.Helper()
	if !slices.Equal(r.wants, want) {
		r.s.t.Errorf("interest was told %v, want %v", r.wants, want)
	}
}

// TestInterest: "Interest state must be kept up to date at all times" (BEP 3).
func TestInterest(t *testing.T) {
	s := newSwarm(t, 4*16<<10, 16<<10, manual())
	s.have(0)
	seed := s.seed()
	seed.wantTold(true)
	none := s.join()
	none.wantTold()
	dull := s.leecher(0) // has only what we have
	dull.wantTold()
	if err := s.m.SetHave(dull.p, 1); err != nil {
		t.Fatal(err)
	}
	dull.wantTold(true)
	seed.pick(3)
	seed.answer()
	if s.m.Interesting(dull.p); len(dull.wants) != 1 {
		t.Error("not interested any more before the piece is verified")
	}
	s.drain()
	s.wantDone()
	dull.wantTold(true, false)
	seed.wantTold(true, false)
	none.wantTold()
}

func TestInterestFollowsSelection(t *testing.T) {
	s := newSwarm(t, 4*16<<10, 16<<10, manual())
	a, b := s.leecher(0, 1), s.leecher(2)
	s.m.SetPriority(func(i int) Priority { return Priority(4 * (i / 2)) }) // 2 and 3
	a.wantTold(true, false)
	b.wantTold(true)
	s.m.SetPriority(func(int) Priority { return Normal })
	a.wantTold(true, false, true)
}

func TestDontHave(t *testing.T) {
	s := newSwarm(t, 2*16<<10, 16<<10, manual())
	r := s.seed()
	if err := s.m.SetDontHave(r.p, 0); err != nil {
		t.Fatal(err)
	}
	if s.m.remoteSeed(r.p) || s.m.RemoteHas(r.p, 0) || !s.m.RemoteHas(r.p, 1) {
		t.Error("the peer still has what it lost")
	}
	if got := pieces(r.pick(5)); !slices.Equal(got, []int{1}) {
		t.Errorf("picked %v", got)
	}
	if err := s.m.SetDontHave(r.p, 1); err != nil {
		t.Fatal(err)
	}
	r.wantTold(true, false)
	if s.m.SetDontHave(r.p, 2) == nil || s.m.SetHave(r.p, 2) == nil {
		t.Error("a piece that does not exist is accepted")
	}
}

// TestFlickeringSeed: losing and regaining a piece must not cost a pass over
// all pieces each time.
func TestFlickeringSeed(t *testing.T) {
	s := newSwarm(t, 100*16<<10, 16<<10, manual())
	r := s.seed()
	for k := range 3 {
		if err := s.m.SetDontHave(r.p, 50); err != nil {
			t.Fatal(err)
		}
		s.m.ledger.wants.order.sort()
		if err := s.m.SetHave(r.p, 50); err != nil {
			t.Fatal(err)
		}
		if !s.m.remoteSeed(r.p) {
			t.Error("a peer with every piece is no seed")
		}
		if s.m.ledger.wants.order.dirty {
			t.Errorf("turn %d: all pieces are to be sorted again", k)
		}
		if err := s.m.invariants(0); err != nil {
			t.Error(err)
		}
	}
}

func TestHavesMakeASeed(t *testing.T) {
	s := newSwarm(t, 3*16<<10, 16<<10, manual())
	r := s.join()
	for _, i := range []uint32{2, 0, 0, 1} {
		if s.m.remoteSeed(r.p) {
			t.Fatal("a seed too early")
		}
		if err := s.m.SetHave(r.p, i); err != nil {
			t.Fatal(err)
		}
	}
	if !s.m.remoteSeed(r.p) || s.m.Stats().Seeds != 1 {
		t.Error("a peer with every piece is no seed")
	}
	s.m.SetHaveNone(r.p)
	r.wantTold(true, false)
	if err := s.m.invariants(0); err != nil {
		t.Error(err)
	}
}

func TestFullBitfieldIsASeed(t *testing.T) {
	s := newSwarm(t, 9*16<<10, 16<<10, manual())
	r := s.leecher(upTo(9)...)
	if !s.m.remoteSeed(r.p) || s.m.ledger.wants.order.avail[0] != 0 {
		t.Error("a full bitfield counts in the buckets")
	}
	if s.m.SetBitfield(r.p, []byte{0xff}) == nil || s.m.SetBitfield(r.p, []byte{0xff, 0xff}) == nil {
		t.Error("a bad bitfield is accepted")
	}
	if err := s.m.SetBitfield(r.p, []byte{0x80, 0x00}); err != nil {
		t.Fatal(err)
	}
	if s.m.remoteSeed(r.p) || !s.m.RemoteHas(r.p, 0) || s.m.ledger.wants.order.avail[0] != 1 {
		t.Error("a second bitfield does not replace the first")
	}
}

// TestInterestHookIsOrdered: while the hook is called with one value, the next
// may become known to another goroutine; the hook is told after it returned.
func TestInterestHookIsOrdered(t *testing.T) {
	s := newSwarm(t, 2*16<<10, 16<<10, manual())
	var told []bool
	var p *Peer
	p = s.m.Join(s.join().addr, Hooks{Interest: func(v bool) {
		told = append(told, v)
		if len(told) == 1 { // as if another goroutine came in between
			if err := s.m.SetDontHave(p, 0); err != nil {
				t.Error(err)
			}
			if len(told) != 1 {
				t.Error("the hook is called from inside the hook")
			}
		}
	}})
	if err := s.m.SetHave(p, 0); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(told, []bool{true, false}) {
		t.Errorf("told %v", told)
	}
}

// TestIdlePeersAreWoken: whatever makes new blocks available tells those who
// found none.
func TestIdlePeersAreWoken(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(s *swarm, busy *remote, blocks []Block)
	}{
		{"leave", func(s *swarm, r *remote, _ []Block) { s.m.Leave(r.p) }},
		{"choke", func(s *swarm, r *remote, _ []Block) { s.m.Choked(r.p, false) }},
		{"snub", func(s *swarm, r *remote, _ []Block) { s.m.Snub(r.p) }},
		{"reject", func(s *swarm, r *remote, b []Block) { s.m.Reject(r.p, b[0].index, b[0].begin, b[0].length) }},
		{"abort", func(s *swarm, r *remote, b []Block) {
			sl, err := r.claim(b[0])
			if err != nil {
				s.t.Fatal(err)
			}
			s.m.Abort(r.p, sl)
		}},
		{"bad piece", func(s *swarm, r *remote, _ []Block) { r.liar = true; r.answer(); s.drain() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSwarm(t, 64<<10, 64<<10, manual())
			busy, idle := s.seed(), s.seed()
			blocks := busy.pick(4)
			if len(idle.pick(4)) > 0 {
				t.Fatal("there is something to pick")
			}
			idle.wakes = 0
			if c.do(s, busy, blocks); idle.wakes != 1 {
				t.Fatalf("woken %d times, want once", idle.wakes)
			}
			if len(idle.pick(4)) == 0 {
				t.Error("woken for nothing")
			}
		})
	}
}
