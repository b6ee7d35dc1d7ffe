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
	newcomerDepth, slowDepth = 8, 2
	// inFlight is how many seconds of what the seeds give to others may be on
	// the way or not told yet.
	inFlight = 1.5
	// ahead is how many pieces a fellow is thought to be fetching.
	ahead = 3
	// patience is how long we wait for others to show a fresh piece, in times
	// that a seed takes to give us one.
	patience = 1.5
	// heldFor is how long a seed is left alone before we look again, nanoseconds.
	heldFor = int64(250e6)
)

// chooseFresh returns a piece that only seeds have, begun or new, for a seed to
// give. wait means that the seed is to be left alone for a moment.
func (pk *picker) chooseFresh(p *Peer, now int64, share int, after *after) (a *active, wait bool) {
	for _, o := range pk.l.begun.open {
		if o.workers == 0 && pk.l.wants.order.avail[o.index] == 0 && pk.l.offers(o, p, now) && (a == nil || pk.l.before(o, a)) {
			a = o
		}
	}
	if a != nil || pk.l.begun.planned+pk.l.layout.maxBlocks() > share/2 {
		return a, false
	}
	i, left := pk.freshPiece(p)
	if left == 0 {
		return nil, false
	}
	if left < 0 {
		var taken bool
		i, taken = pk.helpPiece(p, -left, now)
		if pk.onTheWay(p, -left, taken, now) {
			return nil, true
		}
	}
	if !pk.makeState(int(i), after) {
		return nil, false
	}
	return pk.l.activate(i), false
}

// freshPiece returns the piece to ask a seed for among those that no leecher
// has and that are ours to fetch. left is how many nobody has, below zero if
// none of them is ours.
func (pk *picker) freshPiece(p *Peer) (best uint32, left int) {
	o := &pk.l.wants.order
	o.sort()
	if len(o.list) == 0 || o.avail[o.list[0]] > 0 {
		return 0, 0
	}
	left = int(o.start[(priorities-int(o.prio[o.list[0]]))*o.levels+1])
	bestTop, some := uint64(0), false
	for _, i := range pk.probes(left) {
		if !p.may(i) {
			continue
		}
		some = true
		if r, _, top := pk.l.fellows.rank(i); r == 0 && top >= bestTop {
			best, bestTop = i, top
		}
	}
	switch {
	case !some:
		return 0, 0
	case bestTop == 0:
		return 0, -left
	}
	return best, left
}

// probes returns as many of the first n listed pieces as can be ranked at a
// bounded cost.
func (pk *picker) probes(n int) []uint32 {
	return pk.l.wants.order.list[:min(n, maxMixes/(1+len(pk.l.fellows.peers)))]
}

// helpPiece returns one of the n fresh pieces that are not ours to fetch: one
// that has the fewest before us. Everybody takes its pieces by falling hash, so
// helpers begin at the other end, and the next few of each fellow are likely to
// be on the way to it. taken means that there are no others.
func (pk *picker) helpPiece(p *Peer, n int, now int64) (best uint32, taken bool) {
	var next [maxFellows][ahead]uint64
	list := pk.probes(n)
	for _, i := range list {
		_, k, top := pk.l.fellows.rank(i)
		if k < 0 {
			continue // ours, but it rejected it
		}
		for x := range next[k] {
			if top > next[k][x] {
				next[k][x], top = top, next[k][x]
			}
		}
	}
	bestRank, bestTop := math.MaxInt, uint64(0)
	taken = true
	for _, i := range list {
		if !p.may(i) {
			continue
		}
		r, k, top := pk.l.fellows.rank(i)
		going := false
		if k >= 0 {
			f := pk.l.fellows.peers[k]
			going = top >= next[k][ahead-1] && f.fed > 0 && now-f.fed < fedFor
		}
		if going && !taken {
			continue
		}
		if taken && !going || r < bestRank || r == bestRank && top < bestTop {
			best, bestRank, bestTop, taken = i, r, top, going
		}
	}
	return best, taken
}

// onTheWay reports whether n fresh pieces are so few that others are likely to
// be fetching them all. To ask p for one then gains nothing if the seeds are
// what the swarm waits for, which is when leechers give us more than they do. It
// is over as soon as no news of such pieces comes.
func (pk *picker) onTheWay(p *Peer, n int, taken bool, now int64) bool {
	f := &pk.l.fellows
	r := p.meter.perSecond(now)
	if f.fed >= f.given || r == 0 || !taken && float64(n) > f.spreading(now)*inFlight ||
		float64(now-f.fresh)/1e9 > patience*float64(pk.l.layout.longest)/r {
		return false
	}
	f.held, f.until = true, now+heldFor
	return true
}

// lookAgain makes the peers that were held back look for work, when it is time.
func (l *ledger) lookAgain() {
	if f := &l.fellows; f.held && l.now > f.until {
		f.held = false
		l.begun.freed = true
	}
}

// swarmDepth is how many blocks p may be asked for among fellows: requests that
// wait in the line of one source cannot be answered by another that has nothing
// to do, and what is asked of a seed cannot be taken by a fellow.
func (pk *picker) swarmDepth(p *Peer, now int64) int {
	f := &pk.l.fellows
	if len(f.peers) == 0 {
		return math.MaxInt
	}
	r, work := p.meter.perSecond(now), leecherWork
	least := slowDepth
	switch {
	case p.meter.rate == 0:
		least = newcomerDepth
	case p.seed && f.fed >= f.given:
		return math.MaxInt
	case p.seed:
		work = seedWork
	}
	return max(least, int(r*(work+2*float64(p.trip)/1e9)/BlockSize))
}
