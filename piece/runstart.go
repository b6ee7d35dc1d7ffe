package piece

import "math"

// This file is where a server's run begins: by itself, among leechers, beside
// other servers.

// runStart chooses where a run begins. hold means that others are to be left
// to give us what they have.
func (rs *runs) runStart(p *Peer, s Stretch, first, limit uint32, now int64) (i uint32, fresh, ok, hold bool) {
	switch {
	case s.InOrder || rs.l.wants.inOrder():
		i, ok = rs.l.wants.firstFrom(p, max(first, uint32(rs.l.wants.lo)), min(limit, uint32(rs.l.wants.hi)))
	case rs.l.leechers() > 0:
		return rs.sharedStart(p, now)
	case p.web.begun:
		i, ok = rs.l.wants.around(p, 0, p.web.at, limit)
	default: // anywhere, so that those who begin together begin apart
		at := uint32(rs.l.wants.order.rng.IntN(rs.l.wants.n))
		i, ok = rs.l.wants.around(p, 0, at, limit)
	}
	if !ok {
		i, ok = rs.splitRun(p, now)
	}
	return i, false, ok, false
}

// sharedStart chooses among leechers: a piece that none of them has and that is
// ours to fetch, or one that is left over. When they have all that is missing
// and give it to us, the server is spared.
func (rs *runs) sharedStart(p *Peer, now int64) (i uint32, fresh, ok, hold bool) {
	o := &rs.l.wants.order
	o.sort()
	if len(o.list) == 0 {
		return 0, false, false, false
	}
	if o.avail[o.list[0]] > 0 {
		if rs.l.given(now) > p.meter.perSecond(now) {
			return 0, false, false, true
		}
		for _, i := range o.list[:min(len(o.list), maxProbes)] {
			if p.has(i) {
				return i, false, true, false
			}
		}
		i, ok = rs.l.wants.firstFrom(p, 0, uint32(rs.l.wants.n))
		return i, false, ok, false
	}
	n := int(o.start[(priorities-int(o.prio[o.list[0]]))*o.levels+1])
	i, ours, ok := rs.freshGroup(p, n)
	if ok && !ours && rs.pk.onTheWay(p, n, false, now) {
		return 0, false, false, true
	}
	return i, true, ok, false
}

// freshGroup returns the first piece of a group among the n that no leecher has:
// of those that rank us first the one with the greatest hash; else one that has
// few before us, from the other end.
func (rs *runs) freshGroup(p *Peer, n int) (best uint32, ours, ok bool) {
	g := rs.group()
	bestRank, bestTop := math.MaxInt, uint64(0)
	for _, i := range rs.pk.probes(n) {
		if !p.has(i) {
			continue
		}
		rank, _, top := rs.l.fellows.rank(i / g)
		better := rank < bestRank
		if rank == bestRank {
			better = top < bestTop
			if rank == 0 {
				better = top > bestTop
			}
			better = better || top == bestTop && i < best
		}
		if better {
			best, bestRank, bestTop, ok = i, rank, top, true
		}
	}
	return best, bestRank == 0, ok
}

// given is how many bytes a second leechers give us at the moment.
func (l *ledger) given(now int64) (rate float64) {
	for _, q := range l.peers {
		if !q.seed && now-q.meter.last < recent {
			rate += q.meter.rate
		}
	}
	return rate
}

// splitRun takes the second part of another server's run for p: as much as both
// need the same time for.
func (rs *runs) splitRun(p *Peer, now int64) (uint32, bool) {
	var from *Peer
	for _, q := range rs.l.webs {
		if q != p && (from == nil || q.web.run.end-q.web.run.next > from.web.run.end-from.web.run.next) {
			from = q
		}
	}
	if from == nil {
		return 0, false
	}
	r := &from.web.run
	n := float64(r.end - r.next)
	mine, theirs := p.meter.perSecond(now), from.meter.perSecond(now)
	if mine == 0 || theirs == 0 {
		mine, theirs = 1, 1
	}
	i := r.end - uint32(n*mine/(mine+theirs))
	if i >= r.end || !p.has(i) {
		return 0, false
	}
	rs.l.shorten(r, i)
	return i, true
}

// fromRun takes the last piece that p has of a run, if p brings it before the
// run gets there.
func (pk *picker) fromRun(p *Peer) (uint32, bool) {
	for _, q := range pk.l.webs {
		r := &q.web.run
		for i := r.end; i > r.next && r.end-i < maxProbes; i-- {
			if k := i - 1; p.may(k) && pk.l.wants.inWindow(k) {
				if !pk.sooner(p, q, k-r.next+1) {
					break
				}
				pk.l.shorten(r, k)
				return k, true
			}
		}
	}
	return 0, false
}

// sooner reports whether p brings a piece before q brings n.
func (pk *picker) sooner(p, q *Peer, n uint32) bool {
	mine, theirs := p.meter.perSecond(pk.l.now), q.meter.perSecond(pk.l.now)
	if mine == 0 || theirs == 0 {
		return n > 1
	}
	return theirs < mine*float64(n)
}
