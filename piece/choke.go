package piece

import "slices"

// This file is who answers requests at the moment: chokes, and peers that are
// silent.

// Choked says that the remote chokes us. With the fast extension (BEP 6) it
// rejects each request or still answers it; without, all requests are void.
func (m *Manager) Choked(p *Peer, fast bool) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if !p.left && !p.choked {
		m.ledger.choke(p, fast, &after)
		m.pool.quit(p, &after)
	}
}

// choke books that p chokes us; fast tells that its requests are not void.
func (l *ledger) choke(p *Peer, fast bool, after *after) {
	p.choked = true
	l.unchoked--
	l.setIdle(p, false)
	p.leaveCurrent()
	if !fast {
		l.disown(p, after)
		p.expect = p.expect[:0]
	}
}

// Unchoked says that the remote answers requests.
func (m *Manager) Unchoked(p *Peer) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if !p.left && p.choked {
		m.ledger.unchoke(p, &after)
	}
}

// unchoke books that p answers requests.
func (l *ledger) unchoke(p *Peer, after *after) {
	p.choked = false
	l.unchoked++
	p.avoid, p.dry = p.avoid[:0], 0
	if l.interesting(p) {
		after.wake(p)
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
		m.ledger.snub(p, &after)
	}
}

// snub books that p is not counted on any more.
func (l *ledger) snub(p *Peer, after *after) {
	p.snubbed = true
	p.leaveCurrent()
	for r := p.first; r != noReq; {
		next := l.reqs.all[r].next
		l.late(r, after)
		r = next
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
	l := &m.ledger
	for r := p.first; r != noReq; r = l.reqs.all[r].next {
		q := &l.reqs.all[r]
		if a := l.activeAt(q.piece); q.state == reqLate && !p.gaveUp(q) && a.free.Has(q.block) {
			m.revive(q, a)
		}
	}
}
