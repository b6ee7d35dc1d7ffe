package piece

import "math"

// This file is for streams: pieces are picked by index inside a window that
// begins with the piece that is to be written next, the head. Everything behind
// the head waits for it, so it matters who is asked for what.
//
//   - A peer that is much slower than the fastest one is asked for pieces so far
//     from the head that it brings them before they are due (reach).
//   - When those who are asked for the head take too long, a peer that is much
//     faster is asked for what is missing of it as well (rescue).
//   - When the window is full, peers wait: what they would bring twice keeps the
//     lines of those who were asked first.

const (
	// slowPeer is how much slower than the fastest peer one is that is kept away
	// from the head.
	slowPeer = 3
	// streamWork is how many seconds of work a peer is given, beyond the round
	// trip.
	streamWork = 0.5
	// headPatience: a head that is expected so soon is left alone.
	headPatience = int64(300e6)
	// headAgain is how soon the same head is looked at again.
	headAgain = int64(50e6)
)

// head is what the picker keeps of the piece that is to be written next.
type head struct {
	best float64 // rate of the fastest peer at the last tick, bytes per second
	seen uint32  // the head that rescue looked at last, plus one
	at   int64   // when
}

// slow reports whether p is to be kept away from the head.
func (pk *picker) slow(p *Peer, now int64) bool { return pk.l.wants.streaming() && pk.lags(p, now) }

// lags reports whether p is much slower than the fastest peer.
func (pk *picker) lags(p *Peer, now int64) bool {
	r := p.meter.perSecond(now)
	return r > 0 && r*slowPeer < pk.head.best
}

// reach returns the first piece to ask p for: where the stream will be when p
// has brought a piece. At least the last quarter of the window is for everybody.
func (pk *picker) reach(p *Peer, now int64) int {
	if !pk.slow(p, now) {
		return pk.l.wants.lo
	}
	r := p.meter.perSecond(now)
	length := float64(pk.l.layout.longest)
	seconds := (float64(p.live())*BlockSize + length) / r
	window := pk.l.wants.hi - pk.l.wants.lo
	return pk.l.wants.lo + int(min(seconds*pk.l.rates/length, float64(window-(window+3)/4)))
}

// streamDepth is how many blocks p may be asked for in a stream: what is asked of
// one peer is not asked of others, and may become urgent.
func (pk *picker) streamDepth(p *Peer, now int64) int {
	r := p.meter.perSecond(now)
	if r == 0 || !pk.l.wants.streaming() && !pk.l.serves(p) {
		return math.MaxInt
	}
	return int(r * (streamWork + 2*float64(p.trip)/1e9) / BlockSize)
}

// firstFor returns the startable piece that p is to begin, from reach on. If
// there is none, the one that is the furthest from the head.
func (pk *picker) firstFor(p *Peer) (uint32, bool) {
	for x := range pk.l.wants.kinds.list {
		if i, ok := pk.firstOfKind(p, &pk.l.wants.kinds.list[x]); ok {
			return i, true
		}
	}
	return 0, false
}

// firstOfKind is firstFor among the pieces of one priority.
func (pk *picker) firstOfKind(p *Peer, k *kind) (best uint32, found bool) {
	w := &pk.l.wants
	i, ok := w.first(k)
	if !ok {
		return 0, false
	}
	from := uint32(pk.reach(p, pk.l.now))
	for i, ok = w.after(k, p, max(i, uint32(w.lo))); ok && int(i) < w.hi; i, ok = w.after(k, p, i+1) {
		if !p.may(i) {
			continue
		}
		if best, found = i, true; i >= from {
			break
		}
	}
	return best, found
}

// rescue asks p for what is missing of the head if those who are asked for it
// take too long. idle says that there is nothing else to ask p for: the window is
// full. Then what comes next is looked at too.
func (pk *picker) rescue(p *Peer, dst []Block, left int, now int64, idle bool) ([]Block, int) {
	i, ok := pk.l.wants.wanted.next(uint32(pk.l.wants.lo))
	if !ok || pk.slow(p, now) || p.meter.perSecond(now) == 0 || !idle && pk.head.seen == i+1 && now-pk.head.at < headAgain {
		return dst, left
	}
	pk.head.seen, pk.head.at = i+1, now
	end := int(i) + 1
	switch {
	case idle && pk.l.wants.windowFull():
		end = pk.l.wants.lo + (pk.l.wants.hi-pk.l.wants.lo+1)/2
	case idle:
		end = pk.l.wants.hi
	}
	soon := max(headPatience, 2*p.delay(p.live()+1, now))
	for ; ok && int(i) < min(end, pk.l.wants.hi) && left > 0; i, ok = pk.l.wants.wanted.next(i + 1) {
		if a := pk.l.activeAt(i); a != nil && a.nfree > 0 && pk.l.offers(a, p, now) && pk.expected(a, p, now) > soon {
			dst, left = pk.grab(p, a, dst, left, now)
		}
	}
	return pk.askHeld(p, dst, left, 0, uint32(end), now)
}

// askHeld asks p for the blocks of pieces from <= i < end that are asked of others and
// that these bring late.
func (pk *picker) askHeld(p *Peer, dst []Block, left int, from, end uint32, now int64) ([]Block, int) {
	soon := max(headPatience, 2*p.delay(p.live()+1, now))
	pk.rivals = pk.rivals[:0]
	for _, h := range pk.l.peers {
		if h != p && h.live() > 0 && h.delay(h.live(), now) > soon {
			pk.addHeld(h, p, from, end, now, soon)
		}
	}
	return pk.askRivals(p, dst, left, now)
}

// expected is how long those who work on a need for its free blocks.
func (pk *picker) expected(a *active, but *Peer, now int64) int64 {
	rate := 0.0
	for _, h := range pk.l.peers {
		if h != but && h.cur == a && h.curGen == a.gen {
			rate += h.meter.perSecond(now)
		}
	}
	return int64(min(float64(a.nfree)*BlockSize*1e9/max(rate, 1), 1e18))
}

// addHeld lists the requests of h for pieces from <= i < end that p may fulfil and
// that are expected later than soon.
func (pk *picker) addHeld(h, p *Peer, from, end uint32, now, soon int64) {
	place := 0
	for r := h.first; r != noReq && len(pk.rivals) < maxRivals; r = pk.l.reqs.all[r].next {
		q := &pk.l.reqs.all[r]
		if q.state == reqLate {
			continue
		}
		place++
		if q.piece < from || q.piece >= end || !p.may(q.piece) {
			continue
		}
		a := pk.l.activeAt(q.piece)
		if a.parole && !a.paroledTo(p, now) || int(a.blocks[q.block].live) >= maxSources-1 {
			continue
		}
		if in := h.delay(place, now); in > soon && pk.onlySlow(h, p, a, q.block, now, soon) {
			pk.rivals = append(pk.rivals, rival{in, q.piece, q.block})
		}
	}
}
