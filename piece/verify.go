package piece

// runVerify is a worker's job for a complete piece: hash it while it is warm
// in the cache, write it, and tell.
func (m *Manager) runVerify(a *active, x *worker) {
	defer m.jobs.Done()
	i := int(a.index)
	res := Result{Piece: i}
	var bad *badCopy
	res.Err = m.sum(a, x)
	if res.Err == nil && x.good() {
		if res.Guilty, res.Err = m.convict(a, x); res.Err == nil {
			res.Err = m.write(a, x, m.inMemory(a, x))
		}
		res.OK = res.Err == nil
	} else if res.Err == nil {
		res.Wasted = m.layout.PieceLen(i)
		bad, res.Guilty, res.Err = m.accuse(a, x)
	}
	var after after
	m.mu.Lock()
	m.verdict(a, &res, bad, &after)
	m.unlock(&after)
	m.report(res)
}

// verdict books what a worker found out.
func (m *Manager) verdict(a *active, res *Result, bad *badCopy, after *after) {
	i := a.index
	switch {
	case res.OK:
		m.freeSlabs(a, after)
		m.retire(a)
		m.forgive(i)
		m.gotPiece(i, after)
		return
	case res.Err != nil:
		m.fail(res.Err, after)
	default:
		m.stats.Failed++
		m.stats.Wasted += res.Wasted
		if bad != nil {
			m.remember(i, bad)
		}
	}
	m.discard(a, after)
}

// gotPiece books a verified piece.
func (m *Manager) gotPiece(i uint32, after *after) {
	m.ours.Set(i)
	m.haveCount++
	m.verified++
	if !m.wanted.Has(i) {
		return // deselected on the way
	}
	m.wanted.Clear(i)
	m.leftPieces--
	m.leftBytes -= m.layout.PieceLen(int(i))
	for _, p := range m.peers {
		if p.bits != nil && p.bits.Has(i) {
			p.wanted--
		}
		if m.interesting(p) != p.told {
			after.interest(p)
		}
	}
}

// sum hashes a's blocks, for x.good.
func (m *Manager) sum(a *active, x *worker) error {
	x.begin(m.digest(int(a.index)))
	return m.eachBlock(a, x, func(_ int, p []byte) { x.write(p) })
}

// eachBlock calls f for the bytes of each block of a done piece in order.
// Spilled blocks are read back, many at a time.
func (m *Manager) eachBlock(a *active, x *worker, f func(b int, p []byte)) error {
	const most = 16
	for b := 0; b < a.n; {
		if s := a.blocks[b].slab; s != nil {
			f(b, s.Bytes())
			b++
			continue
		}
		end := b + 1
		for end < a.n && end-b < most && a.blocks[end].slab == nil {
			end++
		}
		if x.read == nil {
			x.read = make([]byte, most*BlockSize)
		}
		from := int64(b) * BlockSize
		n := min(int64(end)*BlockSize, m.layout.PieceLen(int(a.index))) - from
		if err := readFull(m.store, x.read[:n], m.layout.Offset(int(a.index))+from); err != nil {
			return err
		}
		for p := x.read[:n]; b < end; b++ {
			k := min(len(p), BlockSize)
			f(b, p[:k])
			p = p[k:]
		}
	}
	return nil
}

// inMemory lists the blocks of a that have a slab.
func (m *Manager) inMemory(a *active, x *worker) []uint32 {
	x.blocks = x.blocks[:0]
	for b := range a.blocks {
		if a.blocks[b].slab != nil {
			x.blocks = append(x.blocks, uint32(b))
		}
	}
	return x.blocks
}

// write writes the given blocks of a, each contiguous run with one call.
func (m *Manager) write(a *active, x *worker, blocks []uint32) error {
	defer func() { clear(x.bufs[:cap(x.bufs)]) }()
	for len(blocks) > 0 {
		x.bufs = x.bufs[:0]
		first := blocks[0]
		for len(blocks) > 0 && blocks[0] == first+uint32(len(x.bufs)) {
			x.bufs = append(x.bufs, a.blocks[blocks[0]].slab.Bytes())
			blocks = blocks[1:]
		}
		off := m.layout.Offset(int(a.index)) + int64(first)*BlockSize
		if err := m.store.WriteVec(x.bufs, off); err != nil {
			return err
		}
	}
	return nil
}
