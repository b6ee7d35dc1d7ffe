package daemon

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/metainfo"
	"gotor/torrent/session"
)

// The bounds of what a request may hang on a torrent.
const (
	maxLabels   = 64
	maxLabel    = 100 // bytes
	maxTrackers = 200
	maxPeers    = 1000
	maxMirrors  = 100
	maxSums     = 10_000
)

// intake takes torrents in. Its methods may be called from any goroutine.
type intake struct{ *parts }

// add takes in a torrent, or returns the one that is there. What it returns is on disk
// in the session.
func (n *intake) add(ctx context.Context, a record.Add) (t *record.Torrent, existing bool, err error) {
	e, src, err := n.entry(ctx, &a)
	if err != nil {
		return nil, false, err
	}
	release, err := n.roster.claim(ctx, e.ID, e.V2)
	if err != nil {
		return nil, false, err
	}
	defer release()
	if it := n.present(e); it != nil {
		t, err := n.meet(ctx, it, &a)
		if err == nil && a.Repeat.Key != "" { // nothing is lost if this is: it would be met again
			err = n.commit(ctx, n.answered(a.Repeat, t, true))
		}
		return t, true, err
	}
	if src.Raw != nil {
		if err := n.store.SaveMetainfo(e.ID, src.Raw); err != nil {
			return nil, false, unkept(err)
		}
	}
	e.Rank = session.LastRank(n.ranks())
	it := newItem(n.parts, e.ID)
	ops := []session.Op{session.Add(*e)}
	if a.Repeat.Key != "" {
		ops = append(ops, n.answered(a.Repeat, it.row(e, time.Now()), false))
	}
	if err := n.commit(ctx, ops...); err != nil {
		return nil, false, err
	}
	n.roster.put(it, e.V2)
	row := it.show(it.reached("added"))
	n.log.write(levelInfo, string(e.ID), "%s: added", row.Name)
	n.floor.poke(it)
	return row, false, nil
}

// answered is what keeps the answer to a request. One that is too long is kept by the
// id alone.
func (n *intake) answered(r record.Repeat, t *record.Torrent, existing bool) session.Op {
	var err error
	if r.Answer, err = json.Marshal(record.Added{Torrent: t, Existing: existing}); err != nil || len(r.Answer) > record.MaxRepeat {
		r.Answer, _ = json.Marshal(record.Added{Torrent: &record.Torrent{ID: t.ID}, Existing: existing})
	}
	return remember(r)
}

// ranks are the places in line of all torrents.
func (p *parts) ranks() []session.Ranked {
	entries := p.store.Entries()
	line := make([]session.Ranked, len(entries))
	for i, e := range entries {
		line[i] = session.Ranked{ID: e.ID, Rank: e.Rank}
	}
	return line
}

// present is the torrent that an entry would be a second one of.
func (n *intake) present(e *session.Entry) *item {
	for _, id := range []session.ID{e.ID, e.V2} {
		if it := n.roster.find(id); id != "" && it != nil {
			return it
		}
	}
	return nil
}

// meet is what is done with a torrent that is there already.
func (n *intake) meet(ctx context.Context, it *item, a *record.Add) (*record.Torrent, error) {
	e, ok := it.entry()
	if !ok {
		return nil, gone(it.id)
	}
	if a.MergeTrackers && len(a.Trackers) > 0 {
		if e.Facts.Private {
			return nil, record.NewProblem(record.CodeConflict, "the torrent is private: it gets no trackers beside its own")
		}
		_, err := it.update(ctx, func(e *session.Entry) error {
			for _, u := range a.Trackers {
				if !slices.Contains(e.Trackers, u) {
					e.Trackers = append(e.Trackers, u)
				}
			}
			if len(e.Trackers) > maxTrackers {
				return record.NewProblem(record.CodeInvalid, "a torrent has at most %d trackers", maxTrackers)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		it.poke()
	}
	return it.show(), nil
}

// entry reads a source and makes of it what the session is to keep.
func (n *intake) entry(ctx context.Context, a *record.Add) (*session.Entry, *job.Source, error) {
	e, err := n.wishes(a)
	if err != nil {
		return nil, nil, err
	}
	src, err := n.desk.open(ctx, a, func(text string) { n.log.write(levelWarn, "", "%s", text) })
	if err != nil {
		return nil, nil, err
	}
	e.Local = src.Local
	if src.Meta != nil {
		e.ID = idOf(src.Meta.InfoHash[:])
		if len(a.Mirrors) > 0 {
			e.WebSeeds = new(append(slices.Clone(src.Meta.WebSeeds), a.Mirrors...))
		}
		if err := describe(e, src.Meta); err != nil {
			return nil, nil, refused(err)
		}
		_, err := specOf(e, src.Meta, nil)
		return e, src, refused(err)
	}
	e.ID, e.Link, e.Name = idOf(src.Link.InfoHash[:]), linkText(src), src.Link.Name
	if src.Link.HasV2 {
		e.V2 = idOf(src.Link.InfoHashV2[:])
	}
	if len(a.Mirrors) > 0 {
		e.WebSeeds = new(append(slices.Clone(src.Link.WebSeeds), a.Mirrors...))
	}
	if len(src.Link.Trackers) > 0 {
		e.Facts.Tracker = hostOf(src.Link.Trackers[0])
	}
	return e, src, nil
}

func idOf(hash []byte) session.ID { return session.ID(hex.EncodeToString(hash)) }

// linkText is the link of a source as it can be read again. One that a URL led to is
// put together anew.
func linkText(src *job.Source) string {
	if job.IsMagnet(src.Arg) || job.IsHash(metainfo.TrimLink(src.Arg)) {
		return metainfo.TrimLink(src.Arg)
	}
	l := src.Link
	m := metainfo.Torrent{InfoHash: l.InfoHash, HasV1: l.HasV1, InfoHashV2: l.InfoHashV2, HasV2: l.HasV2, Name: l.Name, WebSeeds: l.WebSeeds}
	for _, u := range l.Trackers {
		m.Trackers = append(m.Trackers, []string{u})
	}
	return m.Magnet()
}

// wishes is what a request says of a torrent, whatever it is, as far as it can be
// judged without knowing that.
func (n *intake) wishes(a *record.Add) (*session.Entry, error) {
	dir := a.Dir
	if dir == "" {
		dir = n.rules.get().Dir.Value
	}
	dir, err := n.roots.place(dir)
	if err != nil {
		return nil, err
	}
	if err := checkName(a.Name); err != nil {
		return nil, err
	}
	if err := checkExtras(a); err != nil {
		return nil, err
	}
	labels, err := cleanLabels(a.Labels)
	if err != nil {
		return nil, err
	}
	choices, err := choicesOf(a)
	if err != nil {
		return nil, err
	}
	e := &session.Entry{
		Place:  session.Place{Dir: dir, Rename: a.Name, Flat: a.Flat, Portable: n.desk.loader.Portable, Over: a.Overwrite},
		Files:  session.Files{Select: choices, Sequential: a.Sequential},
		Labels: labels, Trackers: a.Trackers, Peers: a.Peers, SHA256: a.SHA256,
		Paused: a.Paused, Check: a.Check, Pass: a.StartNow, Added: time.Now().UTC(),
	}
	if a.Limits != nil {
		e.Rates = session.Rates(*a.Limits)
	}
	if a.Seed != nil {
		if e.Goal, err = goalAsked(a.Seed); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// checkName refuses what is no name of a file; empty is the torrent's own.
func checkName(name string) error {
	if name != "" && metainfo.CleanName(name, false) != name {
		return record.NewProblem(record.CodeInvalid, "%q cannot be the name of a file; %q could", job.Clip(name), metainfo.CleanName(name, false))
	}
	return nil
}

// checkExtras refuses what a torrent cannot be hung with.
func checkExtras(a *record.Add) error {
	switch {
	case len(a.Trackers) > maxTrackers, len(a.Peers) > maxPeers, len(a.Mirrors) > maxMirrors, len(a.SHA256) > maxSums:
		return record.NewProblem(record.CodeInvalid, "too many trackers, peers, mirrors or digests")
	case a.Limits != nil && (a.Limits.MaxDown < 0 || a.Limits.MaxUp < 0):
		return record.NewProblem(record.CodeInvalid, "a limit cannot be below 0")
	}
	for _, p := range a.Peers {
		if _, err := job.ParsePeer(p); err != nil {
			return refused(err)
		}
	}
	if err := job.CheckTrackers(a.Trackers); err != nil {
		return refused(err)
	}
	if err := job.CheckMirrors(a.Mirrors); err != nil {
		return refused(err)
	}
	_, err := job.ParseSums(a.SHA256, "")
	return refused(err)
}

// cleanLabels are labels without blanks around them, each once, sorted.
func cleanLabels(labels []string) ([]string, error) {
	var out []string
	for _, l := range labels {
		l = strings.TrimSpace(l)
		switch {
		case l == "" || len(l) > maxLabel || !utf8.ValidString(l) || record.Safe(l) != l || strings.Contains(l, ","):
			return nil, record.NewProblem(record.CodeInvalid, "a label has 1 to %d bytes, and neither commas nor control characters: %q", maxLabel, job.Clip(l))
		case !slices.Contains(out, l):
			out = append(out, l)
		}
	}
	if len(out) > maxLabels {
		return nil, record.NewProblem(record.CodeInvalid, "a torrent has at most %d labels", maxLabels)
	}
	slices.Sort(out)
	return out, nil
}

// allFiles is the list of indices of all files there are.
const allFiles = "0-"

// choicesOf are the files that a request selects, as choices that follow each other.
func choicesOf(a *record.Add) (list []session.Select, err error) {
	if a.Files != "" {
		list = append(list, session.Select{Files: allFiles, Priority: session.Skip}, session.Select{Files: a.Files, Priority: session.Normal})
	}
	more, err := prioritiesOf(a.Priorities)
	return append(list, more...), err
}

func prioritiesOf(asked []record.FilePriority) (list []session.Select, err error) {
	for _, p := range asked {
		n, ok := priorityOf(p.Priority)
		if !ok {
			return nil, record.NewProblem(record.CodeInvalid, "%q is no priority: skip, low, normal or high", job.Clip(p.Priority))
		}
		list = append(list, session.Select{Files: p.Files, Priority: n})
	}
	return list, nil
}

func goalAsked(s *record.SeedGoal) (session.Goal, error) {
	if !slices.Contains([]string{"", seedDefault, seedForever, seedNever, seedLimits}, s.Mode) {
		return session.Goal{}, record.NewProblem(record.CodeInvalid, "%q is no way to seed: default, forever, never or limits", job.Clip(s.Mode))
	}
	if s.Ratio != nil && !(*s.Ratio >= 0) || s.Time != nil && *s.Time < 0 || s.Idle != nil && *s.Idle < 0 {
		return session.Goal{}, record.NewProblem(record.CodeInvalid, "a limit of seeding cannot be below 0")
	}
	return session.Goal{Mode: s.Mode, Ratio: s.Ratio, Time: s.Time, Idle: s.Idle}, nil
}

// preview says what is inside a torrent, and where it would go. What a link leads to
// is looked for until ctx ends.
func (n *intake) preview(ctx context.Context, a record.Add) (p record.Preview, err error) {
	e, src, err := n.entry(ctx, &a)
	if err != nil {
		return p, err
	}
	m := src.Meta
	there := n.present(e)
	if m == nil {
		if m, err = n.find(ctx, e, there); err != nil {
			return p, err
		}
		if err := describe(e, m); err != nil {
			return p, refused(err)
		}
	}
	it := newItem(n.parts, e.ID)
	p.Torrent, p.Existing = *it.row(e, time.Now()), there != nil
	p.Files = filesOf(e, named(e, m), nil)
	f := torrent.Foresee(m, placeOf(&e.Place), selectionOf(e).Wanted)
	p.Need = f.Need
	if f.Free >= 0 {
		p.Free = &f.Free
	}
	return p, nil
}

// find looks for what a link leads to, with a torrent that is not kept.
func (n *intake) find(ctx context.Context, e *session.Entry, there *item) (*metainfo.Torrent, error) {
	if there != nil {
		have, ok := there.entry()
		if !ok {
			return nil, gone(there.id)
		}
		if have.Link == "" {
			_, m, err := n.papers.get(have)
			return m, err
		}
		return nil, record.NewProblem(record.CodeConflict, "it is there already, and it is not known yet what is in it")
	}
	release, err := n.roster.claim(ctx, e.ID, e.V2)
	if err != nil {
		return nil, err
	}
	defer release()
	src, how, err := sourceOf(n.parts, e)
	if err != nil {
		return nil, err
	}
	t, err := n.client.Add(src, how)
	if err != nil {
		return nil, err
	}
	defer func() { t.Stop(); <-t.Stopped() }()
	select {
	case <-t.Known():
		_, m := t.Metainfo()
		return m, nil
	case <-t.Done():
		return nil, t.Err()
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, record.NewProblem(record.Reason(record.ExitMetadata), "nobody told in time what the link leads to")
		}
		return nil, ctx.Err()
	}
}
