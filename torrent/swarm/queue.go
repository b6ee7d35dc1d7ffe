package swarm

import (
	"cmp"
	"slices"
	"time"
)

const (
	// Of those that become interested within crowdTime, hurriedSlots get a free
	// slot at once.
	crowdTime    = 100 * time.Millisecond
	hurriedSlots = 2
	// newcomerLots is how many lots a peer has that was never served, or has less
	// than three quarters of what those have on average who want more (BEP 3).
	newcomerLots = 3
)

// hurry gives a newly interested peer a free slot at once. When many come at the
// same time, as they do when we get our first piece, only the first few get
// theirs so, and the rest of the slots is drawn among all a moment later: else
// those who are nearest to everybody would get them everywhere, and the others
// nothing.
func (c *Choker) hurry(now time.Time, dst []ChokeChange) []ChokeChange {
	if now.After(c.crowdUntil) {
		c.crowdUntil, c.hurried = now.Add(crowdTime), 0
	}
	if c.hurried++; c.hurried <= hurriedSlots {
		return c.fill(now, dst)
	}
	if c.used < c.slots.n {
		c.drawDue = c.crowdUntil
	}
	return dst
}

// Draw gives away the slots that hurry has kept.
func (c *Choker) Draw(now time.Time, dst []ChokeChange) []ChokeChange {
	if c.drawDue.IsZero() || now.Before(c.drawDue) {
		return dst
	}
	c.drawDue = time.Time{}
	return c.fill(now, dst)
}

// fill gives the free slots away.
func (c *Choker) fill(now time.Time, dst []ChokeChange) []ChokeChange {
	for c.used < c.slots.n+c.lent {
		p := c.best(now)
		if p == nil {
			p = c.pick(now)
		}
		if p == nil {
			break
		}
		dst = c.unchoke(p, now, dst)
	}
	return dst
}

// best is the waiting peer that gives us most, nil while seeding or if none does.
func (c *Choker) best(now time.Time) (best *ChokePeer) {
	if c.seeding {
		return nil
	}
	for _, p := range c.peers {
		if p.Waiting() && !p.dropped && p.downRate >= giving && !p.snubbing(now) &&
			(best == nil || p.downRate > best.downRate) {
			best = p
		}
	}
	return best
}

// pick is the next peer of those that wait, or nil.
func (c *Choker) pick(now time.Time) *ChokePeer {
	var head *ChokePeer
	lots := 0
	may := func(p *ChokePeer) bool { return p.Waiting() && !p.dropped && !p.hoards(now) && !p.spurns(now) }
	if !slices.ContainsFunc(c.peers, may) {
		may = func(p *ChokePeer) bool { return p.Waiting() && !p.dropped }
	}
	for _, p := range c.peers {
		if !may(p) {
			continue
		}
		lots += c.lots(p)
		if head == nil || cmp.Or(p.since.Compare(head.since), cmp.Compare(p.seq, head.seq)) < 0 {
			head = p
		}
	}
	if head == nil {
		return nil
	}
	if c.picks++; c.picks%2 == 1 && now.Sub(head.since) >= chokeRound {
		return head
	}
	lot := c.rng.IntN(lots)
	for _, p := range c.peers {
		if !may(p) {
			continue
		}
		if lot -= c.lots(p); lot < 0 {
			return p
		}
	}
	return head
}

func (c *Choker) lots(p *ChokePeer) int {
	if p.served && p.Have >= c.behind {
		return 1
	}
	return newcomerLots
}

// Hoard is told that a peer has some pieces that we gave to it alone and nobody
// else was seen with since, or that it has passed one on. Until then its slot is
// of more use to others.
func (c *Choker) Hoard(p *ChokePeer, on bool, now time.Time, dst []ChokeChange) []ChokeChange {
	if p.hoarding = (time.Time{}); !on || !c.has(p) {
		return dst
	}
	p.hoarding = now
	if p.unchoked && slices.ContainsFunc(c.peers, func(q *ChokePeer) bool { return q.Waiting() && !q.hoards(now) }) {
		dst = c.fill(now, c.choke(p, now, dst))
	}
	return dst
}

// Forgive forgets what Hoard was told of a peer.
func (p *ChokePeer) Forgive() { p.hoarding = time.Time{} }

// hoards reports whether a peer keeps what it was given, for no longer than a turn.
func (p *ChokePeer) hoards(now time.Time) bool {
	return !p.hoarding.IsZero() && now.Sub(p.hoarding) < fullTurn
}
