package swarm

import (
	"cmp"
	"slices"
	"time"
)

const (
	// loyalty is how much better a newcomer must be to take a reward slot: by so
	// much faster, or that much less far.
	loyalty = 1.25
	// giving is the rate in bytes/s from which a peer counts as giving at all;
	// below it are only the remains of an average.
	giving = 1 << 10
)

// optimisticSlots is how many slots are kept for trying others.
func (c *Choker) optimisticSlots() int {
	if c.seeding {
		return 0
	}
	return max(1, c.slots.n/8)
}

// reward marks the peers that earned a slot by what they gave, and counts them.
func (c *Choker) reward(now time.Time) int {
	if c.seeding {
		return 0
	}
	c.order = c.order[:0]
	for _, p := range c.peers {
		if p.eligible() && p.downRate >= giving && !p.snubbing(now) {
			c.order = append(c.order, p)
		}
	}
	n := min(len(c.order), c.slots.n-c.optimisticSlots())
	slices.SortFunc(c.order, byMerit)
	slices.SortFunc(c.order[(n+1)/2:], func(a, b *ChokePeer) int {
		return cmp.Or(cmp.Compare(a.progress(), b.progress()), byMerit(a, b))
	})
	for _, p := range c.order[:n] {
		p.rewarded, p.optimistic = true, false
	}
	return n
}

func byMerit(a, b *ChokePeer) int {
	return cmp.Or(cmp.Compare(b.merit(), a.merit()), cmp.Compare(a.seq, b.seq))
}

// merit is a peer's rate as reward sees it. That it was being tried is no
// reason to keep it.
func (p *ChokePeer) merit() float64 {
	if p.unchoked && !p.optimistic {
		return p.downRate * loyalty
	}
	return p.downRate
}

// progress is how many pieces a peer has, as reward sees it.
func (p *ChokePeer) progress() float64 {
	if p.unchoked && !p.optimistic {
		return float64(p.Have) / loyalty
	}
	return float64(p.Have)
}

// runningOptimistic counts the optimistic slots whose turn is not over. Who has
// had its turn holds a spare slot from then on, if there is one.
func (c *Choker) runningOptimistic(now time.Time) (n int) {
	for _, p := range c.peers {
		if p.optimistic && now.Sub(p.since) >= optimisticTurn {
			p.optimistic = false
		}
		if !p.optimistic {
			continue
		}
		if n++; n > c.optimisticSlots() { // there are fewer slots now, or we seed
			p.optimistic, n = false, n-1
		}
	}
	return n
}
