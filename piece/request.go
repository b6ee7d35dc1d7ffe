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
	at         int64 // ledger.clock
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
	all      []request
	free     int32
	uncapped []*Peer // that may be asked for more since this call; see uncap
}

// add notes that p is asked for block b of a.
func (rq *requests) add(p *Peer, a *active, b uint32, now int64) {
	r := rq.free
	if r != noReq {
		rq.free = rq.all[r].sib
	} else {
		r = int32(len(rq.all))
		rq.all = append(rq.all, request{})
	}
	blk := &a.blocks[b]
	rq.all[r] = request{
		peer: p, at: now, piece: a.index, block: b,
		prev: p.last, next: noReq, sib: blk.req,
		ahead: int32(p.live()), seq: p.seq,
	}
	p.seq++
	blk.req = r
	if p.last != noReq {
		rq.all[p.last].next = r
	} else {
		p.first = r
	}
	p.last = r
	p.pending++
	a.asked++
}

// find returns p's request for block b of a, or noReq.
func (rq *requests) find(p *Peer, a *active, b uint32) int32 {
	r := a.blocks[b].req
	for r != noReq && rq.all[r].peer != p {
		r = rq.all[r].sib
	}
	return r
}

// drop takes r off its lists. The caller settles the rest.
func (rq *requests) drop(r int32, a *active) {
	q := &rq.all[r]
	link := &a.blocks[q.block].req
	for *link != r {
		link = &rq.all[*link].sib
	}
	*link = q.sib
	p := q.peer
	if q.prev != noReq {
		rq.all[q.prev].next = q.next
	} else {
		p.first = q.next
	}
	if q.next != noReq {
		rq.all[q.next].prev = q.prev
	} else {
		p.last = q.prev
	}
	p.pending--
	a.asked--
	if q.state == reqLate {
		p.late--
	}
	rq.uncap(p)
	if q.slab != nil {
		q.slab.req = noReq
	}
	*q = request{sib: rq.free}
	rq.free = r
}

// uncap sees to it that a peer whose last Pick was cut short is woken when half of
// what it was asked for is settled.
func (rq *requests) uncap(p *Peer) {
	if p.capped && p.live() <= p.asked/2 {
		p.capped = false
		rq.uncapped = append(rq.uncapped, p)
	}
}

// giveBack ends a request that will not be answered: the block is free again
// unless somebody else is on it. A claimed one keeps its budget, the reader
// returns it.
func (l *ledger) giveBack(r int32, after *after) {
	q := l.reqs.all[r]
	a := l.activeAt(q.piece)
	l.reqs.drop(r, a)
	switch q.state {
	case reqLate:
		l.begun.noteEmpty(a)
		return
	case reqLive:
		after.budget++
	}
	l.begun.unhand(a, q.block)
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
