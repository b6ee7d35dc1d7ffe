package piece

import (
	"fmt"
	"testing"
)

// server joins a peer that is a server.
func (d *desk) server() *Peer {
	p := d.peer()
	p.web = new(web)
	d.l.webs = append(d.l.webs, p)
	return p
}

// run reserves a run for p and returns its pieces, or whether it is to wait.
func (d *desk) run(p *Peer, s Stretch) string {
	if s.To == 0 {
		s.To = d.l.layout.End()
	}
	d.l.endRun(p)
	rs := runs{&d.l, &d.pk}
	wait := rs.reserve(p, s, d.share, d.now)
	switch r := &p.web.run; {
	case r.cur != nil:
		return fmt.Sprintf("%d.%d to %d", r.cur.index, r.block, r.end)
	case r.next == r.end:
		return fmt.Sprintf("none, wait %v", wait)
	default:
		return fmt.Sprintf("%d to %d", r.next, r.end)
	}
}

func TestRuns(t *testing.T) {
	const size = 2 * BlockSize // of a piece
	inOrder := Stretch{InOrder: true}
	for _, c := range []struct {
		name   string
		pieces int
		play   func(d *desk) string
		want   string
	}{
		{"all of a small torrent", 9, func(d *desk) string { return d.run(d.server(), inOrder) }, "0 to 9"},
		{"pieces that begin in the range", 9, func(d *desk) string {
			return d.run(d.server(), Stretch{InOrder: true, From: 2*size + 1, To: 5*size + 1})
		}, "3 to 6"},
		{"no more than are asked for", 9, func(d *desk) string { return d.run(d.server(), Stretch{InOrder: true, Most: 2}) }, "0 to 2"},
		{"a MiB at first", 100, func(d *desk) string { return d.run(d.server(), inOrder) }, "0 to 32"},
		{"more when that has been given", 400, func(d *desk) string {
			p := d.server()
			d.run(p, inOrder)
			p.web.bytes = firstRun
			for i := range uint32(32) {
				d.l.shorten(&p.web.run, i)
				d.have(i)
			}
			return d.run(p, Stretch{})
		}, "32 to 160"},
		{"up to what is ours", 9, func(d *desk) string {
			d.have(4)
			return d.run(d.server(), inOrder)
		}, "0 to 4"},
		{"not what it lacks", 9, func(d *desk) string {
			p := d.server()
			p.web.lacks = NewBitset(9)
			p.web.lacks.Set(0)
			p.web.lacks.Set(5)
			return d.run(p, inOrder)
		}, "1 to 5"},
		{"the second half of another server's run", 9, func(d *desk) string {
			d.run(d.server(), inOrder)
			return d.run(d.server(), inOrder)
		}, "5 to 9"},
		{"more of it when it is faster", 8, func(d *desk) string {
			d.run(d.fast(d.server(), 10), inOrder)
			return d.run(d.fast(d.server(), 30), inOrder)
		}, "2 to 8"},
		{"the end of a run is for peers that find nothing else", 9, func(d *desk) string {
			d.run(d.server(), inOrder)
			return d.ask(d.peer(), 1)
		}, "8.0"},
		{"a piece that was left", 9, func(d *desk) string {
			p := d.peer(7)
			d.ask(p, 1)
			d.l.leave(p, new(after))
			d.l.begun.emptied = nil // as if a block of it had come
			return d.run(d.server(), inOrder)
		}, "7.0 to 9"},
		{"nothing when the budget is for pieces that are begun", 9, func(d *desk) string {
			d.share = 4
			d.ask(d.peer(), 4)
			return d.run(d.server(), inOrder)
		}, "none, wait false"},
		{"nothing while leechers have it all and give it faster", 9, func(d *desk) string {
			d.peer(0, 1, 2, 3, 4)
			d.fast(d.peer(4, 5, 6, 7, 8), 10)
			return d.run(d.fast(d.server(), 5), Stretch{})
		}, "none, wait true"},
		{"a second's worth when they give it slower", 9, func(d *desk) string {
			d.peer(0, 1, 2, 3, 4)
			d.fast(d.peer(4, 5, 6, 7, 8), 2)
			p := d.fast(d.server(), 6)
			d.run(p, Stretch{})
			return fmt.Sprint(p.web.run.end - p.web.run.next)
		}, "3"},
		{"a group of what no leecher has", 100, func(d *desk) string {
			var have []int
			for i := range 64 {
				have = append(have, i)
			}
			d.peer(have...).key = 7
			d.l.fellows.key = 9
			d.pk.tick(d.now)
			p := d.server()
			d.run(p, Stretch{})
			r := &p.web.run
			return fmt.Sprint(r.next >= 64, r.next/32 == (r.end-1)/32, r.fresh)
		}, "true true true"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, c.pieces, false)
			if got := c.play(d); got != c.want {
				t.Errorf("a run is %q, want %q", got, c.want)
			}
		})
	}
}
