package piece

// nextPiece returns a startable piece that p has, as rare as can be found at a
// bounded cost.
func (pk *picker) nextPiece(p *Peer) (uint32, bool) {
	if p.dry == pk.l.wants.supply {
		return 0, false
	}
	i, ok := pk.search(p)
	if !ok && len(pk.l.webs) > 0 {
		return pk.fromRun(p) // as runs go on this may change at any time
	}
	if !ok {
		p.dry = pk.l.wants.supply // until more becomes startable or p gets a piece
	}
	return i, ok
}

// search looks where a piece for p is likely first, then everywhere.
func (pk *picker) search(p *Peer) (uint32, bool) {
	if pk.l.wants.inOrder() {
		return pk.firstFor(p)
	}
	o := &pk.l.wants.order
	o.sort()
	if len(o.list) == 0 {
		return 0, false
	}
	if i, ok := pk.suggestedPiece(p); ok {
		return i, true
	}
	if pk.l.wants.verified < fewPieces {
		if i, ok := pk.randomPiece(p); ok {
			return i, true
		}
	}
	for _, i := range o.list[:min(len(o.list), maxProbes)] {
		if p.may(i) {
			return i, true
		}
	}
	// p has none of the rarest: choose among a sample of what it has.
	if i, ok := pk.cachedPiece(p); ok {
		return i, true
	}
	pk.refill(p)
	return pk.cachedPiece(p)
}

// randomPiece returns a random piece of the highest priority.
func (pk *picker) randomPiece(p *Peer) (uint32, bool) {
	o := &pk.l.wants.order
	row := priorities - int(o.prio[o.list[0]])
	top := o.start[(row+1)*o.levels]
	for range 16 {
		if i := o.list[o.rng.Int32N(top)]; p.may(i) {
			return i, true
		}
	}
	return 0, false
}

// cachedPiece returns the rarest startable piece of p's cache.
func (pk *picker) cachedPiece(p *Peer) (uint32, bool) {
	best, bestKey := uint32(0), -1
	keep := p.cache[:0]
	for _, i := range p.cache {
		if !pk.l.wants.startable.Has(i) || !p.has(i) {
			continue
		}
		keep = append(keep, i)
		if k := pk.l.wants.order.key(i); (bestKey < 0 || k < bestKey) && p.may(i) {
			best, bestKey = i, k
		}
	}
	p.cache = keep
	return best, bestKey >= 0
}

// refill puts the next startable pieces that p has into its cache, going round
// the torrent once at most. A peer with few pieces has them all there.
func (pk *picker) refill(p *Peer) {
	if p.cache == nil {
		p.cache = make([]uint32, 0, cacheSize)
		p.cursor = uint32(pk.l.wants.order.rng.IntN(pk.l.wants.n))
	}
	p.cache = p.cache[:0]
	from, wrapped := p.cursor, false
	i := from
	for len(p.cache) < cacheSize {
		j, ok := pk.l.wants.nextStartable(p, i)
		if wrapped && (!ok || j >= from) {
			break
		}
		if !ok {
			wrapped, i = true, 0
			continue
		}
		if p.may(j) {
			p.cache = append(p.cache, j)
		}
		i = j + 1
	}
	p.cursor = i
	if int(i) >= pk.l.wants.n {
		p.cursor = 0
	}
}
