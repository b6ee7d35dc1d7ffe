package torrent

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// The choker decides whom we upload to. It is told the time and what happened,
// and answers with the changes to make.
//
// Slots are of three kinds, and together never more than slots, and those that
// lend adds between two rounds:
//
//   - Reward, while leeching: the peers that we receive something from (BEP 3).
//     Half of these slots go to those that give most, the others to those that
//     have least: who has a slow line gives little, whatever he does, and has
//     nothing to give if nobody gives to him. Where only rates counted, in a
//     simulated swarm of 200 the fifth with 1 Mbit/s up was done after 74 s, 23 s
//     after all others; so, after 55 s, 7 s after them.
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
const (
	chokeRound     = 10 * time.Second // BEP 3
	optimisticTurn = 30 * time.Second // BEP 3
	snubAfter      = 60 * time.Second
	// Of those that become interested within crowdTime, hurriedSlots get a free
	// slot at once.
	crowdTime    = 100 * time.Millisecond
	hurriedSlots = 2
	// lendEvery is how often idle slots are looked for; one is idle at the
	// earliest lendAfter it was given.
	lendEvery = 500 * time.Millisecond
	lendAfter = 300 * time.Millisecond
	// spurnTime is how long a peer may hold a slot and take nothing while the
	// uplink idles and others wait (threat: crowds that only claim to want).
	spurnTime = 3 * time.Second
	// busyTakers is how many that ask keep an uplink busy.
	busyTakers = 4
	// A spare slot is kept for leastTurn, long enough to get up to speed and
	// finish a piece, and goes first when it was held for fullTurn.
	leastTurn = 2 * chokeRound
	fullTurn  = 6 * chokeRound
	// loyalty is how much better a newcomer must be to take a reward slot: by so
	// much faster, or that much less far.
	loyalty = 1.25
	// giving is the rate in bytes/s from which a peer counts as giving at all;
	// below it are only the remains of an average.
	giving = 1 << 10
	// newcomerLots is how many lots a peer has that was never served, or has less
	// than three quarters of what those have on average who want more.
	newcomerLots = 3
)

// chokePeer is what the choker knows of one connection.
type chokePeer struct {
	member *member // whom it is about; for the caller, the choker leaves it alone

	// Told by the caller.
	interested bool  // it wants something of us
	uploadOnly bool  // it wants nothing whatever it says: a seed, or BEP 21
	owing      bool  // we asked it for blocks
	asks       bool  // requests of it wait for us
	down, up   int64 // bytes received from it and sent to it so far
	have       int   // pieces it has

	seq        uint64 // order of joining: the last tie break
	index      int    // in choker.peers
	unchoked   bool
	optimistic bool      // the slot it has is an optimistic one
	served     bool      // it had a slot before
	rewarded   bool      // this round: it earned its slot
	dropped    bool      // this round: it lost its slot
	spurned    time.Time // when it lost a slot that it took nothing by; zero: never
	granted    int64     // up when it got its slot
	hoarding   time.Time // since when it keeps what we gave to it alone; zero: it does not
	since      time.Time // it has had its slot, or has waited for one
	gave       time.Time // it sent something or owed nothing
	measured   time.Time // when the rates were last measured
	wasDown    int64     // down and up at that time
	wasUp      int64
	lookedUp   int64   // up when lend last looked
	downRate   float64 // bytes/s, mostly of the last two rounds
	upRate     float64
}

// chokeChange is one thing to do.
type chokeChange struct {
	peer  *chokePeer
	choke bool // else unchoke
}

// choker holds the peers of one torrent. It does no I/O and is not safe for
// concurrent use.
type choker struct {
	rng        *rand.Rand
	peers      []*chokePeer
	interested int       // how many of them are
	used       int       // how many are unchoked
	due        time.Time // of the next round
	hurried    int       // how many came since crowdTime before crowdUntil
	crowdUntil time.Time
	drawDue    time.Time // when draw is to give slots away; zero: there are none
	lendDue    time.Time // when lend is to look again
	lent       int       // slots beyond slots.n, for as many whose holders ask for nothing
	ran        time.Time // of the last round
	seeding    bool
	seq        uint64
	picks      uint64 // from the queue so far; its last bit says how the next is made
	slots      slotCount
	behind     int          // who has fewer pieces is far behind
	order      []*chokePeer // scratch of round
}

// newChoker makes a choker with as many slots as fixedSlots says, or with as
// many as the upload capacity feeds if that is 0.
func newChoker(rng *rand.Rand, fixedSlots int) *choker {
	return &choker{rng: rng, slots: newSlotCount(fixedSlots)}
}

// join adds a peer, which starts choked and not interested.
func (c *choker) join(p *chokePeer, now time.Time) {
	c.seq++
	p.seq, p.index = c.seq, len(c.peers)
	p.since, p.gave, p.measured = now, now, now
	c.peers = append(c.peers, p)
}

// leave forgets a peer and appends who gets its slot.
func (c *choker) leave(p *chokePeer, now time.Time, dst []chokeChange) []chokeChange {
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

// interest is told what a peer says of our pieces. One that wants them gets a
// free slot at once; one that no longer does hands its slot on.
func (c *choker) interest(p *chokePeer, on bool, now time.Time, dst []chokeChange) []chokeChange {
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

// hurry gives a newly interested peer a free slot at once. When many come at the
// same time, as they do when we get our first piece, only the first few get
// theirs so, and the rest of the slots is drawn among all a moment later: else
// those who are nearest to everybody would get them everywhere, and the others
// nothing.
func (c *choker) hurry(now time.Time, dst []chokeChange) []chokeChange {
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

// draw gives away the slots that hurry has kept.
func (c *choker) draw(now time.Time, dst []chokeChange) []chokeChange {
	if c.drawDue.IsZero() || now.Before(c.drawDue) {
		return dst
	}
	c.drawDue = time.Time{}
	return c.fill(now, dst)
}

// has reports whether p joined and has not left.
func (c *choker) has(p *chokePeer) bool { return p.index < len(c.peers) && c.peers[p.index] == p }

// next is when round is to be called; zero while nobody is interested.
func (c *choker) next() time.Time {
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

// mayLend reports whether lend can do anything.
func (c *choker) mayLend() bool {
	if c.slots.fixed || c.interested <= c.used || c.used >= maxSlots {
		return false
	}
	return slices.ContainsFunc(c.peers, (*chokePeer).waiting)
}

// lend gives slots beyond the count while so many of their holders ask for
// nothing that the uplink may idle until the next round: between peers that have
// about the same pieces many find nothing to ask for. It is for the caller
// to have sampled the peers. Nothing tells that somebody does not ask: this is
// looked at every lendEvery, while peers wait.
func (c *choker) lend(now time.Time, dst []chokeChange) []chokeChange {
	c.lendDue = now.Add(lendEvery)
	if !c.mayLend() {
		return dst
	}
	idle, takers := 0, 0
	for _, p := range c.peers {
		switch {
		case !p.unchoked:
		case p.asks || p.up != p.lookedUp || now.Sub(p.since) < lendAfter:
			takers++
		default:
			idle++
		}
		p.lookedUp = p.up
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
func (c *choker) passOver(now time.Time, dst []chokeChange) []chokeChange {
	waiting := 0
	for _, p := range c.peers {
		if p.waiting() && !p.spurns(now) {
			waiting++
		}
	}
	for _, p := range c.peers {
		if waiting > 0 && p.unchoked && !p.asks && p.up == p.granted && now.Sub(p.since) >= spurnTime {
			p.spurned = now
			dst = c.choke(p, now, dst)
			waiting--
		}
	}
	return dst
}

// spurns reports whether a peer has spurned a slot, for no longer than a turn.
func (p *chokePeer) spurns(now time.Time) bool {
	return !p.spurned.IsZero() && now.Sub(p.spurned) < fullTurn
}

// sample notes a peer's counters; the caller does it for each before a round.
// owing: requests of ours wait for its answer. uploadOnly: see chokePeer.
func (p *chokePeer) sample(downloaded, uploaded int64, owing, uploadOnly bool) {
	p.down, p.up, p.owing, p.uploadOnly = downloaded, uploaded, owing, uploadOnly
}

// round goes over all slots. seeding: we want nothing any more; limit is the
// upload limit in bytes/s, 0 if there is none. All chokes are appended before
// the first unchoke.
func (c *choker) round(now time.Time, seeding bool, limit int64, dst []chokeChange) []chokeChange {
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
		case p.waiting():
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
	dst = c.rotate(spare, waiting-fresh, now, dst)

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

// eligible reports whether a peer may hold a slot.
func (p *chokePeer) eligible() bool { return p.interested && !p.uploadOnly }

// waiting reports whether a peer wants a slot and has none.
func (p *chokePeer) waiting() bool { return p.eligible() && !p.unchoked }

// snubbing reports whether a peer owes us blocks and has been silent too long.
func (p *chokePeer) snubbing(now time.Time) bool { return p.owing && now.Sub(p.gave) >= snubAfter }

// measure brings all rates up to date and returns the sum of what is sent and to
// how many.
func (c *choker) measure(now time.Time) (up float64, busy int) {
	// After a pause nobody was watched: silence is counted from now on.
	paused := now.Sub(c.ran) > 2*chokeRound
	c.ran = now
	for _, p := range c.peers {
		if paused || !p.owing || p.down > p.wasDown {
			p.gave = now
		}
		dt := now.Sub(p.measured).Seconds()
		if dt < 1 {
			up += p.upRate
			continue // too short to mean anything
		}
		sent := float64(p.up-p.wasUp) / dt
		if up += sent; p.unchoked && sent > 0 {
			busy++
		}
		p.downRate = (p.downRate + float64(p.down-p.wasDown)/dt) / 2
		p.upRate = (p.upRate + sent) / 2
		p.measured, p.wasDown, p.wasUp = now, p.down, p.up
	}
	return up, busy
}

// compare finds out who is far behind.
func (c *choker) compare() {
	pieces, n := 0, 0
	for _, p := range c.peers {
		if p.eligible() {
			pieces, n = pieces+p.have, n+1
		}
	}
	c.behind = pieces * 3 / 4 / max(n, 1)
}

// optimisticSlots is how many slots are kept for trying others.
func (c *choker) optimisticSlots() int {
	if c.seeding {
		return 0
	}
	return max(1, c.slots.n/8)
}

// reward marks the peers that earned a slot by what they gave, and counts them.
func (c *choker) reward(now time.Time) int {
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
	slices.SortFunc(c.order[(n+1)/2:], func(a, b *chokePeer) int {
		return cmp.Or(cmp.Compare(a.progress(), b.progress()), byMerit(a, b))
	})
	for _, p := range c.order[:n] {
		p.rewarded, p.optimistic = true, false
	}
	return n
}

func byMerit(a, b *chokePeer) int {
	return cmp.Or(cmp.Compare(b.merit(), a.merit()), cmp.Compare(a.seq, b.seq))
}

// merit is a peer's rate as reward sees it. That it was being tried is no
// reason to keep it.
func (p *chokePeer) merit() float64 {
	if p.unchoked && !p.optimistic {
		return p.downRate * loyalty
	}
	return p.downRate
}

// progress is how many pieces a peer has, as reward sees it.
func (p *chokePeer) progress() float64 {
	if p.unchoked && !p.optimistic {
		return float64(p.have) / loyalty
	}
	return float64(p.have)
}

// runningOptimistic counts the optimistic slots whose turn is not over. Who has
// had his turn holds a spare slot from then on, if there is one.
func (c *choker) runningOptimistic(now time.Time) (n int) {
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

// rotate takes spare slots away: those that there are no longer, and some of
// the others if peers wait for them.
func (c *choker) rotate(spare, waiting int, now time.Time, dst []chokeChange) []chokeChange {
	c.order = c.order[:0]
	for _, p := range c.peers {
		if p.unchoked && !p.rewarded && !p.optimistic {
			c.order = append(c.order, p)
		}
	}
	slices.SortFunc(c.order, func(a, b *chokePeer) int {
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

func (c *choker) stage(p *chokePeer, now time.Time) int {
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
func (c *choker) worth(p *chokePeer) float64 {
	if c.seeding {
		return p.upRate
	}
	return p.downRate
}

// fill gives the free slots away.
func (c *choker) fill(now time.Time, dst []chokeChange) []chokeChange {
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

// hoard is told that a peer has some pieces that we gave to it alone and nobody
// else was seen with since, or that it has passed one on. Until then its slot is
// of more use to others.
func (c *choker) hoard(p *chokePeer, on bool, now time.Time, dst []chokeChange) []chokeChange {
	if p.hoarding = (time.Time{}); !on || !c.has(p) {
		return dst
	}
	p.hoarding = now
	if p.unchoked && slices.ContainsFunc(c.peers, func(q *chokePeer) bool { return q.waiting() && !q.hoards(now) }) {
		dst = c.fill(now, c.choke(p, now, dst))
	}
	return dst
}

// hoards reports whether a peer keeps what it was given, for no longer than a turn.
func (p *chokePeer) hoards(now time.Time) bool {
	return !p.hoarding.IsZero() && now.Sub(p.hoarding) < fullTurn
}

// best is the waiting peer that gives us most, nil while seeding or if none does.
func (c *choker) best(now time.Time) (best *chokePeer) {
	if c.seeding {
		return nil
	}
	for _, p := range c.peers {
		if p.waiting() && !p.dropped && p.downRate >= giving && !p.snubbing(now) &&
			(best == nil || p.downRate > best.downRate) {
			best = p
		}
	}
	return best
}

// pick is the next peer of those that wait, or nil.
func (c *choker) pick(now time.Time) *chokePeer {
	var head *chokePeer
	lots := 0
	may := func(p *chokePeer) bool { return p.waiting() && !p.dropped && !p.hoards(now) && !p.spurns(now) }
	if !slices.ContainsFunc(c.peers, may) {
		may = func(p *chokePeer) bool { return p.waiting() && !p.dropped }
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

func (c *choker) lots(p *chokePeer) int {
	if p.served && p.have >= c.behind {
		return 1
	}
	return newcomerLots
}

func (c *choker) choke(p *chokePeer, now time.Time, dst []chokeChange) []chokeChange {
	p.unchoked, p.optimistic, p.since = false, false, now
	c.used--
	return append(dst, chokeChange{p, true})
}

func (c *choker) unchoke(p *chokePeer, now time.Time, dst []chokeChange) []chokeChange {
	p.unchoked, p.served, p.since, p.granted = true, true, now, p.up
	c.used++
	return append(dst, chokeChange{p, false})
}
