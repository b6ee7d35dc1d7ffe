package session

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var queueStart = time.Unix(1e9, 0)

// onOff are the changes that Next told, by number.
func onOff(changes []Change) map[string]bool {
	m := make(map[string]bool)
	for _, c := range changes {
		m[string(c.ID[38:])] = c.On
	}
	return m
}

func wantChanges(t *testing.T, q *Queue, at time.Duration, want map[string]bool) {
	t.Helper()
	changes, _ := q.Next(queueStart.Add(at))
	if diff := cmp.Diff(want, onOff(changes)); diff != "" {
		t.Errorf("after %v (-want +got):\n%s", at, diff)
	}
}

func TestQueueByRank(t *testing.T) {
	q := NewQueue(QueueLimits{Downloads: 2, Seeds: 1, Checks: 1})
	for n := range 4 {
		q.Set(testID(n), Job{Turn: DownloadTurn, Rank: int64(10 - n)})
	}
	q.Set(testID(4), Job{Turn: SeedTurn})
	q.Set(testID(5), Job{})
	wantChanges(t, q, 0, map[string]bool{"03": true, "02": true, "04": true})
	if got, want := q.Waiting(DownloadTurn), []ID{testID(1), testID(0)}; !slices.Equal(got, want) || !q.On(testID(3)) {
		t.Errorf("%q wait, want %q", got, want)
	}
	// A better rank does not take a turn away; the end of a download gives it on.
	q.Set(testID(0), Job{Turn: DownloadTurn, Rank: 1})
	wantChanges(t, q, 1, map[string]bool{})
	q.Set(testID(3), Job{Turn: SeedTurn, Rank: 7})
	wantChanges(t, q, 2, map[string]bool{"03": false, "00": true})
	q.Set(testID(4), Job{})
	wantChanges(t, q, 3, map[string]bool{"04": false, "03": true})
	q.Set(testID(1), Job{Turn: DownloadTurn, Rank: 9, Pass: true})
	wantChanges(t, q, 4, map[string]bool{"01": true})
	q.Drop(testID(1))
	q.Drop(testID(0))
	q.Set(testID(6), Job{Turn: DownloadTurn})
	wantChanges(t, q, 5, map[string]bool{"06": true})
}

func TestQueueChecksByDisk(t *testing.T) {
	q := NewQueue(QueueLimits{Checks: 1})
	for n := range 4 {
		q.Set(testID(n), Job{Turn: CheckTurn, Rank: int64(n), Disk: fmt.Sprint(n % 2)})
	}
	wantChanges(t, q, 0, map[string]bool{"00": true, "01": true})
	wantChanges(t, q, time.Hour, map[string]bool{}) // a check is never idle
	// One that has been checked goes on as a download, without being stopped between.
	q.Set(testID(0), Job{Turn: DownloadTurn})
	wantChanges(t, q, time.Hour, map[string]bool{"02": true})
}

func TestQueueIdle(t *testing.T) {
	q := NewQueue(QueueLimits{Downloads: 1})
	for n := range 3 {
		q.Set(testID(n), Job{Turn: DownloadTurn, Rank: int64(n)})
	}
	wantChanges(t, q, 0, map[string]bool{"00": true})
	q.Moved(testID(0), queueStart.Add(time.Minute))
	_, wake := q.Next(queueStart.Add(IdleSpan))
	if !wake.Equal(queueStart.Add(time.Minute + IdleSpan)) {
		t.Errorf("wake is %v", wake.Sub(queueStart))
	}
	wantChanges(t, q, wake.Sub(queueStart), map[string]bool{"01": true})
	// It moves again: it is counted again, and nobody loses his turn.
	q.Moved(testID(0), wake.Add(1))
	q.Moved(testID(1), wake.Add(IdleSpan))
	wantChanges(t, q, time.Minute+IdleSpan+2, map[string]bool{})
	q.SetLimits(QueueLimits{Downloads: 2})
	wantChanges(t, q, time.Minute+IdleSpan+3, map[string]bool{})
	q.SetLimits(QueueLimits{Downloads: 1})
	wantChanges(t, q, time.Minute+IdleSpan+4, map[string]bool{"01": false})
}

// Where the idle ones are bounded, too, each has a turn after a while.
func TestQueueTakesTurns(t *testing.T) {
	q := NewQueue(QueueLimits{Downloads: 1, Running: 2})
	const n = 5
	for i := range n {
		q.Set(testID(i), Job{Turn: DownloadTurn, Rank: int64(i)})
	}
	had := make(map[ID]bool)
	now := queueStart
	for range 3 * n {
		changes, wake := q.Next(now)
		on := 0
		for id := range q.jobs {
			if q.On(id) {
				on++
				had[id] = true
			}
		}
		if on > 2 {
			t.Fatalf("%d are running: %v", on, changes)
		}
		now = wake
	}
	if len(had) != n {
		t.Errorf("only %d of %d had a turn", len(had), n)
	}
}

// Whatever happens: bounds hold when a turn is given, nobody waits for a place that is
// free, who waits comes in order, and Next says the same again until something happens.
func TestQueueProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(0, 3)
		limits := rapid.Custom(func(t *rapid.T) QueueLimits {
			return QueueLimits{limit.Draw(t, "downloads"), limit.Draw(t, "seeds"), limit.Draw(t, "checks"), rapid.SampledFrom([]int{0, 2, 4}).Draw(t, "running")}
		})
		q := NewQueue(limits.Draw(t, "limits"))
		now := queueStart
		on := make(map[ID]bool)
		id := rapid.Custom(func(t *rapid.T) ID { return testID(rapid.IntRange(0, 9).Draw(t, "id")) })
		next := func(t *rapid.T) {
			before, line, lowered := q.tally(now), q.line(), q.lowered
			changes, wake := q.Next(now)
			for _, c := range changes {
				if on[c.ID] == c.On {
					t.Fatalf("%s is told twice that it is %v", c.ID, c.On)
				}
				on[c.ID] = c.On
			}
			if again, _ := q.Next(now); len(again) > 0 {
				t.Fatalf("said again: %v", again)
			}
			if !wake.IsZero() && !wake.After(now) {
				t.Fatalf("wake at %v, now is %v", wake, now)
			}
			checkQueue(t, q, before, lowered, now)
			for i, first := range line {
				for _, later := range line[i+1:] {
					began := slices.Contains(changes, Change{later.id, true})
					if began && first.waits() && first.rested.IsZero() && !later.Pass && first.Turn == later.Turn && first.Disk == later.Disk {
						t.Fatalf("%s began before %s", later.id, first.id)
					}
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				q.Set(id.Draw(t, "id"), Job{Turn: Turn(rapid.IntRange(0, 3).Draw(t, "turn")), Rank: rapid.Int64Range(0, 5).Draw(t, "rank"),
					Disk: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "disk"), Pass: rapid.IntRange(0, 5).Draw(t, "pass") == 0})
				next(t)
			},
			"drop": func(t *rapid.T) {
				gone := id.Draw(t, "id")
				q.Drop(gone)
				delete(on, gone)
				next(t)
			},
			"moved":  func(t *rapid.T) { q.Moved(id.Draw(t, "id"), now) },
			"limits": func(t *rapid.T) { q.SetLimits(limits.Draw(t, "limits")); next(t) },
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 600).Draw(t, "s")) * time.Second)
				next(t)
			},
		})
	})
}

// checkQueue looks at a queue after Next. before: who was counted then.
func checkQueue(t *rapid.T, q *Queue, before *counts, lowered bool, now time.Time) {
	after := q.tally(now)
	passing := counts{checks: make(map[string]int)}
	for _, j := range q.jobs {
		if j.on && j.Pass {
			passing.add(j, now)
		}
		if j.on && j.Turn == NoTurn {
			t.Fatalf("%s wants no turn and has one", j.id)
		}
	}
	bound := func(what string, is, was, pass, limit int) {
		if most := max(limit, was) + pass; limit > 0 && is > most {
			t.Fatalf("%d %s, at most %d", is, what, most)
		}
		if lowered && limit > 0 && is > limit+pass {
			t.Fatalf("%d %s under a limit of %d", is, what, limit)
		}
	}
	bound("downloads", after.downloads, before.downloads, passing.downloads, q.limits.Downloads)
	bound("seeds", after.seeds, before.seeds, passing.seeds, q.limits.Seeds)
	bound("running", after.running, before.running, passing.running, q.limits.Running)
	for disk := range maps.Keys(after.checks) {
		bound("checks", after.checks[disk], before.checks[disk], passing.checks[disk], q.limits.Checks)
	}
	for _, j := range q.jobs {
		free := q.limits.Running == 0 || after.running < q.limits.Running || j.Turn == CheckTurn
		if j.waits() && (j.Pass || free && q.over(j, after) < 0) {
			t.Fatalf("%s waits for nothing", j.id)
		}
	}
}

// A place in line is reached by changing few ranks, and all others stay in their order.
func TestRerank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var line []Ranked
		for n := range rapid.IntRange(1, 8).Draw(t, "n") {
			rank := LastRank(line)
			if rapid.IntRange(0, 3).Draw(t, "near") == 0 {
				rank = rapid.Int64Range(0, 3).Draw(t, "rank")
			}
			line = append(line, Ranked{testID(n), rank})
		}
		for range 40 {
			order := sorted(line)
			from, to := rapid.IntRange(0, len(line)-1).Draw(t, "from"), rapid.IntRange(0, len(line)+1).Draw(t, "to")
			id := order[from]
			for _, changed := range Rerank(line, id, to) {
				i := slices.IndexFunc(line, func(r Ranked) bool { return r.ID == changed.ID })
				line[i] = changed
			}
			want := slices.Insert(slices.Delete(slices.Clone(order), from, from+1), min(to, len(line)-1), id)
			if diff := cmp.Diff(want, sorted(line)); diff != "" {
				t.Fatalf("%s to %d:\n%s", id, to, diff)
			}
		}
	})
	if got := Rerank([]Ranked{{testID(1), 1}}, testID(2), 0); got != nil {
		t.Errorf("one that is not there gets %v", got)
	}
	if got := Rerank([]Ranked{{testID(1), rankGap}, {testID(2), 2 * rankGap}, {testID(3), 3 * rankGap}}, testID(3), 0); len(got) != 1 {
		t.Errorf("to be the first changes %v", got)
	}
}

func sorted(line []Ranked) (ids []ID) {
	line = slices.Clone(line)
	slices.SortFunc(line, func(a, b Ranked) int {
		return slices.Compare([]int64{a.Rank, int64(a.ID[39])}, []int64{b.Rank, int64(b.ID[39])})
	})
	for _, r := range line {
		ids = append(ids, r.ID)
	}
	return ids
}

// Set tells whether there is anything to decide, so that who looks at thousands of
// torrents that want what they wanted need not.
func TestSetTells(t *testing.T) {
	q := NewQueue(QueueLimits{Downloads: 1})
	j := Job{Turn: DownloadTurn, Rank: 3}
	if !q.Set(testID(1), j) || q.Set(testID(1), j) {
		t.Error("a new torrent is new once")
	}
	q.Next(time.Unix(1000, 0))
	if q.Set(testID(1), j) || !q.On(testID(1)) {
		t.Error("one that has its turn and wants nothing else is new")
	}
	for _, other := range []Job{{Turn: SeedTurn, Rank: 3}, {Turn: SeedTurn, Rank: 4}, {Turn: SeedTurn, Rank: 4, Pass: true}, {}} {
		if !q.Set(testID(1), other) {
			t.Errorf("%+v is nothing new", other)
		}
	}
}
