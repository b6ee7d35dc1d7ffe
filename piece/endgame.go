package piece

import (
	"cmp"
	"slices"
	"time"
)

const (
	// maxSources bounds who may be asked for one block at a time: the first
	// and two more. The last place is for the end of the download, and for a peer
	// that has given something: three that are slow, or silent, would keep all
	// others from the block until they are snubbed.
	maxSources = 3
	// endPatience, crowdPatience and idlePatience: blocks that are expected so
	// soon are left alone at the end of the download, while a peer only has to wait
	// for pieces to be completed, and when others are asked for all that a leecher
	// has for us.
	endPatience   = int64(50 * time.Millisecond)
	crowdPatience = int64(500 * time.Millisecond)
	idlePatience  = int64(time.Second)
	// maxRivals bounds how many requests are compared for one Pick.
	maxRivals = 256
)

// rival is a request that p might fulfil sooner than its holder.
type rival struct {
	in           int64 // when it is expected, nanoseconds from now
	piece, block uint32
}

// duplicate is the endgame: when every block that p could be asked for is asked
// of somebody, p is asked for those that would take longest (in order, for those
// that come first) and that it brings in less than half the time. The first copy wins and the others are cancelled
// (BEP 3, "cancel"). What is expected within patience is left alone.
func (pk *picker) duplicate(p *Peer, dst []Block, left int, now, patience int64) ([]Block, int) {
	soon := max(patience, 2*p.delay(p.live()+1, now))
	sources := maxSources
	if patience == idlePatience || p.meter.perSecond(now) == 0 {
		sources--
	}
	pk.rivals = pk.rivals[:0]
	for _, h := range pk.l.peers {
		if h != p && h.live() > 0 && h.delay(h.live(), now) > soon {
			pk.addRivals(h, p, now, soon, sources)
		}
	}
	return pk.askRivals(p, dst, left, now)
}

// askRivals asks p for what is in rivals, as far as it brings it in less than
// half the time.
func (pk *picker) askRivals(p *Peer, dst []Block, left int, now int64) ([]Block, int) {
	ordered := pk.l.wants.inOrder()
	slices.SortFunc(pk.rivals, func(a, b rival) int {
		if c := cmp.Compare(b.in, a.in); c != 0 && !ordered {
			return c
		}
		return cmp.Or(cmp.Compare(a.piece, b.piece), cmp.Compare(a.block, b.block))
	})
	for _, v := range pk.rivals {
		if left == 0 || v.in <= 2*p.delay(p.live()+1, now) || !p.promising(now) {
			break
		}
		if a := pk.l.activeAt(v.piece); pk.l.reqs.find(p, a, v.block) == noReq {
			a.blocks[v.block].live++
			pk.l.reqs.add(p, a, v.block, now)
			dst = append(dst, pk.l.layout.unitBlock(int(v.piece), v.block))
			left--
		}
	}
	return dst, left
}

// addRivals lists the requests of h that p may fulfil and that are expected
// later than soon, the youngest first.
func (pk *picker) addRivals(h, p *Peer, now, soon int64, sources int) {
	place := h.live()
	for r := h.last; r != noReq && len(pk.rivals) < maxRivals; r = pk.l.reqs.all[r].prev {
		q := &pk.l.reqs.all[r]
		if q.state == reqLate {
			continue
		}
		in := h.delay(place, now)
		place--
		if in <= soon {
			return
		}
		if !p.may(q.piece) || !pk.l.wants.inWindow(q.piece) {
			continue
		}
		a := pk.l.activeAt(q.piece)
		if a.parole && !a.paroledTo(p, now) || int(a.blocks[q.block].live) >= sources {
			continue
		}
		if pk.onlySlow(h, p, a, q.block, now, soon) {
			pk.rivals = append(pk.rivals, rival{in, q.piece, q.block})
		}
	}
}

// onlySlow reports whether p is not asked for the block yet and nobody but h
// is expected to bring it soon.
func (pk *picker) onlySlow(h, p *Peer, a *active, b uint32, now, soon int64) bool {
	for r := a.blocks[b].req; r != noReq; r = pk.l.reqs.all[r].sib {
		o := pk.l.reqs.all[r].peer
		if o == p || o != h && pk.l.reqs.all[r].state != reqLate && o.delay(o.live(), now) <= soon {
			return false
		}
	}
	return true
}

// allAsked reports whether no block that may be picked is left. Pieces in
// parole do not count: only one peer may be asked for them.
func (pk *picker) allAsked() bool {
	if pk.l.wants.streaming() {
		if i, ok := pk.l.wants.startable.next(uint32(pk.l.wants.lo)); ok && int(i) < pk.l.wants.hi {
			return false
		}
	} else if len(pk.l.wants.order.list) > 0 {
		return false
	}
	for _, a := range pk.l.begun.open {
		if !a.parole && pk.l.wants.inWindow(a.index) {
			return false
		}
	}
	return true
}

// promising reports whether p can be trusted with one more duplicate: a peer
// of unknown speed gets a few.
func (p *Peer) promising(now int64) bool {
	return p.meter.perSecond(now) > 0 || p.live() < 4
}

// delay estimates how long p takes to bring the nth of its requests, in
// nanoseconds. A peer that is silent for some time is expected to be so for as
// long again. Of two peers that have given nothing yet, neither is taken for
// the faster one, until the first has been silent for half a second.
func (p *Peer) delay(n int, now int64) int64 {
	const newcomer, newHolder = int64(250e6), int64(200e6)
	rate := p.meter.perSecond(now)
	switch {
	case rate == 0 && n > p.live():
		return newcomer
	case rate == 0:
		return max(newHolder, now-p.meter.last)
	}
	t := int64(min(float64(n)*BlockSize*1e9/rate, 1e18))
	if n > p.live() {
		return t
	}
	return max(t, now-p.meter.last)
}
