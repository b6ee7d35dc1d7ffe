package piece

// This file is how pieces come to their end, and back on the list.

// setPriorities takes the priorities of all pieces. What is begun and no longer
// wanted is dropped.
func (l *ledger) setPriorities(prio []uint8, after *after) {
	for k := len(l.begun.active) - 1; k >= 0; k-- {
		if a := l.begun.active[k]; prio[a.index] == uint8(Skip) && !a.done {
			l.wants.wanted.Clear(a.index)
			l.drop(a, after)
		}
	}
	l.wants.order.prio = prio
	l.recount(after)
}

// recount derives everything that follows from priorities and verified pieces.
func (l *ledger) recount(after *after) {
	l.forgetRuns()
	l.wants.recount(func(i uint32) bool { return l.activeAt(i) != nil })
	l.begun.freed = true
	for _, p := range l.peers {
		p.cache = p.cache[:0]
		if p.bits != nil {
			p.wanted = p.bits.countBoth(l.wants.wanted)
		}
		l.tell(p, after)
	}
}

// got books a verified piece.
func (l *ledger) got(i uint32, after *after) {
	if l.wants.got(i) {
		l.recountPiece(i, -1, after)
	}
}

// lost books that a verified piece is not what it was. It is wanted again if its
// priority says so.
func (l *ledger) lost(i uint32, after *after) {
	if !l.wants.gone(i) || l.wants.order.prio[i] == uint8(Skip) {
		return
	}
	l.wants.want(i)
	l.relist(i)
	l.recountPiece(i, 1, after)
}

// recountPiece follows a change of whether piece i is wanted.
func (l *ledger) recountPiece(i uint32, delta int, after *after) {
	for _, p := range l.peers {
		if p.bits != nil && p.bits.Has(i) {
			p.wanted += delta
		}
		l.tell(p, after)
	}
}

// tell has p told whether it is of interest, if that has changed.
func (l *ledger) tell(p *Peer, after *after) {
	if l.interesting(p) != p.told {
		after.interest(p)
	}
}

// relist makes piece i startable again if it is still wanted.
func (l *ledger) relist(i uint32) {
	l.begun.freed = l.wants.list(i) || l.begun.freed
}

// drop ends an active piece that is not done and loses what came of it: its
// peers are told, its memory goes back. A piece that is being spilled is only
// marked; its worker's end drops it.
func (l *ledger) drop(a *active, after *after) {
	l.abandon(a, after)
	if a.spilling {
		a.doomed = true
		l.begun.openRemove(a)
		return
	}
	after.wasted += int64(a.have) * BlockSize
	after.unheld += a.inMem
	l.freeSlabs(a, after)
	l.retire(a)
	l.relist(a.index)
}

// discard ends a done piece without a verdict, or with a bad one.
func (l *ledger) discard(a *active, after *after) {
	l.freeSlabs(a, after)
	l.retire(a)
	l.relist(a.index)
}

// dropAll drops everything that is not with a worker.
func (l *ledger) dropAll(after *after) {
	for k := len(l.begun.active) - 1; k >= 0; k-- {
		if a := l.begun.active[k]; !a.done {
			l.drop(a, after)
		}
	}
}

// abandon takes back every request for a's blocks.
func (l *ledger) abandon(a *active, after *after) {
	for b := range uint32(a.n) {
		l.retract(a, b, after)
	}
}

// retract takes back every request for block b of a. Readers that have begun
// to read it keep their slab and find out at Commit.
func (l *ledger) retract(a *active, b uint32, after *after) {
	blk := &a.blocks[b]
	for blk.req != noReq {
		q := l.reqs.all[blk.req]
		l.reqs.drop(blk.req, a)
		if q.state == reqClaimed {
			continue
		}
		if q.state == reqLive {
			after.budget++
		}
		q.peer.cancelled(a.index, b)
		after.cancel(q.peer, l.layout.unitBlock(int(a.index), b))
	}
	blk.live = 0
}

// freeSlabs puts the memory of a's finished blocks on the chain.
func (l *ledger) freeSlabs(a *active, after *after) {
	if a.done {
		after.worked += a.inMem
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

// leastAdvanced returns the piece that will need its memory for longest, nil if
// none has any that could be spilled.
func (l *ledger) leastAdvanced() (least *active) {
	for _, a := range l.begun.active {
		if a.done || a.spilling || a.inMem == 0 {
			continue
		}
		if least == nil || a.have < least.have {
			least = a
		}
	}
	return least
}
