package piece

// SetPriority sets the priority of every piece to f(i), which is called before
// the lock is taken. Pieces that are no longer wanted are dropped with what
// came of them; verified ones stay.
func (m *Manager) SetPriority(f func(i int) Priority) {
	prio := make([]uint8, m.ledger.wants.n)
	for i := range prio {
		prio[i] = uint8(min(f(i), High))
	}
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	m.ledger.setPriorities(prio, &after)
}

// SetSequential changes whether pieces are picked in index order, those of a higher
// priority first.
func (m *Manager) SetSequential(on bool) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if w := &m.ledger.wants; w.sequential != on {
		w.sequential = on
		w.supply++
		m.ledger.begun.freed = true
	}
}

// Resume marks the pieces of a bitfield (as on the wire) as verified. Call it
// before the first Pick. It fails if the length is wrong or a spare bit is set.
func (m *Manager) Resume(have []byte) error {
	set, n, err := parseBitfield(have, m.ledger.wants.n)
	if err != nil {
		return err
	}
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	m.ledger.wants.ours, m.ledger.wants.haveCount, m.ledger.wants.verified = set, n, n
	m.ledger.recount(&after)
	return nil
}

// SetWindow limits picking to the pieces lo <= i < hi and makes it go in index
// order, for streaming. SetWindow(0, Pieces) lifts it.
func (m *Manager) SetWindow(lo, hi int) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if m.ledger.wants.setWindow(lo, hi) {
		m.ledger.begun.freed = true
	}
}

// Forget says that the bytes of piece i are gone (streamed away): we no longer
// have it, and we do not want it again.
func (m *Manager) Forget(i int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if w := &m.ledger.wants; w.gone(uint32(i)) {
		w.order.prio[i] = uint8(Skip)
	}
}

// Lose says that the bytes of piece i, which was verified, are no longer what
// they were: we do not have it any more, and want it again if its priority says
// so. (Forget does not want it again.)
func (m *Manager) Lose(i int) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	m.ledger.lost(uint32(i), &after)
}

// Learn says that Config.Digest knows piece i from now on, 0 <= i < Pieces.
func (m *Manager) Learn(i int) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if k := uint32(i); !m.ledger.wants.verifiable(k) {
		m.ledger.wants.known.Set(k)
		m.ledger.relist(k)
	}
}
