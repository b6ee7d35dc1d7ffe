package session

import (
	"cmp"
	"slices"
	"time"
)

// Turn is what a torrent waits for.
type Turn byte

// The turns. NoTurn is that of a torrent that wants none: paused, failed, complete.
const (
	NoTurn Turn = iota
	DownloadTurn
	SeedTurn
	CheckTurn
)

// IdleSpan is how long a torrent moves no byte until it is not counted.
const IdleSpan = 5 * time.Minute

// QueueLimits bound how many have their turn at a time; 0: no bound.
type QueueLimits struct {
	Downloads, Seeds int
	Checks           int // for each disk
	// Running bounds downloads and seeds together, those that are not counted
	// included: of these the one that is idle longest makes room.
	Running int
}

// Job is what the queue knows of a torrent.
type Job struct {
	Turn Turn
	Rank int64  // the lowest is first
	Disk string // of a check
	Pass bool   // it does not wait, and is counted all the same
}

// Queue says who has a turn. Those that move no byte for IdleSpan keep it and are not
// counted; when they move one again, nobody loses his turn for it. Who has a turn loses
// it only to lower limits, or see QueueLimits.Running. It reads no clock, and belongs to
// one goroutine.
type Queue struct {
	limits  QueueLimits
	lowered bool // limits are others since Next
	jobs    map[ID]*turn
}

// turn is a Job and how it stands.
type turn struct {
	Job
	id     ID
	on     bool      // it has its turn
	told   bool      // what Next said last
	moved  time.Time // while on: when a byte moved last, or it was given the turn
	rested time.Time // when it made room; zero: it has not
}

// Change is one that Next tells of.
type Change struct {
	ID ID
	On bool // its turn begins; else it ends
}

// NewQueue returns an empty queue.
func NewQueue(l QueueLimits) *Queue { return &Queue{limits: l, jobs: make(map[ID]*turn)} }

// SetLimits sets other limits. If they are lower, Next ends the turns of those that are
// last in line.
func (q *Queue) SetLimits(l QueueLimits) {
	if q.limits != l {
		q.limits, q.lowered = l, true
	}
}

// Set puts a torrent into the queue, or says that it wants something else: then it may
// lose the turn that it has. It reports whether anything is new, and Next is to be
// called.
func (q *Queue) Set(id ID, j Job) bool {
	t := q.jobs[id]
	switch {
	case t == nil:
		t = &turn{id: id}
		q.jobs[id] = t
	case t.Job == j:
		return false
	}
	if t.Turn != j.Turn || t.Turn == CheckTurn && t.Disk != j.Disk {
		t.on, t.rested = false, time.Time{}
	}
	if j.Pass && !t.Pass {
		t.rested = time.Time{}
	}
	t.Job = j
	return true
}

// Drop forgets a torrent. Next does not tell of it.
func (q *Queue) Drop(id ID) { delete(q.jobs, id) }

// Moved notes that a torrent moved a byte.
func (q *Queue) Moved(id ID, at time.Time) {
	if t := q.jobs[id]; t != nil && t.on && at.After(t.moved) {
		t.moved = at
	}
}

// On reports whether a torrent has its turn, as Next said last.
func (q *Queue) On(id ID) bool { t := q.jobs[id]; return t != nil && t.told }

// Next decides, tells whose turn begins or ends since it was called last, and when it
// must be called again if nothing happens before; zero: never.
func (q *Queue) Next(now time.Time) (changes []Change, wake time.Time) {
	line := q.line()
	if q.lowered {
		q.lowered = false
		q.trim(line, now)
	}
	c := q.tally(now)
	for _, t := range line {
		if t.waits() && q.admit(t, c, now) {
			t.on, t.moved = true, now
			c.add(t, now)
		}
	}
	for _, t := range line {
		if t.on != t.told {
			t.told = t.on
			changes = append(changes, Change{t.id, t.on})
		}
	}
	return changes, q.wake(line, now)
}

func (t *turn) waits() bool { return !t.on && t.Turn != NoTurn }

// idle reports whether a turn is not counted.
func (t *turn) idle(now time.Time) bool {
	return t.on && t.Turn != CheckTurn && now.Sub(t.moved) >= IdleSpan
}

// before orders a line: who passes, who has not made room yet, by rank.
func before(a, b *turn) int {
	switch {
	case a.Pass != b.Pass:
		if a.Pass {
			return -1
		}
		return 1
	case !a.rested.Equal(b.rested):
		return a.rested.Compare(b.rested)
	}
	return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.id, b.id))
}

func (q *Queue) line() []*turn {
	line := make([]*turn, 0, len(q.jobs))
	for _, t := range q.jobs {
		line = append(line, t)
	}
	slices.SortFunc(line, before)
	return line
}

// counts are how many have a turn.
type counts struct {
	downloads, seeds, running int
	checks                    map[string]int
}

func (q *Queue) tally(now time.Time) *counts {
	c := &counts{checks: make(map[string]int)}
	for _, t := range q.jobs {
		if t.on {
			c.add(t, now)
		}
	}
	return c
}

func (c *counts) add(t *turn, now time.Time) { c.change(t, now, 1) }

func (c *counts) change(t *turn, now time.Time, by int) {
	if t.Turn == CheckTurn {
		c.checks[t.Disk] += by
		return
	}
	c.running += by
	switch {
	case t.idle(now):
	case t.Turn == DownloadTurn:
		c.downloads += by
	case t.Turn == SeedTurn:
		c.seeds += by
	}
}

// over reports by how many the turns of a job's kind are more than allowed.
func (q *Queue) over(t *turn, c *counts) int {
	is, limit := 0, 0
	switch t.Turn {
	case DownloadTurn:
		is, limit = c.downloads, q.limits.Downloads
	case SeedTurn:
		is, limit = c.seeds, q.limits.Seeds
	case CheckTurn:
		is, limit = c.checks[t.Disk], q.limits.Checks
	}
	if limit == 0 {
		return -1
	}
	return is - limit
}

// admit decides about one that waits, and may end the turn of one that is idle for it.
func (q *Queue) admit(t *turn, c *counts, now time.Time) bool {
	if t.Pass {
		return true
	}
	if q.over(t, c) >= 0 {
		return false
	}
	if t.Turn == CheckTurn || q.limits.Running == 0 || c.running < q.limits.Running {
		return true
	}
	// Who made room himself does not drive out another at once.
	if c.running > q.limits.Running || now.Sub(t.rested) < IdleSpan {
		return false
	}
	longest := q.idlest(now)
	if longest == nil {
		return false
	}
	c.change(longest, now, -1)
	longest.on, longest.rested = false, now
	return true
}

// idlest is the one that is idle longest and may make room.
func (q *Queue) idlest(now time.Time) (longest *turn) {
	for _, t := range q.jobs {
		if !t.idle(now) || t.Pass {
			continue
		}
		if longest == nil || cmp.Or(t.moved.Compare(longest.moved), before(longest, t)) < 0 {
			longest = t
		}
	}
	return longest
}

// trim ends turns of those that are last in line until the limits hold.
func (q *Queue) trim(line []*turn, now time.Time) {
	c := q.tally(now)
	end := func(t *turn) {
		c.change(t, now, -1)
		t.on = false
	}
	for _, t := range slices.Backward(line) {
		if t.on && !t.Pass && !t.idle(now) && q.over(t, c) > 0 {
			end(t)
		}
	}
	if q.limits.Running == 0 {
		return
	}
	for c.running > q.limits.Running {
		t := q.idlest(now)
		if t == nil {
			break
		}
		end(t)
	}
	for _, t := range slices.Backward(line) {
		if t.on && !t.Pass && t.Turn != CheckTurn && c.running > q.limits.Running {
			end(t)
		}
	}
}

// wake is when somebody who waits may have a turn because of the time alone.
func (q *Queue) wake(line []*turn, now time.Time) (at time.Time) {
	sooner := func(t time.Time) {
		if t.After(now) && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	if !slices.ContainsFunc(line, (*turn).waits) {
		return at
	}
	for _, t := range line {
		if t.on && t.Turn != CheckTurn {
			sooner(t.moved.Add(IdleSpan))
		}
		if t.waits() && !t.rested.IsZero() {
			sooner(t.rested.Add(IdleSpan))
		}
	}
	return at
}

// Waiting are those that wait for a turn, in the order of the line.
func (q *Queue) Waiting(kind Turn) []ID {
	var waiting []*turn
	for _, t := range q.jobs {
		if t.waits() && t.Turn == kind {
			waiting = append(waiting, t)
		}
	}
	slices.SortFunc(waiting, before)
	ids := make([]ID, len(waiting))
	for i, t := range waiting {
		ids[i] = t.id
	}
	return ids
}
