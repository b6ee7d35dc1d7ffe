package daemon

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"gotor/cmd/record"
	"gotor/torrent/session"
)

// rules are the settings: those that the daemon was started with, and what requests
// have made of them since. Its methods may be called from any goroutine; what they
// return is shared.
type rules struct {
	roots roots
	turn  chan struct{} // holds one token, which whoever changes the settings has

	mu       sync.Mutex
	base     record.Settings      // as flags, environment, file and defaults have it
	asked    record.SettingsPatch // by requests, all of them together
	now      record.Settings      // both
	revision uint64
}

// newRules takes up the settings where a session has left them; nil: nobody has
// changed any.
func newRules(base record.Settings, r roots, kept json.RawMessage, now time.Time) (*rules, error) {
	u := &rules{roots: r, turn: make(chan struct{}, 1), base: base, revision: uint64(max(now.Unix(), 1)) * 1e6}
	if len(kept) > 0 {
		if err := json.Unmarshal(kept, &u.asked); err != nil {
			return nil, err
		}
	}
	u.lay()
	u.turn <- struct{}{}
	return u, nil
}

// lay puts what was asked for over what was there.
func (u *rules) lay() {
	s := u.base
	lay(&s.MaxDown, u.asked.MaxDown)
	lay(&s.MaxUp, u.asked.MaxUp)
	lay(&s.Schedule, u.asked.Schedule)
	lay(&s.Override, u.asked.Override)
	lay(&s.Dir, u.asked.Dir)
	q, g := u.asked.Queue.Value, u.asked.Seed.Value
	lay(&s.Queue.MaxDownloads, q.MaxDownloads)
	lay(&s.Queue.MaxSeeds, q.MaxSeeds)
	lay(&s.Queue.MaxChecks, q.MaxChecks)
	lay(&s.Seed.Mode, g.Mode)
	lay(&s.Seed.Ratio, g.Ratio)
	lay(&s.Seed.Time, g.Time)
	lay(&s.Seed.Idle, g.Idle)
	u.revision++
	s.Revision = u.revision
	u.now = s
}

func lay[T any](k *record.Knob[T], o record.Opt[T]) {
	if o.Set && !o.Null && !k.Fixed {
		k.Value, k.From = o.Value, record.FromAPI
	}
}

// get is the settings as they are.
func (u *rules) get() record.Settings {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.now
}

// patched is what is to be kept once a patch is carried out; it changes nothing yet.
// A revision other than 0 must be that of the settings.
func (u *rules) patched(p record.SettingsPatch, revision uint64) (record.SettingsPatch, json.RawMessage, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if revision != 0 && revision != u.revision {
		return p, nil, record.NewProblem(record.CodeStale, "the settings have changed since")
	}
	if err := u.check(&p); err != nil {
		return p, nil, err
	}
	next := u.asked
	merge(&next.MaxDown, p.MaxDown)
	merge(&next.MaxUp, p.MaxUp)
	merge(&next.Schedule, p.Schedule)
	merge(&next.Override, p.Override)
	merge(&next.Dir, p.Dir)
	if p.Queue.Set {
		q := next.Queue.Value
		if p.Queue.Null {
			q = record.QueuePatch{}
		}
		merge(&q.MaxDownloads, p.Queue.Value.MaxDownloads)
		merge(&q.MaxSeeds, p.Queue.Value.MaxSeeds)
		merge(&q.MaxChecks, p.Queue.Value.MaxChecks)
		next.Queue = record.Some(q)
	}
	if p.Seed.Set {
		g := next.Seed.Value
		if p.Seed.Null {
			g = record.SeedPatch{}
		}
		merge(&g.Mode, p.Seed.Value.Mode)
		merge(&g.Ratio, p.Seed.Value.Ratio)
		merge(&g.Time, p.Seed.Value.Time)
		merge(&g.Idle, p.Seed.Value.Idle)
		next.Seed = record.Some(g)
	}
	kept, err := json.Marshal(next)
	return next, kept, err
}

// limitsAt are the limits that hold at a moment, and when that may be others; zero:
// never.
func limitsAt(s *record.Settings, now time.Time) (l record.RateLimits, next time.Time) {
	base := session.Rates{MaxDown: s.MaxDown.Value, MaxUp: s.MaxUp.Value}
	if o := s.Override.Value; o != nil && now.Before(o.Until) {
		return record.RateLimits{MaxDown: o.MaxDown, MaxUp: o.MaxUp}, o.Until
	}
	plan, err := planOf(s.Schedule.Value)
	if err != nil { // it was checked when it came
		return record.RateLimits(base), next
	}
	rates, next := plan.At(now, base)
	return record.RateLimits(rates), next
}

func planOf(slots []record.Slot) (session.Schedule, error) {
	list := make([]session.Slot, len(slots))
	for i, s := range slots {
		list[i] = session.Slot{Days: s.Days, From: s.From, To: s.To, Rates: session.Rates{MaxDown: s.MaxDown, MaxUp: s.MaxUp}}
	}
	return session.ParseSchedule(list)
}

// merge takes over a member of a patch: a null goes back to what was there before.
func merge[T any](into *record.Opt[T], from record.Opt[T]) {
	switch {
	case from.Set && from.Null:
		*into = record.Opt[T]{}
	case from.Set:
		*into = from
	}
}

// adopt takes over what patched has returned.
func (u *rules) adopt(next record.SettingsPatch) record.Settings {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.asked = next
	u.lay()
	return u.now
}

// rebase takes limits, line and goals as they are now in the file of settings; what was
// asked for stays over them. The rest is as it was at the start.
func (u *rules) rebase(base record.Settings) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.base.MaxDown, u.base.MaxUp = base.MaxDown, base.MaxUp
	u.base.Queue, u.base.Seed = base.Queue, base.Seed
	u.lay()
}

// check refuses what cannot be, and what a flag has fixed.
func (u *rules) check(p *record.SettingsPatch) error {
	q, g := p.Queue.Value, p.Seed.Value
	for name, fixed := range map[string]bool{
		"max_down": p.MaxDown.Set && u.base.MaxDown.Fixed, "max_up": p.MaxUp.Set && u.base.MaxUp.Fixed,
		"schedule": p.Schedule.Set && u.base.Schedule.Fixed, "override": p.Override.Set && u.base.Override.Fixed, "dir": p.Dir.Set && u.base.Dir.Fixed,
		"queue.max_downloads": q.MaxDownloads.Set && u.base.Queue.MaxDownloads.Fixed, "queue.max_seeds": q.MaxSeeds.Set && u.base.Queue.MaxSeeds.Fixed,
		"queue.max_checks": q.MaxChecks.Set && u.base.Queue.MaxChecks.Fixed,
		"seed.mode":        g.Mode.Set && u.base.Seed.Mode.Fixed, "seed.ratio": g.Ratio.Set && u.base.Seed.Ratio.Fixed,
		"seed.time": g.Time.Set && u.base.Seed.Time.Fixed, "seed.idle": g.Idle.Set && u.base.Seed.Idle.Fixed,
	} {
		if fixed {
			return record.NewProblem(record.CodeConflict, "%s was fixed when the daemon was started, and cannot be changed by a request", name)
		}
	}
	for name, n := range map[string]int64{
		"max_down": p.MaxDown.Value, "max_up": p.MaxUp.Value, "queue.max_downloads": int64(q.MaxDownloads.Value), "queue.max_seeds": int64(q.MaxSeeds.Value),
		"queue.max_checks": int64(q.MaxChecks.Value), "seed.time": g.Time.Value, "seed.idle": g.Idle.Value,
	} {
		if n < 0 {
			return record.NewProblem(record.CodeInvalid, "%s cannot be below 0", name)
		}
	}
	if !(g.Ratio.Value >= 0) {
		return record.NewProblem(record.CodeInvalid, "seed.ratio cannot be below 0")
	}
	if g.Mode.Set && !g.Mode.Null && !slices.Contains([]string{seedForever, seedNever, seedLimits}, g.Mode.Value) {
		return record.NewProblem(record.CodeInvalid, "seed.mode is forever, never or limits")
	}
	if o := p.Override; o.Set && !o.Null && o.Value != nil && (o.Value.MaxDown < 0 || o.Value.MaxUp < 0) {
		return record.NewProblem(record.CodeInvalid, "an override cannot be below 0")
	}
	if _, err := planOf(p.Schedule.Value); err != nil {
		return record.NewProblem(record.CodeInvalid, "the schedule: %v", err)
	}
	if p.Dir.Set && !p.Dir.Null {
		if _, err := u.roots.place(p.Dir.Value); err != nil {
			return err
		}
	}
	return nil
}
