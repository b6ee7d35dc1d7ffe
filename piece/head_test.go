package piece

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// stream is a swarm with a window of so many pieces of 4 blocks.
func stream(t *testing.T, pieces, window int, opts ...option) *swarm {
	t.Helper()
	s := newSwarm(t, int64(pieces)*64<<10, 64<<10, append(opts, manual(), sequential())...)
	s.m.SetWindow(0, window)
	return s
}

// indices are the pieces of blocks, each once.
func indices(blocks []Block) (out []int) {
	for _, b := range blocks {
		if !slices.Contains(out, b.Index()) {
			out = append(out, b.Index())
		}
	}
	return out
}

// TestReach: a slow peer is asked for what it can bring before it is due, a fast
// one and one that nothing is known of for what is due next.
func TestReach(t *testing.T) {
	s := stream(t, 1000, 100)
	fast, slow, slower, unknown := s.seed(), s.seed(), s.seed(), s.seed()
	fast.rush(400) // blocks a second: 100 pieces
	slow.rush(20)
	slower.rush(1)
	s.m.Tick(s.now)
	now := s.m.ledger.clock(s.now)
	for name, c := range map[string]struct {
		r        *remote
		from, to int
	}{
		"fast": {fast, 0, 0}, "unknown": {unknown, 0, 0},
		"slow": {slow, 18, 25}, // a fifth of a second for a piece, 105 pieces a second
		"very": {slower, 75, 75},
	} {
		if got := s.m.picker.reach(c.r.p, now); got < c.from || got > c.to {
			t.Errorf("%s: from piece %d on, want %d to %d", name, got, c.from, c.to)
		}
	}
	if got := slow.pick(2); got[0].Index() < 18 || got[0].Index() > 25 {
		t.Errorf("the slow one begins with %v", got)
	}
	// What another slow one has begun far away is for all such; it is not its own
	// piece that keeps it busy for long.
	first := slower.pick(1)
	other := s.seed()
	other.rush(1)
	if got := other.pick(1); first[0].Index() != 75 || got[0].Index() != 75 {
		t.Errorf("the very slow ones begin with %v and %v", first, got)
	}
	if got := fast.pick(2); got[0].Index() != 0 {
		t.Errorf("the fast one begins with %v", got)
	}
	// Without a window, or when the fast one chokes us, everybody counts.
	s.m.Choked(fast.p, false)
	s.m.Tick(s.now)
	if got := s.m.picker.reach(slow.p, now); got != 0 {
		t.Errorf("with nobody faster: from %d on", got)
	}
	s.m.Unchoked(fast.p)
	s.m.Tick(s.now)
	s.m.SetWindow(0, 1000)
	if got := s.m.picker.reach(slow.p, now); got != 0 {
		t.Errorf("without a window: from %d on", got)
	}
}

// TestReachOfTheOnlyOne: a slow peer is asked for the head if nobody else has it.
func TestReachOfTheOnlyOne(t *testing.T) {
	s := stream(t, 100, 8)
	slow := s.leecher(0, 1)
	fast := s.leecher(20)
	slow.rush(1)
	fast.rush(1000)
	s.m.Tick(s.now)
	var got []Block
	for range 8 {
		got = append(got, slow.pick(1)...)
		slow.answer()
		s.drain()
	}
	if want := []int{1, 0}; !slices.Equal(indices(got), want) {
		t.Errorf("asked for %v, want %v", indices(got), want)
	}
}

// TestRescue: the head is at a peer that turns out to be slow, and all behind it
// waits. A fast one is asked for the same blocks; the first copy counts.
func TestRescue(t *testing.T) {
	s := stream(t, 100, 8)
	slow, fast := s.seed(), s.seed()
	held := slow.pick(4)
	if want := []int{0}; !slices.Equal(indices(held), want) {
		t.Fatalf("asked for %v", held)
	}
	slow.rush(1)
	fast.rush(1000)
	s.m.Tick(s.now)
	if got := fast.pick(4); !slices.Equal(got, held) {
		t.Fatalf("the fast one is asked for %v, want %v", got, held)
	}
	// Others need not do so too.
	third := s.seed()
	third.rush(900)
	s.advance(time.Second)
	if got := third.pick(4); got[0].Index() == 0 {
		t.Errorf("a third peer is asked for %v", got)
	}
	fast.answer()
	s.drain()
	if !s.m.Have(0) || !slices.Equal(slow.cancels, held) || s.m.Outstanding(slow.p) != 0 {
		t.Errorf("cancelled %v, %d outstanding", slow.cancels, s.m.Outstanding(slow.p))
	}
}

// TestNoRescue: not for what comes soon, not by one that is no faster, nor by one
// that is not known to be.
func TestNoRescue(t *testing.T) {
	for name, c := range map[string]struct{ holder, other int }{
		"soon": {20, 1000}, "no faster": {2, 1}, "unknown": {1, 0},
	} {
		s := stream(t, 100, 8)
		a, b := s.seed(), s.seed()
		a.pick(4)
		a.rush(c.holder)
		if c.other > 0 {
			b.rush(c.other)
		}
		s.m.Tick(s.now)
		if got := b.pick(4); len(got) == 0 || got[0].Index() == 0 {
			t.Errorf("%s: the other is asked for %v", name, got)
		}
	}
}

// TestRescueOfFreeBlocks: the slow one has not even been asked for all of it.
func TestRescueOfFreeBlocks(t *testing.T) {
	s := stream(t, 100, 8)
	slow, fast := s.seed(), s.seed()
	slow.pick(1)
	slow.rush(1)
	fast.rush(1000)
	s.m.Tick(s.now)
	got := fast.pick(4)
	if !slices.Equal(indices(got), []int{0}) || len(got) != 4 {
		t.Errorf("asked for %v, want all of the head", got)
	}
}

// TestFullWindow: fast peers have brought all but what slow ones hold. Those that
// find nothing else are asked for the first half of that, not for all.
func TestFullWindow(t *testing.T) {
	s := stream(t, 100, 8)
	slow := make([]*remote, 8)
	for i := range slow {
		slow[i] = s.seed()
		slow[i].pick(4)
	}
	fast := s.seed()
	for _, r := range slow {
		r.rush(1)
	}
	fast.rush(1000)
	s.m.Tick(s.now)
	var got []int
	for range 20 {
		got = append(got, indices(fast.pick(2))...)
		s.advance(time.Millisecond)
	}
	if got = slices.Compact(got); !slices.Equal(got, []int{0, 1, 2, 3}) {
		t.Errorf("asked for %v, want the first half", got)
	}
	// When the end of the torrent is in the window there is no reason to wait.
	s.m.SetWindow(0, 100)
	s.m.SetWindow(92, 100)
	if s.m.ledger.wants.windowFull() {
		t.Error("the last window is full")
	}
}

// TestStreamDepth: a peer is asked for half a second of work.
func TestStreamDepth(t *testing.T) {
	s := stream(t, 1000, 500)
	r, slow := s.seed(), s.seed()
	r.rush(100)
	slow.rush(1)
	if a, b := len(r.pick(1000)), len(slow.pick(1000)); a != 50 || b != 3 {
		t.Errorf("asked for %d and %d blocks, want 50 and 3", a, b)
	}
	s.m.SetWindow(0, 1000)
	if n := len(r.pick(1000)); n < 200 {
		t.Errorf("without a window for %d more", n)
	}
}

// TestTransient: what goes away is nothing to tell of.
func TestTransient(t *testing.T) {
	s := stream(t, 10, 4, func(_ *swarm, c *Config) { c.Transient = true })
	r := s.seed()
	r.pick(4)
	r.answer()
	s.drain()
	if !s.m.Have(0) || s.m.HaveCount() != 0 || !bytes.Equal(s.m.AppendBitfield(nil), []byte{0, 0}) {
		t.Errorf("we have %v, tell of %d, bitfield %x", s.m.Have(0), s.m.HaveCount(), s.m.AppendBitfield(nil))
	}
}

// TestReserve: at least half the budget stays, what is in use is not taken back,
// and those who waited hear when it is whole again.
func TestReserve(t *testing.T) {
	s := newSwarm(t, 100*16<<10, 16<<10, manual(), budget(16))
	r := s.seed()
	if got := s.pool.Reserve(3*BlockSize + 1); got != 4 || s.pool.Used() != 4*BlockSize {
		t.Fatalf("%d reserved, %d bytes in use", got, s.pool.Used())
	}
	if got := s.pool.Reserve(100 * BlockSize); got != 4 {
		t.Errorf("%d more reserved of the 4 that may be", got)
	}
	if got := s.pool.Reserve(BlockSize); got != 0 {
		t.Errorf("%d more reserved of none", got)
	}
	r.pick(100)
	r.pick(100)
	n := len(r.queue)
	if n == 0 || s.pool.Used() > 16*BlockSize {
		t.Errorf("%d blocks picked, %d bytes in use", n, s.pool.Used())
	}
	other := s.seed()
	var after after
	took := s.pool.take(other.p, 100, &after)
	s.pool.settle(other.p, 0, 5, &after) // it waits for five more
	if took != 8-n {
		t.Errorf("%d taken of what %d blocks leave", took, n)
	}
	before := other.wakes
	s.pool.Restore(8)
	if s.pool.reserved != 0 || s.pool.slabs != 16 || other.wakes != before+1 || other.p.credit != 5 {
		t.Errorf("%d reserved of %d, %d wakes, credit %d", s.pool.reserved, s.pool.slabs, other.wakes-before, other.p.credit)
	}
	s.pool.settle(other.p, took, 0, &after)
	for range 1000 {
		if s.m.Done() {
			break
		}
		r.pick(16)
		other.pick(16)
		r.answer()
		other.answer()
		s.drain()
	}
	s.wantDone()
}

// TestReserveMuch: with half the budget gone, pieces that are larger than the rest
// are still completed.
func TestReserveMuch(t *testing.T) {
	s := newSwarm(t, 4*300_000, 300_000, manual(), budget(8))
	s.pool.Reserve(1 << 30)
	a, b := s.seed(), s.seed()
	for range 2000 {
		if s.m.Done() {
			break
		}
		a.pick(4)
		b.pick(4)
		a.answer()
		b.answer()
		s.advance(time.Second)
		s.m.Tick(s.now)
		s.drain()
	}
	s.wantDone()
	if used := s.pool.Used(); used != 4*BlockSize {
		t.Errorf("%d bytes in use at the end", used)
	}
}
