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

// A lone announce begins at once, and so do as many as the bound of its host allows.
func TestQueueBounds(t *testing.T) {
	var q queue
	now := time.Unix(1000, 0)
	p := q.join("a:80", false)
	if got := q.start(now); len(got) != 1 || got[0] != p {
		t.Fatalf("a lone one waits: %v", got)
	}
	for range 100 {
		q.join("a:80", false)
	}
	got := q.start(now)
	if len(got) != perHost-1 {
		t.Errorf("%d more began, want %d", len(got), perHost-1)
	}
	if _, ok := q.due(); ok {
		t.Error("time alone lets more begin")
	}
	q.leave(p)
	q.leave(p) // once is enough
	if got := q.start(now); len(got) != 1 {
		t.Errorf("%d began for one that left", len(got))
	}
	other := q.join("b:80", false)
	if got := q.start(now); len(got) != 1 || got[0] != other {
		t.Error("a full host keeps another one waiting")
	}
}

// A lone torrent does not wait, however many trackers it has.
func TestQueueLone(t *testing.T) {
	var q queue
	for h := range maxTrackers {
		q.join(fmt.Sprint(h), false)
	}
	if n := len(q.start(time.Unix(1000, 0))); n != maxTrackers {
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
			q.join(fmt.Sprint(h), false)
		}
	}
	got := begun(q.start(now))
	for h := range hosts {
		if n := got[fmt.Sprint(h)]; n != inAll/hosts {
			t.Errorf("host %d: %d, want %d", h, n, inAll/hosts)
		}
	}
	var many queue
	for h := range 2 * inAll {
		many.join(fmt.Sprint(h), false)
	}
	first := many.start(now)
	if len(first) != inAll {
		t.Errorf("%d began, want %d", len(first), inAll)
	}
	many.leave(first[0])
	if next := many.start(now); len(next) != 1 || next[0].line.host != fmt.Sprint(inAll) {
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
			q.join(fmt.Sprint(h), false)
		}
	}
	all := q.start(now)
	q.leave(all[0])
	q.leave(all[1])
	q.join("silent", false)
	q.start(now)
	q.join("silent", false)
	fresh := q.join("fresh", false)
	if got := q.start(now); len(got) != 1 || got[0] != fresh {
		t.Errorf("began %v, want one of the host that has none under way", begun(got))
	}
}

// The pace of a host outlives the last announce that waits for it.
func TestQueuePaceIsKept(t *testing.T) {
	var q queue
	now := time.Unix(1000, 0)
	for range hostBurst {
		p := q.join("a:80", false)
		q.start(now)
		q.leave(p)
	}
	q.start(now)
	q.join("a:80", false)
	if got := q.start(now); len(got) != 0 {
		t.Error("one more than the burst began at once")
	}
	if got := q.start(now.Add(hostPace)); len(got) != 1 {
		t.Error("none began when it was due")
	}
}

// Those that begin at one host keep a pace after a burst.
func TestQueuePace(t *testing.T) {
	var q queue
	now := time.Unix(1000, 0)
	for range 200 {
		q.join("a:80", false)
	}
	n := 0
	drain := func() {
		for {
			got := q.start(now)
			if len(got) == 0 {
				return
			}
			n += len(got)
			for _, p := range got {
				q.leave(p)
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
	bye := q.join("a:80", true)
	if got := q.start(now); len(got) != 1 {
		t.Error("a goodbye keeps the pace")
	}
	q.leave(bye)
	if now = now.Add(time.Minute); len(q.start(now)) != 0 || len(q.lines) != 0 {
		t.Errorf("%d lines are left", len(q.lines))
	}
}

// Goodbyes go first, in their order, and more of them at a time.
func TestQueueGoodbyes(t *testing.T) {
	var q queue
	now := time.Unix(1000, 0)
	for range 2 * perHost {
		q.join("a:80", false)
	}
	q.start(now)
	var all []*place
	for range 2 * byes * perHost {
		all = append(all, q.join("a:80", true))
	}
	got := q.start(now)
	if want := all[:byes*perHost-perHost]; !slices.Equal(got, want) {
		t.Errorf("%d goodbyes began, want the first %d", len(got), len(want))
	}
	q.leave(all[len(got)]) // it waits no longer
	q.leave(got[0])
	if next := q.start(now); len(next) != 1 || next[0] != all[len(got)+1] {
		t.Error("not the next one")
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
			for _, p := range q.start(now) {
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
				waiting = append(waiting, q.join(fmt.Sprint(rng.IntN(1+int(seed%100))), rng.IntN(4) == 0))
			case 2:
				if len(busy) > 0 {
					i := rng.IntN(len(busy))
					q.leave(busy[i])
					busy = slices.Delete(busy, i, i+1)
				}
			case 3:
				if len(waiting) > 0 {
					i := rng.IntN(len(waiting))
					q.leave(waiting[i])
					waiting = slices.Delete(waiting, i, i+1)
				}
			case 4:
				now = now.Add(time.Duration(rng.IntN(50)) * time.Millisecond)
			}
			take()
		}
		for len(waiting)+len(busy) > 0 {
			for _, p := range busy {
				q.leave(p)
			}
			busy = nil
			if at, ok := q.due(); ok && at.After(now) {
				now = at
			}
			take()
		}
		if now = now.Add(time.Minute); len(q.start(now)) != 0 || len(q.lines) != 0 || q.busy != 0 {
			t.Fatalf("%d lines are left, %d under way", len(q.lines), q.busy)
		}
	}
}
