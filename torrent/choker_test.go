package torrent

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// fataler is what a chokeLab complains to: a test, or a rapid check.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// chokeLab runs a choker with peers that give and take at set rates, and checks
// after every call that what it said makes sense.
type chokeLab struct {
	t       fataler
	c       *choker
	now     time.Time
	seeding bool
	uplink  float64 // bytes/s, shared equally by those with slots; 0: no bound
	limit   int64
	peers   []*labPeer
	log     []string // of all changes
	changes []chokeChange
}

// labPeer is a remote.
type labPeer struct {
	chokePeer
	name   string
	gives  float64 // bytes/s sent to us
	takes  float64 // bytes/s that it can receive
	owes   bool
	seed   bool
	open   bool // what the changes said: unchoked
	rounds int  // it had a slot in
	turns  int  // times unchoked
}

const kib = 1 << 10

func newChokeLab(t fataler, slots int) *chokeLab {
	return &chokeLab{t: t, c: newChoker(rand.New(rand.NewPCG(1, 2)), slots), now: shedNow}
}

// join adds a peer that gives and takes so much.
func (l *chokeLab) join(name string, gives, takes float64) *labPeer {
	p := &labPeer{name: name, gives: gives, takes: takes}
	l.peers = append(l.peers, p)
	l.c.join(&p.chokePeer, l.now)
	return p
}

// crowd joins n interested peers at once.
func (l *chokeLab) crowd(n int, gives, takes float64) (ps []*labPeer) {
	for i := range n {
		ps = append(ps, l.join(fmt.Sprintf("p%02d", i), gives, takes))
	}
	for _, p := range ps {
		l.interest(p, true)
	}
	return ps
}

func (l *chokeLab) leave(p *labPeer) {
	l.t.Helper()
	l.peers = slices.DeleteFunc(l.peers, func(q *labPeer) bool { return q == p })
	p.open = false
	l.apply(l.c.leave(&p.chokePeer, l.now, l.changes[:0]))
}

func (l *chokeLab) interest(p *labPeer, on bool) {
	l.t.Helper()
	changes := l.c.interest(&p.chokePeer, on, l.now, l.changes[:0])
	if due := l.c.drawDue; !due.IsZero() { // the tests that want the moment before do without this
		if due.Sub(l.now) > crowdTime {
			l.t.Fatalf("slots are kept for %v", due.Sub(l.now))
		}
		changes = l.c.draw(due, changes)
	}
	l.apply(changes)
}

// round lets ten seconds pass and runs a round.
func (l *chokeLab) round() {
	l.t.Helper()
	if at := l.c.next(); !at.IsZero() && at.After(l.now.Add(chokeRound)) {
		l.t.Fatalf("the next round is due at %v, more than a round after %v", at, l.now)
	}
	l.now = l.now.Add(chokeRound)
	share := l.uplink / float64(max(l.c.used, 1))
	for _, p := range l.peers {
		sent := 0.0
		if p.open {
			if sent = p.takes; l.uplink > 0 {
				sent = min(sent, share)
			}
			p.rounds++
		}
		p.sample(p.down+int64(p.gives*chokeRound.Seconds()), p.up+int64(sent*chokeRound.Seconds()), p.owes, p.seed)
	}
	l.apply(l.c.round(l.now, l.seeding, l.limit, l.changes[:0]))
}

func (l *chokeLab) run(rounds int) {
	l.t.Helper()
	for range rounds {
		l.round()
	}
}

// apply plays the caller's part and checks what must always hold.
func (l *chokeLab) apply(changes []chokeChange) {
	l.t.Helper()
	l.changes = changes
	seen := make(map[*chokePeer]bool)
	for _, ch := range changes {
		i := slices.IndexFunc(l.peers, func(p *labPeer) bool { return &p.chokePeer == ch.peer })
		if i < 0 {
			l.t.Fatalf("a change for a peer that is not there: %v", ch)
		}
		p := l.peers[i]
		switch {
		case seen[ch.peer]:
			l.t.Fatalf("%s is changed twice in one call", p.name)
		case p.open != ch.choke:
			l.t.Fatalf("%s is told choke=%v again", p.name, ch.choke)
		}
		seen[ch.peer] = true
		if p.open = !ch.choke; p.open {
			p.turns++
		}
		if open := l.open(); open > l.c.slots.n && !ch.choke {
			l.t.Fatalf("%d peers unchoked with %d slots", open, l.c.slots.n)
		}
		l.log = append(l.log, fmt.Sprint(l.now.Sub(shedNow), p.name, ch.choke))
	}
	l.check()
}

func (l *chokeLab) check() {
	l.t.Helper()
	waiting, interested := 0, 0
	for _, p := range l.peers {
		switch {
		case p.open != p.unchoked:
			l.t.Fatalf("%s: told unchoked=%v, choker has %v", p.name, p.open, p.unchoked)
		case p.open && !p.interested:
			l.t.Fatalf("%s holds a slot and is not interested", p.name)
		case p.optimistic && !p.open:
			l.t.Fatalf("%s holds an optimistic slot and is choked", p.name)
		}
		if p.waiting() {
			waiting++
		}
		if p.interested {
			interested++
		}
	}
	open := l.open()
	switch {
	case open > l.c.slots.n:
		l.t.Fatalf("%d peers unchoked with %d slots", open, l.c.slots.n)
	case open != l.c.used:
		l.t.Fatalf("%d peers unchoked, choker counts %d", open, l.c.used)
	case open < l.c.slots.n && waiting > 0:
		l.t.Fatalf("%d peers wait while only %d of %d slots are taken", waiting, open, l.c.slots.n)
	case (interested == 0) != l.c.next().IsZero():
		l.t.Fatalf("%d interested, next round at %v", interested, l.c.next())
	}
}

func (l *chokeLab) open() (n int) {
	for _, p := range l.peers {
		if p.open {
			n++
		}
	}
	return n
}

// want checks who of the named has a slot, which says nothing of others.
func (l *chokeLab) want(open bool, ps ...*labPeer) {
	l.t.Helper()
	for _, p := range ps {
		if p.open != open {
			l.t.Fatalf("after %v %s: unchoked=%v, want %v", l.now.Sub(shedNow), p.name, p.open, open)
		}
	}
}

func TestChokerFreeSlotAtOnce(t *testing.T) {
	l := newChokeLab(t, 2)
	a, b, c := l.join("a", 0, mib), l.join("b", 0, mib), l.join("c", 0, mib)
	if !l.c.next().IsZero() {
		t.Fatal("a round is due while nobody is interested")
	}
	l.want(false, a, b, c)
	l.interest(a, true)
	l.interest(b, true)
	l.want(true, a, b)
	l.interest(c, true)
	l.want(false, c)
	l.interest(a, true) // says it twice
	l.interest(a, false)
	l.want(true, b, c)
	l.interest(a, true)
	l.want(false, a)
	l.leave(b)
	l.want(true, a, c)
	if got := l.c.next(); !got.Equal(l.now.Add(chokeRound)) {
		t.Errorf("next round at %v, want %v", got, l.now.Add(chokeRound))
	}
}

// What a connection said may reach the choker after it has ended.
func TestChokerAfterLeave(t *testing.T) {
	l := newChokeLab(t, 1)
	a, b := l.join("a", 0, mib), l.join("b", 0, mib)
	l.interest(a, true)
	l.leave(a)
	l.apply(l.c.interest(&a.chokePeer, true, l.now, nil))
	l.apply(l.c.leave(&a.chokePeer, l.now, nil))
	l.interest(b, true)
	l.want(true, b)
}

// "It should reciprocate to peers who let it download" (BEP 3).
func TestChokerRewards(t *testing.T) {
	l := newChokeLab(t, 4)
	idlers := l.crowd(4, 0, mib)
	l.want(true, idlers...)
	var givers []*labPeer
	for i := range 5 {
		p := l.join(fmt.Sprint("giver", i), float64(100+50*i)*kib, mib)
		givers = append(givers, p)
		l.interest(p, true)
	}
	l.want(false, givers...)
	l.run(3)
	l.want(true, givers[2:]...) // three of the four slots
	givers[2].gives, givers[0].gives = 0, mib
	l.run(4)
	l.want(true, givers[0], givers[3], givers[4])
}

// Half of the slots go to those who give most, half to the least advanced of all
// who give anything, whatever a fast line is worth.
func TestChokerRewardsTheLeast(t *testing.T) {
	l := newChokeLab(t, 9)
	fast := l.crowd(16, 0, mib)
	slow := []*labPeer{l.join("s0", 10*kib, mib), l.join("s1", 10*kib, mib), l.join("s2", 10*kib, mib)}
	idler := l.join("idler", 0, mib)
	l.interest(idler, true)
	for i, p := range slow {
		l.interest(p, true)
		p.have = 10 + i
	}
	for i, p := range fast {
		p.have = 100 + i
		p.gives = float64(mib * (2 + i))
	}
	l.run(3)
	l.want(true, slow...)
	l.want(true, fast[12:]...) // four of the eight that are no optimistic ones
	if idler.rewarded {
		t.Error("one that gives nothing is rewarded for having nothing")
	}
	for _, p := range slow {
		p.have = 1000
	}
	l.round()
	for _, p := range slow {
		if p.rewarded {
			t.Errorf("%s is rewarded with the most pieces and the least rate", p.name)
		}
	}
}

// A slot of one that passes nothing on goes to somebody who may, if there is one,
// and it waits behind others for a turn at most.
func TestChokerHoard(t *testing.T) {
	l := newChokeLab(t, 2)
	l.seeding = true
	slow, other := l.join("slow", 0, mib), l.join("other", 0, mib)
	l.interest(slow, true)
	l.interest(other, true)
	hoard := func(p *labPeer, on bool) {
		t.Helper()
		l.apply(l.c.hoard(&p.chokePeer, on, l.now, nil))
	}
	hoard(slow, true)
	l.want(true, slow) // nobody waits
	third := l.join("third", 0, mib)
	l.interest(third, true)
	l.want(false, third)
	hoard(slow, true)
	l.want(false, slow)
	l.want(true, third, other)
	l.leave(other)
	l.want(true, slow) // better than an idle slot
	fourth := l.join("fourth", 0, mib)
	l.interest(fourth, true)
	hoard(slow, true)
	l.want(false, slow)
	fifth := l.join("fifth", 0, mib)
	l.interest(fifth, true)
	l.leave(third)
	l.want(true, fifth) // came later, and goes first
	sixth := l.join("sixth", 0, mib)
	l.interest(sixth, true)
	hoard(slow, false)
	l.now = l.now.Add(2 * chokeRound)
	l.leave(fifth)
	l.want(true, slow)
	hoard(slow, true)
	l.want(true, sixth)
	l.now = l.now.Add(fullTurn)
	if slow.hoards(l.now) {
		t.Error("blamed for more than a turn")
	}
}

// "It should avoid choking and unchoking quickly, known as 'fibrillation'."
func TestChokerAvoidsFibrillation(t *testing.T) {
	l := newChokeLab(t, 8)
	ps := l.crowd(20, 200*kib, mib)
	wobble := rand.New(rand.NewPCG(7, 7))
	l.run(3)
	var rewarded []*labPeer
	for _, p := range ps {
		if p.rewarded {
			rewarded = append(rewarded, p)
		}
	}
	if len(rewarded) != 7 {
		t.Fatalf("%d rewarded, want 7", len(rewarded))
	}
	for range 60 {
		for _, p := range ps {
			p.gives = 200 * kib * (0.92 + 0.16*wobble.Float64())
		}
		l.round()
		l.want(true, rewarded...)
	}
}

// A peer that owes us blocks and is silent for a minute is not reciprocated,
// whatever it gave before.
func TestChokerAntiSnubbing(t *testing.T) {
	l := newChokeLab(t, 4)
	best := l.join("best", 100*mib, mib)
	l.interest(best, true)
	others := l.crowd(6, 100*kib, mib)
	l.run(2)
	if !best.rewarded {
		t.Fatal("the one that gave most was not rewarded")
	}
	best.gives, best.owes = 0, true
	l.run(5)
	if !best.rewarded {
		t.Fatal("silent for 50 s, and not rewarded already")
	}
	l.round()
	if best.rewarded || best.open && !best.optimistic {
		t.Fatal("silent for a minute, and holds more than an optimistic slot")
	}
	best.gives = mib
	l.run(2)
	if !best.rewarded {
		t.Fatal("not rewarded when it gave again")
	}
	_ = others
}

// Nobody is blamed for the time in which nobody asked.
func TestChokerPauseIsNoSnub(t *testing.T) {
	l := newChokeLab(t, 4)
	a := l.join("a", mib, mib)
	l.interest(a, true)
	l.run(2)
	l.interest(a, false)
	l.now = l.now.Add(time.Hour)
	a.gives, a.owes = 0, true
	l.interest(a, true)
	l.round()
	if a.snubbing(l.now) {
		t.Error("a peer snubs that was asked only after a pause")
	}
}

// "Which peer is optimistically unchoked rotates every 30 seconds."
func TestChokerOptimisticTurns(t *testing.T) {
	l := newChokeLab(t, 4)
	givers := l.crowd(3, mib, mib)
	riders := []*labPeer{l.join("r0", 0, mib), l.join("r1", 0, mib), l.join("r2", 0, mib)}
	for _, r := range riders {
		l.interest(r, true)
	}
	l.run(30) // some turns until the riders follow each other
	var last *labPeer
	held := 0
	for range 60 {
		l.round()
		l.want(true, givers...)
		var now *labPeer
		for _, r := range riders {
			if r.open {
				now = r
			}
		}
		switch {
		case now == nil:
			t.Fatal("nobody has the optimistic slot")
		case now == last:
			held++
		case last != nil && held != 3:
			t.Fatalf("%s had the slot for %d rounds, want 3", last.name, held)
		default:
			last, held = now, 1
		}
	}
}

// "New connections are three times as likely to start as the current optimistic
// unchoke as anywhere else in the rotation."
func TestChokerFavoursNewcomers(t *testing.T) {
	c := newChoker(rand.New(rand.NewPCG(3, 4)), 1)
	ps := make([]chokePeer, 10)
	for i := range ps {
		c.join(&ps[i], shedNow)
		ps[i].interested, ps[i].served, ps[i].have = true, i > 0, 100
	}
	first := 0
	const draws = 6000
	for range draws {
		c.picks = 1 // the next is by lot
		if c.pick(shedNow) == &ps[0] {
			first++
		}
	}
	// 3 of 12 lots.
	if first < draws/4*9/10 || first > draws/4*11/10 {
		t.Errorf("the newcomer was drawn %d times of %d, want about %d", first, draws, draws/4)
	}
	for i := range ps { // one that is far behind is as good as a newcomer
		ps[i].served = true
	}
	ps[4].have = 60
	c.compare()
	behind := 0
	for range draws {
		c.picks = 1
		if c.pick(shedNow) == &ps[4] {
			behind++
		}
	}
	if behind < draws/4*9/10 || behind > draws/4*11/10 {
		t.Errorf("the last was drawn %d times of %d, want about %d", behind, draws, draws/4)
	}
	c.picks = 0 // the next is the head of the queue
	ps[7].since = shedNow.Add(-chokeRound)
	if c.pick(shedNow) != &ps[7] {
		t.Error("who waited longest was passed over")
	}
}

func TestChokerSeedsHoldNoSlot(t *testing.T) {
	l := newChokeLab(t, 2)
	a, b := l.join("a", 0, mib), l.join("b", 0, mib)
	c := l.join("c", 0, mib)
	l.interest(a, true)
	l.interest(b, true)
	l.interest(c, true)
	a.seed = true
	l.round()
	l.want(false, a)
	l.want(true, b, c)
	l.run(20)
	l.want(false, a)
}

// While seeding, equal peers get equal time, to within two turns.
func TestChokerSeedServesAlike(t *testing.T) {
	for _, n := range []int{9, 16, 40, 100} {
		l := newChokeLab(t, 8)
		l.seeding, l.uplink = true, 2.5*mib
		ps := l.crowd(n, 0, 10*mib)
		l.run(40 * n)
		least, most := ps[0].rounds, ps[0].rounds
		for _, p := range ps {
			least, most = min(least, p.rounds), max(most, p.rounds)
		}
		if mean := 8 * 40; least < mean*7/10 || most > mean*13/10 {
			t.Errorf("%d peers: between %d and %d rounds each, want about %d", n, least, most, mean)
		}
	}
}

// The fast hold their slots longer, but not for ever.
func TestChokerSeedPrefersTheFast(t *testing.T) {
	l := newChokeLab(t, 4)
	l.seeding = true
	fast := []*labPeer{l.join("f0", 0, 10*mib), l.join("f1", 0, 10*mib)}
	for _, p := range fast {
		l.interest(p, true)
	}
	slow := l.crowd(20, 0, 10*kib)
	l.run(400)
	mean := 0
	for _, p := range slow {
		mean += p.rounds
	}
	mean /= len(slow)
	for _, p := range fast {
		if perTurn := float64(p.rounds) / float64(p.turns); perTurn < 4 || perTurn > 8 {
			t.Errorf("a fast peer held its slot for %.1f rounds a turn, want about 6", perTurn)
		}
		if p.rounds < mean*5/4 {
			t.Errorf("a fast peer had %d rounds, a slow one %d", p.rounds, mean)
		}
	}
}

// A slot whose holder asks for nothing goes on after one round.
func TestChokerSeedTakesIdleSlots(t *testing.T) {
	l := newChokeLab(t, 4)
	l.seeding = true
	idle := l.join("idle", 0, 0)
	l.interest(idle, true)
	l.crowd(8, 0, mib)
	l.want(true, idle)
	l.round()
	l.want(false, idle)
}

// Among equals the longest turn ends first.
func TestChokerSeedOrder(t *testing.T) {
	l := newChokeLab(t, 4)
	l.seeding = true
	var ps []*labPeer
	for i := range 4 {
		ps = append(ps, l.join(fmt.Sprint("p", i), 0, mib))
	}
	for _, i := range []int{2, 0, 3, 1} {
		l.interest(ps[i], true)
		l.now = l.now.Add(time.Second)
	}
	l.run(3)
	l.crowd(20, 0, mib)
	for _, i := range []int{2, 0, 3, 1} {
		l.want(true, ps[i])
		l.round()
		l.want(false, ps[i])
	}
}

// With as many slots as peers nothing ever changes.
func TestChokerLeavesSmallSwarmsAlone(t *testing.T) {
	for _, seeding := range []bool{false, true} {
		l := newChokeLab(t, 8)
		l.seeding = seeding
		l.crowd(8, 0, 100*kib)
		before := len(l.log)
		l.run(50)
		if len(l.log) != before {
			t.Errorf("seeding=%v: %v", seeding, l.log[before:])
		}
	}
}

// When there are fewer slots, fewer of them are optimistic.
func TestChokerShrinks(t *testing.T) {
	l := newChokeLab(t, 32)
	l.crowd(40, 100*kib, mib)
	l.crowd(40, 0, mib)
	l.run(6)
	for _, n := range []int{31, 16, 8, 4} {
		l.c.slots.n = n
		l.round()
		optimistic := 0
		for _, p := range l.peers {
			if p.optimistic {
				optimistic++
			}
		}
		if want := max(1, n/8); optimistic != want {
			t.Errorf("%d of %d slots are optimistic, want %d", optimistic, n, want)
		}
	}
}

// When the download is complete the rewards of old count no longer.
func TestChokerTurnsSeed(t *testing.T) {
	l := newChokeLab(t, 4)
	l.crowd(3, mib, mib)
	riders := l.crowd(9, 0, mib)
	l.run(5) // into the middle of an optimistic turn
	l.seeding = true
	l.round()
	for _, p := range l.peers {
		if p.optimistic || p.rewarded {
			t.Errorf("%s holds a leecher's slot of a seed", p.name)
		}
	}
	l.run(2 + 2*len(riders)) // see the bound at choker
	for _, r := range riders {
		if r.turns == 0 {
			t.Errorf("%s was never served by the seed", r.name)
		}
	}
}

func TestChokerIsDeterministic(t *testing.T) {
	var logs [2][]string
	for i := range logs {
		l := newChokeLab(t, 5)
		ps := l.crowd(30, 10*kib, mib)
		l.run(20)
		for _, p := range ps[:10] {
			l.interest(p, false)
		}
		l.leave(ps[11])
		l.seeding = true
		l.run(20)
		logs[i] = l.log
	}
	if len(logs[0]) == 0 || !slices.Equal(logs[0], logs[1]) {
		t.Errorf("the same seed gave %d and %d other changes", len(logs[0]), len(logs[1]))
	}
}

func TestChokerDoesNotAllocate(t *testing.T) {
	for _, seeding := range []bool{false, true} {
		l := newChokeLab(t, 8)
		l.seeding = seeding
		ps := l.crowd(60, 100*kib, mib)
		l.run(10)
		changes := make([]chokeChange, 0, 64)
		if n := testing.AllocsPerRun(100, func() {
			l.now = l.now.Add(chokeRound)
			for _, p := range ps {
				p.sample(p.down+100*kib, p.up+100*kib, false, false)
			}
			changes = l.c.round(l.now, seeding, 0, changes[:0])
			changes = l.c.interest(&ps[0].chokePeer, false, l.now, changes[:0])
			changes = l.c.interest(&ps[0].chokePeer, true, l.now, changes[:0])
			_ = l.c.next()
		}); n != 0 {
			t.Errorf("seeding=%v: %v allocations a round", seeding, n)
		}
	}
}

// Whatever happens, what chokeLab.apply and check demand holds.
func TestChokerInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newChokeLab(t, rapid.IntRange(0, 12).Draw(t, "slots"))
		l.uplink = rapid.SampledFrom([]float64{0, 20 * kib, 2.5 * mib, 100 * mib}).Draw(t, "uplink")
		l.limit = int64(rapid.SampledFrom([]float64{0, l.uplink}).Draw(t, "limit"))
		rate := rapid.SampledFrom([]float64{0, kib, 100 * kib, 10 * mib})
		one := func(t *rapid.T) *labPeer {
			if len(l.peers) == 0 {
				t.Skip("nobody")
			}
			return l.peers[rapid.IntRange(0, len(l.peers)-1).Draw(t, "peer")]
		}
		t.Repeat(map[string]func(*rapid.T){
			"join": func(t *rapid.T) {
				p := l.join("p", rate.Draw(t, "gives"), rate.Draw(t, "takes"))
				l.interest(p, rapid.Bool().Draw(t, "interested"))
			},
			"leave":     func(t *rapid.T) { l.leave(one(t)) },
			"interest":  func(t *rapid.T) { l.interest(one(t), rapid.Bool().Draw(t, "on")) },
			"rate":      func(t *rapid.T) { p := one(t); p.gives, p.takes = rate.Draw(t, "gives"), rate.Draw(t, "takes") },
			"owe":       func(t *rapid.T) { p := one(t); p.owes = !p.owes },
			"upload":    func(t *rapid.T) { p := one(t); p.seed = !p.seed },
			"round":     func(*rapid.T) { l.round() },
			"rounds":    func(*rapid.T) { l.run(7) },
			"completed": func(*rapid.T) { l.seeding = true },
			"pause":     func(*rapid.T) { l.now = l.now.Add(3 * time.Second) },
		})
	})
}

// No starvation: the bound in the comment on choker, also while newcomers pour
// in and others change their minds.
func TestChokerStarvesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.IntRange(1, 20).Draw(t, "slots")
		l := newChokeLab(t, slots)
		l.seeding = rapid.Bool().Draw(t, "seeding")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "world"), 0))
		n := rapid.IntRange(slots, slots+30).Draw(t, "peers")
		for _, p := range l.crowd(n, 0, mib) {
			p.gives = float64(rng.IntN(3)) * mib
			p.takes = rng.Float64() * mib
		}
		l.run(rng.IntN(20))
		poor := l.join("poor", 0, rng.Float64()*kib)
		l.interest(poor, true)
		ahead := len(l.peers) - 1 - l.open()
		picks := 2 * (ahead + 1)
		bound := 3 + 3*((picks+max(1, slots/8)-1)/max(1, slots/8))
		switch {
		case l.seeding && slots == 1:
			bound = 2 + 2*picks
		case l.seeding:
			bound = 2 + (picks+max(1, slots/4)-1)/max(1, slots/4)
		}
		flood := rng.IntN(4)
		for round := 0; !poor.open; round++ {
			if round > bound {
				t.Fatalf("waits for %d rounds behind %d others with %d slots", round, ahead, slots)
			}
			for range flood {
				l.interest(l.join("new", mib*rng.Float64(), mib), true)
			}
			l.round()
		}
	})
}

// While enough others give, one that gives nothing gets the optimistic share at
// most: one slot in eight, shared with all who wait.
func TestChokerFreeRiders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.IntRange(2, 24).Draw(t, "slots")
		riders := rapid.IntRange(1, 20).Draw(t, "riders")
		givers := slots + rapid.IntRange(0, 10).Draw(t, "more givers")
		l := newChokeLab(t, slots)
		var free []*labPeer
		for range riders { // who come first
			p := l.join("rider", 0, mib)
			l.interest(p, true)
			free = append(free, p)
		}
		for i := range givers {
			l.interest(l.join("giver", float64(100+i)*kib, mib), true)
		}
		l.run(2)
		for _, p := range free {
			p.rounds = 0
		}
		const rounds = 120
		l.run(rounds)
		total := 0
		for _, p := range free {
			total += p.rounds
		}
		if share := rounds * max(1, slots/8); total > share {
			t.Fatalf("%d free riders had %d slot rounds of %d, the optimistic share is %d",
				riders, total, rounds*slots, share)
		}
	})
}

// When many become interested at once, two get a slot at once and the rest is
// drawn a moment later, so that the nearest do not get them everywhere.
func TestChokerDrawsAmongACrowd(t *testing.T) {
	got := make(map[int]int)
	for seed := range uint64(200) {
		c := newChoker(rand.New(rand.NewPCG(seed, 1)), 4)
		ps := make([]chokePeer, 40)
		for i := range ps {
			c.join(&ps[i], shedNow)
		}
		var changes []chokeChange
		for i := range ps {
			changes = c.interest(&ps[i], true, shedNow.Add(time.Duration(i)*time.Millisecond), changes)
		}
		if len(changes) != hurriedSlots {
			t.Fatalf("%d got a slot at once, want %d", len(changes), hurriedSlots)
		}
		due := c.next()
		if d := due.Sub(shedNow); d != crowdTime {
			t.Fatalf("the draw is after %v", d)
		}
		if early := c.draw(due.Add(-1), nil); len(early) != 0 {
			t.Fatal("drawn before its time")
		}
		c.draw(due, nil)
		for i := range ps {
			if ps[i].unchoked && i >= hurriedSlots {
				got[i/10]++
			}
		}
		if c.used != 4 {
			t.Fatalf("%d slots taken, want 4", c.used)
		}
	}
	for q := range 4 { // 400 draws over four groups of ten, of which the first lacks two
		if got[q] < 50 {
			t.Errorf("group %d was drawn %d times of 400: %v", q, got[q], got)
		}
	}
	c := newChoker(rand.New(rand.NewPCG(1, 1)), 4)
	var alone chokePeer
	c.join(&alone, shedNow)
	if changes := c.interest(&alone, true, shedNow, nil); len(changes) != 1 {
		t.Error("one peer alone has to wait")
	}
}

// Slots whose holders ask for nothing do not keep others waiting.
func TestChokerLends(t *testing.T) {
	c := newChoker(rand.New(rand.NewPCG(1, 2)), 0)
	ps := make([]chokePeer, 3*firstSlots)
	now := shedNow
	for i := range ps {
		c.join(&ps[i], now)
		c.interest(&ps[i], true, now, nil)
	}
	now = now.Add(crowdTime)
	c.draw(now, nil)
	if c.used != firstSlots {
		t.Fatalf("%d slots taken", c.used)
	}
	busy := 0
	for i := range ps {
		if ps[i].unchoked && busy < 2 {
			ps[i].asks = true
			busy++
		}
	}
	now = now.Add(lendEvery)
	if at := c.next(); at.After(now) {
		t.Fatalf("looks for idle slots only at %v", at.Sub(shedNow))
	}
	c.lend(now, nil)
	if want := firstSlots + busyTakers - 2; c.used != want {
		t.Errorf("%d slots with two that ask, want %d", c.used, want)
	}
	for i := range ps {
		ps[i].asks = ps[i].unchoked
	}
	now = now.Add(lendEvery)
	if more := c.lend(now, nil); len(more) != 0 {
		t.Errorf("%d more although the uplink is busy", len(more))
	}
	fixed := newChoker(rand.New(rand.NewPCG(1, 2)), 2)
	for i := range 5 {
		ps[i] = chokePeer{}
		fixed.join(&ps[i], now)
		fixed.interest(&ps[i], true, now, nil)
	}
	fixed.lend(now.Add(time.Second), nil)
	if fixed.used > 2 {
		t.Errorf("%d slots of 2 that the user fixed", fixed.used)
	}
}
