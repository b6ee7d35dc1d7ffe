package swarm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
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
	c       *Choker
	now     time.Time
	seeding bool
	uplink  float64 // bytes/s, shared equally by those with slots; 0: no bound
	limit   int64
	peers   []*labPeer
	log     []string // of all changes
	changes []ChokeChange
}

// labPeer is a remote.
type labPeer struct {
	ChokePeer
	name   string
	gives  float64 // bytes/s sent to us
	takes  float64 // bytes/s that it can receive
	owes   bool
	seed   bool
	open   bool // what the changes said: unchoked
	rounds int  // it had a slot in
	turns  int  // times unchoked
}

const (
	kib = 1 << 10
	mib = 1 << 20
)

var chokeStart = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func newChokeLab(t fataler, slots int) *chokeLab {
	return &chokeLab{t: t, c: NewChoker(rand.New(rand.NewPCG(1, 2)), slots), now: chokeStart}
}

// Join adds a peer that gives and takes so much.
func (l *chokeLab) join(name string, gives, takes float64) *labPeer {
	p := &labPeer{name: name, gives: gives, takes: takes}
	l.peers = append(l.peers, p)
	l.c.Join(&p.ChokePeer, l.now)
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
	l.apply(l.c.Leave(&p.ChokePeer, l.now, l.changes[:0]))
}

func (l *chokeLab) interest(p *labPeer, on bool) {
	l.t.Helper()
	changes := l.c.Interest(&p.ChokePeer, on, l.now, l.changes[:0])
	if due := l.c.drawDue; !due.IsZero() { // the tests that want the moment before do without this
		if due.Sub(l.now) > crowdTime {
			l.t.Fatalf("slots are kept for %v", due.Sub(l.now))
		}
		changes = l.c.Draw(due, changes)
	}
	l.apply(changes)
}

// round lets ten seconds pass and runs a round.
func (l *chokeLab) round() {
	l.t.Helper()
	if at := l.c.Next(); !at.IsZero() && at.After(l.now.Add(chokeRound)) {
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
		p.Sample(ChokeSample{
			Down: p.Down + int64(p.gives*chokeRound.Seconds()), Up: p.Up + int64(sent*chokeRound.Seconds()),
			Have: p.Have, Owing: p.owes, Asks: p.Asks, UploadOnly: p.seed,
		})
	}
	l.apply(l.c.Round(l.now, l.seeding, l.limit, l.changes[:0]))
}

func (l *chokeLab) run(rounds int) {
	l.t.Helper()
	for range rounds {
		l.round()
	}
}

// apply plays the caller's part and checks what must always hold.
func (l *chokeLab) apply(changes []ChokeChange) {
	l.t.Helper()
	l.changes = changes
	seen := make(map[*ChokePeer]bool)
	for _, ch := range changes {
		i := slices.IndexFunc(l.peers, func(p *labPeer) bool { return &p.ChokePeer == ch.Peer })
		if i < 0 {
			l.t.Fatalf("a change for a peer that is not there: %v", ch)
		}
		p := l.peers[i]
		switch {
		case seen[ch.Peer]:
			l.t.Fatalf("%s is changed twice in one call", p.name)
		case p.open != ch.Choke:
			l.t.Fatalf("%s is told choke=%v again", p.name, ch.Choke)
		}
		seen[ch.Peer] = true
		if p.open = !ch.Choke; p.open {
			p.turns++
		}
		if open := l.open(); open > l.c.slots.n && !ch.Choke {
			l.t.Fatalf("%d peers unchoked with %d slots", open, l.c.slots.n)
		}
		l.log = append(l.log, fmt.Sprint(l.now.Sub(chokeStart), p.name, ch.Choke))
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
		if p.Waiting() {
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
	case (interested == 0) != l.c.Next().IsZero():
		l.t.Fatalf("%d interested, next round at %v", interested, l.c.Next())
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
			l.t.Fatalf("after %v %s: unchoked=%v, want %v", l.now.Sub(chokeStart), p.name, p.open, open)
		}
	}
}

func TestChokerFreeSlotAtOnce(t *testing.T) {
	l := newChokeLab(t, 2)
	a, b, c := l.join("a", 0, mib), l.join("b", 0, mib), l.join("c", 0, mib)
	if !l.c.Next().IsZero() {
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
	if got := l.c.Next(); !got.Equal(l.now.Add(chokeRound)) {
		t.Errorf("next round at %v, want %v", got, l.now.Add(chokeRound))
	}
}

// What a connection said may reach the choker after it has ended.
func TestChokerAfterLeave(t *testing.T) {
	l := newChokeLab(t, 1)
	a, b := l.join("a", 0, mib), l.join("b", 0, mib)
	l.interest(a, true)
	l.leave(a)
	l.apply(l.c.Interest(&a.ChokePeer, true, l.now, nil))
	l.apply(l.c.Leave(&a.ChokePeer, l.now, nil))
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
		p.Have = 10 + i
	}
	for i, p := range fast {
		p.Have = 100 + i
		p.gives = float64(mib * (2 + i))
	}
	l.run(3)
	l.want(true, slow...)
	l.want(true, fast[12:]...) // four of the eight that are no optimistic ones
	if idler.rewarded {
		t.Error("one that gives nothing is rewarded for having nothing")
	}
	for _, p := range slow {
		p.Have = 1000
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
		l.apply(l.c.Hoard(&p.ChokePeer, on, l.now, nil))
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
	c := NewChoker(rand.New(rand.NewPCG(3, 4)), 1)
	ps := make([]ChokePeer, 10)
	for i := range ps {
		c.Join(&ps[i], chokeStart)
		ps[i].interested, ps[i].served, ps[i].Have = true, i > 0, 100
	}
	first := 0
	const draws = 6000
	for range draws {
		c.picks = 1 // the next is by lot
		if c.pick(chokeStart) == &ps[0] {
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
	ps[4].Have = 60
	c.compare()
	behind := 0
	for range draws {
		c.picks = 1
		if c.pick(chokeStart) == &ps[4] {
			behind++
		}
	}
	if behind < draws/4*9/10 || behind > draws/4*11/10 {
		t.Errorf("the last was drawn %d times of %d, want about %d", behind, draws, draws/4)
	}
	c.picks = 0 // the next is the head of the queue
	ps[7].since = chokeStart.Add(-chokeRound)
	if c.pick(chokeStart) != &ps[7] {
		t.Error("who waited longest was passed over")
	}
}
