package swarm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

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
		changes := make([]ChokeChange, 0, 64)
		if n := testing.AllocsPerRun(100, func() {
			l.now = l.now.Add(chokeRound)
			for _, p := range ps {
				p.Sample(ChokeSample{Down: p.Down + 100*kib, Up: p.Up + 100*kib})
			}
			changes = l.c.Round(l.now, seeding, 0, changes[:0])
			changes = l.c.Interest(&ps[0].ChokePeer, false, l.now, changes[:0])
			changes = l.c.Interest(&ps[0].ChokePeer, true, l.now, changes[:0])
			_ = l.c.Next()
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
		c := NewChoker(rand.New(rand.NewPCG(seed, 1)), 4)
		ps := make([]ChokePeer, 40)
		for i := range ps {
			c.Join(&ps[i], chokeStart)
		}
		var changes []ChokeChange
		for i := range ps {
			changes = c.Interest(&ps[i], true, chokeStart.Add(time.Duration(i)*time.Millisecond), changes)
		}
		if len(changes) != hurriedSlots {
			t.Fatalf("%d got a slot at once, want %d", len(changes), hurriedSlots)
		}
		due := c.Next()
		if d := due.Sub(chokeStart); d != crowdTime {
			t.Fatalf("the draw is after %v", d)
		}
		if early := c.Draw(due.Add(-1), nil); len(early) != 0 {
			t.Fatal("drawn before its time")
		}
		c.Draw(due, nil)
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
	c := NewChoker(rand.New(rand.NewPCG(1, 1)), 4)
	var alone ChokePeer
	c.Join(&alone, chokeStart)
	if changes := c.Interest(&alone, true, chokeStart, nil); len(changes) != 1 {
		t.Error("one peer alone has to wait")
	}
}

// Slots whose holders ask for nothing do not keep others waiting.
func TestChokerLends(t *testing.T) {
	c := NewChoker(rand.New(rand.NewPCG(1, 2)), 0)
	ps := make([]ChokePeer, 3*firstSlots)
	now := chokeStart
	for i := range ps {
		c.Join(&ps[i], now)
		c.Interest(&ps[i], true, now, nil)
	}
	now = now.Add(crowdTime)
	c.Draw(now, nil)
	if c.used != firstSlots {
		t.Fatalf("%d slots taken", c.used)
	}
	busy := 0
	for i := range ps {
		if ps[i].unchoked && busy < 2 {
			ps[i].Asks = true
			busy++
		}
	}
	now = now.Add(lendEvery)
	if at := c.Next(); at.After(now) {
		t.Fatalf("looks for idle slots only at %v", at.Sub(chokeStart))
	}
	c.Lend(now, nil)
	if want := firstSlots + busyTakers - 2; c.used != want {
		t.Errorf("%d slots with two that ask, want %d", c.used, want)
	}
	for i := range ps {
		ps[i].Asks = ps[i].unchoked
	}
	now = now.Add(lendEvery)
	if more := c.Lend(now, nil); len(more) != 0 {
		t.Errorf("%d more although the uplink is busy", len(more))
	}
	fixed := NewChoker(rand.New(rand.NewPCG(1, 2)), 2)
	for i := range 5 {
		ps[i] = ChokePeer{}
		fixed.Join(&ps[i], now)
		fixed.Interest(&ps[i], true, now, nil)
	}
	fixed.Lend(now.Add(time.Second), nil)
	if fixed.used > 2 {
		t.Errorf("%d slots of 2 that the user fixed", fixed.used)
	}
}
