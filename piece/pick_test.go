package piece

import (
	"slices"
	"testing"
	"time"
)

// pieces returns the distinct pieces of blocks, in order of appearance.
func pieces(blocks []Block) (out []int) {
	for _, b := range blocks {
		if !slices.Contains(out, b.Index()) {
			out = append(out, b.Index())
		}
	}
	return out
}

// have makes the swarm begin with some pieces verified.
func (s *swarm) have(pieces ...int) {
	s.t.Helper()
	set := NewBitset(s.layout.Pieces())
	for _, i := range pieces {
		set.Set(uint32(i))
		copy(s.store.data[s.layout.Offset(i):], s.piece(i))
	}
	if err := s.m.Resume(set.appendWire(nil, s.layout.Pieces())); err != nil {
		s.t.Fatal(err)
	}
}

// upTo lists 0..n-1.
func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

func TestDownloadFromOneSeed(t *testing.T) {
	for _, c := range []struct {
		name         string
		total, piece int64
	}{
		{"pieces of many blocks", 10<<20 + 12345, 256 << 10},
		{"pieces of one block", 1 << 20, 16 << 10},
		{"pieces smaller than a block", 100_000, 1000},
		{"pieces of no round number", 1_000_003, 50_021},
		{"one piece", 777_777, 1 << 20},
		{"one byte", 1, 16 << 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSwarm(t, c.total, c.piece, manual())
			r := s.seed()
			for len(r.pick(20)) > 0 {
				r.answer()
				s.drain()
			}
			s.wantDone()
			if w := s.m.Stats().Wasted; w != 0 {
				t.Errorf("%d bytes wasted", w)
			}
		})
	}
}

func TestNothingToDownload(t *testing.T) {
	s := newSwarm(t, 0, 16<<10)
	if r := s.seed(); len(r.pick(5)) > 0 {
		t.Error("picked a block of nothing")
	}
	s.wantDone()
}

func TestPickIsContiguous(t *testing.T) {
	s := newSwarm(t, 4<<20, 1<<20)
	got := s.seed().pick(64)
	for k, b := range got {
		if b.Index() != got[0].Index() || b.Begin() != k*BlockSize {
			t.Fatalf("block %d is %v", k, b)
		}
	}
}

func TestPickAtMostN(t *testing.T) {
	s := newSwarm(t, 4<<20, 1<<20)
	r := s.seed()
	if len(r.pick(0)) != 0 || len(s.m.Pick(r.p, nil, -1, s.now)) != 0 {
		t.Error("picked without being asked to")
	}
	dst := []Block{{}}
	if dst = s.m.Pick(r.p, dst, 3, s.now); len(dst) != 4 {
		t.Errorf("appended %d blocks, want 3", len(dst)-1)
	}
}

func TestChokedPeerGivesNothing(t *testing.T) {
	s := newSwarm(t, 4<<20, 1<<20)
	r := s.join()
	s.m.SetHaveAll(r.p)
	if got := r.pick(5); len(got) > 0 {
		t.Errorf("picked %v; connections start out choked (BEP 3)", got)
	}
	s.m.Unchoked(r.p)
	if r.wakes != 1 || len(r.pick(5)) != 5 {
		t.Error("an unchoke changes nothing")
	}
}

func TestRarestFirst(t *testing.T) {
	s := newSwarm(t, 40*16<<10, 16<<10)
	s.have(0, 1, 2, 3) // past the random first pieces
	r := s.seed()
	s.leecher(upTo(40)[:39]...)
	s.leecher(upTo(40)[:30]...)
	s.leecher(upTo(40)[:20]...)
	got := pieces(r.pick(40))
	if got[0] != 39 {
		t.Errorf("piece %d came first, want 39", got[0])
	}
	for k, i := range got[1:10] {
		if i < 30 || i > 38 {
			t.Errorf("piece %d came as number %d, want one of 30..38", i, k+1)
		}
	}
	for k, i := range got[10:20] {
		if i < 20 || i > 29 {
			t.Errorf("piece %d came as number %d, want one of 20..29", i, k+10)
		}
	}
}

// TestRandomFirstPiece: until there is something to trade, rarity does not
// matter.
func TestRandomFirstPiece(t *testing.T) {
	s := newSwarm(t, 1000*16<<10, 16<<10)
	r := s.seed()
	s.leecher(upTo(1000)[1:]...) // piece 0 is the rarest
	first := pieces(r.pick(3))
	if slices.Contains(first, 0) {
		t.Errorf("picked %v", first)
	}
}

// TestFirstPiecesAreFinishedTogether: while we have nothing to trade, a second
// peer helps with the piece that the first began.
func TestFirstPiecesAreFinishedTogether(t *testing.T) {
	s := newSwarm(t, 40<<20, 1<<20)
	a, b := s.seed(), s.seed()
	if x, y := pieces(a.pick(10)), pieces(b.pick(10)); !slices.Equal(x, y) {
		t.Errorf("began %v and %v", x, y)
	}
	s = newSwarm(t, 40<<20, 1<<20)
	s.have(0, 1, 2, 3)
	a, b = s.seed(), s.seed()
	if x, y := pieces(a.pick(10)), pieces(b.pick(10)); slices.Equal(x, y) {
		t.Errorf("both began %v though there is room for two", x)
	}
}

func TestPeerGoesOnWithItsPiece(t *testing.T) {
	s := newSwarm(t, 40<<20, 1<<20)
	s.have(0, 1, 2, 3)
	a, b := s.seed(), s.seed()
	x, y := pieces(a.pick(10)), pieces(b.pick(10))
	for range 5 {
		if !slices.Equal(pieces(a.pick(10)), x) || !slices.Equal(pieces(b.pick(10)), y) {
			t.Fatal("a peer left its piece")
		}
	}
}

// TestOrphansComeFirst: what a peer leaves behind is finished before anything
// new is begun.
func TestOrphansComeFirst(t *testing.T) {
	s := newSwarm(t, 40<<20, 1<<20)
	s.have(0, 1, 2, 3)
	a, b := s.seed(), s.seed()
	x := pieces(a.pick(10))
	if err := a.send(a.queue[0]); err != nil {
		t.Fatal(err)
	}
	b.pick(64) // all of another piece
	s.m.Leave(a.p)
	if got := pieces(b.pick(10)); !slices.Equal(got, x) {
		t.Errorf("picked of %v, want %v", got, x)
	}
}

// TestNothingIsBegunForNothing: a piece of which nothing came and nothing is on
// the way is as good as any other again.
func TestNothingIsBegunForNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(s *swarm, r *remote, sl *Slab)
	}{
		{"leave", func(s *swarm, r *remote, sl *Slab) { s.m.Leave(r.p); s.m.Abort(r.p, sl) }},
		{"abort and leave", func(s *swarm, r *remote, sl *Slab) { s.m.Abort(r.p, sl); s.m.Leave(r.p) }},
		{"rejects", func(s *swarm, r *remote, sl *Slab) {
			for _, b := range r.queue {
				s.m.Reject(r.p, b.index, b.begin, b.length)
			}
			s.m.Abort(r.p, sl)
		}},
		{"snub and choke", func(s *swarm, r *remote, sl *Slab) {
			s.m.Snub(r.p)
			s.m.Abort(r.p, sl)
			if len(s.m.ledger.begun.active) == 0 {
				s.t.Error("given up although late blocks are welcome")
			}
			s.m.Choked(r.p, false)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSwarm(t, 4<<20, 1<<20, manual())
			r := s.seed()
			sl, err := r.claim(r.pick(9)[0])
			if err != nil {
				t.Fatal(err)
			}
			if c.do(s, r, sl); len(s.m.ledger.begun.active) != 0 || s.pool.used != 0 {
				t.Errorf("%d pieces, %d slabs", len(s.m.ledger.begun.active), s.pool.used)
			}
			if err := s.m.invariants(0); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestBegunPiecesStayInTheBudget: with 16 MiB pieces and 64 MiB of memory two
// are begun, then the peers help each other.
func TestBegunPiecesStayInTheBudget(t *testing.T) {
	s := newSwarm(t, 256<<20, 16<<20, manual())
	s.have(0, 1, 2, 3)
	begun := map[int]bool{}
	for range 20 {
		for _, i := range pieces(s.seed().pick(20)) {
			begun[i] = true
		}
	}
	if len(begun) != 2 {
		t.Errorf("%d pieces begun, want 2", len(begun))
	}
}

func TestSequential(t *testing.T) {
	s := newSwarm(t, 64*16<<10, 16<<10, sequential())
	a, b := s.seed(), s.leecher(5, 9, 40)
	if got := pieces(b.pick(2)); !slices.Equal(got, []int{5, 9}) {
		t.Errorf("picked %v, want 5 and 9", got)
	}
	if got := pieces(a.pick(7)); !slices.Equal(got, []int{0, 1, 2, 3, 4, 6, 7}) {
		t.Errorf("picked %v, want the first that are free", got)
	}
}

func TestWindow(t *testing.T) {
	s := newSwarm(t, 64*16<<10, 16<<10)
	r := s.seed()
	s.m.SetWindow(10, 13)
	if got := pieces(r.pick(20)); !slices.Equal(got, []int{10, 11, 12}) {
		t.Errorf("picked %v, want 10 to 12", got)
	}
	wakes := r.wakes
	s.m.SetWindow(11, 15)
	if r.wakes != wakes+1 {
		t.Error("a peer that found nothing was not woken when the window moved")
	}
	if got := pieces(r.pick(20)); !slices.Equal(got, []int{13, 14}) {
		t.Errorf("picked %v, want 13 and 14", got)
	}
	s.m.SetWindow(-5, 1000)
	if got := r.pick(100); len(got) != 64-5 {
		t.Errorf("picked %d blocks after the window was lifted, want 59", len(got))
	}
}

func TestPriorities(t *testing.T) {
	s := newSwarm(t, 20*16<<10, 16<<10)
	s.m.SetPriority(func(i int) Priority {
		switch {
		case i == 7 || i == 8:
			return High
		case i >= 10:
			return Skip
		}
		return Normal
	})
	r := s.seed()
	got := pieces(r.pick(30))
	if len(got) != 10 || got[0]+got[1] != 15 {
		t.Errorf("picked %v, want 7 and 8 first and nothing from 10 on", got)
	}
	r.answer()
	s.wantVerified(10)
	if !s.m.Done() {
		t.Error("not done")
	}
}

// wantVerified waits until n pieces are verified.
func (s *swarm) wantVerified(n int) {
	s.t.Helper()
	for s.m.HaveCount() < n {
		if r := s.wantResult(); !r.OK {
			s.t.Fatalf("result %+v", r)
		}
	}
}

func TestDeselectingDropsWhatWasBegun(t *testing.T) {
	s := newSwarm(t, 4<<20, 1<<20, manual())
	r := s.seed()
	got := r.pick(10)
	if err := r.send(got[0]); err != nil {
		t.Fatal(err)
	}
	s.m.SetPriority(func(i int) Priority {
		if i == got[0].Index() {
			return Skip
		}
		return Normal
	})
	if len(r.cancels) != 9 || s.pool.used != 0 {
		t.Errorf("%d requests cancelled, %d slabs in use, want 9 and 0", len(r.cancels), s.pool.used)
	}
	if err := r.send(got[1]); err != ErrUnwanted {
		t.Errorf("a block of it: %v, want ErrUnwanted", err)
	}
	if n, _ := s.m.wantedLeft(); n != 3 {
		t.Errorf("%d pieces left, want 3", n)
	}
}

// TestPeerWithFewPieces: a peer with three pieces of many is served from those,
// the rarest first, wherever they are.
func TestPeerWithFewPieces(t *testing.T) {
	const n = 100_000
	s := newSwarm(t, n, 1)
	s.have(0, 1, 2, 3)
	r := s.leecher(70_000, 90_000, 99_999)
	s.leecher(70_000, 99_999)
	s.leecher(99_999)
	if got := pieces(r.pick(10)); !slices.Equal(got, []int{90_000, 70_000, 99_999}) {
		t.Errorf("picked %v", got)
	}
	if r.pick(1); r.p.dry != s.m.ledger.wants.supply {
		t.Error("the peer's pieces are searched again and again")
	}
	if err := s.m.SetHave(r.p, 50_000); err != nil {
		t.Fatal(err)
	}
	if got := pieces(r.pick(10)); !slices.Equal(got, []int{50_000}) {
		t.Errorf("picked %v, want the piece it just got", got)
	}
}

// TestPeerWithCommonPieces: all that the peer has is common, so none of it is
// among the rarest.
func TestPeerWithCommonPieces(t *testing.T) {
	const n = 5000
	s := newSwarm(t, n, 1, manual())
	s.have(0, 1, 2, 3)
	r := s.leecher(upTo(n)[1000:]...)
	s.leecher(upTo(n)[1000:]...)
	seen := map[int]bool{}
	for range 80 {
		for _, b := range r.pick(50) {
			seen[b.Index()] = true
		}
		r.answer()
		s.drain()
	}
	if len(seen) != n-1000 {
		t.Errorf("picked %d pieces, want %d", len(seen), n-1000)
	}
}

func TestSuggestedPieceIsTaken(t *testing.T) {
	s := newSwarm(t, 1000*16<<10, 16<<10)
	s.have(0, 1, 2, 3)
	r := s.seed()
	s.m.Suggest(r.p, 2)    // we have it
	s.m.Suggest(r.p, 1000) // there is no such piece
	s.m.Suggest(r.p, 777)
	if got := pieces(r.pick(1)); got[0] != 777 {
		t.Errorf("picked %v, want 777", got)
	}
}

// TestAllowedFast: "if you ask for this piece, I'll give it to you even if
// you're choked" (BEP 6).
func TestAllowedFast(t *testing.T) {
	s := newSwarm(t, 10*64<<10, 64<<10)
	r := s.join()
	s.m.AllowFast(r.p, 7) // it does not have it yet
	s.m.AllowFast(r.p, 1000)
	if err := s.m.SetHave(r.p, 3); err != nil {
		t.Fatal(err)
	}
	if got := r.pick(9); len(got) > 0 {
		t.Errorf("picked %v of a choked peer", got)
	}
	if err := s.m.SetHave(r.p, 7); err != nil {
		t.Fatal(err)
	}
	got := r.pick(9)
	if len(got) != 4 || got[0].Index() != 7 {
		t.Errorf("picked %v, want piece 7", got)
	}
	// Once it rejects the piece, that is over.
	for _, b := range got {
		if !s.m.Reject(r.p, b.index, b.begin, b.length) {
			t.Errorf("reject of %v was not expected", b)
		}
	}
	if got := r.pick(9); len(got) > 0 {
		t.Errorf("picked %v again", got)
	}
}

// TestFairDepth: the budget for requests goes to those who deliver.
func TestFairDepth(t *testing.T) {
	s := newSwarm(t, 64<<20, 1<<20, manual(), budget(800))
	fast, slow := s.seed(), s.seed()
	give := func(r *remote, n int) {
		for range n {
			for _, b := range r.pick(1) {
				if err := r.send(b); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.drain()
	}
	for range 10 {
		fast.pick(1)
		slow.pick(1)
		s.advance(600 * time.Millisecond)
		fast.answer()
		slow.answer()
		give(fast, 30)
	}
	x, y := len(fast.pick(800)), len(slow.pick(800))
	if x < 300 || x > 400 || y < 3 || y > 30 {
		t.Errorf("asked %d of the fast and %d of the slow peer", x, y)
	}
	// Both come again when half of that is answered.
	fast.wakes = 0
	for len(fast.queue) > x/2 {
		if fast.wakes > 0 {
			t.Fatalf("woken with %d of %d outstanding", len(fast.queue), x)
		}
		if err := fast.send(fast.queue[0]); err != nil {
			t.Fatal(err)
		}
	}
	if fast.wakes == 0 {
		t.Error("not woken")
	}
}
