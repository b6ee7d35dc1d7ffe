package piece

import (
	"testing"
	"time"
)

// A seed that suggests is asked for what it suggests, and for nothing else that
// nobody has as long as it is at it.
func TestSuggestedBySeed(t *testing.T) {
	s := newSwarm(t, 20*32<<10, 32<<10, manual())
	seed, fellow := s.seed(), s.join()
	s.m.Identify(fellow.p, [20]byte{1}, [20]byte{2})
	s.m.Suggest(seed.p, 7)
	s.m.Suggest(seed.p, 3)
	got := pieces(seed.pick(4))
	if len(got) != 2 || got[0] != 7 || got[1] != 3 {
		t.Fatalf("picked %v, want pieces 7 and 3", got)
	}
	if more := seed.pick(2); len(more) > 0 {
		t.Errorf("picked %v beyond what was suggested", more)
	}
	wakes := seed.wakes
	s.m.Suggest(seed.p, 11)
	if seed.wakes != wakes+1 {
		t.Error("a new suggestion woke nobody")
	}
	if got := pieces(seed.pick(2)); len(got) != 1 || got[0] != 11 {
		t.Errorf("picked %v, want piece 11", got)
	}
	seed.answer()
	s.drain()
	if len(seed.pick(4)) == 0 {
		t.Error("a seed that suggests no more is left idle")
	}
}

// What a leecher has is not asked of a seed because the seed suggests it.
func TestSuggestedAlreadySpread(t *testing.T) {
	s := newSwarm(t, 20*64<<10, 64<<10)
	seed, leecher := s.seed(), s.join()
	if err := s.m.SetHave(leecher.p, 7); err != nil {
		t.Fatal(err)
	}
	s.m.Suggest(seed.p, 7)
	s.m.Suggest(seed.p, 3)
	if got := pieces(seed.pick(4)); len(got) != 1 || got[0] != 3 {
		t.Errorf("picked %v, want piece 3", got)
	}
}

func TestSuggestBounds(t *testing.T) {
	s := newSwarm(t, 100*64<<10, 64<<10)
	seed := s.seed()
	s.m.Suggest(seed.p, 1<<31)
	for i := range uint32(100) {
		s.m.Suggest(seed.p, i)
	}
	if n := len(seed.p.suggested); n != maxSuggested {
		t.Errorf("%d suggestions are kept, want %d", n, maxSuggested)
	}
}

// A seed that rejects what is ours to fetch among fellows does no harm.
func TestRejectingSeedAmongFellows(t *testing.T) {
	s := newSwarm(t, 16*BlockSize, BlockSize)
	fellow := s.join()
	s.m.Identify(fellow.p, [20]byte{1}, [20]byte{2})
	seed := s.seed()
	for range 40 {
		for _, b := range seed.pick(1) {
			s.m.Reject(seed.p, uint32(b.Index()), uint32(b.Begin()), uint32(b.Len()))
		}
		s.now = s.now.Add(10 * time.Millisecond)
	}
	s.now = s.now.Add(time.Minute) // what it rejected may be asked for again
	s.m.Tick(s.now)
	if len(seed.pick(4)) == 0 {
		t.Error("a seed that rejected for a while is never asked again")
	}
}
