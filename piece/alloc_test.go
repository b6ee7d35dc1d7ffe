package piece

import "testing"

// TestNoAllocationPerBlock: in the long run a block costs no allocation on its
// way from Pick to the Store, however many pieces and peers there are.
func TestNoAllocationPerBlock(t *testing.T) {
	for _, c := range []struct{ pieces, peers int }{{100_000, 1}, {100_000, 20}} {
		x := newBench(t, c.pieces, c.peers)
		for range 400 * c.peers { // warm up: slabs, requests, pieces begun
			for k := range x.peers {
				x.turn(k)
			}
			if x.m.ledger.wants.verified > 200 {
				break
			}
		}
		k, blocks := 0, 0
		per := testing.AllocsPerRun(200*c.peers, func() {
			blocks += x.turn(k % c.peers)
			k++
		})
		if blocks == 0 || per != 0 {
			t.Errorf("%d pieces, %d peers: %v allocations for 16 blocks (%d in all)", c.pieces, c.peers, per, blocks)
		}
		x.m.Close()
	}
}

// TestNoAllocationPerMessage is the same for the calls that other messages of
// a peer lead to.
func TestNoAllocationPerMessage(t *testing.T) {
	x := newBench(t, 1000, 10)
	p := x.peers[3]
	i := uint32(0)
	for _, c := range []struct {
		name string
		do   func()
	}{
		{"have", func() {
			i = (i + 1) % 1000
			if x.m.SetDontHave(p, i) != nil || x.m.SetHave(p, i) != nil {
				t.Error("no such piece")
			}
		}},
		{"choke", func() {
			x.asked[3] = x.m.Pick(p, x.asked[3][:0], 8, x.now)
			x.m.Choked(p, false)
			x.m.Unchoked(p)
		}},
		{"reject", func() {
			x.asked[3] = x.m.Pick(p, x.asked[3][:0], 8, x.now)
			for _, b := range x.asked[3] {
				x.m.Reject(p, b.index, b.begin, b.length)
			}
			x.m.Choked(p, false)
			x.m.Unchoked(p)
		}},
		{"abort", func() {
			x.asked[3] = x.m.Pick(p, x.asked[3][:0], 8, x.now)
			for _, b := range x.asked[3] {
				s, err := x.m.Claim(p, b.index, b.begin, b.length)
				if err != nil {
					t.Fatal(err)
				}
				x.m.Abort(p, s)
			}
		}},
		{"questions", func() {
			x.m.Have(7)
			x.m.RemoteHas(p, 7)
			x.m.Interesting(p)
			x.m.Outstanding(p)
			x.m.wantedLeft()
		}},
	} {
		c.do()
		if per := testing.AllocsPerRun(300, c.do); per != 0 {
			t.Errorf("%s: %v allocations", c.name, per)
		}
	}
	x.m.Close()
}

// TestMemoryPerPiece: a million pieces and 50 peers must stay far below 200 MiB
// for the whole process; most of it is the peers' bitfields.
func TestMemoryPerPiece(t *testing.T) {
	const n = 1_000_000
	m := newBench(t, n, 0).m
	o := &m.ledger.wants.order
	state := 4*(cap(o.list)+cap(o.spare)+cap(o.pos)) + 2*cap(o.avail) + cap(o.prio) + 4*cap(o.start) +
		8*(len(m.ledger.wants.ours)+len(m.ledger.wants.wanted)+len(m.ledger.wants.startable))
	if per := float64(state) / n; per > 16 {
		t.Errorf("%.1f bytes of state for each piece", per)
	}
	m.Close()
}

func TestSwapOnlyOfClaimed(t *testing.T) {
	s := &Slab{buf: make([]byte, BlockSize), n: BlockSize, state: slabClaimed}
	mine := make([]byte, BlockSize)
	mine[0] = 7
	if old := s.Swap(mine); len(old) != BlockSize || old[0] != 0 || s.Bytes()[0] != 7 {
		t.Error("the memory was not swapped")
	}
	for name, swap := range map[string]func(){
		"short":    func() { s.Swap(mine[:100]) },
		"not ours": func() { (&Slab{}).Swap(mine) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			swap()
		}()
	}
}
