package daemon

import (
	"encoding/hex"
	"math"
	"path/filepath"
	"reflect"
	"time"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/metainfo"
	"gotor/torrent/session"
)

// stalledAfter is how long no byte may come until a download is called stalled.
const stalledAfter = 10 * time.Second

// show makes the row of the torrent as it is now, and puts it on the board together
// with milestones that it has reached. nil: the torrent is gone.
func (it *item) show(reached ...record.Milestone) *record.Torrent {
	it.mu.Lock()
	defer it.mu.Unlock()
	e, ok := it.entry()
	if !ok {
		return nil
	}
	row := it.row(e, time.Now())
	it.board.put([]*record.Torrent{row}, reached...)
	return it.board.get(string(it.id))
}

// reached is something that has happened to the torrent just now.
func (it *item) reached(what string) record.Milestone {
	m := record.Milestone{ID: string(it.id), What: what, At: time.Now().UTC()}
	if e, ok := it.entry(); ok {
		m.Name = nameOf(e)
	}
	return m
}

// nameOf is what a torrent is called in the list, safe to print.
func nameOf(e *session.Entry) string {
	for _, name := range []string{e.Title, e.Rename, e.Name} {
		if name != "" {
			return record.Safe(name)
		}
	}
	return string(e.ID)
}

// row is what is seen of the torrent. it.mu is held.
func (it *item) row(e *session.Entry, now time.Time) *record.Torrent {
	t, f := &it.tally, &e.Facts
	row := &record.Torrent{
		ID: string(e.ID), Name: nameOf(e), Paused: e.Paused, Wanted: f.Wanted, Verified: min(t.Verified, f.Wanted), Size: f.Size,
		Downloaded: t.Downloaded, Uploaded: t.Uploaded, Wasted: t.Wasted, Dir: e.Dir, Labels: e.Labels, Added: e.Added,
		Downloading: t.Downloading, Seeding: t.Seeding, Private: f.Private, Limits: record.RateLimits(e.Rates), Seed: goalShown(&e.Goal),
		Sequential: e.Sequential, Tracker: f.Tracker, Comment: f.Comment, CreatedBy: f.CreatedBy, PieceLength: f.PieceLength, Pieces: f.Pieces,
		Files: f.Files, Warnings: it.warnings, Swarm: record.Crowd{Seeders: t.Seeders, Leechers: t.Leechers},
		Completed: some(e.Completed), Active: some(t.Active), Magnet: magnetOf(e),
	}
	if row.Labels == nil {
		row.Labels = []string{}
	}
	if row.Warnings == nil {
		row.Warnings = []string{}
	}
	if e.V2 != "" {
		row.IDV2 = new(string(e.V2))
	}
	if e.Link == "" {
		row.Path = rootOf(e)
	}
	if e.Facts.Multi && !e.Flat {
		row.Folder = filepath.Base(row.Path)
	}
	if !e.Completed.IsZero() && !e.Check {
		row.Verified = row.Wanted
	}
	if row.Wanted > 0 {
		row.Progress = float64(row.Verified) / float64(row.Wanted)
		row.Ratio = math.Round(float64(t.Uploaded)/float64(row.Wanted)*1000) / 1000
	}
	it.setState(row, e, now)
	return row
}

// setState says what the torrent is doing, and what follows of it.
func (it *item) setState(row *record.Torrent, e *session.Entry, now time.Time) {
	failed := e.Failed
	if failed == nil {
		failed = it.broken
	}
	switch {
	case e.Move != nil:
		row.State, row.Progress = record.StateMoving, 0
		if it.move != nil {
			row.Progress = it.move.part
		}
	case failed != nil:
		row.State = record.StateFailed
		row.Error = &record.Failure{Code: failed.Code, Detail: failed.Detail, Since: &failed.Since}
	case e.Paused && !(e.Check && it.run != nil):
		row.State = record.StatePaused
	case it.place >= 0:
		row.State, row.Queue = record.StateQueued, new(it.place)
	case it.run != nil && it.seen.State != "":
		it.setRunning(row, e, now)
	case it.run != nil && e.Link != "":
		row.State = record.StateMetadata
	case e.Completed.IsZero() || e.Check:
		row.State = record.StateQueued
	case e.Ended:
		row.State = record.StateCompleted
	default:
		row.State = record.StateSeeding
	}
}

// setRunning is setState for a torrent in the engine.
func (it *item) setRunning(row *record.Torrent, e *session.Entry, now time.Time) {
	s := &it.seen
	row.DownRate, row.UpRate = s.DownRate, s.UpRate
	row.Peers, row.Seeds, row.Known, row.Availability = s.Peers, s.Seeds, s.Known, s.Availability
	if s.ETA > 0 {
		row.ETA = new(int64(s.ETA.Seconds()))
	}
	whole := !e.Completed.IsZero() && !e.Check
	switch s.State {
	case torrent.StateMetadata:
		row.State = record.StateMetadata
	case torrent.StateQueued:
		row.State = record.StateQueued
	case torrent.StateStarting, torrent.StateChecking:
		row.State = record.StateChecking
		if whole && s.ToCheck == 0 {
			row.State = record.StateSeeding
		} else if row.Progress = 0; s.ToCheck > 0 {
			row.Progress = float64(s.Checked) / float64(s.ToCheck)
		}
	case torrent.StateFinishing:
		row.State = record.StateFinishing
	case torrent.StateSeeding:
		row.State = record.StateSeeding
	case torrent.StateDone:
		row.State = record.StateCompleted
	default:
		row.State = record.StateDownloading
		if s.DownRate == 0 && now.Sub(it.moved) >= stalledAfter {
			row.State = record.StateStalled
		}
	}
	for _, t := range s.Trackers {
		if host := hostOf(t.URL); t.OK && host != "" {
			row.Tracker = host
			break
		}
	}
}

// rootOf is the path of the torrent's file or folder.
func rootOf(e *session.Entry) string {
	name := e.Rename
	if name == "" {
		name = e.Name
	}
	if e.Flat {
		return e.Dir
	}
	return filepath.Join(e.Dir, name)
}

func goalShown(g *session.Goal) record.SeedGoal {
	mode := g.Mode
	if mode == "" {
		mode = seedDefault
	}
	return record.SeedGoal{Mode: mode, Ratio: g.Ratio, Time: g.Time, Idle: g.Idle}
}

// magnetOf is a link to the torrent that has no secrets: trackers that seem to have
// one in their URL are left out.
func magnetOf(e *session.Entry) string {
	m := metainfo.Torrent{Name: nameOf(e)}
	for _, id := range []session.ID{e.ID, e.V2} {
		switch b, _ := hex.DecodeString(string(id)); len(b) {
		case len(m.InfoHash):
			m.InfoHash, m.HasV1 = [20]byte(b), true
		case len(m.InfoHashV2):
			m.InfoHashV2, m.HasV2 = [32]byte(b), true
		}
	}
	for _, tier := range e.Tiers {
		m.Trackers = append(m.Trackers, openURLs(tier))
	}
	return m.Magnet()
}

// openURLs are those that have no secret in them, as far as can be seen.
func openURLs(urls []string) (open []string) {
	for _, u := range urls {
		if record.Redact(u) == u {
			open = append(open, u)
		}
	}
	return open
}

func some(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// same reports whether two rows differ in nothing that is worth telling: seconds that
// pass are not.
func same(a, b *record.Torrent) bool {
	x, y := *a, *b
	x.Revision, x.Downloading, x.Seeding = y.Revision, y.Downloading, y.Seeding
	return reflect.DeepEqual(&x, &y)
}
