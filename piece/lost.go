package piece

import "time"

// Peers without BEP 6 may drop requests that are too many for them, and never say
// so; some with it do, too. Most answer in the order in which they were asked, so
// an answer to a younger request tells that the older ones are lost.

const (
	// lostGap: who answers what it was asked after so long a silence, and not what it
	// was asked before, has lost that.
	lostGap = int64(time.Second)
	// lostAfter is how many answers to younger requests make one count as lost, of a
	// peer that does not promise to answer each (BEP 6: "each request must be answered"
	// by a piece or a reject). There are as many at least as it owes.
	lostAfter = 8
)

// Unreliable says that the peer does not promise to answer each request: one
// without the fast extension.
func (m *Manager) Unreliable(p *Peer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p.unreliable = true
}

// live is how many requests p is expected to answer.
func (p *Peer) live() int { return p.pending - p.late }

// gaveUp reports whether a request of p is known to be lost. An answer to it is
// still welcome.
func (p *Peer) gaveUp(q *request) bool { return int32(q.seq-p.lostTo) < 0 }

// tolerance is how many answers to younger requests are no sign of anything.
func (p *Peer) tolerance() int {
	if p.unreliable {
		return max(lostAfter, p.live())
	}
	return 2*p.pending + 64
}

// overtake notes that request r was answered, which was sent into a silence or
// not. Requests that so many younger ones have overtaken are not counted on any
// more.
func (l *ledger) overtake(r int32, silence bool, after *after) {
	p, seq, ahead := l.reqs.all[r].peer, l.reqs.all[r].seq, int(l.reqs.all[r].ahead)
	old := p.first
	for old != noReq && p.gaveUp(&l.reqs.all[old]) {
		old = l.reqs.all[old].next
	}
	if old == r || old == noReq || p.web != nil {
		p.overtaken = 0
		return
	}
	if p.overtaken++; p.overtaken == 1 {
		p.young, p.deep = seq, ahead
	} else if p.deep = max(p.deep, ahead); int32(seq-p.young) < 0 {
		p.young = seq
	}
	switch {
	case silence:
		p.unreliable = true // whatever it promised
		l.lose(p, seq, after)
	case p.overtaken > p.tolerance():
		l.lose(p, p.young, after)
	}
}

// lose gives up all requests of p that are older than the one numbered end. A peer
// has a queue that is too short for what it owed when the first of them was made,
// unless it has answered another one behind more than that.
func (l *ledger) lose(p *Peer, end uint32, after *after) {
	n, ahead := 0, p.pending
	for r := p.first; r != noReq; r = l.reqs.all[r].next {
		q := &l.reqs.all[r]
		if int32(q.seq-end) >= 0 {
			break
		}
		if q.state == reqClaimed || p.gaveUp(q) {
			continue
		}
		n, ahead = n+1, min(ahead, int(q.ahead))
		if q.state == reqLive {
			l.late(r, after)
		}
	}
	p.overtaken, p.lostTo = 0, end
	if n == 0 {
		return
	}
	room := max(1, ahead)
	if p.deep-n > ahead {
		room = 0
	}
	after.lost(p, n, room)
}

// Nudge asks a peer that has been silent once more for what it was asked for last,
// and returns that; ok is false if it owes nothing. Should it have lost its
// requests, the answer is out of turn, and shows it.
func (m *Manager) Nudge(p *Peer, now time.Time) (b Block, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.ledger.clock(now)
	r := p.last
	if p.left || p.choked || r == noReq || m.ledger.reqs.all[r].state != reqLive {
		return Block{}, false
	}
	q := &m.ledger.reqs.all[r]
	q.at = t
	return m.layout.unitBlock(int(q.piece), q.block), true
}
