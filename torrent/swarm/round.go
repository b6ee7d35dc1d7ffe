package swarm

import (
	"cmp"
	"slices"
	"time"
)

const (
	// A spare slot is kept for leastTurn, long enough to get up to speed and
	// finish a piece, and goes first when it was held for fullTurn.
	leastTurn = 2 * chokeRound
	fullTurn  = 6 * chokeRound
)

// Round goes over all slots. seeding: we want nothing any more; limit is the
// upload limit in bytes/s, 0 if there is none. All chokes are appended before
// the first unchoke.
func (c *Choker) Round(now time.Time, seeding bool, limit int64, dst []ChokeChange) []ChokeChange {
	c.drawDue = time.Time{}
	c.due, c.seeding, c.lent = now.Add(chokeRound), seeding, 0
	rate, busy := c.measure(now)
	c.compare()
	waiting := 0
	for _, p := range c.peers {
		p.rewarded, p.dropped = false, false
		switch {
		case p.unchoked && !p.eligible():
			dst = c.choke(p, now, dst)
		case p.Waiting():
			waiting++
		}
	}
	c.slots.adapt(now, load{rate, c.used, busy, waiting, limit})

	rewarded := c.reward(now) // some of whom may wait
	for _, p := range c.peers {
		if p.rewarded && !p.unchoked {
			waiting--
		}
	}
	running := c.runningOptimistic(now)
	fresh := min(max(c.optimisticSlots()-running, 0), waiting)
	spare := max(c.slots.n-rewarded-running-fresh, 0)
	return c.grant(fresh, now, c.rotate(spare, waiting-fresh, now, dst))
}

// grant gives slots to those that earned one, fresh optimistic ones, and what is
// left.
func (c *Choker) grant(fresh int, now time.Time, dst []ChokeChange) []ChokeChange {
	for _, p := range c.peers {
		if p.rewarded && !p.unchoked {
			dst = c.unchoke(p, now, dst)
		}
	}
	for ; fresh > 0 && c.used < c.slots.n; fresh-- {
		p := c.pick(now)
		if p == nil {
			break
		}
		p.optimistic = true
		dst = c.unchoke(p, now, dst)
	}
	dst = c.fill(now, dst)
	for _, p := range c.peers {
		p.dropped = false // may have the next slot that falls free
	}
	return dst
}

// measure brings all rates up to date and returns the sum of what is sent and to
// how many.
func (c *Choker) measure(now time.Time) (up float64, busy int) {
	// After a pause nobody was watched: silence is counted from now on.
	paused := now.Sub(c.ran) > 2*chokeRound
	c.ran = now
	for _, p := range c.peers {
		if paused || !p.Owing || p.Down > p.wasDown {
			p.gave = now
		}
		dt := now.Sub(p.measured).Seconds()
		if dt < 1 {
			up += p.upRate
			continue // too short to mean anything
		}
		sent := float64(p.Up-p.wasUp) / dt
		if up += sent; p.unchoked && sent > 0 {
			busy++
		}
		p.downRate = (p.downRate + float64(p.Down-p.wasDown)/dt) / 2
		p.upRate = (p.upRate + sent) / 2
		p.measured, p.wasDown, p.wasUp = now, p.Down, p.Up
	}
	return up, busy
}

// compare finds out who is far behind.
func (c *Choker) compare() {
	pieces, n := 0, 0
	for _, p := range c.peers {
		if p.eligible() {
			pieces, n = pieces+p.Have, n+1
		}
	}
	c.behind = pieces * 3 / 4 / max(n, 1)
}

// rotate takes spare slots away: those that there are no longer, and some of
// the others if peers wait for them.
func (c *Choker) rotate(spare, waiting int, now time.Time, dst []ChokeChange) []ChokeChange {
	c.order = c.order[:0]
	for _, p := range c.peers {
		if p.unchoked && !p.rewarded && !p.optimistic {
			c.order = append(c.order, p)
		}
	}
	slices.SortFunc(c.order, func(a, b *ChokePeer) int {
		return cmp.Or(cmp.Compare(c.stage(a, now), c.stage(b, now)), cmp.Compare(c.worth(a), c.worth(b)),
			a.since.Compare(b.since), cmp.Compare(a.seq, b.seq))
	})
	gone := max(len(c.order)-spare, 0)
	free := max(spare-len(c.order), 0)
	turns := min(max(waiting-free, 0), max(1, spare/4), len(c.order)-gone)
	for i, p := range c.order {
		if i >= gone && (i >= gone+turns || c.stage(p, now) == turnBegun) {
			break
		}
		p.dropped = true
		dst = c.choke(p, now, dst)
	}
	return dst
}

// The stages of a turn at a spare slot, the first to lose it first.
const (
	turnOver = iota
	turnLong
	turnBegun
)

func (c *Choker) stage(p *ChokePeer, now time.Time) int {
	held := now.Sub(p.since)
	switch {
	case held >= fullTurn, !c.seeding && p.snubbing(now):
		return turnOver
	case held >= leastTurn, held >= chokeRound && p.upRate == 0: // it asks for nothing
		return turnLong
	}
	return turnBegun
}

// worth orders peers whose turns are at the same stage.
func (c *Choker) worth(p *ChokePeer) float64 {
	if c.seeding {
		return p.upRate
	}
	return p.downRate
}
