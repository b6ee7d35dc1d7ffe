package piece

// reqState is what has become of a request.
type reqState uint8

const (
	// reqLive: the peer is expected to answer; budget is set aside.
	reqLive reqState = iota
	// reqLate: the peer was snubbed. The block may be asked of others and the
	// budget is gone, but an answer is still welcome.
	reqLate
	// reqClaimed: the answer is being read into a slab.
	reqClaimed
)

const noReq int32 = -1

// request is one block asked of one peer. It is on the peer's list, oldest
// first, and on the block's list.
type request struct {
	peer       *Peer
	slab       *Slab // when claimed
	at         int64 // Manager.clock
	piece      uint32
	block      uint32
	prev, next int32  // peer's list
	sib        int32  // block's list, or the free list
	ahead      int32  // what p owed when it was asked
	seq        uint32 // which of the peer's requests it is
	state      reqState
}

// requests is an arena: requests refer to each other by index, come and go
// without allocation, and cost the collector next to nothing.
type requests struct {
	all  []request
	free int32
}

// addRequest notes that p is asked for block b of a.
func (m *Manager) addRequest(p *Peer, a *active, b uint32, now int64) {
	r := m.reqs.free
	if r != noReq {
		m.reqs.free = m.reqs.all[r].sib
	} else {
		r = int32(len(m.reqs.all))
		m.reqs.all = append(m.reqs.all, request{})
	}
	blk := &a.blocks[b]
	m.reqs.all[r] = request{
		peer: p, at: now, piece: a.index, block: b,
		prev: p.last, next: noReq, sib: blk.req,
		ahead: int32(p.live()), seq: p.seq,
	}
	p.seq++
	blk.req = r
	if p.last != noReq {
		m.reqs.all[p.last].next = r
	} else {
		p.first = r
	}
	p.last = r
	p.pending++
	a.asked++
}

// findRequest returns p's request for block b of a, or noReq.
func (m *Manager) findRequest(p *Peer, a *active, b uint32) int32 {
	r := a.blocks[b].req
	for r != noReq && m.reqs.all[r].peer != p {
		r = m.reqs.all[r].sib
	}
	return r
}

// dropRequest takes r off its lists. The caller settles the rest.
func (m *Manager) dropRequest(r int32, a *active) {
	q := &m.reqs.all[r]
	link := &a.blocks[q.block].req
	for *link != r {
		link = &m.reqs.all[*link].sib
	}
	*link = q.sib
	p := q.peer
	if q.prev != noReq {
		m.reqs.all[q.prev].next = q.next
	} else {
		p.first = q.next
	}
	if q.next != noReq {
		m.reqs.all[q.next].prev = q.prev
	} else {
		p.last = q.prev
	}
	p.pending--
	a.asked--
	if q.state == reqLate {
		p.late--
	}
	m.uncap(p)
	if q.slab != nil {
		q.slab.req = noReq
	}
	*q = request{sib: m.reqs.free}
	m.reqs.free = r
}

// uncap sees to it that a peer whose last Pick was cut short is woken when half of
// what it was asked for is settled.
func (m *Manager) uncap(p *Peer) {
	if p.capped && p.live() <= p.asked/2 {
		p.capped = false
		m.uncapped = append(m.uncapped, p)
	}
}

// giveBack ends a request that will not be answered: the block is free again
// unless somebody else is on it. A claimed one keeps its budget, the reader
// returns it.
func (m *Manager) giveBack(r int32, after *after) {
	q := m.reqs.all[r]
	a := m.activeAt(q.piece)
	m.dropRequest(r, a)
	switch q.state {
	case reqLate:
		m.noteEmpty(a)
		return
	case reqLive:
		after.budget++
	}
	m.unhand(a, q.block)
}

// unhand counts one source fewer for block b.
func (m *Manager) unhand(a *active, b uint32) {
	if a.blocks[b].live--; a.blocks[b].live == 0 {
		m.setFree(a, b)
		m.noteEmpty(a)
	}
}

// cancelled remembers that an answer to a request we took back may come.
func (p *Peer) cancelled(piece, block uint32) {
	const most = 256 // peers without BEP 6 never answer, so old ones must go
	if len(p.expect) == most {
		p.expect = p.expect[:copy(p.expect, p.expect[most/4:])]
	}
	p.expect = append(p.expect, uint64(piece)<<32|uint64(block))
}

// answered reports whether this answers a request we took back.
func (p *Peer) answered(piece, block uint32) bool {
	for k, x := range p.expect {
		if x == uint64(piece)<<32|uint64(block) {
			p.expect = append(p.expect[:k], p.expect[k+1:]...)
			return true
		}
	}
	return false
}
