package tracker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// Trackers that stay notice nothing, those that go are told, new ones are asked at once.
func TestSetList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		one, two, three := s.tracker(1, peersBody()), s.tracker(2, peersBody()), s.tracker(3, peersBody())
		s.begin(AnnouncerConfig{Trackers: List{Tiers: [][]string{{one}, {two}}}})
		s.wantSorted("0s 1 started", "0s 2 started")
		time.Sleep(time.Minute)
		s.a.SetList(List{Tiers: [][]string{{three}, {two}}})
		s.wantSorted("1m0s 1 stopped", "1m0s 3 started")
		if st := s.a.Status(); len(st) != 2 || st[0].URL != three || st[0].Tier != 0 || st[1].URL != two || st[1].Tier != 1 || !st[1].LastOK {
			t.Errorf("status: %+v", st)
		}
		time.Sleep(29 * time.Minute) // the interval of the one that stayed
		s.want("30m0s 2 ")
		s.a.SetList(List{})
		s.wantSorted("30m0s 2 stopped", "30m0s 3 stopped")
		s.stop(0)
		s.a.SetList(List{Tiers: [][]string{{one}}}) // too late
		s.want()
	})
}

// The trackers of a user's are asked whatever the others answer, which are one at a
// time: a new one before the one that works is asked at once, one behind it is not.
func TestSetListTiers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		one, two, three, mine := s.tracker(1, peersBody()), s.tracker(2, peersBody()), s.tracker(3, peersBody()), s.tracker(4, peersBody())
		s.begin(AnnouncerConfig{Trackers: List{Private: true, Tiers: [][]string{{one}}, Apart: []string{mine}}})
		s.wantSorted("0s 1 started", "0s 4 started")
		s.a.SetList(List{Private: true, Tiers: [][]string{{one}, {two}}, Apart: []string{mine}})
		s.want()
		s.a.SetList(List{Private: true, Tiers: [][]string{{three}, {one}, {two}}, Apart: []string{mine}})
		s.want("0s 3 started")
		if st := s.a.Status(); len(st) != 4 || st[3].URL != mine || st[3].Tier != 3 {
			t.Errorf("status: %+v", st)
		}
		s.stop(0)
		s.wantSorted("0s 1 stopped", "0s 3 stopped", "0s 4 stopped")
	})
}

// One that goes while its first announce is under way is told all the same, if that
// has left us; and Stop waits for it.
func TestSetListWhileAnnouncing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		s.begin(AnnouncerConfig{Trackers: List{Tiers: [][]string{{s.tracker(1, "", peersBody())}}}})
		s.want("0s 1 started")
		s.a.SetList(List{})
		s.want()
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		s.a.Stop(ctx)
		s.want("5s 1 stopped")
	})
}

// An announce that still waits for its turn is under way for a new list, too: the
// tracker is not asked twice, and is asked again when it has answered.
func TestSetListWhileQueued(t *testing.T) {
	now := time.Unix(1000, 0)
	list := List{Tiers: [][]string{{"http://a.example/announce"}}}
	m := newMachine(AnnouncerConfig{Trackers: list, Rand: testRand(1)})
	jobs := m.start(now)
	jobs[0].entry.status.State = StateQueued // says Announcer.launch
	m.arrange(list)
	if again := m.start(now); len(again) > 0 {
		t.Fatalf("asked twice: %v", again)
	}
	m.answered(now, jobs[0], ok(1800, 60))
	if at, ok := m.due(); !ok || at.Sub(now) != 30*time.Minute {
		t.Errorf("due in %v, %v; want the interval of the tracker", at.Sub(now), ok)
	}
}

// The user may ask those that failed again, unless that was seconds ago or they have
// said when.
func TestAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSwarm(t)
		refused := "d14:failure reason2:noe"
		s.begin(AnnouncerConfig{Trackers: List{Tiers: [][]string{
			{s.tracker(1, refused)}, {s.tracker(2, "d14:failure reason2:no8:retry ini7ee")}, {s.tracker(3, peersBody())},
		}}})
		time.Sleep(time.Minute)
		synctest.Wait()
		s.log = nil
		s.a.Again()
		s.wantSorted("1m0s 1 started", "1m0s 3 ")
		for range 100 { // asking often helps nobody
			s.a.Again()
		}
		s.want()
		time.Sleep(backoffFirst)
		s.want("1m5s 1 started")
		s.stop(0)
	})
}

// However the list changes: nobody is asked twice at a time, who knows us is not told
// that we start, whoever stays and works keeps the time of the next announce, all of a
// flat list are asked or will be, and who goes is told that we stop if it knows us.
func TestArrangeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &arranger{t: t, now: time.Unix(1e9, 0), told: map[string]bool{}}
		h.list = h.draw()
		h.m = newMachine(AnnouncerConfig{Trackers: h.list, Rand: testRand(rapid.Uint64().Draw(t, "seed"))})
		h.check()
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			h.step()
			h.check()
		}
	})
}

// arranger changes the list of a machine. told are the trackers that know us.
type arranger struct {
	t       *rapid.T
	m       *machine
	now     time.Time
	list    List
	pending []job
	told    map[string]bool
}

// draw makes a list of some of nine trackers.
func (h *arranger) draw() (l List) {
	l.Private = rapid.Bool().Draw(h.t, "private")
	urls := rapid.Permutation([]string{"a", "b", "c", "d", "e", "f", "g", "h", "i"}).Draw(h.t, "trackers")
	for _, u := range urls[:rapid.IntRange(0, 9).Draw(h.t, "how many")] {
		switch n := len(l.Tiers); {
		case rapid.IntRange(0, 3).Draw(h.t, "apart") == 0:
			l.Apart = append(l.Apart, u)
		case n > 0 && rapid.Bool().Draw(h.t, "same tier"):
			l.Tiers[n-1] = append(l.Tiers[n-1], u)
		default:
			l.Tiers = append(l.Tiers, []string{u})
		}
	}
	return l
}

func (h *arranger) step() {
	switch what := rapid.IntRange(0, 5).Draw(h.t, "what"); {
	case what == 0:
		h.now = h.now.Add(time.Duration(rapid.IntRange(1, 3600).Draw(h.t, "seconds")) * time.Second)
	case what == 1:
		h.change()
	case len(h.pending) > 0:
		i := rapid.IntRange(0, len(h.pending)-1).Draw(h.t, "which")
		j := h.pending[i]
		h.pending = slices.Delete(h.pending, i, i+1)
		if what == 2 {
			h.m.failed(h.now, j, errors.New("no"))
			return
		}
		h.m.answered(h.now, j, Response{Interval: 30 * time.Minute, MinInterval: time.Minute})
		h.told[j.entry.url] = true
	}
}

// change replaces the list, by itself, or by another one.
func (h *arranger) change() {
	next := map[string]time.Time{} // of those that work and are alone
	for _, g := range h.m.groups {
		if g.current != nil && g.busy == 0 && len(g.tiers) == 1 && len(g.tiers[0]) == 1 {
			next[g.current.url] = g.at
		}
	}
	if rapid.Bool().Draw(h.t, "another") {
		h.list = h.draw()
	}
	for _, e := range h.m.arrange(h.list) {
		if got := len(h.m.farewell(e)) > 0; got != h.told[e.url] {
			h.t.Fatalf("%s goes, and knows us: %v; is told: %v", e.url, h.told[e.url], got)
		}
		h.pending = slices.DeleteFunc(h.pending, func(j job) bool { return j.entry == e })
		delete(h.told, e.url)
	}
	for _, g := range h.m.groups {
		if at, was := next[g.tiers[0][0].url]; was && len(g.tiers) == 1 && len(g.tiers[0]) == 1 && !g.at.Equal(at) {
			h.t.Fatalf("%s is asked at %v, was to be at %v", g.tiers[0][0].url, g.at, at)
		}
	}
}

// check starts what is due, and looks at it.
func (h *arranger) check() {
	for _, j := range h.m.start(h.now) {
		if slices.ContainsFunc(h.pending, func(o job) bool { return o.entry == j.entry }) {
			h.t.Fatalf("%s is asked twice at a time", j.entry.url)
		}
		if j.event == EventStarted && h.told[j.entry.url] {
			h.t.Fatalf("%s is told twice that we start", j.entry.url)
		}
		h.pending = append(h.pending, j)
	}
	seen, n := map[string]bool{}, len(h.list.Apart)
	for _, tier := range h.list.Tiers {
		n += len(tier)
	}
	for _, g := range h.m.groups {
		busy := 0
		for e := range g.all() {
			if seen[e.url] || e.group != g {
				h.t.Fatalf("%s is in two groups", e.url)
			}
			seen[e.url] = true
			for _, j := range h.pending {
				if j.entry == e {
					busy++
				}
			}
		}
		if busy != g.busy {
			h.t.Fatalf("%d announces of a group are under way, it counts %d", busy, g.busy)
		}
		if busy == 0 && !g.at.After(h.now) {
			h.t.Fatalf("a group is idle that was due at %v", g.at)
		}
	}
	if len(seen) != n || len(h.m.order) != n {
		h.t.Fatalf("%d trackers in groups, %d in order, want %d", len(seen), len(h.m.order), n)
	}
}

// A hundred trackers at most, however the list comes.
func TestArrangeFlood(t *testing.T) {
	var l List
	for i := range 3 * maxTrackers {
		l.Apart = append(l.Apart, fmt.Sprint("http://", i))
	}
	m := newMachine(AnnouncerConfig{Rand: testRand(1)})
	m.arrange(l)
	if len(m.order) != maxTrackers || len(m.start(time.Now())) != maxTrackers {
		t.Errorf("%d trackers", len(m.order))
	}
}
