package transmission

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"gotor/cmd/record"
)

// fake is a session in memory. It keeps what it was asked for.
type fake struct {
	mu       sync.Mutex
	rows     []*record.Torrent
	files    map[string][]record.TorrentFile
	trackers map[string][]record.TorrentTracker
	settings record.Settings
	asked    []string // the changes, one line each
	fail     error    // what every change answers
}

func hash(n int) string { return fmt.Sprintf("%040x", n) }

// day is when the tests take place.
func day() time.Time { return time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC) }

// newFake has three torrents: one that is downloaded, one that is seeded, and a link.
func newFake() *fake {
	f := &fake{files: map[string][]record.TorrentFile{}, trackers: map[string][]record.TorrentTracker{}}
	long := day().Add(-time.Hour)
	f.rows = []*record.Torrent{
		{
			ID: hash(1), Name: "half", State: record.StateDownloading, Wanted: 1000, Verified: 500, Size: 1500, DownRate: 100, ETA: new(int64(5)), Ratio: 0.5,
			Downloaded: 500, Uploaded: 250, Peers: 2, Availability: 1.5, Dir: "/data", Path: "/data/half", Labels: []string{"tv"}, Added: long,
			Files: 2, Pieces: 15, PieceLength: 100, Magnet: "magnet:?xt=urn:btih:" + hash(1), Seed: record.SeedGoal{Mode: "default"},
		},
		{
			ID: hash(2), Name: "whole.bin", State: record.StateSeeding, Wanted: 80, Verified: 80, Size: 80, Ratio: 2, Added: long, Completed: new(long),
			Dir: "/data", Path: "/data/whole.bin", Files: 1, Pieces: 1, PieceLength: 100, Seed: record.SeedGoal{Mode: "limits", Ratio: new(1.5), Idle: new(int64(600))},
			Limits: record.RateLimits{MaxUp: 20_000},
		},
		{ID: hash(3), Name: "link", State: record.StateMetadata, Dir: "/data", Added: long, Seed: record.SeedGoal{Mode: "forever"}},
	}
	f.files[hash(1)] = []record.TorrentFile{
		{Index: 0, Path: "a.mkv", Length: 1000, Verified: 500, Priority: "normal", FirstPiece: 0, LastPiece: 9},
		{Index: 2, Path: "sub/b.txt", Length: 500, Priority: "skip", FirstPiece: 10, LastPiece: 14},
	}
	f.files[hash(2)] = []record.TorrentFile{{Index: 0, Path: "whole.bin", Length: 80, Verified: 80, Priority: "high", Complete: true}}
	f.trackers[hash(1)] = []record.TorrentTracker{
		{URL: "http://tracker.example.org:80/announce?passkey=x", Tier: 0, State: "ok", Peers: 7, Seeders: new(3), Last: new(long), Next: new(day().Add(time.Hour))},
		{URL: "udp://other.example.net:6969/announce", Tier: 1, State: "failed", Error: "timed out"},
	}
	f.settings = record.Settings{
		Dir: record.Knob[string]{Value: "/data"}, MaxPeers: record.Knob[int]{Value: 500}, DHT: record.Knob[bool]{Value: true},
		MaxUp: record.Knob[int64]{Value: 90_000}, Queue: record.QueueSettings{MaxDownloads: record.Knob[int]{Value: 5}},
		Seed: record.SeedSettings{Mode: record.Knob[string]{Value: "forever"}},
	}
	return f
}

func (f *fake) List() record.Listing {
	f.mu.Lock()
	defer f.mu.Unlock()
	counts := map[string]int{}
	for _, t := range f.rows {
		counts[t.State]++
	}
	return record.Listing{Revision: 1, Torrents: slices.Clone(f.rows), Counts: &record.Counts{State: counts}}
}

func (f *fake) Torrent(id string) (*record.Torrent, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.rows {
		if t.ID == id {
			return t, nil
		}
	}
	return nil, record.NewProblem(record.CodeNotFound, "no torrent %s", id)
}

func (f *fake) Trackers(id string, secrets bool) ([]record.TorrentTracker, error) {
	all := slices.Clone(f.trackers[id])
	for i := range all {
		if !secrets {
			all[i].URL = record.Redact(all[i].URL)
		}
	}
	return all, nil
}

func (f *fake) WebSeeds(string) ([]record.WebSeed, error) {
	return []record.WebSeed{{URL: "http://web.example/x", State: "ok"}}, nil
}

func (f *fake) Files(id string) ([]record.TorrentFile, error) {
	if id == hash(3) {
		return nil, record.NewProblem(record.CodeConflict, "its metadata is not known yet")
	}
	return f.files[id], nil
}

func (f *fake) Peers(id string) ([]record.TorrentPeer, error) {
	if id != hash(1) {
		return nil, nil
	}
	return []record.TorrentPeer{{Addr: "[2001:db8::1]:6881", Client: "x 1.0", Source: "dht", Transport: "tcp", Encryption: "none", Flags: "DuI", DownRate: 100, Progress: 1}}, nil
}

func (f *fake) Pieces(id string) (*record.Pieces, error) {
	if id != hash(1) {
		return nil, record.NewProblem(record.CodeConflict, "not known")
	}
	return &record.Pieces{Count: 15, Have: []byte{0xf8, 0}, Availability: []record.Run{{Length: 10, Peers: 2}, {Length: 5, Peers: 1}}}, nil
}

func (f *fake) Settings() record.Settings { f.mu.Lock(); defer f.mu.Unlock(); return f.settings }

func (f *fake) Stats() record.Stats {
	return record.Stats{
		Now: day(), Started: day().Add(-time.Minute), DownRate: 100, Downloaded: 5000, Session: record.Transferred{Downloaded: 50}, Port: 6881,
		Disks: []record.Disk{{Dir: "/data", Free: new(int64(1 << 30)), Total: new(int64(1 << 40))}},
	}
}

func (f *fake) Dirs(path string) (record.Dirs, error) {
	if path != "/data" {
		return record.Dirs{}, record.NewProblem(record.CodeForbidden, "%s is outside the roots", path)
	}
	return record.Dirs{Path: path, Free: new(int64(1 << 30))}, nil
}

// note keeps what was asked for.
func (f *fake) note(format string, args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, fmt.Sprintf(format, args...))
	return f.fail
}

// taken are the changes so far, and forgets them.
func (f *fake) taken() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer func() { f.asked = nil }()
	return f.asked
}

// short is the end of an id.
func short(id string) string { return id[len(id)-1:] }

func (f *fake) Add(_ context.Context, a record.Add) (*record.Torrent, bool, error) {
	if err := f.note("add source=%s raw=%s local=%v dir=%s paused=%v labels=%v", a.Source, a.Raw, a.LocalPath, a.Dir, a.Paused, a.Labels); err != nil {
		return nil, false, err
	}
	if string(a.Raw) == "again" {
		return f.rows[1], true, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	t := &record.Torrent{ID: hash(100 + len(f.rows)), Name: "new", Added: day(), Dir: a.Dir, Pieces: 1, Files: 2, Path: a.Dir + "/new"}
	f.files[t.ID] = []record.TorrentFile{{Index: 0, Priority: "normal"}, {Index: 1, Priority: "normal"}}
	f.rows = append(f.rows, t)
	return t, false, nil
}

func (f *fake) Patch(_ context.Context, id string, p record.Patch, _ uint64) (*record.Torrent, error) {
	line := "patch " + short(id)
	if l := p.Limits.Value; p.Limits.Set {
		line += " down=" + opt(l.MaxDown) + " up=" + opt(l.MaxUp)
	}
	if s := p.Seed.Value; p.Seed.Set {
		line += " mode=" + opt(s.Mode) + " ratio=" + opt(s.Ratio) + " idle=" + opt(s.Idle)
	}
	for name, text := range map[string]string{"labels": opt(p.Labels), "queue": opt(p.Queue), "sequential": opt(p.Sequential)} {
		if text != "-" {
			line += " " + name + "=" + text
		}
	}
	return nil, f.note("%s", line)
}

// opt shows a member of a patch: - is absent.
func opt[T any](o record.Opt[T]) string {
	switch {
	case !o.Set:
		return "-"
	case o.Null:
		return "null"
	}
	return fmt.Sprint(o.Value)
}

func (f *fake) Remove(_ context.Context, id, data string) (record.Removed, error) {
	err := f.note("remove %s data=%s", short(id), data)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows = slices.DeleteFunc(f.rows, func(t *record.Torrent) bool { return t.ID == id })
	return record.Removed{}, err
}

func (f *fake) Pause(_ context.Context, id string) (*record.Torrent, error) {
	return nil, f.note("pause %s", short(id))
}

func (f *fake) Start(_ context.Context, id string, now bool) (*record.Torrent, error) {
	return nil, f.note("start %s now=%v", short(id), now)
}

func (f *fake) Check(_ context.Context, id string) (*record.Torrent, error) {
	return nil, f.note("check %s", short(id))
}

func (f *fake) Announce(_ context.Context, id string) (*record.Torrent, error) {
	return nil, f.note("announce %s", short(id))
}

func (f *fake) Move(_ context.Context, id string, m record.Move) (*record.Torrent, error) {
	if m.Found {
		return nil, f.note("found %s %s", short(id), m.Dir)
	}
	return nil, f.note("move %s %s", short(id), m.Dir)
}

func (f *fake) Rename(_ context.Context, id string, r record.Rename) (*record.Torrent, error) {
	return nil, f.note("rename %s %q %s", short(id), r.Path, r.Name)
}

func (f *fake) SetFiles(_ context.Context, id string, p []record.FilePriority) error {
	return f.note("files %s %v", short(id), p)
}

func (f *fake) SetTrackers(_ context.Context, id string, tiers [][]string) error {
	return f.note("trackers %s %q", short(id), tiers)
}

func (f *fake) PatchSettings(_ context.Context, p record.SettingsPatch, _ uint64) (record.Settings, error) {
	line := "settings"
	for _, m := range [][2]string{
		{"down", opt(p.MaxDown)}, {"up", opt(p.MaxUp)}, {"dir", opt(p.Dir)}, {"schedule", opt(p.Schedule)},
		{"downloads", opt(p.Queue.Value.MaxDownloads)}, {"seeds", opt(p.Queue.Value.MaxSeeds)},
		{"mode", opt(p.Seed.Value.Mode)}, {"ratio", opt(p.Seed.Value.Ratio)}, {"idle", opt(p.Seed.Value.Idle)},
	} {
		if m[1] != "-" {
			line += " " + m[0] + "=" + m[1]
		}
	}
	if o := p.Override; o.Set {
		line += " override=null"
		if o.Value != nil {
			line = line[:len(line)-4] + fmt.Sprintf("%d/%d", o.Value.MaxDown, o.Value.MaxUp)
		}
	}
	return record.Settings{}, f.note("%s", line)
}

func (f *fake) Shutdown() { f.note("shutdown") }
