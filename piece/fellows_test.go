package piece

import (
	"net/netip"
	"testing"
	"time"
)

func testID(n byte) (id [20]byte) {
	copy(id[:], "-GO0000-............")
	id[19] = n
	return id
}

// TestFellowsShareOut: leechers that know each other's peer ids ask a seed for
// different pieces, all of them, without a word between them.
func TestFellowsShareOut(t *testing.T) {
	const n, pieces = 4, 64
	taken := make(map[int]int)
	for k := range byte(n) {
		s := newSwarm(t, pieces*BlockSize, BlockSize)
		seed := s.seed()
		for j := range byte(n) {
			if j != k {
				s.m.Identify(s.leecher().p, testID(k), testID(j))
			}
		}
		for range pieces / n / 2 {
			for _, b := range seed.pick(1) {
				taken[b.Index()]++
			}
		}
	}
	if len(taken) != pieces/2 {
		t.Errorf("%d different pieces of %d, want no two alike", len(taken), pieces/2)
	}
}

// TestFreshBeforeOthers: a seed is asked for what no leecher has as long as
// there is such a piece.
func TestFreshBeforeOthers(t *testing.T) {
	s := newSwarm(t, 16*BlockSize, BlockSize)
	other := s.leecher(0, 1, 2, 3, 4, 5, 6, 7)
	s.m.Identify(other.p, testID(1), testID(2))
	for _, b := range s.seed().pick(8) {
		if b.Index() < 8 {
			t.Errorf("the seed is asked for piece %d, which a leecher has", b.Index())
		}
	}
}

// TestSeedAloneIsNeverHeld: whatever others seem to fetch, a seed that gives us
// more than the leechers do is kept busy to the end.
func TestSeedAloneIsNeverHeld(t *testing.T) {
	s := newSwarm(t, 64*BlockSize, BlockSize)
	seed, slow := s.seed(), s.leecher()
	s.m.Identify(slow.p, testID(1), testID(2))
	have := uint32(0)
	for !s.m.Done() {
		if len(seed.pick(4)) == 0 {
			t.Fatalf("nothing to ask the seed for, %d pieces are there", s.m.HaveCount())
		}
		s.advance(100 * time.Millisecond)
		seed.answer()
		s.m.jobs.Wait()
		if have < 64 && s.m.SetHave(slow.p, have) == nil {
			have++
		}
		s.m.Tick(s.now)
	}
	s.wantDone()
}

// TestHeldSeedIsAskedAgain: while the last fresh pieces are on the way to others
// the seed is left alone, but not when no news of them comes.
func TestHeldSeedIsAskedAgain(t *testing.T) {
	const pieces = 400
	s := newSwarm(t, pieces*BlockSize, BlockSize)
	seed := s.seed()
	var others []*remote
	for k := range byte(4) {
		r := s.leecher()
		s.m.Identify(r.p, testID(1), testID(10+k))
		others = append(others, r)
	}
	next := uint32(0) // shown by the others, and given to us
	for next < pieces-20 {
		for _, r := range others {
			if err := s.m.SetHave(r.p, next); err != nil {
				t.Fatal(err)
			}
			next++
		}
		for _, r := range append(others, seed) {
			r.pick(1)
		}
		s.advance(20 * time.Millisecond)
		for _, r := range append(others, seed) {
			r.answer()
		}
		s.m.Tick(s.now)
	}
	s.m.jobs.Wait()
	held := false
	for !held && !s.m.Done() {
		got := seed.pick(1)
		if held = len(got) == 0; !held {
			seed.answer()
		}
	}
	if !held || s.m.ledger.wants.order.avail[s.m.ledger.wants.order.list[0]] > 0 {
		t.Fatal("the seed was asked for all that others are fetching")
	}
	s.advance(5 * time.Second)
	if len(seed.pick(1)) != 1 {
		t.Error("the seed is left alone although nothing is heard of the others")
	}
}

// TestFellowsComeAndGo: the list follows who is there, and its size is bounded.
func TestFellowsComeAndGo(t *testing.T) {
	s := newSwarm(t, 64*BlockSize, BlockSize)
	var all []*remote
	for k := range byte(100) {
		r := s.leecher()
		s.m.Identify(r.p, testID(200), testID(k))
		all = append(all, r)
	}
	if n := len(s.m.ledger.fellows.peers); n != maxFellows {
		t.Errorf("%d fellows, want %d", n, maxFellows)
	}
	s.m.Tick(s.now)
	if n := len(s.m.ledger.fellows.peers); n != 0 {
		t.Errorf("%d fellows, want none: no seed was seen to feed anybody", n)
	}
	for k, r := range all[:3] {
		if err := s.m.SetHave(r.p, uint32(k)); err != nil {
			t.Fatal(err)
		}
	}
	s.m.Leave(all[0].p)
	s.m.SetHaveAll(all[1].p)
	if f := s.m.ledger.fellows.peers; len(f) != 1 || f[0] != all[2].p {
		t.Errorf("%d fellows, want the one that is fed and a leecher still", len(f))
	}
	s.advance(time.Minute)
	s.m.Tick(s.now)
	if n := len(s.m.ledger.fellows.peers); n != 0 {
		t.Errorf("%d fellows a minute later, want none", n)
	}
}

// TestKeyOf: every byte of a peer id counts.
func TestKeyOf(t *testing.T) {
	seen := map[uint64]int{}
	for k := range 20 {
		var id [20]byte
		id[k] = 1
		key := keyOf(id)
		if old, ok := seen[key]; ok || key == 0 {
			t.Errorf("bytes %d and %d give the key %x", old, k, key)
		}
		seen[key] = k
	}
}

// TestNoAllocationAmongFellows: to choose among fresh pieces allocates nothing,
// and looks at a bounded number of them.
func TestNoAllocationAmongFellows(t *testing.T) {
	x := newBench(t, 100_000, 1)
	for k := range byte(maxFellows) {
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, k}), 1)
		x.m.Identify(x.m.Join(addr, Hooks{}), testID(1), testID(100+k))
	}
	for range 400 {
		x.turn(0)
	}
	if per := testing.AllocsPerRun(300, func() { x.turn(0) }); per != 0 {
		t.Errorf("%v allocations for 16 blocks", per)
	}
	if n := len(x.m.picker.probes(100_000)); n*(1+maxFellows) > maxMixes {
		t.Errorf("%d pieces are ranked at a time", n)
	}
	x.m.Close()
}
