package piece

import (
	"errors"

	"gotor/piece/storage"
)

// spill queues the writing of at least want finished blocks of the least
// advanced pieces, if there are so many, and reports whether there were any.
// Their memory comes back when a worker has written them; the piece reads them
// again to be hashed. If all that is begun fits in the share of the budget
// there is no need: it will be complete some day.
func (m *Manager) spill(want int) (some bool) {
	var after after
	share := m.pool.share()
	m.mu.Lock()
	defer m.unlock(&after)
	for want > 0 && !m.halted() && m.ledger.begun.planned > share {
		a := m.ledger.leastAdvanced()
		if a == nil {
			break
		}
		a.spilling, some = true, true
		want -= a.inMem
		m.pool.spilling.Add(1)
		after.submit(job{m: m, a: a, spill: true})
	}
	return some
}

// spill writes the finished blocks of a that are in memory. The piece goes on
// meanwhile; these blocks stay as they are until spilled.
func (x *worker) spill(m *Manager, a *active) {
	defer m.jobs.Done()
	m.mu.Lock()
	x.blocks = a.inMemory(x.blocks)
	m.mu.Unlock()
	err := m.disk.write(a, x, x.blocks)
	var after after
	m.mu.Lock()
	if errors.Is(err, storage.ErrConflict) && !a.done {
		// These bytes are not verified: it may be a liar who disagrees with a
		// finished file, so only this piece has to begin again.
		err, a.doomed = nil, true
	}
	m.spilled(a, x.blocks, err, &after)
	m.unlock(&after)
	if err != nil {
		m.onPiece(Result{Piece: int(a.index), Err: err})
	}
}

// spilled ends a spill of blocks.
func (m *Manager) spilled(a *active, blocks []uint32, err error, after *after) {
	a.spilling = false
	m.pool.spilling.Add(-1)
	if err != nil || a.doomed {
		if a.done {
			m.ledger.discard(a, after)
		} else {
			m.ledger.drop(a, after)
		}
		if err != nil {
			m.fail(err, after)
		}
		return
	}
	for _, b := range blocks {
		s := a.blocks[b].slab
		a.blocks[b].slab = nil
		m.stats.Spilled += int64(s.n)
		s.move(slabStored, slabFree)
		after.release(s)
	}
	a.inMem -= len(blocks)
	if a.done {
		after.worked += len(blocks)
		after.submit(job{m: m, a: a})
		return
	}
	after.unheld += len(blocks)
}

// fail stops the manager: what is active is dropped, nothing is picked any
// more. The pieces that workers have go through the same on their own.
func (m *Manager) fail(err error, after *after) {
	if m.failed == nil {
		m.failed = err
		m.ledger.dropAll(after)
	}
}
