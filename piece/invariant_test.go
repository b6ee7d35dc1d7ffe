package piece

import (
	"fmt"
	"math/bits"
)

// invariants checks everything that must hold between two calls and returns
// the first thing that does not. claimed is how many slabs readers hold.
func (m *Manager) invariants(claimed int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, check := range []func() error{
		m.checkPieces, m.checkOrder, m.checkActive, m.checkPeers,
		func() error { return m.checkBudget(claimed) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func size(s Bitset) (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (m *Manager) checkPieces() error {
	left, leftBytes := 0, int64(0)
	for i := range uint32(m.ledger.wants.n) {
		want := !m.ledger.wants.ours.Has(i) && m.ledger.wants.order.prio[i] != uint8(Skip)
		if want != m.ledger.wants.wanted.Has(i) {
			return fmt.Errorf("piece %d: wanted is %v", i, !want)
		}
		if start := want && m.ledger.wants.verifiable(i) && m.ledger.activeAt(i) == nil; start != m.ledger.wants.startable.Has(i) {
			return fmt.Errorf("piece %d: startable is %v", i, !start)
		}
		if want {
			left++
			leftBytes += m.layout.PieceLen(int(i))
		}
		if err := m.ledger.wants.checkKind(i); err != nil {
			return err
		}
	}
	if left != m.ledger.wants.leftPieces || leftBytes != m.ledger.wants.leftBytes {
		return fmt.Errorf("%d pieces, %d bytes left, want %d and %d", m.ledger.wants.leftPieces, m.ledger.wants.leftBytes, left, leftBytes)
	}
	if n := size(m.ledger.wants.ours); n != m.ledger.wants.haveCount {
		return fmt.Errorf("haveCount %d, want %d", m.ledger.wants.haveCount, n)
	}
	return nil
}

func (m *Manager) checkOrder() error {
	o := &m.ledger.wants.order
	avail := make([]uint16, m.ledger.wants.n)
	for _, p := range m.ledger.peers {
		for i := range uint32(m.ledger.wants.n) {
			if !p.seed && p.has(i) {
				avail[i]++
			}
		}
	}
	for i := range uint32(m.ledger.wants.n) {
		if avail[i] != o.avail[i] {
			return fmt.Errorf("piece %d: availability %d, want %d", i, o.avail[i], avail[i])
		}
		if m.ledger.wants.startable.Has(i) != o.listed(i) {
			return fmt.Errorf("piece %d: listed is %v", i, o.listed(i))
		}
		if o.listed(i) && o.list[o.pos[i]] != i {
			return fmt.Errorf("piece %d is not at its place", i)
		}
	}
	if len(o.list) != size(m.ledger.wants.startable) {
		return fmt.Errorf("%d listed, %d startable", len(o.list), size(m.ledger.wants.startable))
	}
	if o.dirty {
		return nil
	}
	if int(o.start[len(o.start)-1]) != len(o.list) {
		return fmt.Errorf("buckets end at %d of %d", o.start[len(o.start)-1], len(o.list))
	}
	for k := range len(o.start) - 1 {
		for _, i := range o.list[o.start[k]:o.start[k+1]] {
			if o.key(i) != k {
				return fmt.Errorf("piece %d is in bucket %d, want %d", i, k, o.key(i))
			}
		}
	}
	return nil
}

func (m *Manager) checkActive() error {
	open, planned, held := 0, 0, 0
	for k, a := range m.ledger.begun.active {
		if a.slot != k || m.ledger.activeAt(a.index) != a {
			return fmt.Errorf("active piece %d is not at its slot", a.index)
		}
		if err := m.checkBlocks(a); err != nil {
			return fmt.Errorf("active piece %d: %w", a.index, err)
		}
		if a.openAt >= 0 {
			open++
		}
		if want := a.nfree > 0 && !a.doomed; want != (a.openAt >= 0) {
			return fmt.Errorf("active piece %d: open is %v", a.index, !want)
		}
		if !a.done {
			planned += a.n
			held += a.inMem
		}
		workers := 0
		for _, p := range m.ledger.peers {
			if p.cur == a && p.curGen == a.gen {
				workers++
			}
		}
		if workers != a.workers {
			return fmt.Errorf("active piece %d: %d workers, want %d", a.index, a.workers, workers)
		}
	}
	if open != len(m.ledger.begun.open) || planned != m.ledger.begun.planned || int64(held) != m.held.Load() {
		return fmt.Errorf("open %d planned %d held %d, want %d %d %d",
			len(m.ledger.begun.open), m.ledger.begun.planned, m.held.Load(), open, planned, held)
	}
	return nil
}

func (m *Manager) checkBlocks(a *active) error {
	have, inMem, nfree, asked := 0, 0, 0, 0
	for b := range uint32(a.n) {
		blk := &a.blocks[b]
		live := 0
		for r := blk.req; r != noReq; r = m.ledger.reqs.all[r].sib {
			q := &m.ledger.reqs.all[r]
			asked++
			if q.piece != a.index || q.block != b {
				return fmt.Errorf("block %d: foreign request", b)
			}
			if q.state != reqLate {
				live++
			}
			if (q.state == reqClaimed) != (q.slab != nil) || q.slab != nil && q.slab.req != r {
				return fmt.Errorf("block %d: request and slab disagree", b)
			}
		}
		done := a.finished.Has(b)
		switch {
		case live != int(blk.live):
			return fmt.Errorf("block %d: live %d, want %d", b, blk.live, live)
		case done && blk.req != noReq:
			return fmt.Errorf("block %d: finished and requested", b)
		case blk.slab != nil && (!done || blk.slab.state != slabStored):
			return fmt.Errorf("block %d: wrong slab", b)
		case !a.doomed && a.free.Has(b) != (!done && live == 0):
			return fmt.Errorf("block %d: free is %v", b, a.free.Has(b))
		case a.free.Has(b) && b < a.hint:
			return fmt.Errorf("block %d: free below %d", b, a.hint)
		}
		if done {
			have++
		}
		if blk.slab != nil {
			inMem++
		}
		if a.free.Has(b) {
			nfree++
		}
	}
	if asked != a.asked || a.empty() || a.readers < 0 {
		return fmt.Errorf("asked %d, want %d; empty %v, %d readers", a.asked, asked, a.empty(), a.readers)
	}
	if have != a.have || inMem != a.inMem || nfree != a.nfree {
		return fmt.Errorf("have %d inMem %d nfree %d, want %d %d %d", a.have, a.inMem, a.nfree, have, inMem, nfree)
	}
	return nil
}

func (m *Manager) checkPeers() error {
	seeds, idle, unchoked := 0, 0, 0
	for k, p := range m.ledger.peers {
		n, late, last := 0, 0, noReq
		for r := p.first; r != noReq; r = m.ledger.reqs.all[r].next {
			q := &m.ledger.reqs.all[r]
			if q.peer != p || q.prev != last {
				return fmt.Errorf("peer %d: broken list", k)
			}
			if q.state == reqLate {
				late++
			}
			last = r
			n++
		}
		switch {
		case p.slot != k:
			return fmt.Errorf("peer %d is not at its slot", k)
		case n != p.pending || late != p.late || last != p.last:
			return fmt.Errorf("peer %d: pending %d late %d, want %d %d", k, p.pending, p.late, n, late)
		case p.bits != nil && (size(p.bits) != p.count || p.bits.countBoth(m.ledger.wants.wanted) != p.wanted):
			return fmt.Errorf("peer %d: count %d wanted %d, want %d %d", k,
				p.count, p.wanted, size(p.bits), p.bits.countBoth(m.ledger.wants.wanted))
		case p.bits == nil && (p.count != 0 || p.wanted != 0):
			return fmt.Errorf("peer %d: counts without pieces", k)
		case p.told != m.ledger.interesting(p):
			return fmt.Errorf("peer %d: told %v", k, p.told)
		}
		if p.seed {
			seeds++
		}
		if p.idle {
			idle++
		}
		if !p.choked {
			unchoked++
		}
	}
	if seeds != m.ledger.seeds || idle != m.ledger.idle || unchoked != m.ledger.unchoked {
		return fmt.Errorf("seeds %d idle %d unchoked %d, want %d %d %d", m.ledger.seeds, m.ledger.idle, m.ledger.unchoked, seeds, idle, unchoked)
	}
	return nil
}

// checkBudget is for a pool with one manager.
func (m *Manager) checkBudget(claimed int) error {
	l := m.pool
	l.mu.Lock()
	defer l.mu.Unlock()
	used := claimed
	for _, p := range m.ledger.peers {
		used += p.credit
		for r := p.first; r != noReq; r = m.ledger.reqs.all[r].next {
			if m.ledger.reqs.all[r].state == reqLive {
				used++
			}
		}
	}
	busy := 0
	for _, a := range m.ledger.begun.active {
		used += a.inMem
		if a.done {
			busy += a.inMem
		}
	}
	if busy != l.busy {
		return fmt.Errorf("%d slabs wait for a worker, want %d", l.busy, busy)
	}
	if used != l.used || used > l.slabs {
		return fmt.Errorf("budget used %d of %d, want %d", l.used, l.slabs, used)
	}
	if l.head != nil && l.free() > 0 {
		return fmt.Errorf("a peer waits with %d of %d used", used, l.slabs)
	}
	return nil
}

// checkKind: a startable piece is in the one kind of its priority, and not below the
// first one of it.
func (w *wants) checkKind(i uint32) error {
	if !w.startable.Has(i) {
		return nil
	}
	in := 0
	for _, k := range w.kinds.list {
		if k.pieces != nil && !k.pieces.Has(i) {
			continue
		}
		if in++; i < k.lowest {
			return fmt.Errorf("piece %d is startable below %d", i, k.lowest)
		}
	}
	if in != 1 {
		return fmt.Errorf("piece %d is of %d kinds", i, in)
	}
	return nil
}
