package piece

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// desk is a picker and its ledger, without a Manager: no lock, no memory, and
// time stands still unless the test moves it.
type desk struct {
	l     ledger
	pk    picker
	now   int64
	share int // blocks that may be planned with
}

// newDesk is one for pieces of two blocks, of which there are already enough
// that rarity decides.
func newDesk(t testing.TB, pieces int, sequential bool) *desk {
	t.Helper()
	l, err := NewLayout(int64(pieces)*2*BlockSize, 2*BlockSize)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{l: newLedger(l, nil, sequential, rand.New(rand.NewPCG(1, 2))), now: int64(time.Minute), share: 1000}
	d.l.now = d.now
	d.l.wants.verified = fewPieces
	d.pk.l = &d.l
	return d
}

// peer joins one that has the given pieces, all if there are none, and does not
// choke.
func (d *desk) peer(have ...int) *Peer {
	p := &Peer{first: noReq, last: noReq}
	p.meter.resume(d.now)
	d.l.join(p)
	d.l.unchoked++
	if have == nil {
		d.l.setBits(p, nil, d.l.wants.n)
		return p
	}
	set := NewBitset(d.l.wants.n)
	for _, i := range have {
		set.Set(uint32(i))
	}
	d.l.setBits(p, set, len(have))
	return p
}

// fast says that p gives so many blocks a second.
func (d *desk) fast(p *Peer, blocks float64) *Peer {
	p.meter.rate, p.meter.last = blocks*BlockSize, d.now
	d.pk.tick(d.now)
	return p
}

// ask picks up to n blocks for p, as "piece.block" each.
func (d *desk) ask(p *Peer, n int) string {
	var after after
	got, left := d.pk.pick(p, nil, n, d.share, d.now, &after)
	if len(got)+left != n {
		return fmt.Sprintf("%d blocks, %d of %d left", len(got), left, n)
	}
	d.l.settle(&after)
	var s []string
	for _, b := range got {
		s = append(s, fmt.Sprintf("%d.%d", b.Index(), b.Begin()/BlockSize))
	}
	return strings.Join(s, " ")
}

// have makes piece i ours.
func (d *desk) have(i uint32) {
	d.l.wants.unlist(i, markOut)
	d.l.got(i, new(after))
}

func TestPicker(t *testing.T) {
	for _, c := range []struct {
		name       string
		pieces     int
		sequential bool
		play       func(d *desk) string
		want       string
	}{
		{"the rarest first", 4, false, func(d *desk) string {
			d.peer(0, 1, 3)
			d.peer(0, 1, 2, 3)
			d.peer(0, 1)
			d.peer(0, 1, 2, 3)
			return d.ask(d.peer(), 4)
		}, "2.0 2.1 3.0 3.1"},
		{"what the peer has, however common", 6, false, func(d *desk) string {
			d.peer(5)
			return d.ask(d.peer(5), 4)
		}, "5.0 5.1"},
		{"priority before rarity", 4, false, func(d *desk) string {
			d.peer(0, 1, 2, 3)
			d.peer(0, 1, 3)
			d.l.setPriorities([]uint8{4, 7, 4, 0}, new(after))
			return d.ask(d.peer(0, 1, 2, 3), 10)
		}, "1.0 1.1 2.0 2.1 0.0 0.1"},
		{"nothing that is ours", 3, true, func(d *desk) string {
			d.have(1)
			return d.ask(d.peer(), 10)
		}, "0.0 0.1 2.0 2.1"},
		{"in order", 3, true, func(d *desk) string { return d.ask(d.peer(), 5) }, "0.0 0.1 1.0 1.1 2.0"},
		{"a window", 9, false, func(d *desk) string {
			d.l.wants.setWindow(3, 5)
			return d.ask(d.peer(), 10)
		}, "3.0 3.1 4.0 4.1"},
		{"on with the piece begun", 4, true, func(d *desk) string {
			p := d.peer()
			d.ask(p, 1)
			d.ask(d.peer(), 2)
			return d.ask(p, 2)
		}, "0.1 2.0"},
		{"what another has left", 9, false, func(d *desk) string {
			p := d.peer(7)
			d.ask(p, 1)
			d.l.leave(p, new(after))
			if len(d.l.begun.emptied) != 1 {
				return "the piece is not noted as empty"
			}
			d.l.begun.emptied = nil // as if a block of it had come
			return d.ask(d.peer(), 1)
		}, "7.0"},
		{"what is begun while we have little", 9, false, func(d *desk) string {
			d.l.wants.verified = 0
			d.ask(d.peer(4), 1)
			return d.ask(d.peer(), 1)
		}, "4.1"},
		{"something new while there is room for it", 9, false, func(d *desk) string {
			d.peer(0, 1, 2, 3, 4, 5, 6, 7)
			d.ask(d.peer(4), 1)
			return d.ask(d.peer(), 1)
		}, "8.0"},
		{"what is begun when there is not", 9, false, func(d *desk) string {
			d.share = 4
			d.ask(d.peer(4), 1)
			return d.ask(d.peer(), 1)
		}, "4.1"},
		{"nothing when the budget is for others' pieces", 9, false, func(d *desk) string {
			d.share = 4
			d.ask(d.peer(), 4)
			return d.ask(d.peer(), 1) + fmt.Sprint(d.l.begun.crowded)
		}, "true"},
		{"new pieces beyond the budget for a peer that has none that is begun", 9, false, func(d *desk) string {
			d.share = 4
			d.ask(d.peer(3), 4)
			return d.ask(d.peer(5), 1)
		}, "5.0"},
		{"only allowed pieces of a peer that chokes", 9, false, func(d *desk) string {
			p := d.peer()
			p.choked, p.fast = true, []uint32{6, 2}
			return d.ask(p, 3)
		}, "6.0 6.1 2.0"},
		{"nothing it has rejected", 2, true, func(d *desk) string {
			p := d.peer()
			d.l.shun(p, 0)
			return d.ask(p, 9)
		}, "1.0 1.1"},
		{"what a seed suggests", 9, false, func(d *desk) string {
			p := d.peer()
			p.suggested = []uint32{5, 3}
			return d.ask(p, 3)
		}, "5.0 5.1 3.0"},
		{"of suggestions one that no leecher has", 9, false, func(d *desk) string {
			d.peer(0, 1, 2, 3, 4, 5, 6, 7)
			p := d.peer()
			p.suggested = []uint32{5, 8}
			return d.ask(p, 2)
		}, "8.0 8.1"},
		{"a piece in parole of one peer", 1, false, func(d *desk) string {
			d.l.blame.suspects = map[uint32]*suspect{0: {}}
			d.ask(d.peer(), 1)
			return d.ask(d.peer(), 2)
		}, ""},
		{"a piece in parole of another when that is silent", 1, false, func(d *desk) string {
			d.l.blame.suspects = map[uint32]*suspect{0: {}}
			d.ask(d.peer(), 1)
			d.now += paroleFor + 1
			return d.ask(d.peer(), 1)
		}, "0.1"},
		{"at the end what a slow one is asked for", 1, false, func(d *desk) string {
			d.ask(d.fast(d.peer(), 1), 2)
			return d.ask(d.fast(d.peer(), 100), 2)
		}, "0.1 0.0"},
		{"at the end nothing that is about to come", 1, false, func(d *desk) string {
			d.ask(d.fast(d.peer(), 1000), 2)
			return d.ask(d.fast(d.peer(), 9000), 2)
		}, ""},
		{"at the end what it brings in less than half the time", 2, false, func(d *desk) string {
			d.l.setPriorities([]uint8{7, 4}, new(after))
			d.ask(d.fast(d.peer(), 1), 4)
			return d.ask(d.fast(d.peer(), 1.5), 4)
		}, "1.1 1.0"},
		{"in a stream nothing near the head of a slow one", 16, false, func(d *desk) string {
			d.l.wants.setWindow(0, 12)
			d.fast(d.peer(), 100)
			return d.ask(d.fast(d.peer(), 10), 1)
		}, "9.0"},
		{"in a stream the head that a slow one holds", 16, false, func(d *desk) string {
			d.l.wants.setWindow(0, 1)
			d.ask(d.fast(d.peer(0), 1), 2)
			return d.ask(d.fast(d.peer(), 100), 1)
		}, "0.0"},
		{"of a seed what is ours among fellows", 64, false, func(d *desk) string {
			d.peer(0, 1, 2, 3).key = 7
			d.l.fellows.key = 9
			d.pk.tick(d.now)
			ours, top := 0, uint64(0)
			for i := 4; i < 64; i++ {
				if h := mix(9, uint32(i)); h > mix(7, uint32(i)) && h > top {
					ours, top = i, h
				}
			}
			return strings.Replace(d.ask(d.peer(), 1), fmt.Sprint(ours), "ours", 1)
		}, "ours.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, c.pieces, c.sequential)
			if got := c.play(d); got != c.want {
				t.Errorf("asked for %q, want %q", got, c.want)
			}
		})
	}
}
