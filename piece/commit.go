package piece

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Errors of Claim.
var (
	// ErrUnwanted: read the payload and drop it. It answers a request that was
	// cancelled, or there is no memory for so late an answer.
	ErrUnwanted = errors.New("block is no longer wanted")
	// ErrUnasked is an ErrUnwanted for a block that was never asked of the
	// peer, or so long ago that it is forgotten. With BEP 6 a peer that does
	// this is to be disconnected, without it some is normal around a choke.
	ErrUnasked = fmt.Errorf("block was not requested: %w", ErrUnwanted)
	// ErrBadBlock: no such block; the peer breaks the protocol.
	ErrBadBlock = errors.New("no such block")
)

// Claim gives the slab for a block whose piece message p has begun to send.
// The caller owns the slab until it calls Commit or Abort. Errors are the three
// above; there is no slab then.
func (m *Manager) Claim(p *Peer, index, begin, length uint32) (*Slab, error) {
	b, ok := m.layout.unit(index, begin, length)
	if !ok {
		return nil, ErrBadBlock
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.ledger.activeAt(index)
	r := noReq
	if a != nil && !p.left {
		r = m.ledger.reqs.find(p, a, b)
	}
	if r == noReq || m.ledger.reqs.all[r].state == reqClaimed {
		m.stats.Wasted += int64(length)
		if p.answered(index, b) {
			return nil, ErrUnwanted
		}
		return nil, ErrUnasked
	}
	if m.ledger.reqs.all[r].state == reqLate && !m.revive(r, a) {
		m.ledger.reqs.drop(r, a)
		m.stats.Wasted += int64(length)
		return nil, ErrUnwanted
	}
	s := m.pool.slab()
	s.m, s.a, s.gen, s.block, s.req, s.n = m, a, a.gen, b, r, int32(length)
	m.ledger.reqs.all[r].state, m.ledger.reqs.all[r].slab = reqClaimed, s
	a.readers++
	return s, nil
}

// revive makes a late request live again if there is budget for it.
func (m *Manager) revive(r int32, a *active) bool {
	if !m.pool.takeOne() {
		return false
	}
	m.ledger.relive(&m.ledger.reqs.all[r], a)
	return true
}

// relive puts a late request among those that count; its budget is taken.
func (l *ledger) relive(q *request, a *active) {
	q.state = reqLive
	q.peer.late--
	l.begun.takeBlock(a, q.block)
}

// Commit hands in a slab whose bytes are complete. If another copy of the block
// came first, or nobody wants it any more, the bytes count as wasted.
func (m *Manager) Commit(p *Peer, s *Slab, now time.Time) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	a, b := s.handIn(m)
	t := m.ledger.clock(now)
	last := p.meter.last
	if !p.left {
		old := p.meter.rate
		p.meter.got(s.n, t)
		m.ledger.rates += p.meter.rate - old
		p.roundTrip(t)
	}
	if len(p.avoid) > 0 {
		p.avoid, p.dry = p.avoid[:0], 0
	}
	if s.req != noReq {
		m.ledger.overtake(s.req, m.ledger.reqs.all[s.req].at-last >= lostGap, &after)
		m.ledger.reqs.drop(s.req, a)
	}
	if a == nil || a.doomed || a.finished.Has(b) || m.halted() {
		m.stats.Wasted += int64(s.n)
		s.move(slabClaimed, slabFree)
		after.release(s)
	} else {
		m.finish(p, a, b, s, t, &after)
	}
}

// handIn checks the slab's owner and returns where it belongs, nil if that is
// gone.
func (s *Slab) handIn(m *Manager) (*active, uint32) {
	if s.state != slabClaimed || s.m != m {
		panic("piece: slab released twice")
	}
	if s.a.gen != s.gen {
		return nil, s.block
	}
	s.a.readers--
	return s.a, s.block
}

// finish takes block b of a from p.
func (m *Manager) finish(p *Peer, a *active, b uint32, s *Slab, now int64, after *after) {
	s.move(slabClaimed, slabStored)
	if a.free.Has(b) { // its request was settled meanwhile
		m.ledger.begun.setTaken(a, b)
	}
	m.ledger.retract(a, b, after)
	blk := &a.blocks[b]
	blk.slab, blk.giver = s, a.giverOf(p)
	a.finished.Set(b)
	a.have++
	a.inMem++
	m.hold(1)
	if a.holder == p {
		a.progress = now
	}
	if a.have == a.n {
		a.done = true
		m.ledger.begun.unplan(a)
		m.hold(-a.inMem)
		m.pool.work(a.inMem)
		if !a.spilling { // else the spill's end goes on
			after.submit(job{m: m, a: a})
		}
	}
}

// Abort hands in a slab whose bytes did not come. The block is asked again.
func (m *Manager) Abort(p *Peer, s *Slab) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	a, _ := s.handIn(m)
	if s.req != noReq {
		q := m.ledger.reqs.all[s.req]
		m.ledger.reqs.drop(s.req, a)
		m.ledger.begun.unhand(a, q.block)
	} else if a != nil {
		m.ledger.begun.noteEmpty(a)
	}
	s.move(slabClaimed, slabFree)
	after.release(s)
}

// Reject takes a reject message (BEP 6). It reports false if the request was
// never made, which breaks the protocol.
func (m *Manager) Reject(p *Peer, index, begin, length uint32) bool {
	b, ok := m.layout.unit(index, begin, length)
	if !ok {
		return false
	}
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	a, r := m.ledger.activeAt(index), noReq
	if a != nil && !p.left {
		r = m.ledger.reqs.find(p, a, b)
	}
	switch {
	case r == noReq || m.ledger.reqs.all[r].state == reqClaimed:
		ok = p.answered(index, b)
	default:
		if p.cur == a {
			p.leaveCurrent()
		}
		m.ledger.giveBack(r, &after)
		m.ledger.shun(p, index)
	}
	return ok
}

// shun stops asking p for a piece it rejects, for a while: it may have a full
// queue, or have changed its mind. When it chokes us, the choke says it all.
func (l *ledger) shun(p *Peer, i uint32) {
	const most = 16
	if p.choked {
		if k := slices.Index(p.fast, i); k >= 0 {
			p.fast = slices.Delete(p.fast, k, k+1)
		}
		return
	}
	if len(p.avoid) == 0 {
		p.avoidAt = l.now
	}
	if len(p.avoid) < most && !slices.Contains(p.avoid, i) {
		p.avoid = append(p.avoid, i)
	}
}

// Choked says that the remote chokes us. With the fast extension (BEP 6) it
// rejects each request or still answers it; without, all requests are void.
func (m *Manager) Choked(p *Peer, fast bool) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if !p.left && !p.choked {
		p.choked = true
		m.ledger.unchoked--
		m.ledger.setIdle(p, false)
		m.pool.quit(p, &after)
		p.leaveCurrent()
		if !fast {
			m.ledger.disown(p, &after)
			p.expect = p.expect[:0]
		}
	}
}

// Unchoked says that the remote answers requests.
func (m *Manager) Unchoked(p *Peer) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if !p.left && p.choked {
		p.choked = false
		m.ledger.unchoked++
		p.avoid, p.dry = p.avoid[:0], 0
		if m.ledger.interesting(p) {
			after.wake(p)
		}
	}
}

// AllowFast says that the remote gives this piece even when it chokes us
// (BEP 6). Only so many are remembered; an index that does not exist is
// ignored.
func (m *Manager) AllowFast(p *Peer, index uint32) {
	const most = 64
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if !p.left && int64(index) < int64(m.ledger.wants.n) && len(p.fast) < most && !slices.Contains(p.fast, index) {
		p.fast = append(p.fast, index)
		if p.choked && p.has(index) && m.ledger.wants.wanted.Has(index) {
			after.wake(p)
		}
	}
}

// Snub says that the peer has not answered for too long. Its requests may be
// asked of others at once; answers that still come are taken if wanted.
func (m *Manager) Snub(p *Peer) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if !p.left {
		p.snubbed = true
		p.leaveCurrent()
		for r := p.first; r != noReq; {
			next := m.ledger.reqs.all[r].next
			m.ledger.late(r, &after)
			r = next
		}
	}
}

// late turns a request into one that nobody counts on.
func (l *ledger) late(r int32, after *after) {
	switch q := &l.reqs.all[r]; q.state {
	case reqLive:
		q.state = reqLate
		q.peer.late++
		l.reqs.uncap(q.peer)
		after.budget++
		l.begun.unhand(l.activeAt(q.piece), q.block)
	case reqClaimed: // its reader keeps the slab, others may be faster
		l.giveBack(r, after)
	}
}

// Unsnub says that the peer answers again. Requests of it that nobody else took
// meanwhile, and that are not known to be lost, count again.
func (m *Manager) Unsnub(p *Peer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.left || !p.snubbed {
		return
	}
	p.snubbed = false
	for r := p.first; r != noReq; r = m.ledger.reqs.all[r].next {
		q := &m.ledger.reqs.all[r]
		if a := m.ledger.activeAt(q.piece); q.state == reqLate && !p.gaveUp(q) && a.free.Has(q.block) {
			m.revive(r, a)
		}
	}
}
