package piece

import (
	"errors"
	"io"
	"math"
	"testing"
	"time"
)

// wantPanic runs f, which breaks the contract.
func wantPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if recover() == nil {
			t.Errorf("%s does not panic", what)
		}
	}()
	f()
}

func TestSlabHasOneOwner(t *testing.T) {
	s := newSwarm(t, 1<<20, 64<<10, manual())
	r := s.seed()
	got := r.pick(2)
	a, err := r.claim(got[0])
	if err != nil {
		t.Fatal(err)
	}
	s.m.Commit(r.p, a, s.now)
	wantPanic(t, "a second Commit", func() { s.m.Commit(r.p, a, s.now) })
	wantPanic(t, "Abort after Commit", func() { s.m.Abort(r.p, a) })
	b, err := r.claim(got[1])
	if err != nil {
		t.Fatal(err)
	}
	s.m.Abort(r.p, b)
	wantPanic(t, "a second Abort", func() { s.m.Abort(r.p, b) })
	wantPanic(t, "Commit after Abort", func() { s.m.Commit(r.p, b, s.now) })
}

func TestClaimErrors(t *testing.T) {
	s := newSwarm(t, 100_000, 64<<10, manual())
	r, other := s.seed(), s.seed()
	b := r.pick(1)[0]
	for _, c := range []struct {
		name                 string
		p                    *Peer
		index, begin, length uint32
		want                 error
	}{
		{"no such piece", r.p, 2, 0, 16384, ErrBadBlock},
		{"index at the end of the world", r.p, math.MaxUint32, 0, 16384, ErrBadBlock},
		{"begin between blocks", r.p, 0, 100, 16384, ErrBadBlock},
		{"begin past the piece", r.p, 0, 64 << 10, 16384, ErrBadBlock},
		{"too long", r.p, b.index, b.begin, 32768, ErrBadBlock},
		{"too short", r.p, b.index, b.begin, 100, ErrBadBlock},
		{"empty", r.p, b.index, b.begin, 0, ErrBadBlock},
		{"not asked", r.p, b.index, b.begin + BlockSize, 16384, ErrUnasked},
		{"asked of another", other.p, b.index, b.begin, 16384, ErrUnasked},
		{"piece not begun", r.p, 1 - b.index, 0, 16384, ErrUnasked},
	} {
		t.Run(c.name, func(t *testing.T) {
			sl, err := s.m.Claim(c.p, c.index, c.begin, c.length)
			if err != c.want || sl != nil {
				t.Errorf("Claim = %v, %v, want %v", sl, err, c.want)
			}
		})
	}
	if !errors.Is(ErrUnasked, ErrUnwanted) {
		t.Error("ErrUnasked is not an ErrUnwanted")
	}
	sl, err := r.claim(b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.claim(b); err != ErrUnasked {
		t.Errorf("a second copy while the first is read: %v", err)
	}
	s.m.Abort(r.p, sl)
}

func TestAbortedBlockIsAskedAgain(t *testing.T) {
	s := newSwarm(t, 16<<10, 16<<10, manual())
	r := s.seed()
	sl, err := r.claim(r.pick(1)[0])
	if err != nil {
		t.Fatal(err)
	}
	s.m.Abort(r.p, sl)
	if got := r.pick(1); len(got) != 1 {
		t.Fatal("the block is lost")
	}
	r.answer()
	s.drain()
	s.wantDone()
}

func TestLastBlockIsShort(t *testing.T) {
	s := newSwarm(t, 20_000, 32<<10, manual())
	r := s.seed()
	for _, b := range r.pick(2) {
		sl, err := r.claim(b)
		if err != nil {
			t.Fatal(err)
		}
		if len(sl.Bytes()) != b.Len() {
			t.Errorf("slab of %d bytes for %v", len(sl.Bytes()), b)
		}
		r.fill(sl, b)
		s.m.Commit(r.p, sl, s.now)
	}
	s.drain()
	s.wantDone()
	if s.store.writes != 1 {
		t.Errorf("%d writes for one piece", s.store.writes)
	}
}

// TestChokeVoidsRequests: without BEP 6 a choke gives everything back, with it
// each request is answered or rejected.
func TestChokeVoidsRequests(t *testing.T) {
	s := newSwarm(t, 1<<20, 64<<10, manual())
	r := s.seed()
	r.pick(6)
	s.m.Choked(r.p, false)
	if n := s.m.Outstanding(r.p); n != 0 || s.pool.used != 0 {
		t.Errorf("%d outstanding, %d slabs in use after a choke", n, s.pool.used)
	}
	if err := r.send(r.queue[0]); err != ErrUnasked {
		t.Errorf("a block after the choke: %v", err)
	}
	r.queue = nil
	s.m.Unchoked(r.p)
	got := r.pick(6)
	s.m.Choked(r.p, true)
	if n := s.m.Outstanding(r.p); n != 6 {
		t.Errorf("%d outstanding after a choke with the fast extension, want 6", n)
	}
	if len(r.pick(6)) > 0 {
		t.Error("asked a peer that chokes")
	}
	for _, b := range got[:3] {
		if !s.m.Reject(r.p, b.index, b.begin, b.length) {
			t.Errorf("reject of %v was not expected", b)
		}
		r.forget(b)
	}
	if n := s.m.Outstanding(r.p); n != 3 {
		t.Errorf("%d outstanding after 3 of 6 rejects", n)
	}
	r.answer() // "requests that are being processed are allowed to complete"
	if n := s.m.Outstanding(r.p); n != 0 {
		t.Errorf("%d outstanding at the end", n)
	}
}

func TestRejects(t *testing.T) {
	s := newSwarm(t, 1<<20, 64<<10, manual())
	r, other := s.seed(), s.seed()
	b := r.pick(1)[0]
	if s.m.Reject(other.p, b.index, b.begin, b.length) || s.m.Reject(r.p, 99, 0, 16384) ||
		s.m.Reject(r.p, b.index, b.begin+BlockSize, b.length) {
		t.Error("a reject of what was never asked is accepted")
	}
	if !s.m.Reject(r.p, b.index, b.begin, b.length) {
		t.Error("a reject is not accepted")
	}
	if s.m.Reject(r.p, b.index, b.begin, b.length) {
		t.Error("a second reject is accepted")
	}
	// It is not asked for that piece again at once, but others are.
	for _, x := range r.pick(100) {
		if x.Index() == b.Index() {
			t.Fatalf("asked for %v again", x)
		}
	}
	if got := pieces(other.pick(1)); got[0] != b.Index() {
		t.Errorf("the other peer is asked for %v, want %d", got, b.Index())
	}
	s.m.Reject(other.p, b.index, b.begin, b.length)
	s.advance(time.Minute)
	s.m.Tick(s.now)
	if got := r.pick(100); len(got) != 4 || got[0].Index() != b.Index() {
		t.Errorf("later it is asked for %v", got)
	}
}

// TestRejectOfACancelledRequest: BEP 6 wants exactly one answer for each
// request, so a cancelled one is rejected or answered.
func TestRejectOfACancelledRequest(t *testing.T) {
	s := newSwarm(t, 32<<10, 32<<10, manual())
	slow, fast := s.seed(), s.seed()
	slow.rush(1)
	fast.rush(1000)
	held := slow.pick(2)
	fast.pick(2)
	fast.answer()
	for _, b := range held {
		if !s.m.Reject(slow.p, b.index, b.begin, b.length) {
			t.Errorf("reject of %v was not expected", b)
		}
		if s.m.Reject(slow.p, b.index, b.begin, b.length) {
			t.Errorf("second reject of %v was expected", b)
		}
	}
}

func TestSnubbedPeer(t *testing.T) {
	s := newSwarm(t, 64<<10, 64<<10, manual())
	a, b := s.seed(), s.seed()
	got := a.pick(4)
	if len(b.pick(4)) != 0 {
		t.Fatal("asked twice")
	}
	s.m.Snub(a.p)
	if b.wakes != 2 { // unchoke and now
		t.Error("nobody is told that blocks are free again")
	}
	if s.m.Outstanding(a.p) != 4 || s.pool.used != 0 {
		t.Errorf("%d outstanding, %d slabs in use", s.m.Outstanding(a.p), s.pool.used)
	}
	if len(b.pick(2)) != 2 {
		t.Fatal("the blocks cannot be asked of others")
	}
	// A late block is as good as any, asked of others or not.
	for _, x := range []Block{got[0], got[3]} {
		if err := a.send(x); err != nil {
			t.Errorf("late %v: %v", x, err)
		}
	}
	if len(b.cancels) != 1 || b.cancels[0] != got[0] {
		t.Errorf("cancelled %v, want %v", b.cancels, got[0])
	}
	s.m.Unsnub(a.p)
	if b.pick(4); len(b.queue) != 2 {
		t.Errorf("%v asked of the other peer: the snubbed one has its block back", b.queue)
	}
	b.forget(got[0])
	a.answer()
	b.answer()
	s.drain()
	s.wantDone()
}

// TestLostRequestsAreAskedAgain: a lone peer that lost our requests gets them
// once more when it is tried again.
func TestLostRequestsAreAskedAgain(t *testing.T) {
	s := newSwarm(t, 32<<10, 32<<10, manual())
	r := s.seed()
	got := r.pick(2)
	r.queue = nil // lost
	s.m.Snub(r.p)
	if again := r.pick(1); len(again) != 1 || again[0] != got[0] {
		t.Fatalf("picked %v, want %v", again, got[0])
	}
	r.answer()
	r.pick(1)
	r.answer()
	s.drain()
	s.wantDone()
}

// TestOvertakenRequest: some peers drop requests beyond what they queue and
// never say so, while they answer all others.
func TestOvertakenRequest(t *testing.T) {
	s := newSwarm(t, 4<<20, 1<<20, manual())
	r := s.seed()
	lost := r.pick(1)[0]
	r.queue = nil
	again := false
	for len(r.pick(1)) > 0 {
		again = again || r.queue[0] == lost
		r.answer()
		s.drain()
	}
	if !again {
		t.Fatal("the lost block is never asked again")
	}
	s.wantDone()
}

func TestNoMemoryForALateBlock(t *testing.T) {
	s := newSwarm(t, 1<<20, 64<<10, manual(), budget(4))
	a, b := s.seed(), s.seed()
	got := a.pick(4)
	s.m.Snub(a.p)
	if n := len(b.pick(4)); n == 0 {
		t.Fatal("nothing picked")
	}
	for s.pool.used < 4 {
		if len(s.seed().pick(4)) == 0 {
			t.Fatal("cannot spend the budget")
		}
	}
	if err := a.send(got[3]); err != ErrUnwanted {
		t.Errorf("late block with no memory left: %v", err)
	}
}

func TestLeaveWhileReading(t *testing.T) {
	s := newSwarm(t, 32<<10, 32<<10, manual())
	a := s.seed()
	got := a.pick(2)
	x, err := a.claim(got[0])
	if err != nil {
		t.Fatal(err)
	}
	y, err := a.claim(got[1])
	if err != nil {
		t.Fatal(err)
	}
	s.m.Leave(a.p)
	s.m.Leave(a.p)
	if s.pool.used != 2 {
		t.Errorf("%d slabs in use, want the reader's 2", s.pool.used)
	}
	a.fill(x, got[0])
	s.m.Commit(a.p, x, s.now) // came in completely before the end
	s.m.Abort(a.p, y)
	b := s.seed()
	if rest := b.pick(2); len(rest) != 1 || rest[0] != got[1] {
		t.Errorf("left to ask: %v, want %v", rest, got[1])
	}
	b.answer()
	s.drain()
	s.wantDone()
}

func TestCallsAfterLeave(t *testing.T) {
	s := newSwarm(t, 32<<10, 16<<10, manual())
	r := s.seed()
	b := r.pick(1)[0]
	s.m.Leave(r.p)
	if err := s.m.SetHave(r.p, 1); err != nil {
		t.Error(err)
	}
	if err := s.m.SetBitfield(r.p, []byte{0xc0}); err != nil {
		t.Error(err)
	}
	s.m.SetHaveAll(r.p)
	s.m.Unchoked(r.p)
	s.m.Choked(r.p, false)
	s.m.Snub(r.p)
	s.m.Unsnub(r.p)
	s.m.AllowFast(r.p, 0)
	s.m.Suggest(r.p, 0)
	if len(s.m.Pick(r.p, nil, 1, s.now)) > 0 || s.m.Reject(r.p, b.index, b.begin, b.length) ||
		s.m.remoteSeed(r.p) || s.m.Interesting(r.p) {
		t.Error("a peer that left is still there")
	}
	if err := s.m.invariants(0); err != nil {
		t.Error(err)
	}
}

func TestDiskError(t *testing.T) {
	s := newSwarm(t, 64<<10, 16<<10, manual())
	s.store.fail = io.ErrClosedPipe
	r, other := s.seed(), s.seed()
	other.pick(2)
	r.pick(1)
	r.answer()
	s.drain()
	res := s.wantResult()
	if res.OK || !errors.Is(res.Err, io.ErrClosedPipe) || len(res.Guilty) > 0 {
		t.Errorf("result %+v", res)
	}
	if s.m.Have(res.Piece) || len(r.pick(1)) > 0 || s.pool.used != 0 {
		t.Error("the manager goes on after a disk error")
	}
	if len(other.cancels) != 2 {
		t.Errorf("%d requests cancelled, want 2", len(other.cancels))
	}
	if err := s.m.invariants(0); err != nil {
		t.Error(err)
	}
}

func TestCloseFinishesWhatIsComplete(t *testing.T) {
	s := newSwarm(t, 64<<10, 32<<10)
	r := s.seed()
	got := r.pick(3)
	for _, b := range got[:2] {
		if err := r.send(b); err != nil {
			t.Fatal(err)
		}
	}
	sl, err := r.claim(got[2])
	if err != nil {
		t.Fatal(err)
	}
	s.m.Close()
	if res := s.wantResult(); !res.OK || !s.m.Have(res.Piece) {
		t.Errorf("result %+v", res)
	}
	s.m.Commit(r.p, sl, s.now)
	if s.pool.used != 0 || len(r.pick(1)) > 0 {
		t.Errorf("%d slabs in use after Close", s.pool.used)
	}
	s.m.Close()
}
