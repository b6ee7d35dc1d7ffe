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
	slot    int    // place in begun.active
	openAt  int    // place in begun.open, or -1
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
	progress int64 // ledger.clock when the holder last gave something

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

// inMemory appends the blocks that have a slab to dst[:0].
func (a *active) inMemory(dst []uint32) []uint32 {
	dst = dst[:0]
	for b := range a.blocks {
		if a.blocks[b].slab != nil {
			dst = append(dst, uint32(b))
		}
	}
	return dst
}

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

// paroledTo reports whether p may give the piece: it does already, or whoever
// did has gone, chokes us, is silent or has turned to something else.
func (a *active) paroledTo(p *Peer, now int64) bool {
	h := a.holder
	if h == nil || h == p || h.left || h.choked || h.snubbed || now-a.progress > paroleFor {
		return true
	}
	return a.missing() == a.nfree && (h.cur != a || h.curGen != a.gen)
}

// begun is the pieces that are begun, and which of them have free blocks.
type begun struct {
	active  []*active // all, also while a worker has them
	open    []*active // those with free blocks
	idle    []*active // structs to use again
	planned int       // blocks of those that are not done

	// What has changed in this call; see ledger.settle.
	freed   bool      // blocks became free
	crowded bool      // a peer waits until a piece is complete
	emptied []*active // pieces to put back
}

// activeAt returns the active piece i, or nil.
func (l *ledger) activeAt(i uint32) *active {
	if v := l.wants.order.pos[i]; v&markActive == markActive {
		return l.begun.active[v&slotMask]
	}
	return nil
}

// activate starts piece i, which is listed.
func (l *ledger) activate(i uint32) *active {
	var a *active
	if k := len(l.begun.idle); k > 0 {
		a, l.begun.idle = l.begun.idle[k-1], l.begun.idle[:k-1]
	} else {
		a = new(active)
	}
	a.reuse(i, l.layout.Blocks(int(i)))
	a.slot = len(l.begun.active)
	l.begun.active = append(l.begun.active, a)
	l.wants.unlist(i, markActive|uint32(a.slot))
	l.begun.planned += a.n
	l.begun.openAdd(a)
	a.parole = l.blame.suspected(i)
	return a
}

// retire ends an active piece and keeps the struct for another. Its requests
// and slabs are gone.
func (l *ledger) retire(a *active) {
	if !a.done {
		l.begun.unplan(a)
	}
	l.begun.openRemove(a)
	end := len(l.begun.active) - 1
	last := l.begun.active[end]
	l.begun.active[a.slot], last.slot = last, a.slot
	l.wants.order.pos[last.index] = markActive | uint32(a.slot)
	l.begun.active[end] = nil
	l.begun.active = l.begun.active[:end]
	l.wants.order.pos[a.index] = markOut
	a.gen++
	a.holder = nil
	const keep = 1 << 16 // blocks: 1 MiB of state
	if (len(l.begun.idle)+1)*cap(a.blocks) <= keep {
		l.begun.idle = append(l.begun.idle, a)
	}
}

// unplan says that all blocks of a are here, or none is waited for any more.
func (bg *begun) unplan(a *active) {
	bg.planned -= a.n
	bg.freed = bg.freed || bg.crowded
	bg.crowded = false
}

// openAdd puts a on the list of pieces with free blocks.
func (bg *begun) openAdd(a *active) {
	if a.openAt < 0 {
		a.openAt = len(bg.open)
		bg.open = append(bg.open, a)
	}
}

// openRemove takes a off that list, the last one taking its place.
func (bg *begun) openRemove(a *active) {
	if a.openAt < 0 {
		return
	}
	end := len(bg.open) - 1
	last := bg.open[end]
	bg.open[a.openAt], last.openAt = last, a.openAt
	bg.open[end] = nil
	bg.open = bg.open[:end]
	a.openAt = -1
}

// setFree makes a missing block askable.
func (bg *begun) setFree(a *active, b uint32) {
	a.free.Set(b)
	a.nfree++
	a.hint = min(a.hint, b)
	bg.openAdd(a)
	bg.freed = true
}

// setTaken is the opposite.
func (bg *begun) setTaken(a *active, b uint32) {
	a.free.Clear(b)
	if a.nfree--; a.nfree == 0 {
		bg.openRemove(a)
	}
}

// takeBlock counts one more source for block b.
func (bg *begun) takeBlock(a *active, b uint32) {
	if a.free.Has(b) {
		bg.setTaken(a, b)
	}
	a.blocks[b].live++
}

// unhand counts one source fewer for block b.
func (bg *begun) unhand(a *active, b uint32) {
	if a.blocks[b].live--; a.blocks[b].live == 0 {
		bg.setFree(a, b)
		bg.noteEmpty(a)
	}
}

// noteEmpty notes that there may be nothing left of a that is worth keeping.
func (bg *begun) noteEmpty(a *active) {
	if a.empty() {
		bg.emptied = append(bg.emptied, a)
	}
}

// empty reports whether a is as it was when it was begun: nothing came, and
// nothing is on the way.
func (a *active) empty() bool {
	return a.have == 0 && a.asked == 0 && a.readers == 0 && a.nfree == a.n && !a.spilling
}

// putBack makes the pieces that are still empty at the end of a call startable
// again, so that their state does not add up and rarity decides anew.
func (l *ledger) putBack() {
	for k, a := range l.begun.emptied {
		l.begun.emptied[k] = nil
		if a.slot < len(l.begun.active) && l.begun.active[a.slot] == a && a.empty() {
			l.retire(a)
			l.relist(a.index)
		}
	}
	l.begun.emptied = l.begun.emptied[:0]
}
