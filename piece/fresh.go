package piece

import "math"

const (
	// maxMixes bounds the hashes of one search for a fresh piece.
	maxMixes = 4096
	// seedWork and leecherWork are how many seconds of work a peer is given
	// among fellows, beyond the round trip.
	seedWork, leecherWork = 0.5, 0.5
	// newcomerDepth is how many blocks it is given before its rate is known,
	// slowDepth the least that it may be given at any rate.
	newcomerDepth, slowDepth = 16, 8
	// inFlight is how many seconds of what the seeds give to others may be on
	// the way or not told yet.
	inFlight = 4.0
	// patience is how long we wait for others to show a fresh piece, in times
	// that a seed takes to give us one.
	patience = 1.5
	// heldFor is how long a seed is left alone before we look again, nanoseconds.
	heldFor = int64(250e6)
)

// chooseFresh returns a piece that only seeds have, begun or new, for a seed to
// give. wait means that the seed is to be left alone for a moment.
func (m *Manager) chooseFresh(p *Peer, now int64, share int, after *after) (a *active, wait bool) {
	for _, o := range m.open {
		if o.workers == 0 && m.order.avail[o.index] == 0 && m.offers(o, p, now) && (a == nil || m.before(o, a)) {
			a = o
		}
	}
	if a != nil || m.planned+m.layout.maxBlocks() > share/2 {
		return a, false
	}
	i, left := m.freshPiece(p)
	switch {
	case left == 0:
		return nil, false
	case left < 0:
		left = -left
		if m.onTheWay(p, left, now) {
			return nil, true
		}
	}
	if !m.makeState(int(i), after) {
		return nil, false
	}
	return m.activate(i), false
}

// freshPiece returns the piece to ask a seed for among those that no leecher
// has: one where we come first, or else where fewest come before us. Who is
// first takes its pieces by falling hash, the others by rising hash, so that
// they meet as late as possible. left is how many such pieces there are, below
// zero if somebody else comes first for each of them.
func (m *Manager) freshPiece(p *Peer) (best uint32, left int) {
	o := &m.order
	o.sort()
	if len(o.list) == 0 || o.avail[o.list[0]] > 0 {
		return 0, 0
	}
	left = int(o.start[(priorities-int(o.prio[o.list[0]]))*o.levels+1])
	bestRank, bestTop := math.MaxInt, uint64(0)
	for _, i := range o.list[:min(left, maxMixes/(1+len(m.fellows.peers)))] {
		if !m.may(p, i) {
			continue
		}
		r, top := m.rank(i)
		if r < bestRank || r == bestRank && (r == 0) == (top > bestTop) {
			best, bestRank, bestTop = i, r, top
		}
	}
	switch bestRank {
	case 0:
		return best, left
	case math.MaxInt:
		return 0, 0
	}
	return best, -left
}

// onTheWay reports whether n fresh pieces are so few that others are likely to
// be fetching them all. To ask p for one then gains nothing if the seeds are
// what the swarm waits for, which is when leechers give us more than they do. It
// is over as soon as no news of such pieces comes.
func (m *Manager) onTheWay(p *Peer, n int, now int64) bool {
	f := &m.fellows
	r := p.meter.perSecond(now)
	if f.fed >= f.given || r == 0 || float64(n) > f.spreading(now)*inFlight ||
		float64(now-f.fresh)/1e9 > patience*float64(m.layout.PieceLen(0))/r {
		return false
	}
	f.held, f.until = true, now+heldFor
	return true
}

// lookAgain makes the peers that were held back look for work, when it is time.
func (m *Manager) lookAgain() {
	if f := &m.fellows; f.held && m.lastTime > f.until {
		f.held = false
		m.freed = true
	}
}

// swarmDepth is how many blocks p may be asked for among fellows: requests that
// wait in the line of one source cannot be answered by another that has nothing
// to do, and what is asked of a seed cannot be taken by a fellow.
func (m *Manager) swarmDepth(p *Peer, now int64) int {
	f := &m.fellows
	if len(f.peers) == 0 {
		return math.MaxInt
	}
	r, work := p.meter.perSecond(now), leecherWork
	switch {
	case r == 0:
		return newcomerDepth
	case p.seed && f.fed >= f.given:
		return math.MaxInt
	case p.seed:
		work = seedWork
	}
	return max(slowDepth, int(r*(work+2*float64(p.trip)/1e9)/BlockSize))
}
