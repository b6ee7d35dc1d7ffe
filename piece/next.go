package piece

// nextPiece returns a startable piece that p has, as rare as can be found at a
// bounded cost.
func (m *Manager) nextPiece(p *Peer) (uint32, bool) {
	if p.dry == m.supply {
		return 0, false
	}
	i, ok := m.search(p)
	if !ok && len(m.webs) > 0 {
		return m.fromRun(p) // as runs go on this may change at any time
	}
	if !ok {
		p.dry = m.supply // until more becomes startable or p gets a piece
	}
	return i, ok
}

// search looks where a piece for p is likely first, then everywhere.
func (m *Manager) search(p *Peer) (uint32, bool) {
	if m.inOrder() {
		return m.firstFor(p)
	}
	o := &m.order
	o.sort()
	if len(o.list) == 0 {
		return 0, false
	}
	if i, ok := m.suggestedPiece(p); ok {
		return i, true
	}
	if m.verified < fewPieces {
		if i, ok := m.randomPiece(p); ok {
			return i, true
		}
	}
	for _, i := range o.list[:min(len(o.list), maxProbes)] {
		if m.may(p, i) {
			return i, true
		}
	}
	// p has none of the rarest: choose among a sample of what it has.
	if i, ok := m.cachedPiece(p); ok {
		return i, true
	}
	m.refill(p)
	return m.cachedPiece(p)
}

// nextStartable returns the first startable piece of p at or after i.
func (m *Manager) nextStartable(p *Peer, i uint32) (uint32, bool) {
	if p.bits == nil {
		return m.startable.next(i)
	}
	return m.startable.nextBoth(p.bits, i)
}

// randomPiece returns a random piece of the highest priority.
func (m *Manager) randomPiece(p *Peer) (uint32, bool) {
	o := &m.order
	row := priorities - int(o.prio[o.list[0]])
	top := o.start[(row+1)*o.levels]
	for range 16 {
		if i := o.list[o.rng.Int32N(top)]; m.may(p, i) {
			return i, true
		}
	}
	return 0, false
}

// cachedPiece returns the rarest startable piece of p's cache.
func (m *Manager) cachedPiece(p *Peer) (uint32, bool) {
	best, bestKey := uint32(0), -1
	keep := p.cache[:0]
	for _, i := range p.cache {
		if !m.startable.Has(i) || !p.has(i) {
			continue
		}
		keep = append(keep, i)
		if k := m.order.key(i); (bestKey < 0 || k < bestKey) && m.may(p, i) {
			best, bestKey = i, k
		}
	}
	p.cache = keep
	return best, bestKey >= 0
}

// refill puts the next startable pieces that p has into its cache, going round
// the torrent once at most. A peer with few pieces has them all there.
func (m *Manager) refill(p *Peer) {
	if p.cache == nil {
		p.cache = make([]uint32, 0, cacheSize)
		p.cursor = uint32(m.order.rng.IntN(m.n))
	}
	p.cache = p.cache[:0]
	from, wrapped := p.cursor, false
	i := from
	for len(p.cache) < cacheSize {
		j, ok := m.nextStartable(p, i)
		if wrapped && (!ok || j >= from) {
			break
		}
		if !ok {
			wrapped, i = true, 0
			continue
		}
		if m.may(p, j) {
			p.cache = append(p.cache, j)
		}
		i = j + 1
	}
	p.cursor = i
	if int(i) >= m.n {
		p.cursor = 0
	}
}
