package piece

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// give lets r send one block of what is asked of it next.
func (r *remote) give(n int) {
	r.s.t.Helper()
	for _, b := range r.pick(n) {
		if err := r.send(b); err != nil {
			r.s.t.Fatal(err)
		}
	}
}

func (s *swarm) wantGuilty(want ...*remote) Result {
	s.t.Helper()
	s.drain()
	res := s.wantResult()
	var addrs []netip.AddrPort
	for _, r := range want {
		addrs = append(addrs, r.addr)
	}
	slices.SortFunc(res.Guilty, netip.AddrPort.Compare)
	if !slices.Equal(res.Guilty, addrs) {
		s.t.Fatalf("guilty %v, want %v", res.Guilty, addrs)
	}
	return res
}

func TestSoleGiverIsGuilty(t *testing.T) {
	s := newSwarm(t, 64<<10, 64<<10, manual())
	r := s.seed()
	r.liar = true
	r.give(4)
	res := s.wantGuilty(r)
	if res.OK || res.Wasted != 64<<10 || s.m.HaveCount() != 0 || s.store.writes != 0 {
		t.Errorf("result %+v, %d writes", res, s.store.writes)
	}
	honest := s.seed()
	honest.give(4)
	s.wantGuilty()
	s.wantDone()
	if st := s.m.Stats(); st.Failed != 1 || st.Wasted != 64<<10 {
		t.Errorf("stats %+v", st)
	}
}

// TestParole: of three peers that gave a bad piece together one lied. It is
// fetched again from one peer alone, and the blocks that differ tell.
func TestParole(t *testing.T) {
	s := newSwarm(t, 96<<10, 96<<10, manual())
	a, b, c := s.seed(), s.seed(), s.seed()
	b.liar = true
	for _, r := range []*remote{a, b, c} {
		r.give(2)
	}
	s.wantGuilty()
	// Only one at a time now.
	first := a.pick(2)
	if len(first) != 2 || len(b.pick(2)) > 0 || len(c.pick(2)) > 0 {
		t.Fatal("a piece in parole is asked of several")
	}
	a.answer()
	a.give(4)
	if res := s.wantGuilty(b); !res.OK {
		t.Errorf("result %+v", res)
	}
	if len(s.m.ledger.blame.suspects) != 0 || s.m.ledger.blame.blocks != 0 || len(s.m.ledger.blame.order) != 0 {
		t.Error("evidence is kept after the verdict")
	}
}

// TestLiarInParole: when the peer on parole is the liar, it is the sole giver.
func TestLiarInParole(t *testing.T) {
	s := newSwarm(t, 64<<10, 64<<10, manual())
	a, b := s.seed(), s.seed()
	b.liar = true
	a.give(2)
	b.give(2)
	s.wantGuilty()
	b.give(4)
	s.wantGuilty(b)
	s.m.Leave(b.p)
	a.give(4)
	s.wantGuilty(b) // once more, by the first copy
	s.wantDone()
}

// TestParoleIsHandedOn: a peer on parole that goes away, chokes us or is silent
// does not hold the piece.
func TestParoleIsHandedOn(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(s *swarm, r *remote)
	}{
		{"leave", func(s *swarm, r *remote) { s.m.Leave(r.p) }},
		{"choke", func(s *swarm, r *remote) { s.m.Choked(r.p, false) }},
		{"snub", func(s *swarm, r *remote) { s.m.Snub(r.p) }},
		{"reject", func(s *swarm, r *remote) {
			b := r.queue[0]
			s.m.Reject(r.p, b.index, b.begin, b.length)
		}},
		{"silence", func(s *swarm, r *remote) {
			s.advance(time.Minute)
			s.m.Tick(s.now)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSwarm(t, 64<<10, 64<<10, manual())
			a, b := s.seed(), s.seed()
			b.liar = true
			a.give(2)
			b.give(2)
			s.wantGuilty()
			a.give(1)
			a.pick(1)
			honest := s.seed()
			if c.do(s, a); len(honest.pick(4)) != 3 {
				t.Fatalf("the new peer is asked for %v", honest.queue)
			}
			honest.answer()
			s.wantGuilty(b)
			s.wantDone()
		})
	}
}

// TestTwoBadCopies: evidence of several copies adds up.
func TestTwoBadCopies(t *testing.T) {
	s := newSwarm(t, 64<<10, 64<<10, manual())
	a, b, c := s.seed(), s.seed(), s.seed()
	b.liar, c.liar = true, true
	a.give(3)
	b.give(1)
	s.wantGuilty()
	a.give(3)
	s.m.Leave(a.p) // the piece goes on with another
	c.give(1)
	s.wantGuilty()
	d := s.seed()
	d.give(4)
	s.wantGuilty(b, c)
	s.wantDone()
}

// TestEvidenceIsBounded: poisoners must not fill memory with what they did.
func TestEvidenceIsBounded(t *testing.T) {
	const n = 1100
	s := newSwarm(t, n*32<<10, 32<<10, manual(), sequential())
	s.m.mu.Lock()
	s.m.ledger.blame.blocks = maxSuspectBlocks - 1000 // as if there were more already
	s.m.mu.Unlock()
	for k := range n - 1 {
		s.m.SetWindow(k, k+1)
		a, b := s.seed(), s.seed()
		a.liar = true
		a.give(1)
		b.give(1)
		s.wantGuilty()
		s.m.Leave(a.p)
		s.m.Leave(b.p)
	}
	if got := s.m.ledger.blame.blocks; got > maxSuspectBlocks || len(s.m.ledger.blame.suspects) != 500 || len(s.m.ledger.blame.order) != 500 {
		t.Errorf("%d blocks of %d pieces are remembered, want 1000 of 500", got, len(s.m.ledger.blame.suspects))
	}
	if s.m.ledger.blame.suspects[0] != nil || s.m.ledger.blame.suspects[n-2] == nil {
		t.Error("the oldest evidence is not what was dropped")
	}
	for range 2 * maxCopies {
		s.m.ledger.blame.remember(n-2, &badCopy{who: make([]uint16, 2), digest: make([]uint64, 2)})
	}
	if k := len(s.m.ledger.blame.suspects[n-2].copies); k != maxCopies {
		t.Errorf("%d copies of one piece are remembered, want %d", k, maxCopies)
	}
}

// TestHonestInAPoisonedSwarm: with half the peers lying, the torrent is
// finished and only liars are named.
func TestHonestInAPoisonedSwarm(t *testing.T) {
	s := newSwarm(t, 2<<20, 128<<10, manual())
	all := map[netip.AddrPort]*remote{}
	for k := range 8 {
		r := s.seed()
		r.liar = k%2 == 0
		all[r.addr] = r
	}
	for turns := 0; !s.m.Done(); turns++ {
		if turns > 1000 {
			t.Fatal("never done")
		}
		for _, r := range all {
			r.pick(3)
			r.answer()
		}
		s.drain()
		for len(s.verdict) > 0 {
			for _, g := range s.wantResult().Guilty {
				if r := all[g]; r != nil {
					if !r.liar {
						t.Fatalf("%v is honest", g)
					}
					s.m.Leave(r.p)
					delete(all, g)
				}
			}
		}
	}
	s.wantDone()
}
