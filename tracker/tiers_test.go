package tracker

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func testRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// ok is an answer with the two intervals in seconds.
func ok(regular, least int) Response {
	return Response{Interval: time.Duration(regular) * time.Second, MinInterval: time.Duration(least) * time.Second}
}

// model runs a machine in random ways and checks every announce it makes.
type model struct {
	t       *rapid.T
	m       *machine
	now     time.Time
	ordered bool // one tracker at a time
	pending []job
	seen    map[*entry]*history
	done    bool // finish was called
	whole   bool // complete from the start
}

// history is what the test remembers of a tracker, apart from the machine.
type history struct {
	asked, answered, said int // announces made, answered, with event completed and answered
	started               bool
	lastOK                bool
	never                 bool
	quiet, retry          time.Time
	failures              int
}

// start lets the machine start what is due, and checks that it may.
func (o *model) start() {
	for _, j := range o.m.start(o.now) {
		h := o.seen[j.entry]
		if h.never {
			o.t.Fatalf("%s is asked though it said never", j.entry.url)
		}
		if j.event == EventNone && o.now.Before(h.quiet) {
			o.t.Fatalf("%s is asked %v before its min interval is over", j.entry.url, h.quiet.Sub(o.now))
		}
		if o.now.Before(h.retry) {
			o.t.Fatalf("%s is asked %v before its back-off is over", j.entry.url, h.retry.Sub(o.now))
		}
		if (j.event == EventStarted) == h.started {
			o.t.Fatalf("%s: event %q, started %v", j.entry.url, j.event, h.started)
		}
		if j.event == EventCompleted && (!o.done || o.whole || h.said > 0) {
			o.t.Fatalf("%s: event completed, %d said, done %v, whole %v", j.entry.url, h.said, o.done, o.whole)
		}
		for _, p := range o.pending {
			if o.ordered || p.entry == j.entry {
				o.t.Fatalf("%s is asked while %s is", j.entry.url, p.entry.url)
			}
		}
		o.checkOrder(j.entry)
		h.asked++
		o.pending = append(o.pending, j)
	}
}

// "all URLs in each tier must be checked before the client goes on to the next
// tier": all that come before e have failed when last asked.
func (o *model) checkOrder(e *entry) {
	if !o.ordered {
		return
	}
	for before := range e.group.all() {
		if before == e {
			return
		}
		if h := o.seen[before]; h.asked == 0 || h.lastOK {
			o.t.Fatalf("%s is asked, but %s before it has not failed", e.url, before.url)
		}
	}
}

// end ends the i-th announce in progress in a random way.
func (o *model) end(i int) {
	j := o.pending[i]
	o.pending = slices.Delete(o.pending, i, i+1)
	h := o.seen[j.entry]
	switch rapid.IntRange(0, 9).Draw(o.t, "end") {
	case 0, 1, 2, 3:
		least := rapid.IntRange(60, 3600).Draw(o.t, "min interval")
		regular := rapid.IntRange(least, 3600).Draw(o.t, "interval")
		o.m.answered(o.now, j, ok(regular, least))
		h.answered, h.started, h.lastOK, h.failures = h.answered+1, true, true, 0
		h.quiet, h.retry = o.now.Add(time.Duration(least)*time.Second), time.Time{}
		if j.event == EventCompleted {
			h.said++
		}
		o.checkFront(j.entry)
	case 4:
		d := time.Duration(rapid.IntRange(1, 1440).Draw(o.t, "retry in")) * time.Minute
		o.fail(j, &Failure{RetryIn: d})
		if wait := h.retry.Sub(o.now); wait != d {
			o.t.Fatalf("retry in %v became %v", d, wait)
		}
	case 5:
		o.fail(j, &urlError{"u", &Failure{Never: rapid.Bool().Draw(o.t, "never")}})
	default:
		o.fail(j, &unreachable{errors.New("no route")})
		base := min(5*time.Second<<min(h.failures-1, 10), 30*time.Minute)
		if wait := h.retry.Sub(o.now); wait < max(base*3/4, 5*time.Second) || wait > min(base*5/4, 30*time.Minute) {
			o.t.Fatalf("failure %d is followed by %v", h.failures, wait)
		}
	}
}

func (o *model) fail(j job, err error) {
	h := o.seen[j.entry]
	o.m.failed(o.now, j, err)
	h.lastOK, h.never, h.retry = false, j.entry.never, j.entry.retry
	h.failures++
}

// "if a connection with a tracker is successful, it will be moved to the
// front of the tier."
func (o *model) checkFront(e *entry) {
	n := 0
	for _, tier := range e.group.tiers {
		n += len(tier)
		if i := slices.Index(tier, e); i > 0 {
			o.t.Fatalf("%s answered but is number %d of its tier", e.url, i)
		}
	}
	distinct := map[*entry]bool{}
	for e := range e.group.all() {
		distinct[e] = true
	}
	if len(distinct) != n {
		o.t.Fatalf("%d trackers, %d of them distinct", n, len(distinct))
	}
}

// alive checks that the machine has not gone to sleep for good: if nothing is
// in progress, then something starts when it says, or everybody said never.
func (o *model) alive() {
	if len(o.pending) > 0 {
		return
	}
	for range 3 {
		at, ok := o.m.due()
		if !ok {
			for e, h := range o.seen {
				if !h.never {
					o.t.Fatalf("nothing will happen, but %s has not said never", e.url)
				}
			}
			return
		}
		if at.After(o.now) {
			if at.Sub(o.now) > 24*time.Hour {
				o.t.Fatalf("nothing happens for %v", at.Sub(o.now))
			}
			o.now = at
		}
		if o.start(); len(o.pending) > 0 {
			return
		}
	}
	o.t.Fatal("three times due and nothing to do")
}

func TestMachineProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tiers [][]string
		sizes := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 4).Draw(t, "tiers")
		for i, n := range sizes {
			var tier []string
			for k := range n {
				tier = append(tier, fmt.Sprintf("http://%d-%d", i, k))
			}
			tiers = append(tiers, tier)
		}
		private, whole := rapid.Bool().Draw(t, "private"), rapid.Bool().Draw(t, "whole")
		m := newMachine(AnnouncerConfig{Trackers: List{Tiers: tiers, Private: private}, Complete: whole, Rand: testRand(rapid.Uint64().Draw(t, "seed"))})
		o := &model{t: t, m: m, now: time.Unix(1e9, 0), seen: map[*entry]*history{}, whole: whole}
		o.ordered = len(m.groups) == 1
		for _, e := range m.order {
			o.seen[e] = &history{}
		}
		o.start()
		if len(m.order) > 0 && !o.ordered && len(o.pending) != len(m.order) {
			t.Fatalf("%d of %d trackers of a flat list are asked at once", len(o.pending), len(m.order))
		}
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				m.want(o.now)
			case 1:
				m.finish(o.now)
				o.done = true
			case 2, 3:
				o.now = o.now.Add(time.Duration(rapid.IntRange(0, 7200).Draw(t, "seconds")) * time.Second)
			case 4:
				o.alive()
			default:
				if len(o.pending) > 0 {
					o.end(rapid.IntRange(0, len(o.pending)-1).Draw(t, "which"))
				}
			}
			o.start()
		}
		o.farewell()
	})
}

// farewells are those of all trackers that are told something.
func farewells(m *machine) (all [][]job) {
	for _, e := range m.order {
		if jobs := m.farewell(e); jobs != nil {
			all = append(all, jobs)
		}
	}
	return all
}

// farewell checks what is said at the end, and to whom.
func (o *model) farewell() {
	for _, j := range o.pending {
		h := o.seen[j.entry]
		if rapid.Bool().Draw(o.t, "sent") { // the tracker counts as told
			o.m.unanswered(j)
			h.started = true
			if j.event == EventCompleted {
				h.said++
			}
			continue
		}
		o.m.cancelled(j)
	}
	told := map[*entry]bool{}
	for _, jobs := range farewells(o.m) {
		e := jobs[0].entry
		h := o.seen[e]
		told[e] = true
		if jobs[len(jobs)-1] != (job{entry: e, event: EventStopped}) {
			o.t.Fatalf("%s: the last word is not stopped", e.url)
		}
		if len(jobs) == 2 && (jobs[0] != (job{entry: e, event: EventCompleted}) || !o.done || o.whole || h.said > 0) || len(jobs) > 2 {
			o.t.Fatalf("%s: says %v at the end, completed said %d times", e.url, jobs, h.said)
		}
	}
	for e, h := range o.seen {
		if told[e] != h.started {
			o.t.Fatalf("%s: started %v, stopped %v", e.url, h.started, told[e])
		}
	}
}

// Back-off grows with every failure until it is at its cap.
func TestBackoffGrows(t *testing.T) {
	m := newMachine(AnnouncerConfig{Rand: testRand(1)})
	for n := 1; n < 9; n++ {
		for range 1000 {
			if a, b := m.backoff(n), m.backoff(n+1); a >= b {
				t.Fatalf("failure %d: %v, failure %d: %v", n, a, n+1, b)
			}
		}
	}
	seen := map[time.Duration]bool{}
	for range 1000 {
		d := m.backoff(1000)
		seen[d] = true
		if d > backoffMost || d < backoffMost*3/4 {
			t.Fatalf("back-off %v", d)
		}
	}
	if len(seen) < 100 {
		t.Errorf("hardly any jitter: %d values", len(seen))
	}
}

// story drives one machine by hand.
type story struct {
	t   *testing.T
	m   *machine
	now time.Time
}

func newStory(t *testing.T, tiers [][]string) *story {
	// With this seed tiers of up to three stay in their order.
	for seed := range uint64(1000) {
		m := newMachine(AnnouncerConfig{Trackers: List{Tiers: tiers}, Rand: testRand(seed)})
		var shuffled []*entry
		for _, g := range m.groups {
			shuffled = append(shuffled, slices.Collect(g.all())...)
		}
		if slices.Equal(shuffled, m.order) {
			return &story{t, m, time.Unix(1e9, 0)}
		}
	}
	t.Fatal("no seed leaves the order")
	return nil
}

// wantJobs starts what is due and checks that it is this: "url event" each.
func (s *story) wantJobs(want ...string) []job {
	s.t.Helper()
	jobs := s.m.start(s.now)
	var got []string
	for _, j := range jobs {
		got = append(got, fmt.Sprint(j.entry.url, " ", j.event))
	}
	if d := cmp.Diff(want, got); d != "" {
		s.t.Fatal(d)
	}
	return jobs
}

// wantOrder checks the order of all trackers.
func (s *story) wantOrder(want ...string) {
	s.t.Helper()
	var got []string
	for e := range s.m.groups[0].all() {
		got = append(got, e.url)
	}
	if d := cmp.Diff(want, got); d != "" {
		s.t.Fatal(d)
	}
}

// advance goes to when something is due.
func (s *story) advance() {
	s.t.Helper()
	at, ok := s.m.due()
	if !ok {
		s.t.Fatal("nothing is due, ever")
	}
	if at.After(s.now) {
		s.now = at
	}
}

var errDown = &unreachable{errors.New("down")}

// The second example of BEP 12: "if tracker1 cannot be reached, try tracker2.
// If tracker2 can be reached, the list is now: tracker2,tracker1,tracker3. ...
// If later neither tracker2 nor tracker1 can be reached, but tracker3
// responds, then the list will be changed to: tracker3,tracker2,tracker1".
func TestBEP12(t *testing.T) {
	s := newStory(t, [][]string{{"1", "2", "3"}, {"backup"}})
	s.m.failed(s.now, s.wantJobs("1 started")[0], errDown)
	s.m.answered(s.now, s.wantJobs("2 started")[0], ok(1800, 60))
	s.wantOrder("2", "1", "3", "backup")
	s.wantJobs()
	s.advance()
	s.m.failed(s.now, s.wantJobs("2 ")[0], errDown)
	s.m.failed(s.now, s.wantJobs("1 started")[0], errDown)
	s.m.answered(s.now, s.wantJobs("3 started")[0], ok(1800, 60))
	s.wantOrder("3", "2", "1", "backup")
	s.advance()
	s.m.failed(s.now, s.wantJobs("3 ")[0], errDown)
	s.m.failed(s.now, s.wantJobs("2 ")[0], errDown)
	s.m.failed(s.now, s.wantJobs("1 started")[0], errDown)
	s.m.answered(s.now, s.wantJobs("backup started")[0], ok(1800, 60))
	s.wantOrder("3", "2", "1", "backup")
	s.advance()
	s.wantJobs("3 ") // each announce begins at the top again
}

// A long walk does not begin again because the first back-off is over.
func TestRoundGoesOn(t *testing.T) {
	s := newStory(t, [][]string{{"1"}, {"2", "3"}, {"4"}})
	for _, url := range []string{"1", "2", "3", "4"} {
		j := s.wantJobs(url + " started")[0]
		s.now = s.now.Add(time.Minute)
		s.m.failed(s.now, j, errDown)
	}
	s.wantJobs() // the round is over
	s.wantJobs("1 started")
}

func TestCompletedInATier(t *testing.T) {
	s := newStory(t, [][]string{{"1"}, {"2", "3"}})
	s.m.failed(s.now, s.wantJobs("1 started")[0], errDown)
	s.m.answered(s.now, s.wantJobs("2 started")[0], ok(1800, 600))
	s.m.finish(s.now)
	s.m.finish(s.now)
	j := s.wantJobs("2 completed")[0] // 1 is in its back-off
	s.m.failed(s.now, j, errDown)
	s.m.answered(s.now, s.wantJobs("3 started")[0], ok(1800, 600)) // with nothing left: says it all
	if got := farewells(s.m); len(got) != 2 || len(got[0]) != 1 || len(got[1]) != 1 {
		t.Errorf("farewells %v", got)
	}
}

// The announce in progress when the download completes may or may not tell it.
func TestCompletedWhileAnnouncing(t *testing.T) {
	s := newStory(t, [][]string{{"1"}})
	j := s.wantJobs("1 started")[0]
	s.m.finish(s.now)
	s.m.answered(s.now, j, ok(1800, 600))
	s.m.answered(s.now, s.wantJobs("1 completed")[0], ok(1800, 600))
	s.wantJobs()
	s.now = s.now.Add(30 * time.Minute)
	s.wantJobs("1 ")
}

// Whoever only now hears of us is told that we started with nothing left.
func TestCompletedBeforeStarted(t *testing.T) {
	s := newStory(t, [][]string{{"1"}, {"2"}})
	jobs := s.wantJobs("1 started", "2 started")
	s.m.failed(s.now, jobs[0], errDown)
	s.m.answered(s.now, jobs[1], ok(1800, 60))
	s.m.finish(s.now)
	s.m.answered(s.now, s.wantJobs("2 completed")[0], ok(1800, 60))
	s.advance()
	s.m.answered(s.now, s.wantJobs("1 started")[0], ok(1800, 60))
	s.wantJobs()
}

func TestStopSaysCompletedFirst(t *testing.T) {
	s := newStory(t, [][]string{{"1"}, {"2"}, {"3"}})
	jobs := s.wantJobs("1 started", "2 started", "3 started")
	s.m.answered(s.now, jobs[0], ok(1800, 60))
	s.m.answered(s.now, jobs[1], ok(1800, 60))
	s.m.finish(s.now)
	jobs = s.wantJobs("1 completed", "2 completed")
	s.m.answered(s.now, jobs[0], ok(1800, 60))
	s.m.cancelled(jobs[1])
	var got []string
	for _, jobs := range farewells(s.m) {
		for _, j := range jobs {
			got = append(got, fmt.Sprint(j.entry.url, " ", j.event))
		}
	}
	if d := cmp.Diff([]string{"1 stopped", "2 completed", "2 stopped"}, got); d != "" {
		t.Error(d)
	}
}

// An announce that was sent counts as heard, whatever becomes of its answer.
func TestStopUnanswered(t *testing.T) {
	s := newStory(t, [][]string{{"1"}, {"2"}, {"3"}})
	jobs := s.wantJobs("1 started", "2 started", "3 started")
	s.m.answered(s.now, jobs[0], ok(1800, 60))
	s.m.finish(s.now)
	s.m.unanswered(s.wantJobs("1 completed")[0])
	s.m.unanswered(jobs[1])
	s.m.cancelled(jobs[2])
	var got []string
	for _, jobs := range farewells(s.m) {
		for _, j := range jobs {
			got = append(got, fmt.Sprint(j.entry.url, " ", j.event))
		}
	}
	if d := cmp.Diff([]string{"1 stopped", "2 completed", "2 stopped"}, got); d != "" {
		t.Error(d)
	}
}

func TestWant(t *testing.T) {
	s := newStory(t, [][]string{{"1"}, {"2"}})
	jobs := s.wantJobs("1 started", "2 started")
	s.m.answered(s.now, jobs[0], ok(1800, 90))
	s.m.failed(s.now, jobs[1], &Failure{RetryIn: 20 * time.Minute})
	s.m.want(s.now)
	s.wantJobs()
	s.now = s.now.Add(90*time.Second - 1)
	s.wantJobs()
	s.now = s.now.Add(1)
	j := s.wantJobs("1 ")[0]
	s.m.want(s.now) // it is being asked already
	s.m.answered(s.now, j, ok(1800, 90))
	s.now = s.now.Add(10 * time.Minute)
	s.wantJobs()
	s.m.want(s.now)
	s.wantJobs("1 ")
}

// A tracker that answers, whatever it says, was reached.
func TestReached(t *testing.T) {
	for err, want := range map[error]bool{
		&Failure{Reason: "no"}: true, malformed("what"): true, &urlError{"1", &unreachable{statusError(404)}}: true,
		&unreachable{errSilent}: false, &urlError{"1", ErrURL}: false,
	} {
		s := newStory(t, [][]string{{"1"}})
		s.m.failed(s.now, s.wantJobs("1 started")[0], err)
		if got := s.m.order[0].status.Reached; got != want {
			t.Errorf("%v: reached %v", err, got)
		}
	}
}

func TestNever(t *testing.T) {
	s := newStory(t, [][]string{{"1"}, {"2"}})
	jobs := s.wantJobs("1 started", "2 started")
	s.m.failed(s.now, jobs[0], &Failure{Never: true})
	s.m.failed(s.now, jobs[1], &urlError{"2", fmt.Errorf("%w: what", ErrURL)})
	s.wantJobs()
	if at, ok := s.m.due(); ok {
		t.Errorf("due at %v", at)
	}
	s.m.want(s.now)
	s.m.finish(s.now)
	s.wantJobs()
	if st := s.m.order[1].status; st.State != StateFailed || st.Err != "unusable tracker URL: what" || !st.Next.IsZero() {
		t.Errorf("%+v", st)
	}
}

func TestFlatLists(t *testing.T) {
	for _, test := range []struct {
		name    string
		tiers   [][]string
		private bool
		groups  int
	}{
		{"none", nil, false, 0},
		{"empty", [][]string{{}, {"", " "}}, false, 0},
		{"one", [][]string{{"a"}}, false, 1},
		{"one tier", [][]string{{"a", "b", "c"}}, false, 3},
		{"one each", [][]string{{"a"}, {"b"}, {"c"}}, false, 3},
		{"one each after cleaning", [][]string{{"a", " a"}, {}, {"b", "a"}}, false, 2},
		{"tiers", [][]string{{"a", "b"}, {"c"}}, false, 1},
		{"private", [][]string{{"a"}, {"b"}}, true, 1},
	} {
		if got := len(newMachine(AnnouncerConfig{Trackers: List{Tiers: test.tiers, Private: test.private}, Rand: testRand(1)}).groups); got != test.groups {
			t.Errorf("%s: %d groups, want %d", test.name, got, test.groups)
		}
	}
	var flood [][]string
	for i := range 100000 {
		flood = append(flood, []string{fmt.Sprint("http://", i)})
	}
	if got := len(newMachine(AnnouncerConfig{Trackers: List{Tiers: flood}, Rand: testRand(1)}).start(time.Now())); got != maxTrackers {
		t.Errorf("%d announces at once", got)
	}
}

// "URLs within each tier will be processed in a randomly chosen order".
func TestShuffle(t *testing.T) {
	first := map[string]int{}
	for seed := range uint64(300) {
		m := newMachine(AnnouncerConfig{Trackers: List{Tiers: [][]string{{"a", "b", "c"}, {"d"}}}, Rand: testRand(seed)})
		first[m.start(time.Now())[0].entry.url]++
	}
	if len(first) != 3 || first["a"] < 50 || first["b"] < 50 || first["c"] < 50 {
		t.Errorf("asked first: %v", first)
	}
}
