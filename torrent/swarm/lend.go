package swarm

import (
	"slices"
	"time"
)

const (
	// lendEvery is how often idle slots are looked for; one is idle at the
	// earliest lendAfter it was given.
	lendEvery = 500 * time.Millisecond
	lendAfter = 300 * time.Millisecond
	// spurnTime is how long a peer may hold a slot and take nothing while the
	// uplink idles and others wait (threat: crowds that only claim to want).
	spurnTime = 3 * time.Second
	// busyTakers is how many that ask keep an uplink busy.
	busyTakers = 4
)

// mayLend reports whether Lend can do anything.
func (c *Choker) mayLend() bool {
	if c.slots.fixed || c.interested <= c.used || c.used >= maxSlots {
		return false
	}
	return slices.ContainsFunc(c.peers, (*ChokePeer).Waiting)
}

// Lend gives slots beyond the count while so many of their holders ask for
// nothing that the uplink may idle until the next round: between peers that have
// about the same pieces many find nothing to ask for. It is for the caller
// to have sampled the peers. Nothing tells that somebody does not ask: this is
// looked at every lendEvery, while peers wait.
func (c *Choker) Lend(now time.Time, dst []ChokeChange) []ChokeChange {
	c.lendDue = now.Add(lendEvery)
	if !c.mayLend() {
		return dst
	}
	idle, takers := 0, 0
	for _, p := range c.peers {
		switch {
		case !p.unchoked:
		case p.Asks || p.Up != p.lookedUp || now.Sub(p.since) < lendAfter:
			takers++
		default:
			idle++
		}
		p.lookedUp = p.Up
	}
	if takers < busyTakers {
		before := c.used
		dst = c.passOver(now, dst)
		idle -= before - c.used
	}
	c.lent = max(0, min(idle, busyTakers-takers, maxSlots-c.slots.n))
	return c.fill(now, dst)
}

// passOver takes the slots of those that spurn them, for as many as wait and have
// not done so themselves.
func (c *Choker) passOver(now time.Time, dst []ChokeChange) []ChokeChange {
	waiting := 0
	for _, p := range c.peers {
		if p.Waiting() && !p.spurns(now) {
			waiting++
		}
	}
	for _, p := range c.peers {
		if waiting > 0 && p.unchoked && !p.Asks && p.Up == p.granted && now.Sub(p.since) >= spurnTime {
			p.spurned = now
			dst = c.choke(p, now, dst)
			waiting--
		}
	}
	return dst
}

// spurns reports whether a peer has spurned a slot, for no longer than a turn.
func (p *ChokePeer) spurns(now time.Time) bool {
	return !p.spurned.IsZero() && now.Sub(p.spurned) < fullTurn
}
