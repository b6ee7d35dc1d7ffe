package daemon

import (
	"context"
	"slices"
	"time"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent/metainfo"
	"gotor/torrent/session"
)

// This file has the verbs that change what is wanted of a torrent.

// patch carries out a merge patch. A revision other than 0 must be that of the torrent.
func (v *verbs) patch(ctx context.Context, id string, p record.Patch, revision uint64) (*record.Torrent, error) {
	it, give, err := v.on(ctx, id)
	if err != nil {
		return nil, err
	}
	defer give()
	if row := v.board.get(string(it.id)); revision != 0 && (row == nil || row.Revision != revision) {
		return nil, record.NewProblem(record.CodeStale, "the torrent has changed since")
	}
	var m *metainfo.Torrent
	e, _ := it.entry()
	if p.Trackers.Set && e.Link == "" {
		if _, m, err = v.papers.get(e); err != nil {
			return nil, err
		}
	}
	changes, err := v.changes(&p, m)
	if err != nil {
		return nil, err
	}
	row, err := v.apply(ctx, it, func(e *session.Entry) error {
		for _, change := range changes {
			change(e)
		}
		return nil
	})
	if err == nil && p.Trackers.Set {
		it.rouse() // a seed that sleeps announces itself to the new ones as it wakes
	}
	if err == nil && p.Queue.Set && !p.Queue.Null {
		return v.rank(ctx, it, p.Queue.Value)
	}
	return row, err
}

// rank puts a torrent into a place among those that wait, from 0: in front of whoever
// has that place.
func (v *verbs) rank(ctx context.Context, it *item, place int) (*record.Torrent, error) {
	var line []session.Ranked
	for _, r := range v.ranks() {
		if other := v.roster.find(r.ID); other == it || other != nil && other.stands() {
			line = append(line, r)
		}
	}
	var ops []session.Op
	for _, r := range session.Rerank(line, it.id, place) {
		ops = append(ops, session.Update(r.ID, func(e *session.Entry) error { e.Rank = r.Rank; return nil }))
	}
	if len(ops) > 0 {
		if err := v.commit(ctx, ops...); err != nil {
			return nil, err
		}
		v.floor.poke(nil)
	}
	return it.show(), nil
}

// stands reports whether the torrent waits in line.
func (it *item) stands() bool {
	it.mu.Lock()
	defer it.mu.Unlock()
	return it.place >= 0
}

// changes are what a patch does to an entry; it is refused whole or not at all.
func (v *verbs) changes(p *record.Patch, m *metainfo.Torrent) (list []func(*session.Entry), err error) {
	do := func(set bool, change func(*session.Entry)) {
		if set {
			list = append(list, change)
		}
	}
	labels, err := cleanLabels(p.Labels.Value)
	if err != nil {
		return nil, err
	}
	if err := checkTitle(p.Name.Value); err != nil {
		return nil, err
	}
	if err := checkTiers(p.Trackers.Value); err != nil {
		return nil, err
	}
	do(p.Paused.Set, func(e *session.Entry) {
		e.Paused = p.Paused.Value
		if !e.Paused {
			e.Failed = nil
		} else {
			e.Pass = false
		}
	})
	do(p.Name.Set, func(e *session.Entry) { e.Title = p.Name.Value })
	do(p.Labels.Set, func(e *session.Entry) { e.Labels = labels })
	do(p.Sequential.Set, func(e *session.Entry) { e.Sequential = p.Sequential.Value })
	do(p.Trackers.Set, func(e *session.Entry) {
		if e.Tiers = p.Trackers.Value; !p.Trackers.Null && e.Tiers == nil {
			e.Tiers = [][]string{} // none, which is not the torrent's own
		}
		e.Facts.Tracker = ""
		if m != nil || e.Tiers != nil {
			e.Facts.Tracker = firstTracker(e, m)
		}
	})
	if err := patchRates(&p.Limits, do); err != nil {
		return nil, err
	}
	return list, patchGoal(&p.Seed, do)
}

// patchRates changes the limits of a torrent; null is none.
func patchRates(p *record.Opt[record.LimitsPatch], do func(bool, func(*session.Entry))) error {
	down, up := p.Value.MaxDown, p.Value.MaxUp
	if down.Value < 0 || up.Value < 0 {
		return record.NewProblem(record.CodeInvalid, "a limit cannot be below 0")
	}
	do(p.Set && p.Null, func(e *session.Entry) { e.Rates = session.Rates{} })
	do(down.Set, func(e *session.Entry) { e.Rates.MaxDown = down.Value })
	do(up.Set, func(e *session.Entry) { e.Rates.MaxUp = up.Value })
	return nil
}

// patchGoal changes how long a torrent is given to others; null is as the settings say.
// Who gives it a goal anew, does not mean one that it has ended by.
func patchGoal(p *record.Opt[record.SeedPatch], do func(bool, func(*session.Entry))) error {
	s := &p.Value
	asked := record.SeedGoal{Mode: s.Mode.Value}
	asked.Ratio, asked.Time, asked.Idle = value(s.Ratio), value(s.Time), value(s.Idle)
	if _, err := goalAsked(&asked); err != nil {
		return err
	}
	do(p.Set && p.Null, func(e *session.Entry) { e.Goal = session.Goal{} })
	do(s.Mode.Set, func(e *session.Entry) { e.Goal.Mode = s.Mode.Value })
	do(s.Ratio.Set, func(e *session.Entry) { e.Goal.Ratio = asked.Ratio })
	do(s.Time.Set, func(e *session.Entry) { e.Goal.Time = asked.Time })
	do(s.Idle.Set, func(e *session.Entry) { e.Goal.Idle = asked.Idle })
	do(p.Set, func(e *session.Entry) { e.Ended = false })
	return nil
}

// value is nil for null and for what is not there.
func value[T any](o record.Opt[T]) *T {
	if !o.Set || o.Null {
		return nil
	}
	return new(o.Value)
}

// checkTitle refuses what a row cannot show.
func checkTitle(title string) error {
	if len(title) > 255 || record.Safe(title) != title {
		return record.NewProblem(record.CodeInvalid, "a name has at most 255 bytes, and no control characters")
	}
	return nil
}

// checkTiers refuses what can be no trackers.
func checkTiers(tiers [][]string) error {
	n := 0
	for _, tier := range tiers {
		if err := job.CheckTrackers(tier); err != nil {
			return refused(err)
		}
		n += len(tier)
	}
	if n > maxTrackers {
		return record.NewProblem(record.CodeInvalid, "a torrent has at most %d trackers", maxTrackers)
	}
	return nil
}

// setFiles says how much files are wanted. A torrent that was complete without some of
// them is not any more.
func (v *verbs) setFiles(ctx context.Context, id string, asked []record.FilePriority) error {
	it, give, err := v.on(ctx, id)
	if err != nil {
		return err
	}
	defer give()
	choices, err := prioritiesOf(asked)
	if err != nil {
		return err
	}
	e, ok := it.entry()
	if !ok {
		return gone(it.id)
	}
	_, m, err := v.papers.get(e)
	if err != nil {
		return err
	}
	m = named(e, m)
	priorities, err := choose(m.Files, choices, e.Priorities)
	if err != nil {
		return err
	}
	_, err = v.apply(ctx, it, func(e *session.Entry) error {
		if more(e.Priorities, priorities) && !e.Completed.IsZero() {
			e.Completed, e.Ended = time.Time{}, false
		}
		e.Priorities = priorities
		e.Facts.Wanted = wantedBytes(m, priorities)
		return nil
	})
	return err
}

// more reports whether files are wanted that were not; nil: all were.
func more(was, now []byte) bool {
	for i := range now {
		if was != nil && was[i] == session.Skip && now[i] != session.Skip {
			return true
		}
	}
	return false
}

// setWebSeeds sets the web servers of a torrent, instead of its own; nil: its own.
func (v *verbs) setWebSeeds(ctx context.Context, id string, urls []string) error {
	if len(urls) > maxMirrors {
		return record.NewProblem(record.CodeInvalid, "a torrent has at most %d web seeds", maxMirrors)
	}
	if err := job.CheckMirrors(urls); err != nil {
		return refused(err)
	}
	_, err := v.change(ctx, id, func(e *session.Entry) error {
		if e.WebSeeds = nil; urls != nil {
			e.WebSeeds = new(slices.Clone(urls))
		}
		return nil
	})
	return err
}
