package piece

// SetPriority sets the priority of every piece to f(i), which is called before
// the lock is taken. Pieces that are no longer wanted are dropped with what
// came of them; verified ones stay.
func (m *Manager) SetPriority(f func(i int) Priority) {
	prio := make([]uint8, m.n)
	for i := range prio {
		prio[i] = uint8(min(f(i), High))
	}
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	for k := len(m.active) - 1; k >= 0; k-- {
		if a := m.active[k]; prio[a.index] == uint8(Skip) && !a.done {
			m.wanted.Clear(a.index)
			m.drop(a, &after)
		}
	}
	m.order.prio = prio
	m.recount(&after)
}

// Resume marks the pieces of a bitfield (as on the wire) as verified. Call it
// before the first Pick. It fails if the length is wrong or a spare bit is set.
func (m *Manager) Resume(have []byte) error {
	set, n, err := parseBitfield(have, m.n)
	if err != nil {
		return err
	}
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	m.ours, m.haveCount, m.verified = set, n, n
	m.recount(&after)
	return nil
}

// SetWindow limits picking to the pieces lo <= i < hi and makes it go in index
// order, for streaming. SetWindow(0, Pieces) lifts it.
func (m *Manager) SetWindow(lo, hi int) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	lo = min(max(lo, 0), m.n)
	hi = min(max(hi, lo), m.n)
	if lo != m.lo || hi != m.hi {
		m.lo, m.hi = lo, hi
		m.supply++
		m.freed = true
	}
}

// Forget says that the bytes of piece i are gone (streamed away): we no longer
// have it, and we do not want it again.
func (m *Manager) Forget(i int) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if k := uint32(i); m.ours.Has(k) {
		m.ours.Clear(k)
		m.haveCount--
		m.order.prio[k] = uint8(Skip)
	}
}

// Lose says that the bytes of piece i, which was verified, are no longer what
// they were: we do not have it any more, and want it again if its priority says
// so. (Forget does not want it again.)
func (m *Manager) Lose(i int) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	k := uint32(i)
	if !m.ours.Has(k) {
		return
	}
	m.ours.Clear(k)
	m.haveCount--
	if m.order.prio[k] == uint8(Skip) {
		return
	}
	m.wanted.Set(k)
	m.leftPieces++
	m.leftBytes += m.layout.PieceLen(i)
	m.relist(k)
	for _, p := range m.peers {
		if p.bits != nil && p.bits.Has(k) {
			p.wanted++
		}
		if m.interesting(p) != p.told {
			after.interest(p)
		}
	}
}

// recount derives everything that follows from priorities and verified pieces.
func (m *Manager) recount(after *after) {
	m.forgetRuns()
	m.leftPieces, m.leftBytes = 0, 0
	clear(m.wanted)
	clear(m.startable)
	for i := range uint32(m.n) {
		if m.ours.Has(i) || m.order.prio[i] == uint8(Skip) {
			continue
		}
		m.wanted.Set(i)
		m.leftPieces++
		m.leftBytes += m.layout.PieceLen(int(i))
		if m.activeAt(i) == nil && m.verifiable(i) {
			m.startable.Set(i)
		}
	}
	m.order.reset(m.startable)
	m.lowest = 0
	m.supply++
	m.freed = true
	for _, p := range m.peers {
		p.cache = p.cache[:0]
		if p.bits != nil {
			p.wanted = p.bits.countBoth(m.wanted)
		}
		if m.interesting(p) != p.told {
			after.interest(p)
		}
	}
}

// Learn says that Config.Digest knows piece i from now on, 0 <= i < Pieces.
func (m *Manager) Learn(i int) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if k := uint32(i); !m.verifiable(k) {
		m.known.Set(k)
		m.relist(k)
	}
}

// verifiable reports whether it is known what piece i must hash to.
func (m *Manager) verifiable(i uint32) bool { return m.known == nil || m.known.Has(i) }

// relist makes piece i startable again if it is still wanted.
func (m *Manager) relist(i uint32) {
	if !m.wanted.Has(i) || !m.verifiable(i) {
		return
	}
	m.startable.Set(i)
	m.order.insert(i)
	m.lowest = min(m.lowest, i)
	m.supply++
	m.freed = true
}

// drop ends an active piece that is not done and loses what came of it: its
// peers are told, its memory goes back. A piece that is being spilled is only
// marked; its worker's end drops it.
func (m *Manager) drop(a *active, after *after) {
	m.abandon(a, after)
	if a.spilling {
		a.doomed = true
		m.openRemove(a)
		return
	}
	m.stats.Wasted += int64(a.have) * BlockSize
	m.unhold(a.inMem)
	m.freeSlabs(a, after)
	m.retire(a)
	m.relist(a.index)
}

// dropAll drops everything that is not with a worker.
func (m *Manager) dropAll(after *after) {
	for k := len(m.active) - 1; k >= 0; k-- {
		if a := m.active[k]; !a.done {
			m.drop(a, after)
		}
	}
}

// abandon takes back every request for a's blocks.
func (m *Manager) abandon(a *active, after *after) {
	for b := range uint32(a.n) {
		m.retract(a, b, after)
	}
}

// retract takes back every request for block b of a. Readers that have begun
// to read it keep their slab and find out at Commit.
func (m *Manager) retract(a *active, b uint32, after *after) {
	blk := &a.blocks[b]
	for blk.req != noReq {
		q := m.reqs.all[blk.req]
		m.dropRequest(blk.req, a)
		if q.state == reqClaimed {
			continue
		}
		if q.state == reqLive {
			after.budget++
		}
		q.peer.cancelled(a.index, b)
		after.cancel(q.peer, m.layout.unitBlock(int(a.index), b))
	}
	blk.live = 0
}

// freeSlabs puts the memory of a's finished blocks on the chain.
func (m *Manager) freeSlabs(a *active, after *after) {
	if a.done {
		m.pool.work(-a.inMem)
	}
	for b := range a.blocks {
		if s := a.blocks[b].slab; s != nil {
			a.blocks[b].slab = nil
			s.move(slabStored, slabFree)
			after.release(s)
		}
	}
	a.inMem = 0
}

// hold and unhold count finished blocks of unfinished pieces in memory.
func (m *Manager) hold() {
	m.held.Add(1)
	m.pool.held.Add(1)
}

func (m *Manager) unhold(n int) {
	m.held.Add(-int64(n))
	m.pool.held.Add(-int64(n))
}
