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
		dst = m.pick(p, dst, n, m.clock(now), &after)
	}
	return dst
}

// pick is Pick under the lock: budget first, then pieces for it, then blocks
// that others are slow with, and what is left of the budget goes back.
func (m *Manager) pick(p *Peer, dst []Block, n int, now int64, after *after) []Block {
	if p.choked && len(p.fast) == 0 || !m.interesting(p) {
		m.setIdle(p, !p.choked)
		m.pool.quit(p, after)
		return dst
	}
	if p.pending == 0 || p.live() == 0 && !p.snubbed {
		p.empty = now
		p.meter.resume(now)
	}
	share := m.pool.share()
	if room := m.fairDepth(p, share, now) - p.live(); room < n {
		p.capped = true
		n = max(room, 0)
	}
	got := m.pool.take(p, n, after)
	left, crowded := got, false
	if left > 0 && !p.choked && m.streaming() {
		dst, left = m.rescue(p, dst, left, now, false)
	}
	for left > 0 {
		var a *active
		if a, crowded = m.choose(p, now, share, after); a == nil {
			break
		}
		dst, left = m.grab(p, a, dst, left, now)
	}
	if left > 0 && p.late > 0 {
		dst, left = m.askAgain(p, dst, left, now)
	}
	if left > 0 && !p.choked && m.streaming() {
		dst, left = m.rescue(p, dst, left, now, true)
	}
	switch {
	case left == 0 || p.choked || m.windowFull():
	case crowded:
		dst, left = m.duplicate(p, dst, left, now, crowdPatience)
	case m.allAsked():
		dst, left = m.duplicate(p, dst, left, now, endPatience)
	case !p.seed && p.meter.perSecond(now) > 0:
		dst, left = m.duplicate(p, dst, left, now, idlePatience)
	}
	m.setIdle(p, left > 0)
	want := 0
	if left == 0 {
		want = n - got
	}
	m.pool.settle(p, left, want, after)
	after.short = want > 0
	p.asked = p.live()
	return dst
}

// fairDepth is how many blocks p may be asked for at a time. Half the budget is
// for requests and the peers get parts of it by what they deliver, so that the
// budget is spent where it comes back soon; a peer nothing is known about gets
// an equal part.
func (m *Manager) fairDepth(p *Peer, share int, now int64) int {
	const least = 3
	half := share / 2
	most := min(m.swarmDepth(p, now), m.streamDepth(p, now))
	if r := p.meter.perSecond(now); r > 0 {
		return max(least, min(most, int(float64(half)*r/max(m.rates, r))))
	}
	return max(2*least, min(most, half/max(1, m.unchoked)))
}

// grab takes free blocks of a for p, from the first one on.
func (m *Manager) grab(p *Peer, a *active, dst []Block, left int, now int64) ([]Block, int) {
	if p.cur != a || p.curGen != a.gen {
		m.leaveCurrent(p)
		p.cur, p.curGen = a, a.gen
		a.workers++
	}
	if a.parole && a.holder != p {
		a.holder, a.progress = p, now
	}
	b, ok := a.free.next(a.hint)
	a.hint = b
	for ; ok && left > 0; b, ok = a.free.next(b + 1) {
		if !m.mayAskFor(p, a, b) {
			continue
		}
		m.takeBlock(a, b)
		m.addRequest(p, a, b, now)
		dst = append(dst, m.layout.unitBlock(int(a.index), b))
		left--
	}
	if a.nfree == 0 {
		m.leaveCurrent(p)
	}
	return dst, left
}

// mayAskFor reports whether p may be asked for a free block. What it has lost is
// asked anew; what is merely late it may still bring.
func (m *Manager) mayAskFor(p *Peer, a *active, b uint32) bool {
	if p.late == 0 {
		return true
	}
	r := m.findRequest(p, a, b)
	if r != noReq && p.gaveUp(&m.reqs.all[r]) {
		m.dropRequest(r, a)
		r = noReq
	}
	return r == noReq
}

// askAgain asks p once more for blocks it did not bring in time, which nobody
// else was asked for meanwhile: it may have lost the requests.
func (m *Manager) askAgain(p *Peer, dst []Block, left int, now int64) ([]Block, int) {
	for r, next := p.first, noReq; r != noReq && left > 0; r = next {
		q := &m.reqs.all[r]
		next = q.next
		if q.state != reqLate || p.choked && !slices.Contains(p.fast, q.piece) {
			continue
		}
		a := m.activeAt(q.piece)
		if !a.free.Has(q.block) || a.parole && !a.paroledTo(p, now) || !m.inWindow(q.piece) {
			continue
		}
		dst = append(dst, m.layout.unitBlock(int(q.piece), q.block))
		b := q.block
		m.dropRequest(r, a)
		m.takeBlock(a, b)
		m.addRequest(p, a, b, now)
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
func (m *Manager) choose(p *Peer, now int64, share int, after *after) (a *active, crowded bool) {
	if p.choked {
		return m.chooseFast(p, now, after), false
	}
	if a := p.cur; a != nil && a.gen == p.curGen && m.offers(a, p, now) {
		return a, false
	}
	m.leaveCurrent(p)
	if p.seed && (len(p.suggested) > 0 || p.advised) && !m.inOrder() {
		if a, wait := m.chooseSuggested(p, share, after); a != nil || wait {
			return a, false
		}
	}
	if p.seed && len(m.fellows.peers) > 0 && !m.inOrder() {
		if a, wait := m.chooseFresh(p, now, share, after); a != nil || wait {
			return a, false
		}
	}
	from := uint32(m.reach(p, now))
	orphan, begun := m.chooseOpen(p, from, now)
	if orphan != nil {
		return orphan, false
	}
	near := begun
	if begun == nil && int(from) > m.lo {
		_, near = m.chooseOpen(p, 0, now) // better than nothing
	}
	need := m.planned + m.layout.maxBlocks()
	if near == nil && need > share*3/4 && m.servesBegun(p) {
		m.crowded = true
		return nil, true
	}
	if begun == nil || int(from) == m.lo && (m.streaming() || m.verified >= fewPieces) && need <= share/2 {
		if i, ok := m.nextPiece(p); ok && m.makeState(int(i), after) {
			return m.activate(i), false
		}
	}
	return near, false
}

// servesBegun reports whether p has any piece that is begun and not complete.
func (m *Manager) servesBegun(p *Peer) bool {
	for _, a := range m.active {
		if !a.done && !a.doomed && m.inWindow(a.index) && m.may(p, a.index) {
			return true
		}
	}
	return false
}

// chooseOpen returns the best piece for p among those with free blocks, from one
// on: of those that nobody works on, and of all.
func (m *Manager) chooseOpen(p *Peer, from uint32, now int64) (orphan, begun *active) {
	for _, a := range m.open {
		if a.index < from || !m.offers(a, p, now) {
			continue
		}
		if begun == nil || m.before(a, begun) {
			begun = a
		}
		if a.workers == 0 && (orphan == nil || m.before(a, orphan)) {
			orphan = a
		}
	}
	return orphan, begun
}

// before reports whether a is to be finished before b.
func (m *Manager) before(a, b *active) bool {
	if m.inOrder() {
		return a.index < b.index
	}
	return a.missing() < b.missing()
}

// offers reports whether a has a free block that p may be asked for.
func (m *Manager) offers(a *active, p *Peer, now int64) bool {
	if a.nfree == 0 || a.doomed || !m.may(p, a.index) || !m.inWindow(a.index) {
		return false
	}
	if a.parole && !a.paroledTo(p, now) {
		return false
	}
	if p.late == 0 {
		return true
	}
	for b, ok := a.free.next(a.hint); ok; b, ok = a.free.next(b + 1) {
		if r := m.findRequest(p, a, b); r == noReq || p.gaveUp(&m.reqs.all[r]) {
			return true
		}
	}
	return false
}

// paroledTo reports whether p may give the piece: it does already, or whoever
// did has gone, chokes us, is silent or has turned to something else.
func (a *active) paroledTo(p *Peer, now int64) bool {
	h := a.holder
	if h == nil || h == p || h.left || h.choked || h.snubbed || now-a.progress > paroleFor {
		return true
	}
	return a.missing() == a.nfree && (h.cur != a || h.curGen != a.gen)
}

// may reports whether p has piece i and did not just reject it.
func (m *Manager) may(p *Peer, i uint32) bool {
	return p.has(i) && (len(p.avoid) == 0 || !slices.Contains(p.avoid, i))
}

// inWindow reports whether piece i may be picked now.
func (m *Manager) inWindow(i uint32) bool { return int(i) >= m.lo && int(i) < m.hi }

// inOrder reports whether pieces are picked by index.
func (m *Manager) inOrder() bool { return m.sequential || m.lo > 0 || m.hi < m.n }

// makeState sees to it that the state of pieces begun stays bounded when piece
// i is begun too: a piece that nobody is asked for is dropped for it.
func (m *Manager) makeState(i int, after *after) bool {
	if len(m.active) == 0 || m.planned+m.layout.Blocks(i) <= maxActiveBlocks {
		return true
	}
	var least *active
	for _, a := range m.open {
		if a.nfree == a.missing() && (least == nil || a.have < least.have) {
			least = a
		}
	}
	if least == nil {
		return false
	}
	m.drop(least, after)
	return true
}

// chooseFast serves a peer that chokes us from the pieces it gives regardless
// (BEP 6, allowed fast).
func (m *Manager) chooseFast(p *Peer, now int64, after *after) *active {
	for _, i := range p.fast {
		if !m.may(p, i) || !m.inWindow(i) {
			continue
		}
		if m.startable.Has(i) && m.makeState(int(i), after) {
			return m.activate(i)
		}
		if a := m.activeAt(i); a != nil && m.offers(a, p, now) {
			return a
		}
	}
	return nil
}
