package piece

import "net/netip"

// block is the state of one block of an active piece, 16 bytes. Its slab is
// set when the block is finished and in memory; a finished block without a
// slab has been spilled.
type block struct {
	slab  *Slab
	req   int32  // newest request, or noReq
	giver uint16 // who gave it: index in active.givers
	live  uint16 // requests and claims that may still bring it
}

// giver is who gave blocks of a piece.
type giver struct {
	addr netip.AddrPort
}

// active is a piece between its first request and its verdict. Guarded by
// Manager.mu, except that a done piece's blocks belong to its worker.
type active struct {
	index   uint32
	slot    int    // place in Manager.active
	openAt  int    // place in Manager.open, or -1
	gen     uint32 // raised when the struct is reused
	n       int    // blocks
	have    int    // finished blocks
	inMem   int    // finished blocks with a slab
	nfree   int    // blocks nobody is asked for
	workers int    // peers that go on with this piece
	asked   int    // requests, late ones too
	readers int    // slabs that readers hold

	done     bool // all blocks are here; a worker has it or will
	spilling bool // a worker writes finished blocks out
	doomed   bool // to be dropped when the worker is through

	// A piece in parole failed its hash with blocks of several peers; now one
	// peer alone gives it, to find out who lied.
	parole   bool
	holder   *Peer
	progress int64 // Manager.clock when the holder last gave something

	blocks   []block
	free     Bitset // nobody is asked for it, and it is missing
	finished Bitset
	hint     uint32 // no free block below
	givers   []giver
}

// reuse prepares a for piece index with n blocks.
func (a *active) reuse(index uint32, n int) {
	gen, blocks, givers := a.gen+1, a.blocks, a.givers[:0]
	free, finished := a.free, a.finished
	if cap(blocks) < n {
		blocks = make([]block, n)
		free, finished = NewBitset(n), NewBitset(n)
	}
	*a = active{
		index: index, openAt: -1, gen: gen, n: n, nfree: n,
		blocks: blocks[:n], givers: givers,
		free: free[:(n+63)/64], finished: finished[:(n+63)/64],
	}
	for i := range a.blocks {
		a.blocks[i] = block{req: noReq}
	}
	a.free.fill(n)
	clear(a.finished)
}

// missing returns how many blocks are not finished.
func (a *active) missing() int { return a.n - a.have }

// giverOf returns the index of p's address in a.givers.
func (a *active) giverOf(p *Peer) uint16 {
	if p.gave == a && p.gaveGen == a.gen {
		return p.gaveAs
	}
	k := 0
	for k < len(a.givers) && a.givers[k].addr != p.addr {
		k++
	}
	if k == len(a.givers) {
		a.givers = append(a.givers, giver{p.addr})
	}
	p.gave, p.gaveGen, p.gaveAs = a, a.gen, uint16(k)
	return uint16(k)
}

// activeAt returns the active piece i, or nil.
func (m *Manager) activeAt(i uint32) *active {
	if v := m.order.pos[i]; v&markActive == markActive {
		return m.active[v&slotMask]
	}
	return nil
}

// activate starts piece i, which is listed.
func (m *Manager) activate(i uint32) *active {
	var a *active
	if k := len(m.idleActive); k > 0 {
		a, m.idleActive = m.idleActive[k-1], m.idleActive[:k-1]
	} else {
		a = new(active)
	}
	a.reuse(i, m.layout.Blocks(int(i)))
	a.slot = len(m.active)
	m.active = append(m.active, a)
	m.order.remove(i, markActive|uint32(a.slot))
	m.startable.Clear(i)
	m.planned += a.n
	m.openAdd(a)
	_, a.parole = m.suspects[i]
	return a
}

// retire ends an active piece and keeps the struct for another. Its requests
// and slabs are gone.
func (m *Manager) retire(a *active) {
	if !a.done {
		m.planned -= a.n
		m.freed = m.freed || m.crowded
		m.crowded = false
	}
	m.openRemove(a)
	end := len(m.active) - 1
	last := m.active[end]
	m.active[a.slot], last.slot = last, a.slot
	m.order.pos[last.index] = markActive | uint32(a.slot)
	m.active[end] = nil
	m.active = m.active[:end]
	m.order.pos[a.index] = markOut
	a.gen++
	a.holder = nil
	const keep = 1 << 16 // blocks: 1 MiB of state
	if (len(m.idleActive)+1)*cap(a.blocks) <= keep {
		m.idleActive = append(m.idleActive, a)
	}
}

// openAdd puts a on the list of pieces with free blocks.
func (m *Manager) openAdd(a *active) {
	if a.openAt < 0 {
		a.openAt = len(m.open)
		m.open = append(m.open, a)
	}
}

// openRemove takes a off that list, the last one taking its place.
func (m *Manager) openRemove(a *active) {
	if a.openAt < 0 {
		return
	}
	end := len(m.open) - 1
	last := m.open[end]
	m.open[a.openAt], last.openAt = last, a.openAt
	m.open[end] = nil
	m.open = m.open[:end]
	a.openAt = -1
}

// setFree makes a missing block askable.
func (m *Manager) setFree(a *active, b uint32) {
	a.free.Set(b)
	a.nfree++
	a.hint = min(a.hint, b)
	m.openAdd(a)
	m.freed = true
}

// noteEmpty notes that there may be nothing left of a that is worth keeping.
func (m *Manager) noteEmpty(a *active) {
	if a.empty() {
		m.emptied = append(m.emptied, a)
	}
}

// empty reports whether a is as it was when it was begun: nothing came, and
// nothing is on the way.
func (a *active) empty() bool {
	return a.have == 0 && a.asked == 0 && a.readers == 0 && a.nfree == a.n && !a.spilling
}

// putBack makes the pieces that are still empty at the end of a call startable
// again, so that their state does not add up and rarity decides anew.
func (m *Manager) putBack() {
	for k, a := range m.emptied {
		m.emptied[k] = nil
		if a.slot < len(m.active) && m.active[a.slot] == a && a.empty() {
			m.retire(a)
			m.relist(a.index)
		}
	}
	m.emptied = m.emptied[:0]
}

// setTaken is the opposite.
func (m *Manager) setTaken(a *active, b uint32) {
	a.free.Clear(b)
	if a.nfree--; a.nfree == 0 {
		m.openRemove(a)
	}
}
