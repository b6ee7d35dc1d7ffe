package piece

import (
	"hash/maphash"
	"net/netip"
)

// verify is the job for a complete piece: hash it while it is warm in the cache,
// write it, and tell.
func (x *worker) verify(m *Manager, a *active) {
	defer m.jobs.Done()
	i := int(a.index)
	res := Result{Piece: i}
	var bad *badCopy
	res.Err = m.disk.sum(a, x)
	if res.Err == nil && x.good() {
		if res.Guilty, res.Err = x.convict(m, a); res.Err == nil {
			x.blocks = a.inMemory(x.blocks)
			res.Err = m.disk.write(a, x, x.blocks)
		}
		res.OK = res.Err == nil
	} else if res.Err == nil {
		res.Wasted = m.layout.PieceLen(i)
		bad, res.Guilty, res.Err = x.accuse(m, a)
	}
	var after after
	m.mu.Lock()
	m.verdict(a, &res, bad, &after)
	m.unlock(&after)
	m.onPiece(res)
}

// accuse looks at a copy that failed its hash. A sole giver is guilty; of
// several, the evidence is kept.
func (x *worker) accuse(m *Manager, a *active) (*badCopy, []netip.AddrPort, error) {
	if len(a.givers) == 1 {
		return nil, []netip.AddrPort{a.givers[0].addr}, nil
	}
	c, seed := newBadCopy(a), m.ledger.blame.seed
	err := m.disk.eachBlock(a, x, func(b int, p []byte) { c.note(a, b, maphash.Bytes(seed, p)) })
	return c, nil, err
}

// convict compares a good copy with the bad ones before it and returns who gave
// blocks that differ.
func (x *worker) convict(m *Manager, a *active) (guilty []netip.AddrPort, err error) {
	m.mu.Lock()
	s, seed := m.ledger.blame.suspects[a.index], m.ledger.blame.seed
	m.mu.Unlock()
	if s == nil {
		return nil, nil
	}
	err = m.disk.eachBlock(a, x, func(b int, p []byte) { guilty = s.liars(guilty, b, maphash.Bytes(seed, p)) })
	return guilty, err
}

// verdict books what a worker found out.
func (m *Manager) verdict(a *active, res *Result, bad *badCopy, after *after) {
	i := a.index
	switch {
	case res.OK:
		m.ledger.freeSlabs(a, after)
		m.ledger.retire(a)
		m.ledger.blame.forgive(i)
		m.ledger.got(i, after)
		return
	case res.Err != nil:
		m.fail(res.Err, after)
	default:
		m.stats.Failed++
		m.stats.Wasted += res.Wasted
		if bad != nil {
			m.ledger.blame.remember(i, bad)
		}
	}
	m.ledger.discard(a, after)
}
