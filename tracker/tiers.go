package tracker

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Limits of the schedule.
const (
	maxTrackers  = 100              // of one torrent; lists can be longer (a flood)
	backoffFirst = 5 * time.Second  // after the first failure
	backoffMost  = 30 * time.Minute // it doubles up to here
)

// machine decides when which tracker is announced to, and with which event.
// It is told the time and does nothing itself:
//
//	for each of m.start(now): announce, then one of answered, failed,
//	unanswered, cancelled
//	until m.due() there is nothing to start, unless something is called
type machine struct {
	groups   []*group
	order    []*entry // all, in the order of the list
	rand     *rand.Rand
	complete bool // the download is complete, or was from the start
}

// group is a list of tiers that BEP 12 applies to: one of its trackers is
// announced to at a time. A flat list is many groups of one tracker each.
type group struct {
	tiers [][]*entry // the order within a tier changes
	at    time.Time  // when the next round may begin; zero: at once
	dead  bool       // every tracker said never
	// The round: a walk over the tiers that ends with the first success.
	walk []*entry // not asked yet; nil between rounds
	busy int      // announces in progress, or queued: one, or more after arrange
	// current is the tracker that answered in the last round, nil if none did.
	current   *entry
	completed bool // the event completed is still to be sent
}

// entry is one tracker.
type entry struct {
	url       string
	group     *group
	started   bool      // it has acknowledged an announce
	completes bool      // the announce in progress tells that we are complete
	never     bool      // it is not to be asked any more
	failures  int       // in a row
	retry     time.Time // after a failure: not before
	soonest   time.Time // the same, for who does not want to wait; see again
	quiet     time.Time // after an answer: not before, unless for an event
	trackerID string    // as last received
	status    Status
}

// newMachine takes Trackers, Complete and Rand of cfg.
func newMachine(cfg AnnouncerConfig) *machine {
	m := &machine{rand: cfg.Rand, complete: cfg.Complete}
	m.arrange(cfg.Trackers)
	return m
}

// arrange makes the groups anew. If the list is flat and the torrent not private,
// each tracker has its own schedule. What is known of trackers that were there before
// stays known; those that are no longer there are returned, and left in their groups.
func (m *machine) arrange(l List) (gone []*entry) {
	old, known := m.order, make(map[string]*entry)
	for _, e := range old {
		known[e.url] = e
	}
	m.order, m.groups = nil, nil
	seen := make(map[string]bool)
	lists := m.entries(l.Tiers, 0, known, seen)
	flat := len(lists) == 1 || !slices.ContainsFunc(lists, func(t []*entry) bool { return len(t) > 1 })
	alone := m.entries([][]string{l.Apart}, len(lists), known, seen)
	switch {
	case flat && !l.Private:
		alone = append(lists, alone...)
	case len(lists) > 0:
		m.groups = []*group{{tiers: lists}}
	}
	for _, e := range slices.Concat(alone...) {
		m.groups = append(m.groups, &group{tiers: [][]*entry{{e}}})
	}
	for _, g := range m.groups {
		g.adopt()
	}
	return slices.DeleteFunc(old, func(e *entry) bool { return seen[e.url] })
}

// adopt takes over what the groups in which the trackers were before know of them. A
// tracker that is new is asked at once, unless one that works comes before it.
func (g *group) adopt() {
	fresh := false
	for e := range g.all() {
		was := e.group
		if e.group = g; was == nil {
			fresh = fresh || g.current == nil
			continue
		}
		if s := e.status.State; s == StateAnnouncing || s == StateQueued {
			g.busy++
		}
		g.completed = g.completed || was.completed && e.started
		if was.current == e && g.current == nil {
			if g.current = e; !fresh {
				g.at = was.at
			}
		}
	}
	if g.current != nil {
		g.promote(g.current)
	}
}

// entries makes the entries of each tier, shuffled within it (BEP 12), the first of
// which has a number. What is empty or seen already is left out; known are those
// that there were.
func (m *machine) entries(tiers [][]string, first int, known map[string]*entry, seen map[string]bool) (lists [][]*entry) {
	for _, urls := range tiers {
		var list []*entry
		for _, u := range urls {
			u = strings.TrimSpace(u)
			if u == "" || seen[u] || len(seen) == maxTrackers {
				continue
			}
			seen[u] = true
			e := known[u]
			if e == nil {
				e = &entry{url: u, status: Status{URL: u, State: StateIdle, Seeders: -1, Leechers: -1}}
			}
			e.status.Tier = first + len(lists)
			list = append(list, e)
		}
		m.order = append(m.order, list...)
		if list != nil {
			m.rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			lists = append(lists, list)
		}
	}
	return lists
}

// all ranges over the trackers in the order in which they are to be tried.
func (g *group) all() func(yield func(*entry) bool) {
	return func(yield func(*entry) bool) {
		for _, tier := range g.tiers {
			for _, e := range tier {
				if !yield(e) {
					return
				}
			}
		}
	}
}

// job is an announce to be made.
type job struct {
	entry  *entry
	event  Event
	others bool // the round goes on with another one if this one fails
}

// start returns the announces that are due. Each must be followed by
// answered, failed, unanswered or cancelled.
func (m *machine) start(now time.Time) (jobs []job) {
	for _, g := range m.groups {
		if g.busy > 0 || g.dead || now.Before(g.at) {
			continue
		}
		switch e := g.next(now); {
		case e == nil:
			g.exhausted(now)
		case now.Before(g.ready(e)): // it works but wants to be left alone: no reason to try others
			g.walk, g.current, g.at = nil, e, g.ready(e)
		default:
			g.busy++
			e.completes = m.complete
			e.status.State, e.status.Next = StateAnnouncing, time.Time{}
			jobs = append(jobs, job{e, g.event(e), len(g.walk) > 0})
		}
	}
	return jobs
}

// next goes on with the round, or begins one, and returns the next tracker.
// Those in their back-off have failed already.
func (g *group) next(now time.Time) *entry {
	if g.walk == nil {
		g.walk = slices.Collect(g.all())
	}
	for len(g.walk) > 0 {
		e := g.walk[0]
		g.walk = g.walk[1:]
		if !e.never && (e.failures == 0 || !now.Before(g.ready(e))) {
			return e
		}
	}
	return nil
}

// ready is when e may be asked: after its back-off and, unless there is an
// event to tell, after its min interval.
func (g *group) ready(e *entry) time.Time {
	if g.event(e) == EventNone && e.quiet.After(e.retry) {
		return e.quiet
	}
	return e.retry
}

// event is what an announce to e is about.
func (g *group) event(e *entry) Event {
	switch {
	case !e.started:
		return EventStarted
	case g.completed:
		return EventCompleted
	}
	return EventNone
}

// exhausted ends a round without success: the next begins when the first
// tracker may be asked again.
func (g *group) exhausted(now time.Time) {
	g.walk, g.current, g.dead = nil, nil, true
	for e := range g.all() {
		if at := g.ready(e); !e.never && (g.dead || at.Before(g.at)) {
			g.dead, g.at = false, at
		}
	}
	if g.at.Before(now) {
		g.at = now
	}
}

// answered ends an announce with an answer.
func (m *machine) answered(now time.Time, j job, r Response) {
	e, g := j.entry, j.entry.group
	g.walk, g.current = nil, e
	g.busy--
	e.started, e.failures, e.retry = true, 0, time.Time{}
	e.quiet = now.Add(r.MinInterval)
	g.at = now.Add(r.Interval)
	if e.completes { // as event=completed, or started with nothing left
		g.completed = false
	} else if g.completed {
		g.at = now
	}
	if r.TrackerID != "" {
		e.trackerID = r.TrackerID
	}
	g.promote(e)
	e.status.State, e.status.LastOK, e.status.Err, e.status.Next = StateOK, true, "", g.at
	e.status.Reached, e.status.Last = true, now
	e.status.Peers, e.status.Seeders, e.status.Leechers = len(r.Peers), r.Seeders, r.Leechers
	e.status.Warning = r.Warning
}

// promote moves e to the front of its tier (BEP 12).
func (g *group) promote(e *entry) {
	for _, tier := range g.tiers {
		if i := slices.Index(tier, e); i >= 0 {
			copy(tier[1:i+1], tier[:i])
			tier[0] = e
		}
	}
}

// unanswered ends an announce that the tracker was sent when we have no time for
// its answer: it counts as told.
func (m *machine) unanswered(j job) {
	e, g := j.entry, j.entry.group
	g.current = e
	g.busy--
	e.started = true
	if e.completes {
		g.completed = false
	}
	e.status.State = StateIdle
}

// cancelled ends an announce that was given up: nothing is learnt.
func (m *machine) cancelled(j job) {
	j.entry.group.busy--
	j.entry.status.State = StateIdle
}

// failed ends an announce that failed.
func (m *machine) failed(now time.Time, j job, err error) {
	e, g := j.entry, j.entry.group
	g.busy--
	e.failures++
	delay := m.backoff(e.failures)
	e.soonest = now.Add(backoffFirst)
	var f *Failure
	if errors.As(err, &f) {
		e.never = f.Never
		if f.RetryIn > 0 {
			delay = f.RetryIn
			e.soonest = now.Add(delay)
		}
	}
	e.never = e.never || errors.Is(err, ErrURL)
	e.retry = now.Add(delay)
	e.status.State, e.status.LastOK, e.status.Err, e.status.Next = StateFailed, false, message(err), e.retry
	e.status.Reached = answered(err)
	if e.never {
		e.status.Next = time.Time{}
	}
}

// backoff is how long to wait after n failures in a row: doubling, a quarter
// more or less so that clients do not come back all at once.
func (m *machine) backoff(n int) time.Duration {
	base := min(backoffFirst<<min(n-1, 16), backoffMost)
	jitter := time.Duration(m.rand.Int64N(int64(base/2))) - base/4
	return min(max(base+jitter, backoffFirst), backoffMost)
}

// want makes those trackers that answer be asked again as soon as they allow.
func (m *machine) want(now time.Time) {
	for _, g := range m.groups {
		if e := g.current; g.busy == 0 && e != nil && e.quiet.Before(g.at) {
			g.at = e.quiet
			if g.at.Before(now) {
				g.at = now
			}
			e.status.Next = g.at
		}
	}
}

// again is want, and cuts the back-off of trackers that failed short.
func (m *machine) again(now time.Time) {
	m.want(now)
	for _, g := range m.groups {
		for e := range g.all() {
			if e.failures == 0 || e.never || !e.soonest.Before(e.retry) {
				continue
			}
			e.retry = e.soonest
			e.status.Next = e.retry
			if g.busy == 0 && g.current == nil && e.retry.Before(g.at) {
				g.at = e.retry
			}
		}
	}
}

// finish notes that the download has become complete, once. Whoever was told
// that it started is told that it completed.
func (m *machine) finish(now time.Time) {
	if m.complete {
		return
	}
	m.complete = true
	for _, g := range m.groups {
		g.completed = g.busy > 0
		for e := range g.all() {
			g.completed = g.completed || e.started
		}
		if g.busy == 0 && g.current != nil {
			g.at = now
		}
	}
}

// due returns when start will have something to do; ok is false if only
// the end of an announce can change that.
func (m *machine) due() (at time.Time, ok bool) {
	for _, g := range m.groups {
		if g.busy == 0 && !g.dead && (!ok || g.at.Before(at)) {
			at, ok = g.at, true
		}
	}
	return at, ok
}

// farewell returns what a tracker is told when we stop, in this order: nothing
// unless it knows us. An announce in progress counts as not made.
func (m *machine) farewell(e *entry) (jobs []job) {
	if !e.started {
		return nil
	}
	if g := e.group; g.completed && g.current == e {
		jobs = append(jobs, job{entry: e, event: EventCompleted})
	}
	return append(jobs, job{entry: e, event: EventStopped})
}

// answered reports whether an announce that failed got an answer of some kind.
func answered(err error) bool {
	return errors.As(err, new(*Failure)) || errors.Is(err, ErrMalformed) || errors.As(err, new(statusError))
}

// message is what an error of an announce says beside the URL.
func message(err error) string {
	if named := (*urlError)(nil); errors.As(err, &named) {
		err = named.err
	}
	return cut(err.Error())
}
