package piece

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestReadFirst: what is missing at the head is asked for first and in order, then the
// rest as if nobody read; once the reader is gone, too.
func TestReadFirst(t *testing.T) {
	s := newSwarm(t, 1000*32<<10, 32<<10, manual())
	s.have(503)
	var h ReadHead
	r := s.seed()
	s.m.Read(&h, 500, 506)
	got := indices(r.pick(10))
	if want := []int{500, 501, 502, 504, 505}; !slices.Equal(got, want) {
		t.Errorf("asked for %v, want %v", got, want)
	}
	if got := r.pick(2); len(got) != 2 || got[0].Index() >= 500 && got[0].Index() < 506 {
		t.Errorf("behind the head %v", got)
	}
	r.answer()
	s.drain()
	s.m.Read(&h, 600, 610)
	s.m.StopReading(&h)
	for _, i := range indices(r.pick(20)) {
		if i == 600 {
			t.Error("the reader that is gone is served")
		}
	}
	s.m.StopReading(&h)
	s.m.Read(&h, 700, 701)
	if got := r.pick(1); got[0].Index() != 700 {
		t.Errorf("one that came back: %v", got)
	}
}

// TestReadWakes: a peer that found nothing to do for its own part is woken; nobody is
// for what is there already.
func TestReadWakes(t *testing.T) {
	s := newSwarm(t, 100*16<<10, 16<<10, manual())
	s.have(1, 2, 3)
	s.m.SetPriority(func(i int) Priority {
		if i == 50 || i < 4 {
			return Normal
		}
		return Skip
	})
	busy, r := s.seed(), s.seed()
	busy.pick(1)
	r.pick(9)
	before := r.wakes
	var h ReadHead
	if s.m.Read(&h, 1, 4); r.wakes != before {
		t.Error("woken for what is there")
	}
	if s.m.Read(&h, 40, 60); r.wakes != before+1 {
		t.Errorf("woken %d times", r.wakes-before)
	}
	if s.m.Read(&h, 40, 60); r.wakes != before+1 {
		t.Errorf("woken %d times for the same", r.wakes-before)
	}
}

// TestReadFair: of several heads none gets a second piece before all have the first.
func TestReadFair(t *testing.T) {
	s := newSwarm(t, 1000*16<<10, 16<<10, manual())
	heads := make([]ReadHead, 5)
	for k := range heads {
		s.m.Read(&heads[k], 100*k, 100*k+10)
	}
	r := s.seed()
	var got []int
	for range 15 {
		got = append(got, indices(r.pick(1))...)
	}
	for row := range 3 {
		five := slices.Clone(got[5*row : 5*row+5])
		slices.Sort(five)
		if want := []int{row, 100 + row, 200 + row, 300 + row, 400 + row}; !slices.Equal(five, want) {
			t.Errorf("asked for %v, want %v", five, want)
		}
	}
}

// TestReadSlow: a slow peer is asked for what it brings in time, a very slow one is
// not kept waiting; for what it alone has it is asked at once.
func TestReadSlow(t *testing.T) {
	s := newSwarm(t, 1000*64<<10, 64<<10, manual())
	s.have(0, 1, 2, 3) // from here on what is begun need not be finished first
	fast, slow, slower, only := s.seed(), s.seed(), s.seed(), s.leecher(300)
	fast.rush(400) // blocks a second: 100 pieces
	slow.rush(20)
	slower.rush(1)
	only.rush(1)
	s.m.Tick(s.now)
	var h ReadHead
	s.m.Read(&h, 200, 260)
	if got := slow.pick(1)[0].Index(); got < 215 || got > 225 {
		t.Errorf("the slow one is asked for %d", got)
	}
	if got := slower.pick(1)[0].Index(); got >= 200 && got < 260 {
		t.Errorf("the very slow one is asked for %d", got)
	}
	s.m.Read(&h, 300, 360)
	s.m.Leave(fast.p)
	s.m.Tick(s.now)
	faster := s.leecher(301)
	faster.rush(400)
	s.m.Tick(s.now)
	if got := only.pick(1)[0].Index(); got != 300 {
		t.Errorf("who alone has it is asked for %d", got)
	}
}

// TestReadRescue: a reader waits for what a slow peer was asked for. A fast one is
// asked for the same; the first copy counts.
func TestReadRescue(t *testing.T) {
	s := newSwarm(t, 100*64<<10, 64<<10, manual())
	slow, fast := s.seed(), s.seed()
	var h ReadHead
	s.m.Read(&h, 50, 51)
	held := slow.pick(4)
	if want := []int{50}; !slices.Equal(indices(held), want) {
		t.Fatalf("asked for %v", held)
	}
	slow.rush(1)
	fast.rush(1000)
	s.m.Tick(s.now)
	if got := fast.pick(4); !slices.Equal(indices(got), []int{50}) || len(got) != 4 {
		t.Fatalf("the fast one is asked for %v, want %v", got, held)
	}
	fast.answer()
	s.drain()
	if !s.m.Have(50) || len(slow.cancels) != 4 || s.m.Outstanding(slow.p) != 0 {
		t.Errorf("cancelled %v", slow.cancels)
	}
}

// TestReadDepth: who is asked for something near a head has half a second of work, or
// a reader that begins elsewhere would wait for all that.
func TestReadDepth(t *testing.T) {
	s := newSwarm(t, 1000*64<<10, 64<<10, manual())
	var h ReadHead
	s.m.Read(&h, 500, 564)
	r := s.seed()
	r.rush(100)
	if n := len(r.pick(1000)); n != 50 {
		t.Errorf("asked for %d blocks, want 50", n)
	}
	other := s.leecher(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)
	other.rush(100)
	if n := len(other.pick(1000)); n < 70 {
		t.Errorf("one that has nothing of it is asked for %d", n)
	}
	s.m.StopReading(&h)
	if n := len(r.pick(1000)); n < 200 {
		t.Errorf("without a reader for %d more", n)
	}
}

// TestReadRun: a server leaves a run for a head that has come, begins there, and what
// it had reserved near it is for everybody.
func TestReadRun(t *testing.T) {
	s := newSwarm(t, 1000*16<<10, 16<<10, manual())
	w := s.web()
	if first, n := w.reserve(Stretch{From: 100 * 16 << 10, InOrder: true, Most: 300}); first != 100 || n < 10 {
		t.Fatalf("reserved %d+%d", first, n)
	}
	w.next(2)
	var h ReadHead
	s.m.Read(&h, 700, 710)
	w.answer()
	s.drain()
	if !w.next(2) {
		t.Error("the run goes on")
	}
	if first, _ := w.reserve(Stretch{}); first != 700 {
		t.Errorf("the next one begins at %d", first)
	}
	w.next(4)
	var other ReadHead
	s.m.Read(&other, 705, 715) // inside of that run
	peer := s.seed()
	if got := peer.pick(1); got[0].Index() < 704 || got[0].Index() > 705 {
		t.Errorf("a peer is asked for %v", got)
	}
	w.answer()
	peer.answer()
	s.drain()
	for range 1000 {
		if _, n := w.reserve(Stretch{}); n == 0 {
			break
		}
		w.finish()
	}
	s.wantDone()
}

// TestReadShortMemory: whatever readers do, with a budget smaller than a piece, peers
// that have different parts and choke when they like, each reader gets what it waits
// for after a bounded number of blocks, and everything is completed.
func TestReadShortMemory(t *testing.T) {
	for seed := range uint64(20) {
		s := newSwarm(t, 60*8*BlockSize, 8*BlockSize, manual(), budget(6+int(seed%3)*8))
		rng := rand.New(rand.NewPCG(seed, 1))
		var peers []*remote
		for k := range 6 {
			var have []int
			for i := range 60 {
				if (i+k)%3 != 0 {
					have = append(have, i)
				}
			}
			peers = append(peers, s.leecher(have...))
		}
		heads := make([]ReadHead, 4)
		at := make([]int, len(heads)) // what each reader waits for
		since := make([]int, len(heads))
		for turn := 0; !s.m.Done(); turn++ {
			if turn > 50_000 {
				t.Fatalf("seed %d: stuck: %+v", seed, s.m.Stats())
			}
			for k := range heads {
				if turn == 0 || s.m.Have(at[k]) {
					at[k], since[k] = rng.IntN(60), turn
					s.m.Read(&heads[k], at[k], at[k]+1+rng.IntN(5))
				}
				if turn-since[k] > 3000 {
					t.Fatalf("seed %d: a reader waits for piece %d: %+v", seed, at[k], s.m.Stats())
				}
			}
			r := peers[rng.IntN(len(peers))]
			switch rng.IntN(12) {
			case 0:
				s.m.Choked(r.p, false)
				r.queue = nil
			case 1:
				s.m.Unchoked(r.p)
			case 2:
				s.advance(time.Second)
				s.m.Tick(s.now)
			default:
				r.pick(3)
				if len(r.queue) > 0 {
					r.send(r.queue[0])
				}
			}
			s.drain()
			if err := s.m.invariants(0); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		s.wantDone()
	}
}

func TestNextBefore(t *testing.T) {
	s := NewBitset(200)
	for _, i := range []uint32{0, 63, 64, 130, 199} {
		s.Set(i)
	}
	for from := range uint32(201) {
		for end := range uint32(201) {
			want, some := s.next(from)
			some = some && want < end && from < end
			if got, ok := s.nextBefore(from, end); ok != some || some && got != want {
				t.Fatalf("[%d, %d): %d, %v; want %d, %v", from, end, got, ok, want, some)
			}
		}
	}
}

// TestReadClearsWay: who has been asked for much is to answer little of it before what
// a reader waits for; the rest is called off, and asked of somebody again.
func TestReadClearsWay(t *testing.T) {
	s := newSwarm(t, 1000*16<<10, 16<<10, manual())
	r, known, choked, other := s.seed(), s.seed(), s.seed(), s.leecher(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	known.rush(100)
	s.m.AllowFast(choked.p, 990)
	s.m.Choked(choked.p, true)
	for _, x := range []*remote{r, known, other} {
		x.pick(200)
	}
	others := len(other.queue)
	asked := slices.Clone(r.queue)
	var h ReadHead
	s.m.Read(&h, 700, 701)
	if n := s.m.Outstanding(r.p); n != newcomerDepth || len(r.cancels) != len(asked)-n || r.wakes == 0 {
		t.Errorf("of %d, %d are outstanding, %d cancelled, %d wakes", len(asked), n, len(r.cancels), r.wakes)
	}
	if n := s.m.Outstanding(known.p); n > 50 {
		t.Errorf("%d are outstanding at one that gives 100 a second", n)
	}
	if n := s.m.Outstanding(other.p); n != others {
		t.Errorf("%d of %d are outstanding at one that has nothing of it", n, others)
	}
	for _, b := range asked[:newcomerDepth-1] { // the oldest, that are on their way
		if slices.Contains(r.cancels, b) {
			t.Errorf("cancelled %v of %v", b, asked[:newcomerDepth])
		}
	}
	before := len(r.cancels)
	s.m.Read(&h, 701, 702) // goes on: nothing is taken back
	if len(r.cancels) != before {
		t.Error("taken back for a head that goes on")
	}
	for turn := 0; !s.m.Done(); turn++ {
		if turn > 1000 {
			t.Fatalf("stuck: %+v", s.m.Stats())
		}
		for _, x := range []*remote{r, known} {
			x.pick(10)
			x.answer()
		}
		s.drain()
	}
	s.wantDone()
}

// TestReadRunInTheWay: what a server was asked for a little behind the head does not
// come before the head.
func TestReadRunInTheWay(t *testing.T) {
	s := newSwarm(t, 1000*64<<10, 64<<10, manual())
	w := s.web()
	w.reserve(Stretch{From: 101 * 64 << 10, InOrder: true, Most: 10})
	w.next(64)
	var h ReadHead
	s.m.Read(&h, 100, 116)
	if n := s.m.Outstanding(w.p); n != newcomerDepth {
		t.Errorf("%d are outstanding", n)
	}
}
