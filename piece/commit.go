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
	a, r := m.ledger.asked(p, index, b)
	if r == noReq {
		m.stats.Wasted += int64(length)
		if p.answered(index, b) {
			return nil, ErrUnwanted
		}
		return nil, ErrUnasked
	}
	q := &m.ledger.reqs.all[r]
	if q.state == reqLate && !m.revive(q, a) {
		m.ledger.reqs.drop(r, a)
		m.stats.Wasted += int64(length)
		return nil, ErrUnwanted
	}
	s := m.pool.slab()
	s.m, s.a, s.gen, s.block, s.req, s.n = m, a, a.gen, b, r, int32(length)
	q.state, q.slab = reqClaimed, s
	a.readers++
	return s, nil
}

// asked returns p's request for block b of piece i, noReq if there is none that
// is still to be answered, and the piece, nil if it is not active.
func (l *ledger) asked(p *Peer, i, b uint32) (a *active, r int32) {
	if a = l.activeAt(i); a == nil || p.left {
		return a, noReq
	}
	if r = l.reqs.find(p, a, b); r != noReq && l.reqs.all[r].state == reqClaimed {
		r = noReq
	}
	return a, r
}

// revive makes a late request live again if there is budget for it.
func (m *Manager) revive(q *request, a *active) bool {
	if !m.pool.takeOne() {
		return false
	}
	m.ledger.relive(q, a)
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
	m.hold(1)
	if !m.ledger.finish(p, a, b, s, now, after) {
		return
	}
	m.hold(-a.inMem)
	m.pool.work(a.inMem)
	if !a.spilling { // else the spill's end goes on
		after.submit(job{m: m, a: a})
	}
}

// finish books that p has given block b of a, and reports whether that was the
// last one.
func (l *ledger) finish(p *Peer, a *active, b uint32, s *Slab, now int64, after *after) (done bool) {
	if a.free.Has(b) { // its request was settled meanwhile
		l.begun.setTaken(a, b)
	}
	l.retract(a, b, after)
	a.blocks[b].slab, a.blocks[b].giver = s, a.giverOf(p)
	a.finished.Set(b)
	a.have++
	a.inMem++
	if a.holder == p {
		a.progress = now
	}
	if a.done = a.have == a.n; a.done {
		l.begun.unplan(a)
	}
	return a.done
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
	a, r := m.ledger.asked(p, index, b)
	if r == noReq {
		return p.answered(index, b)
	}
	if p.cur == a {
		p.leaveCurrent()
	}
	m.ledger.giveBack(r, &after)
	m.ledger.shun(p, index)
	return true
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
