package swarm

import (
	"math/rand/v2"
	"time"
)

// Choker decides whom of one torrent we upload to.
//
// Slots are of three kinds, and together never more than slotCount says, and those
// that Lend adds between two rounds:
//
//   - Reward, while leeching: the peers that we receive something from (BEP 3).
//     Half of these slots go to those that give most, the others to those that
//     have least: who has a slow line gives little, whatever it does, and has
//     nothing to give if nobody gives to it (docs/measured.md, swarm).
//     One that has a slot keeps it until another is better by a quarter, so that
//     equal peers do not take turns at it (fibrillation). A peer that owes us
//     blocks and was silent for snubAfter gives nothing, whatever its average says.
//   - Optimistic, while leeching: one slot in eight, at least one, for 30 s, to
//     whoever waits. That is all that a free rider gets where enough others give.
//   - Spare: what the two leave, which while seeding is everything. A free one
//     is given away at once, or of a crowd that comes at once, a moment later by
//     lot (hurry). While others wait, at each round a quarter of them
//     goes on to the next: first from those that had theirs for a minute, then
//     from the slowest, never from one that has just begun. So the fast ones
//     stay longer, since bytes sent to them are soon sent on, and nobody stays.
//     That a seed should serve everybody alike, and not the fastest only, is
//     what Legout, Urvoy-Keller and Michiardi found ("Rarest first and choke
//     algorithms are enough", 2006): else one fast free rider takes it all.
//
// Those who wait form a queue. Every second pick takes its head, if that has
// waited for a round; the others draw lots, in which a peer that never had a slot
// counts three times (BEP 3), and so does one that is far behind the others: it
// has little to give until somebody gives it a piece. Because of the first kind
// a flood of newcomers delays nobody for long: who waits behind w others
// is picked within 2(w+1) picks. While seeding with s slots there are at least
// max(1, s/4) picks a round after the first two (with s = 1 one in two rounds);
// while leeching max(1, s/8) in three rounds.
//
// All methods that may change something append to dst and return it; the caller owns
// it. None allocates but for that.
type Choker struct {
	rng        *rand.Rand
	peers      []*ChokePeer
	interested int       // how many of them are
	used       int       // how many are unchoked
	due        time.Time // of the next round
	hurried    int       // how many came since crowdTime before crowdUntil
	crowdUntil time.Time
	drawDue    time.Time // when Draw is to give slots away; zero: there are none
	lendDue    time.Time // when Lend is to look again
	lent       int       // slots beyond slots.n, for as many whose holders ask for nothing
	ran        time.Time // of the last round
	seeding    bool
	seq        uint64
	picks      uint64 // from the queue so far; its last bit says how the next is made
	slots      slotCount
	behind     int          // who has fewer pieces is far behind
	order      []*ChokePeer // scratch of Round
}

const (
	chokeRound     = 10 * time.Second // BEP 3
	optimisticTurn = 30 * time.Second // BEP 3
)

// ChokeChange is one thing to do: a CHOKE or an UNCHOKE to send.
type ChokeChange struct {
	Peer  *ChokePeer
	Choke bool // else unchoke
}

// NewChoker makes a choker with as many slots as fixedSlots says, or with as
// many as the upload capacity feeds if that is 0.
func NewChoker(rng *rand.Rand, fixedSlots int) *Choker {
	return &Choker{rng: rng, slots: newSlotCount(fixedSlots)}
}

// Join adds a peer, which starts choked and not interested.
func (c *Choker) Join(p *ChokePeer, now time.Time) {
	c.seq++
	p.seq, p.index = c.seq, len(c.peers)
	p.since, p.gave, p.measured = now, now, now
	c.peers = append(c.peers, p)
}

// Leave forgets a peer and appends who gets its slot.
func (c *Choker) Leave(p *ChokePeer, now time.Time, dst []ChokeChange) []ChokeChange {
	if !c.has(p) {
		return dst
	}
	last := len(c.peers) - 1
	c.peers[p.index] = c.peers[last]
	c.peers[p.index].index = p.index
	c.peers[last] = nil
	c.peers = c.peers[:last]
	if p.interested {
		c.interested--
	}
	if p.unchoked {
		c.used--
	}
	p.interested, p.unchoked, p.optimistic = false, false, false
	return c.fill(now, dst)
}

// Interest is told what a peer says of our pieces. One that wants them gets a
// free slot at once; one that no longer does hands its slot on.
func (c *Choker) Interest(p *ChokePeer, on bool, now time.Time, dst []ChokeChange) []ChokeChange {
	if p.interested == on || !c.has(p) {
		return dst
	}
	p.interested = on
	if !on {
		c.interested--
		if p.unchoked {
			dst = c.choke(p, now, dst)
		}
		return c.fill(now, dst)
	}
	if c.interested++; c.interested == 1 {
		c.due = now.Add(chokeRound)
	}
	if !p.unchoked {
		p.since = now
	}
	if c.lendDue.Before(now) {
		c.lendDue = now.Add(lendEvery)
	}
	return c.hurry(now, dst)
}

// has reports whether p joined and has not left.
func (c *Choker) has(p *ChokePeer) bool { return p.index < len(c.peers) && c.peers[p.index] == p }

// Next is when Draw, and what comes after it, is to be called; zero while nobody is
// interested.
func (c *Choker) Next() time.Time {
	switch {
	case c.interested == 0:
		return time.Time{}
	case !c.drawDue.IsZero():
		return c.drawDue
	case c.mayLend() && c.lendDue.Before(c.due):
		return c.lendDue
	}
	return c.due
}

// RoundDue reports whether it is time for Round; else Lend is meant.
func (c *Choker) RoundDue(now time.Time) bool { return !now.Before(c.due) }

// Suit is told into how many pieces of which length the torrent is cut.
func (c *Choker) Suit(pieces int, length int64) { c.slots.suit(pieces, length) }

// Used is how many slots are taken.
func (c *Choker) Used() int { return c.used }

// Slots is how many there are, and how many of them are lent between two rounds.
func (c *Choker) Slots() (n, lent int) { return c.slots.n + c.lent, c.lent }

func (c *Choker) choke(p *ChokePeer, now time.Time, dst []ChokeChange) []ChokeChange {
	p.unchoked, p.optimistic, p.since = false, false, now
	c.used--
	return append(dst, ChokeChange{p, true})
}

func (c *Choker) unchoke(p *ChokePeer, now time.Time, dst []ChokeChange) []ChokeChange {
	p.unchoked, p.served, p.since, p.granted = true, true, now, p.Up
	c.used++
	return append(dst, ChokeChange{p, false})
}
