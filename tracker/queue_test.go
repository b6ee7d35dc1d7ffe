package tracker

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// begun counts places by host.
func begun(places []*place) map[string]int {
	n := make(map[string]int)
	for _, p := range places {
		n[p.line.host]++
	}
	return n
}

// started is start of a queue in which nobody is silent.
func (q *queue) started(t *testing.T, now time.Time) []*place {
	t.Helper()
	begin, refuse := q.start(now)
	if len(refuse) > 0 {
		t.Errorf("%d were refused", len(refuse))
	}
	return begin
}

// A lone announce begins at once, and so do as many as the bound of its host allows.
func TestQueueBounds(t *testing.T) {
	var q queue
	now := time.Unix(1000, 0)
	p := q.join("a:80", awakeRank)
	if got := q.started(t, now); len(got) != 1 || got[0] != p {
		t.Fatalf("a lone one waits: %v", got)
	}
	for range 100 {
		q.join("a:80", awakeRank)
	}
	got := q.started(t, now)
	if len(got) != perHost-1 {
		t.Errorf("%d more began, want %d", len(got), perHost-1)
	}
	if _, ok := q.due(); ok {
		t.Error("time alone lets more begin")
	}
	q.leave(p, noEcho, now)
	q.leave(p, noEcho, now) // once is enough
	if got := q.started(t, now); len(got) != 1 {
		t.Errorf("%d began for one that left", len(got))
	}
	other := q.join("b:80", awakeRank)
	if got := q.started(t, now); len(got) != 1 || got[0] != other {
		t.Error("a full host keeps another one waiting")
	}
}

// A lone torrent does not wait, however many trackers it has.
func TestQueueLone(t *testing.T) {
	var q queue
	for h := range maxTrackers {
		q.join(fmt.Sprint(h), awakeRank)
	}
	if n := len(q.started(t, time.Unix(1000, 0))); n != maxTrackers {
		t.Errorf("%d of %d began", n, maxTrackers)
	}
}

// Hosts share what there is; one that never answers has no more than its part.
func TestQueueShares(t *testing.T) {
	var q queue
	now := time.Unix(1000, 0)
	const hosts = 20
	for range 50 { // torrents with the same trackers
		for h := range hosts {
			q.join(fmt.Sprint(h), awakeRank)
		}
	}
	got := begun(q.started(t, now))
	for h := range hosts {
		if n := got[fmt.Sprint(h)]; n != inAll/hosts {
			t.Errorf("host %d: %d, want %d", h, n, inAll/hosts)
		}
	}
	var many queue
	for h := range 2 * inAll {
		many.join(fmt.Sprint(h), awakeRank)
	}
	first := many.started(t, now)
	if len(first) != inAll {
		t.Errorf("%d began, want %d", len(first), inAll)
	}
	many.leave(first[0], noEcho, now)
	if next := many.started(t, now); len(next) != 1 || next[0].line.host != fmt.Sprint(inAll) {
		t.Error("a host that has waited is not the next")
	}
}

// Of the hosts that have something waiting the one with the fewest under way is next,
// though another one stands before it.
func TestQueueFewestFirst(t *testing.T) {
	var q queue
	now := time.Unix(1000, 0)
	const full = inAll / perHost
	for h := range full {
		for range perHost {
			q.join(fmt.Sprint(h), awakeRank)
		}
	}
	all := q.started(t, now)
	q.leave(all[0], noEcho, now)
	q.leave(all[1], noEcho, now)
	q.join("silent", awakeRank)
	q.started(t, now)
	q.join("silent", awakeRank)
	fresh := q.join("fresh", awakeRank)
	if got := q.started(t, now); len(got) != 1 || got[0] != fresh {
		t.Errorf("began %v, want one of the host that has none under way", begun(got))
	}
}

// The pace of a host outlives the last announce that waits for it.
func TestQueuePaceIsKept(t *testing.T) {
	var q queue
	now := time.Unix(1000, 0)
	for range hostBurst {
		p := q.join("a:80", awakeRank)
		q.started(t, now)
		q.leave(p, noEcho, now)
	}
	q.started(t, now)
	q.join("a:80", awakeRank)
	if got := q.started(t, now); len(got) != 0 {
		t.Error("one more than the burst began at once")
	}
	if got := q.started(t, now.Add(hostPace)); len(got) != 1 {
		t.Error("none began when it was due")
	}
}

// Those that begin at one host keep a pace after a burst.
func TestQueuePace(t *testing.T) {
	var q queue
	now := time.Unix(1000, 0)
	for range 200 {
		q.join("a:80", awakeRank)
	}
	n := 0
	drain := func() {
		for {
			got := q.started(t, now)
			if len(got) == 0 {
				return
			}
			n += len(got)
			for _, p := range got {
				q.leave(p, noEcho, now)
			}
		}
	}
	if drain(); n != hostBurst {
		t.Errorf("%d began at once, want %d", n, hostBurst)
	}
	for n < 200 {
		at, ok := q.due()
		if !ok || !at.After(now) {
			t.Fatalf("due %v, %v after %d", at.Sub(now), ok, n)
		}
		now = at
		drain()
	}
	if took := now.Sub(time.Unix(1000, 0)); took != (200-hostBurst)*hostPace {
		t.Errorf("200 took %v", took)
	}
	bye := q.join("a:80", byeRank)
	if got := q.started(t, now); len(got) != 1 {
		t.Error("a goodbye keeps the pace")
	}
	q.leave(bye, noEcho, now)
	if now = now.Add(time.Minute); len(q.started(t, now)) != 0 || len(q.lines) != 0 {
		t.Errorf("%d lines are left", len(q.lines))
	}
}

// Goodbyes go first, in their order, and more of them at a time.
func TestQueueGoodbyes(t *testing.T) {
	var q queue
	now := time.Unix(1000, 0)
	for range 2 * perHost {
		q.join("a:80", awakeRank)
	}
	q.started(t, now)
	var all []*place
	for range 2 * byes * perHost {
		all = append(all, q.join("a:80", byeRank))
	}
	got := q.started(t, now)
	if want := all[:byes*perHost-perHost]; !slices.Equal(got, want) {
		t.Errorf("%d goodbyes began, want the first %d", len(got), len(want))
	}
	q.leave(all[len(got)], noEcho, now) // it waits no longer
	q.leave(got[0], noEcho, now)
	if next := q.started(t, now); len(next) != 1 || next[0] != all[len(got)+1] {
		t.Error("not the next one")
	}
}

// Over UDP more may be under way, and neither way takes from the other.
func TestQueueKinds(t *testing.T) {
	var q queue
	now := time.Unix(1000, 0)
	for h := range 2 * udpInAll {
		q.join(fmt.Sprint("udp ", h), awakeRank)
	}
	for h := range inAll {
		q.join(fmt.Sprint(h), awakeRank)
	}
	if n := len(q.started(t, now)); n != udpInAll+inAll {
		t.Errorf("%d began, want %d", n, udpInAll+inAll)
	}
}

// Torrents that sleep come after those that do not.
func TestQueueAsleep(t *testing.T) {
	var q queue
	now := time.Unix(1000, 0)
	asleep := q.join("a:80", asleepRank)
	awake := q.join("a:80", awakeRank)
	bye := q.join("a:80", byeRank)
	if got := q.started(t, now); !slices.Equal(got, []*place{bye, awake, asleep}) {
		t.Errorf("began %v", got)
	}
}

// A host that has never answered is tried by one at a time once that is known; all
// others that want it fail with it, until it answers.
func TestQueueSilentHost(t *testing.T) {
	var q queue
	now := time.Unix(1000, 0)
	for range 100 {
		q.join("a:80", awakeRank)
	}
	first := q.started(t, now)
	q.leave(first[0], silentEcho, now)
	begin, refuse := q.start(now)
	if len(begin) != 0 || len(refuse) != 100-perHost {
		t.Fatalf("%d began, %d were refused", len(begin), len(refuse))
	}
	for _, p := range first[1:] {
		q.leave(p, silentEcho, now)
	}
	q.start(now)
	if now = now.Add(time.Minute); len(q.started(t, now)) != 0 {
		t.Error("somebody begins whom nobody knows")
	}
	q.join("a:80", asleepRank)
	probe := q.join("a:80", awakeRank)
	if begin, refuse = q.start(now); len(begin) != 1 || begin[0] != probe || len(refuse) != 1 {
		t.Fatalf("%d began, %d were refused; want the one that is awake to try", len(begin), len(refuse))
	}
	q.leave(probe, heardEcho, now)
	for range 100 {
		q.join("a:80", awakeRank)
	}
	if got := q.started(t, now); len(got) != perHost {
		t.Errorf("%d began after it had answered", len(got))
	}
}

// One that has answered is not given up for a lost packet.
func TestQueueLosses(t *testing.T) {
	var q queue
	now := time.Unix(1000, 0)
	try := func(e echo) {
		p := q.join("a:80", awakeRank)
		q.started(t, now)
		q.leave(p, e, now)
		now = now.Add(time.Second)
	}
	try(heardEcho)
	for range 10 {
		for range perHost - 1 {
			try(silentEcho)
		}
		if q.hosts["a:80"].silent() {
			t.Fatal("it counts as silent")
		}
		try(heardEcho)
	}
	try(noEcho)
	for range perHost {
		try(silentEcho)
	}
	q.join("a:80", awakeRank)
	q.join("a:80", awakeRank)
	if begin, refuse := q.start(now); len(begin) != 1 || len(refuse) != 1 {
		t.Errorf("%d began, %d were refused", len(begin), len(refuse))
	}
}

// However many hosts are silent, the others have places. What is remembered of them
// is bounded.
func TestQueueManySilent(t *testing.T) {
	var q queue
	now := time.Unix(1000, 0)
	mute := func(n int) {
		for h := range n {
			p := q.join(fmt.Sprint("silent", h), awakeRank)
			q.start(now)
			q.leave(p, silentEcho, now)
			now = now.Add(time.Second)
		}
	}
	mute(3 * inAll)
	for h := range 3 * inAll {
		q.join(fmt.Sprint("silent", h), awakeRank)
	}
	if begin, _ := q.start(now); len(begin) != probes {
		t.Errorf("%d try hosts that are silent, want %d", len(begin), probes)
	}
	for range 200 {
		q.join("good", awakeRank)
	}
	if got := begun(q.started(t, now)); got["good"] != perHost {
		t.Errorf("%d began at a host that answers", got["good"])
	}
	mute(2 * maxSilent)
	if n := len(q.hosts); n > maxSilent+1 {
		t.Errorf("%d hosts are remembered", n)
	}
}

// Whatever happens: the bounds hold, everybody has a turn, and what is due is that.
func TestQueueProperties(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var q queue
		now := time.Unix(1000, 0)
		var waiting, busy []*place
		take := func() {
			begin, refuse := q.start(now)
			for _, p := range refuse {
				if i := slices.Index(waiting, p); i < 0 || !p.line.silent() {
					t.Fatal("refused twice, or although its host answers")
				} else {
					waiting = slices.Delete(waiting, i, i+1)
				}
			}
			for _, p := range begin {
				i := slices.Index(waiting, p)
				if i < 0 {
					t.Fatal("begun twice, or after it left")
				}
				waiting = slices.Delete(waiting, i, i+1)
				busy = append(busy, p)
			}
			for host, n := range begun(busy) {
				if n > byes*perHost {
					t.Fatalf("%d at %s", n, host)
				}
			}
			if len(busy) > byes*inAll {
				t.Fatalf("%d under way", len(busy))
			}
			if at, ok := q.due(); ok && !at.After(now) {
				t.Fatal("something was due and did not begin")
			} else if !ok && len(waiting) > 0 && len(busy) == 0 {
				t.Fatal("somebody waits for nothing")
			}
		}
		for range 300 {
			switch rng.IntN(5) {
			case 0, 1:
				waiting = append(waiting, q.join(fmt.Sprint(rng.IntN(1+int(seed%100))), rank(rng.IntN(int(ranks)))))
			case 2:
				if len(busy) > 0 {
					i := rng.IntN(len(busy))
					q.leave(busy[i], echo(rng.IntN(3)), now)
					busy = slices.Delete(busy, i, i+1)
				}
			case 3:
				if len(waiting) > 0 {
					i := rng.IntN(len(waiting))
					q.leave(waiting[i], noEcho, now)
					waiting = slices.Delete(waiting, i, i+1)
				}
			case 4:
				now = now.Add(time.Duration(rng.IntN(50)) * time.Millisecond)
			}
			take()
		}
		for len(waiting)+len(busy) > 0 {
			for _, p := range busy {
				q.leave(p, noEcho, now)
			}
			busy = nil
			if at, ok := q.due(); ok && at.After(now) {
				now = at
			}
			take()
		}
		if now = now.Add(time.Minute); len(q.started(t, now)) != 0 || len(q.lines) != 0 || q.busy != [2]int{} || q.probes != [2]int{} {
			t.Fatalf("%d lines are left, %v under way, %v of them try", len(q.lines), q.busy, q.probes)
		}
	}
}
