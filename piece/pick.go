package piece

import (
	"slices"
	"time"
)

const (
	// fewPieces: until so many are verified we have little to trade, so new
	// pieces are chosen at random (all peers would go for the same rare one)
	// and finishing the ones begun comes first.
	fewPieces = 4
	// maxProbes bounds the walk from the rarest piece on.
	maxProbes = 64
	// cacheSize bounds Peer.cache.
	cacheSize = 64
	// maxActiveBlocks bounds the state of pieces begun: 16 MiB.
	maxActiveBlocks = 1 << 20
	// avoidFor is how long we do not ask a peer again for a piece it rejected.
	avoidFor = int64(10 * time.Second)
	// paroleFor is how long a peer that fetches a piece alone may be silent.
	paroleFor = int64(10 * time.Second)
)

// Pick appends to dst at most n blocks to ask p for, and counts them as
// outstanding. Each one takes its share of the budget. When it returns fewer
// than n, Hooks.Wake tells when to come again.
func (m *Manager) Pick(p *Peer, dst []Block, n int, now time.Time) []Block {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	switch {
	case p.left || n <= 0:
	case m.halted():
		m.pool.quit(p, &after)
	default:
		dst = m.pick(p, dst, n, m.ledger.clock(now), &after)
	}
	return dst
}

// pick is Pick under the lock: budget first, then blocks for it, and what is left
// of the budget goes back.
func (m *Manager) pick(p *Peer, dst []Block, n int, now int64, after *after) []Block {
	if !m.ledger.mayGive(p) {
		m.ledger.setIdle(p, !p.choked)
		m.pool.quit(p, after)
		return dst
	}
	if p.pending == 0 || p.live() == 0 && !p.snubbed {
		p.empty = now
		p.meter.resume(now)
	}
	share := m.pool.share()
	if room := m.picker.fairDepth(p, share, now) - p.live(); room < n {
		p.capped = true
		n = max(room, 0)
	}
	got := m.pool.take(p, n, after)
	dst, left := m.picker.pick(p, dst, got, share, now, after)
	m.ledger.setIdle(p, left > 0)
	want := 0
	if left == 0 {
		want = n - got
	}
	m.pool.settle(p, left, want, after)
	after.short = want > 0
	p.asked = p.live()
	return dst
}

// picker chooses what to ask whom for. It reads the ledger, notes there what is
// asked, and knows nothing of locks and memory: how much may be asked for it is
// told. Times are ledger.clock.
type picker struct {
	l      *ledger
	head   head
	rivals []rival // scratch of duplicate
}

// pick appends to dst at most left blocks to ask p for, first of pieces, then
// such that others are slow with, and returns how many fewer there were. share
// is how many blocks may be planned with.
func (pk *picker) pick(p *Peer, dst []Block, left, share int, now int64, after *after) ([]Block, int) {
	crowded := false
	if left > 0 && !p.choked && pk.l.hungry() {
		dst, left = pk.feed(p, dst, left, now, share, after)
	}
	if left > 0 && !p.choked && pk.l.wants.streaming() {
		dst, left = pk.rescue(p, dst, left, now, false)
	}
	for left > 0 {
		var a *active
		if a, crowded = pk.choose(p, now, share, after); a == nil {
			break
		}
		dst, left = pk.grab(p, a, dst, left, now)
	}
	if left > 0 && p.late > 0 {
		dst, left = pk.askAgain(p, dst, left, now)
	}
	if left > 0 && !p.choked && pk.l.wants.streaming() {
		dst, left = pk.rescue(p, dst, left, now, true)
	}
	switch {
	case left == 0 || p.choked || pk.l.wants.windowFull():
	case crowded:
		dst, left = pk.duplicate(p, dst, left, now, crowdPatience)
	case pk.allAsked():
		dst, left = pk.duplicate(p, dst, left, now, endPatience)
	case !p.seed && p.meter.perSecond(now) > 0:
		dst, left = pk.duplicate(p, dst, left, now, idlePatience)
	}
	return dst, left
}

// tick measures the peers anew. Call it about once a second.
func (pk *picker) tick(now int64) {
	pk.l.rates, pk.head.best = 0, 0
	for _, p := range pk.l.peers {
		p.meter.expire(now)
		pk.l.rates += p.meter.rate
		if !p.choked && pk.l.interesting(p) {
			pk.head.best = max(pk.head.best, p.meter.rate)
		}
		if len(p.avoid) > 0 && now-p.avoidAt > avoidFor {
			p.avoid = p.avoid[:0]
			p.dry = 0
		}
	}
	pk.l.fellows.count(pk.l.peers, now)
}

// fairDepth is how many blocks p may be asked for at a time. Half the budget is
// for requests and the peers get parts of it by what they deliver, so that the
// budget is spent where it comes back soon; a peer nothing is known about gets
// an equal part.
func (pk *picker) fairDepth(p *Peer, share int, now int64) int {
	const least = 3
	half := share / 2
	most := min(pk.swarmDepth(p, now), pk.streamDepth(p, now))
	if r := p.meter.perSecond(now); r > 0 {
		return max(least, min(most, int(float64(half)*r/max(pk.l.rates, r))))
	}
	return max(2*least, min(most, half/max(1, pk.l.unchoked)))
}

// grab takes free blocks of a for p, from the first one on.
func (pk *picker) grab(p *Peer, a *active, dst []Block, left int, now int64) ([]Block, int) {
	if p.cur != a || p.curGen != a.gen {
		p.leaveCurrent()
		p.cur, p.curGen = a, a.gen
		a.workers++
	}
	if a.parole && a.holder != p {
		a.holder, a.progress = p, now
	}
	b, ok := a.free.next(a.hint)
	a.hint = b
	for ; ok && left > 0; b, ok = a.free.next(b + 1) {
		if !pk.mayAskFor(p, a, b) {
			continue
		}
		pk.l.begun.takeBlock(a, b)
		pk.l.reqs.add(p, a, b, now)
		dst = append(dst, pk.l.layout.unitBlock(int(a.index), b))
		left--
	}
	if a.nfree == 0 {
		p.leaveCurrent()
	}
	return dst, left
}

// mayAskFor reports whether p may be asked for a free block. What it has lost is
// asked anew; what is merely late it may still bring.
func (pk *picker) mayAskFor(p *Peer, a *active, b uint32) bool {
	if p.late == 0 {
		return true
	}
	r := pk.l.reqs.find(p, a, b)
	if r != noReq && p.gaveUp(&pk.l.reqs.all[r]) {
		pk.l.reqs.drop(r, a)
		r = noReq
	}
	return r == noReq
}

// askAgain asks p once more for blocks it did not bring in time, which nobody
// else was asked for meanwhile: it may have lost the requests.
func (pk *picker) askAgain(p *Peer, dst []Block, left int, now int64) ([]Block, int) {
	for r, next := p.first, noReq; r != noReq && left > 0; r = next {
		q := &pk.l.reqs.all[r]
		next = q.next
		if q.state != reqLate || p.choked && !slices.Contains(p.fast, q.piece) {
			continue
		}
		a := pk.l.activeAt(q.piece)
		if !a.free.Has(q.block) || a.parole && !a.paroledTo(p, now) || !pk.l.wants.inWindow(q.piece) {
			continue
		}
		dst = append(dst, pk.l.layout.unitBlock(int(q.piece), q.block))
		b := q.block
		pk.l.reqs.drop(r, a)
		pk.l.begun.takeBlock(a, b)
		pk.l.reqs.add(p, a, b, now)
		left--
	}
	return dst, left
}

// choose returns a piece with a free block for p, begun or new, or nil:
//
//  1. the piece p works on;
//  2. one that nobody works on any more, so that it gets finished;
//  3. while we have next to nothing to trade, any that is begun;
//  4. a new one, if all that are begun fit in half our share of the budget;
//  5. any that is begun, the most advanced first;
//  6. a new one, if it fits in the share at all;
//  7. a new one all the same, if p has none of those that are begun.
//
// As long as everything begun fits in the share, it can be finished without
// spilling. crowded means that p has to wait for that reason.
func (pk *picker) choose(p *Peer, now int64, share int, after *after) (a *active, crowded bool) {
	if p.choked {
		return pk.chooseFast(p, now, after), false
	}
	if a := p.cur; a != nil && a.gen == p.curGen && pk.l.offers(a, p, now) {
		return a, false
	}
	p.leaveCurrent()
	if p.seed && (len(p.suggested) > 0 || p.advised) && !pk.l.wants.inOrder() {
		if a, wait := pk.chooseSuggested(p, share, after); a != nil || wait {
			return a, false
		}
	}
	if p.seed && len(pk.l.fellows.peers) > 0 && !pk.l.wants.inOrder() {
		if a, wait := pk.chooseFresh(p, now, share, after); a != nil || wait {
			return a, false
		}
	}
	from := uint32(pk.reach(p, now))
	orphan, begun := pk.chooseOpen(p, from, now)
	if orphan != nil {
		return orphan, false
	}
	near := begun
	if begun == nil && int(from) > pk.l.wants.lo {
		_, near = pk.chooseOpen(p, 0, now) // better than nothing
	}
	need := pk.l.begun.planned + pk.l.layout.maxBlocks()
	if near == nil && need > share*3/4 && pk.l.servesBegun(p) {
		pk.l.begun.crowded = true
		return nil, true
	}
	if begun == nil || int(from) == pk.l.wants.lo && (pk.l.wants.streaming() || pk.l.wants.verified >= fewPieces) && need <= share/2 {
		if i, ok := pk.nextPiece(p); ok && pk.makeState(int(i), after) {
			return pk.l.activate(i), false
		}
	}
	return near, false
}

// chooseOpen returns the best piece for p among those with free blocks, from one
// on: of those that nobody works on, and of all.
func (pk *picker) chooseOpen(p *Peer, from uint32, now int64) (orphan, begun *active) {
	for _, a := range pk.l.begun.open {
		if a.index < from || !pk.l.offers(a, p, now) {
			continue
		}
		if begun == nil || pk.l.before(a, begun) {
			begun = a
		}
		if a.workers == 0 && (orphan == nil || pk.l.before(a, orphan)) {
			orphan = a
		}
	}
	return orphan, begun
}

// makeState sees to it that the state of pieces begun stays bounded when piece
// i is begun too: a piece that nobody is asked for is dropped for it.
func (pk *picker) makeState(i int, after *after) bool {
	if len(pk.l.begun.active) == 0 || pk.l.begun.planned+pk.l.layout.Blocks(i) <= maxActiveBlocks {
		return true
	}
	var least *active
	for _, a := range pk.l.begun.open {
		if a.nfree == a.missing() && (least == nil || a.have < least.have) {
			least = a
		}
	}
	if least == nil {
		return false
	}
	pk.l.drop(least, after)
	return true
}

// chooseFast serves a peer that chokes us from the pieces it gives regardless
// (BEP 6, allowed fast).
func (pk *picker) chooseFast(p *Peer, now int64, after *after) *active {
	for _, i := range p.fast {
		if !p.may(i) || !pk.l.wants.inWindow(i) {
			continue
		}
		if pk.l.wants.startable.Has(i) && pk.makeState(int(i), after) {
			return pk.l.activate(i)
		}
		if a := pk.l.activeAt(i); a != nil && pk.l.offers(a, p, now) {
			return a
		}
	}
	return nil
}
