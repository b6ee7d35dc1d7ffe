package piece

// maxSources bounds who may be asked for one block at a time: the first and
// two more.
const maxSources = 3

// duplicate is the endgame: when every block that p could be asked for is asked
// of somebody, p is asked for those that others will take much longer to bring.
// The first copy wins and the others are cancelled (BEP 3, "cancel"). Blocks
// that come within patience anyway are left alone.
func (m *Manager) duplicate(p *Peer, dst []Block, left int, now, patience int64) ([]Block, int) {
	for _, a := range m.active {
		if a.done || a.doomed || !m.may(p, a.index) || !m.inWindow(a.index) {
			continue
		}
		if a.parole && !a.paroledTo(p, now) {
			continue
		}
		for b := range uint32(a.n) {
			if left == 0 || !m.promising(p, now) {
				return dst, left
			}
			if m.worthTwice(p, a, b, now, patience) {
				a.blocks[b].live++
				m.addRequest(p, a, b, now)
				dst = append(dst, m.layout.unitBlock(int(a.index), b))
				left--
			}
		}
	}
	return dst, left
}

// allAsked reports whether no block that may be picked is left. Pieces in
// parole do not count: only one peer may be asked for them.
func (m *Manager) allAsked() bool {
	if m.inOrder() {
		if i, ok := m.startable.next(max(m.lowest, uint32(m.lo))); ok && int(i) < m.hi {
			return false
		}
	} else if len(m.order.list) > 0 {
		return false
	}
	for _, a := range m.open {
		if !a.parole && m.inWindow(a.index) {
			return false
		}
	}
	return true
}

// promising reports whether p can be trusted with one more duplicate: a peer
// of unknown speed gets a few.
func (m *Manager) promising(p *Peer, now int64) bool {
	return p.meter.perSecond(now) > 0 || p.pending < 4
}

// worthTwice reports whether p would bring a block in less than half the time
// that the fastest of those who were asked already will take.
func (m *Manager) worthTwice(p *Peer, a *active, b uint32, now, patience int64) bool {
	blk := &a.blocks[b]
	if a.finished.has(b) || blk.live == 0 || blk.live >= maxSources {
		return false
	}
	soonest := int64(-1)
	for r := blk.req; r != noReq; r = m.reqs.all[r].sib {
		q := &m.reqs.all[r]
		if q.peer == p {
			return false
		}
		if q.state == reqLate {
			continue
		}
		if t := q.peer.delay(0, now); soonest < 0 || t < soonest {
			soonest = t
		}
	}
	return soonest > max(patience, 2*p.delay(1, now))
}

// delay estimates how long p takes for what it is asked plus more blocks, in
// nanoseconds. A peer that has been silent for some time is expected to be so
// for as long again.
func (p *Peer) delay(more int, now int64) int64 {
	const unknown = int64(1e9)
	silent := max(now-p.meter.last, 0)
	rate := p.meter.perSecond(now)
	if rate == 0 {
		if more > 0 {
			return unknown / 4
		}
		return max(unknown, silent)
	}
	t := int64(float64(p.pending+more) * BlockSize * 1e9 / rate)
	if more == 0 {
		t = max(t, silent)
	}
	return t
}
