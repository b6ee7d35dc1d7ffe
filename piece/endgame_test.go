package piece

import (
	"slices"
	"testing"
	"time"
)

// rush makes r a peer that has given blocks lately at about n blocks a second.
func (r *remote) rush(n int) {
	r.s.t.Helper()
	r.p.meter = meter{rate: float64(n) * BlockSize, last: r.s.m.ledger.clock(r.s.now), since: r.s.m.ledger.clock(r.s.now)}
	r.s.m.ledger.rates += r.p.meter.rate
}

// TestEndgame: "once requests for all pieces a given downloader doesn't have
// yet are currently pending, it sends requests for everything to everyone ...
// it sends cancels to everyone else every time a piece arrives" (BEP 3); here
// only what is worth it.
func TestEndgame(t *testing.T) {
	s := newSwarm(t, 192<<10, 48<<10, manual())
	slow, fast := s.seed(), s.seed()
	slow.rush(1)
	fast.rush(1000)
	held := slow.pick(3)
	for len(fast.pick(3)) > 0 {
		if slices.Contains(fast.queue, held[0]) {
			break
		}
		fast.answer()
		s.drain()
	}
	slices.Reverse(fast.queue) // it began with the one that is furthest away
	if !slices.Equal(fast.queue, held) {
		t.Fatalf("the fast peer is asked for %v, want %v", fast.queue, held)
	}
	fast.answer()
	s.drain()
	if !slices.Equal(slow.cancels, held) {
		t.Errorf("cancelled %v, want %v", slow.cancels, held)
	}
	if s.m.Outstanding(slow.p) != 0 || s.pool.used != 0 {
		t.Errorf("%d outstanding, %d slabs in use", s.m.Outstanding(slow.p), s.pool.used)
	}
	// What the slow one had under way is known as an answer, and wasted.
	for _, b := range held {
		if err := slow.send(b); err != ErrUnwanted {
			t.Errorf("second copy of %v: %v", b, err)
		}
	}
	s.wantDone()
	if w := s.m.Stats().Wasted; w != 48<<10 {
		t.Errorf("%d bytes wasted, want %d", w, 48<<10)
	}
}

// TestNoEndgameBeforeTheEnd: as long as anybody can be asked for something new,
// nothing is asked twice that is expected within idlePatience.
func TestNoEndgameBeforeTheEnd(t *testing.T) {
	s := newSwarm(t, 192<<10, 48<<10, manual())
	slow, fast := s.seed(), s.leecher(0)
	slow.rush(10)
	fast.rush(1000)
	s.m.Suggest(slow.p, 0)
	s.have(3)
	if held := slow.pick(3); len(held) != 3 || held[0].Index() != 0 {
		t.Fatalf("picked %v, want the suggested piece", held)
	}
	if got := fast.pick(3); len(got) > 0 {
		t.Errorf("%v are asked twice", got)
	}
	// A leecher that has nothing else for us does not stand idle behind one that
	// takes longer than that. A third is asked only at the end.
	s.advance(2 * time.Duration(idlePatience))
	if got := fast.pick(3); len(got) != 3 {
		t.Errorf("asked for %v, want all three blocks", got)
	}
	s.advance(2 * time.Duration(idlePatience))
	third := s.leecher(0)
	third.rush(100000)
	if got := third.pick(3); len(got) > 0 {
		t.Errorf("a third is asked for %v", got)
	}
	if got := s.leecher(0).pick(3); len(got) > 0 {
		t.Errorf("one that has never given anything is asked for %v", got)
	}
}

func TestEndgameAsksAtMostThree(t *testing.T) {
	s := newSwarm(t, 16<<10, 16<<10, manual())
	var asked int
	for k := range 6 {
		r := s.seed()
		for range k {
			r.rush(1 << (4 * k)) // each much faster than the one before
		}
		asked += len(r.pick(1))
	}
	if asked != maxSources {
		t.Errorf("%d peers are asked for one block, want %d", asked, maxSources)
	}
}

func TestEndgameSparesPeersOfOneSpeed(t *testing.T) {
	s := newSwarm(t, 64<<10, 64<<10, manual())
	a, b := s.seed(), s.seed()
	a.rush(100)
	b.rush(110)
	a.pick(4)
	s.advance(10 * time.Millisecond)
	if got := b.pick(4); len(got) > 0 {
		t.Errorf("%v are asked twice", got)
	}
}

// TestSilentHolderIsReplaced: a peer that was fast and has stopped is found
// out by Tick, long before it is snubbed.
func TestSilentHolderIsReplaced(t *testing.T) {
	s := newSwarm(t, 64<<10, 64<<10, manual())
	a, b := s.seed(), s.seed()
	a.rush(100)
	b.rush(100)
	a.pick(4)
	b.pick(4)
	b.wakes = 0
	s.advance(3 * time.Second)
	s.m.Tick(s.now)
	if b.wakes != 1 {
		t.Fatal("the idle peer is not woken")
	}
	if got := b.pick(4); len(got) != 4 {
		t.Fatalf("picked %v", got)
	}
	b.answer()
	s.drain()
	s.wantDone()
}

// TestSlowReaderDoesNotHoldABlock: when a second copy of a block finishes
// first, it takes the place of the one that is still being read.
func TestSlowReaderDoesNotHoldABlock(t *testing.T) {
	s := newSwarm(t, 16<<10, 16<<10, manual())
	slow, fast := s.seed(), s.seed()
	slow.rush(1)
	fast.rush(1000)
	b := slow.pick(1)[0]
	first, err := slow.claim(b)
	if err != nil {
		t.Fatal(err)
	}
	fast.pick(1)
	second, err := fast.claim(b)
	if err != nil {
		t.Fatal(err)
	}
	if &first.Bytes()[0] == &second.Bytes()[0] {
		t.Fatal("two readers share a slab")
	}
	fast.fill(second, b)
	s.m.Commit(fast.p, second, s.now)
	s.drain()
	s.wantDone()
	clear(first.Bytes())
	s.m.Commit(slow.p, first, s.now)
	s.wantDone()
	if len(slow.cancels) > 0 {
		t.Error("a block that is being read is cancelled")
	}
	if s.pool.used != 0 || s.m.Stats().Wasted != 16<<10 {
		t.Errorf("%d slabs in use, %d bytes wasted", s.pool.used, s.m.Stats().Wasted)
	}
}

// TestWindowHasItsOwnEndgame: when streaming, the head of the window must not
// wait for one slow peer.
func TestWindowHasItsOwnEndgame(t *testing.T) {
	s := newSwarm(t, 1<<20, 48<<10, manual(), sequential())
	s.m.SetWindow(0, 1)
	slow, fast := s.seed(), s.seed()
	slow.rush(1)
	fast.rush(1000)
	held := slow.pick(3)
	if got := fast.pick(3); !slices.Equal(got, held) {
		t.Errorf("picked %v, want %v", got, held)
	}
}
