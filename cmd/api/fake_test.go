package api

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"gotor/cmd/record"
)

// fakeSession is a made-up Session: torrents in memory that do what they are told at
// once. A method whose name is in fails returns that error.
type fakeSession struct {
	mu        sync.Mutex
	revision  uint64
	next      chan struct{}
	torrents  []*record.Torrent
	removed   map[string]uint64
	settings  record.Settings
	fails     map[string]error
	notReady  error
	added     []record.Add // what was asked for
	ended     bool
	bans      map[netip.AddrPort]time.Duration
	panics    bool
	counted   *record.Counts
	countedAt uint64
	repeats   map[string]record.Repeat
}

func (f *fakeSession) Repeated(key string) (record.Repeat, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.repeats[key]
	return r, ok
}

func (f *fakeSession) Repeat(_ context.Context, r record.Repeat) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keep(r)
	return nil
}

func (f *fakeSession) keep(r record.Repeat) {
	if f.repeats == nil {
		f.repeats = make(map[string]record.Repeat)
	}
	f.repeats[r.Key] = r
}

var _ Session = (*fakeSession)(nil)

// born is when the made-up daemon was started.
func born() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// fakeID is the info-hash of the n-th torrent.
func fakeID(n int) string {
	sum := sha1.Sum([]byte(fmt.Sprint("torrent ", n)))
	return hex.EncodeToString(sum[:])
}

// newFake makes a session with n torrents of all kinds, the same ones each time.
func newFake(n int) *fakeSession {
	f := &fakeSession{next: make(chan struct{}), removed: make(map[string]uint64), fails: make(map[string]error), bans: make(map[netip.AddrPort]time.Duration)}
	allDefault(reflect.ValueOf(&f.settings).Elem())
	f.settings.Dir = record.Knob[string]{Value: "/data", From: record.FromFlag, Fixed: true}
	f.settings.Roots = record.Knob[[]string]{Value: []string{"/data", "/more"}, From: record.FromFlag, Fixed: true}
	f.settings.Revision = 1
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		f.put(fakeTorrent(i, random))
	}
	return f
}

// allDefault says of all settings that nobody has set them.
func allDefault(v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case v.Type().Field(i).Name == "From":
			f.SetString(record.FromDefault)
		case f.Kind() == reflect.Struct:
			allDefault(f)
		}
	}
}

func fakeTorrent(i int, random *rand.Rand) *record.Torrent {
	words := []string{"ubuntu", "debian", "fedora", "archive", "lecture", "corpus", "planet", "survey", "atlas", "kernel"}
	pick := func() string { return words[random.IntN(len(words))] }
	size := random.Int64N(40 << 30)
	state := record.States()[i%len(record.States())]
	t := &record.Torrent{
		ID: fakeID(i), Name: fmt.Sprintf("%s-%s-%d.%d-amd64.iso", pick(), pick(), random.IntN(30), random.IntN(12)), State: state,
		Paused: state == record.StatePaused, Progress: 1, Wanted: size, Verified: size, Size: size,
		Ratio: float64(random.IntN(4000)) / 1000, Downloaded: size, Uploaded: random.Int64N(size + 1), Known: random.IntN(400),
		Dir: []string{"/data", "/data/iso", "/more"}[i%3], Labels: [][]string{nil, {"linux"}, {"linux", "iso"}, {"books"}}[i%4],
		Added: born().Add(time.Duration(i) * time.Minute), Seed: record.SeedGoal{Mode: "default"},
		Tracker: fmt.Sprintf("tracker%d.example.org", i%5), PieceLength: 1 << 20, Pieces: int(size >> 20), Files: 1 + random.IntN(30),
	}
	switch state { // a few do something
	case record.StateSeeding:
		t.UpRate, t.Peers = random.Int64N(1<<20), random.IntN(20)
	case record.StateDownloading, record.StateStalled, record.StateQueued, record.StatePaused, record.StateFailed:
		t.Progress = random.Float64()
		t.Verified = int64(float64(size) * t.Progress)
	}
	if state == record.StateDownloading {
		t.DownRate, t.UpRate, t.Peers, t.Seeds, t.Availability = random.Int64N(10<<20), random.Int64N(1<<20), random.IntN(80), random.IntN(20), 1+random.Float64()*9
	}
	t.Path = t.Dir + "/" + t.Name
	t.Magnet = "magnet:?xt=urn:btih:" + t.ID + "&dn=" + t.Name
	if i%3 == 0 {
		t.ETA = new(int64(random.IntN(100_000)))
		t.Active = new(born())
	}
	if state == record.StateFailed {
		t.Error = &record.Failure{Code: "no_space", Detail: "no space left on /data"}
	}
	return t
}

// put adds or replaces a torrent. The caller holds the lock, or is alone.
func (f *fakeSession) put(t *record.Torrent) {
	f.revision++
	t.Revision = f.revision
	i := slices.IndexFunc(f.torrents, func(o *record.Torrent) bool { return o.ID == t.ID })
	if i < 0 {
		f.torrents = append(f.torrents, t)
	} else {
		f.torrents = slices.Clone(f.torrents)
		f.torrents[i] = t
	}
	close(f.next)
	f.next = make(chan struct{})
}

// begin locks and reports the error that a method is to return.
func (f *fakeSession) begin(method string) (func(), error) {
	f.mu.Lock()
	if f.panics {
		f.mu.Unlock()
		panic("a made-up bug")
	}
	return f.mu.Unlock, f.fails[method]
}

func (f *fakeSession) find(id string) (*record.Torrent, error) {
	for _, t := range f.torrents {
		if t.ID == id {
			return t, nil
		}
	}
	return nil, record.NewProblem(record.CodeNotFound, "no torrent %s", id)
}

// change finds a torrent and replaces it by what edit makes of a copy.
func (f *fakeSession) change(method, id string, edit func(*record.Torrent)) (*record.Torrent, error) {
	unlock, err := f.begin(method)
	defer unlock()
	if err != nil {
		return nil, err
	}
	t, err := f.find(id)
	if err != nil {
		return nil, err
	}
	c := *t
	edit(&c)
	f.put(&c)
	return &c, nil
}

func (f *fakeSession) List() record.Listing {
	unlock, _ := f.begin("List")
	defer unlock()
	return record.Listing{Revision: f.revision, Torrents: f.torrents, Counts: f.counts()}
}

func (f *fakeSession) counts() *record.Counts {
	if f.counted != nil && f.countedAt == f.revision {
		return f.counted
	}
	c := &record.Counts{State: map[string]int{}, Label: map[string]int{}, Tracker: map[string]int{}}
	for _, t := range f.torrents {
		c.State[t.State]++
		c.Tracker[t.Tracker]++
		for _, l := range t.Labels {
			c.Label[l]++
		}
	}
	f.counted, f.countedAt = c, f.revision
	return c
}

func (f *fakeSession) Since(revision uint64) (record.Delta, bool) {
	unlock, _ := f.begin("Since")
	defer unlock()
	if revision > f.revision || f.revision-revision > 4096 {
		return record.Delta{}, false
	}
	d := record.Delta{Revision: f.revision, Counts: f.counts()}
	for _, t := range f.torrents {
		if t.Revision > revision {
			d.Changed = append(d.Changed, t)
		}
	}
	for id, at := range f.removed {
		if at > revision {
			d.Removed = append(d.Removed, id)
		}
	}
	return d, true
}

func (f *fakeSession) Changed() (uint64, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.revision, f.next
}

func (f *fakeSession) Milestones(uint64) []record.Milestone { return nil }

func (f *fakeSession) Torrent(id string) (*record.Torrent, error) {
	unlock, err := f.begin("Torrent")
	defer unlock()
	if err != nil {
		return nil, err
	}
	return f.find(id)
}

func (f *fakeSession) Trackers(id string, secrets bool) ([]record.TorrentTracker, error) {
	if _, err := f.Torrent(id); err != nil {
		return nil, err
	}
	url := "https://tracker.example.org/announce?passkey=…"
	if secrets {
		url = "https://tracker.example.org/announce?passkey=hunter2"
	}
	return []record.TorrentTracker{{URL: url, State: "ok", Seeders: new(3)}}, nil
}

func (f *fakeSession) WebSeeds(id string) ([]record.WebSeed, error) {
	_, err := f.Torrent(id)
	return nil, err
}

func (f *fakeSession) Settings() record.Settings {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.settings
}

func (f *fakeSession) Stats() record.Stats {
	return record.Stats{Now: born().Add(time.Hour), Started: born(), Torrents: map[string]int{"seeding": 1}, Disks: []record.Disk{{Dir: "/data", Free: new(int64(1))}}}
}

func (f *fakeSession) History(seconds int) record.History {
	return record.History{Interval: 1, Down: make([]int64, seconds), Up: make([]int64, seconds)}
}

func (f *fakeSession) Metrics() record.Metrics { return record.Metrics{} }

func (f *fakeSession) Logs(uint64, string, int) ([]record.Log, <-chan struct{}) {
	return nil, make(chan struct{})
}

func (f *fakeSession) Ready() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.notReady
}

func (f *fakeSession) ServerID() string { return "made-up" }

func (f *fakeSession) Add(_ context.Context, a record.Add) (*record.Torrent, bool, error) {
	unlock, err := f.begin("Add")
	defer unlock()
	if err != nil {
		return nil, false, err
	}
	f.added = append(f.added, a)
	if a.Raw != nil && !bytes.HasPrefix(a.Raw, []byte("d")) {
		return nil, false, record.NewProblem("malformed", "this is no torrent")
	}
	sum := sha1.Sum(append([]byte(a.Source), a.Raw...))
	id := hex.EncodeToString(sum[:])
	if t, err := f.find(id); err == nil {
		f.keepAdded(a, t, true)
		return t, true, nil
	}
	t := &record.Torrent{ID: id, Name: a.Name, State: record.StateMetadata, Dir: a.Dir, Labels: a.Labels, Added: born(), Seed: record.SeedGoal{Mode: "default"}}
	f.put(t)
	f.keepAdded(a, t, false)
	return t, false, nil
}

func (f *fakeSession) keepAdded(a record.Add, t *record.Torrent, existing bool) {
	if a.Repeat.Key != "" {
		a.Repeat.Answer, _ = json.Marshal(record.Added{Torrent: t, Existing: existing})
		f.keep(a.Repeat)
	}
}

func (f *fakeSession) Preview(_ context.Context, a record.Add) (record.Preview, error) {
	unlock, err := f.begin("Preview")
	defer unlock()
	return record.Preview{Torrent: record.Torrent{ID: fakeID(0), State: record.StateMetadata, Name: a.Name, Seed: record.SeedGoal{Mode: "default"}}}, err
}

func (f *fakeSession) Patch(_ context.Context, id string, p record.Patch, revision uint64) (*record.Torrent, error) {
	unlock, err := f.begin("Patch")
	defer unlock()
	if err != nil {
		return nil, err
	}
	t, err := f.find(id)
	if err != nil {
		return nil, err
	}
	if revision != 0 && revision != t.Revision {
		return nil, record.NewProblem(record.CodeStale, "it has changed since: it is at revision %d", t.Revision)
	}
	c := *t
	if p.Labels.Set {
		c.Labels = p.Labels.Value
	}
	if p.Paused.Set {
		c.Paused = p.Paused.Value
	}
	if p.Name.Set && !p.Name.Null {
		c.Name = p.Name.Value
	}
	if p.Limits.Set {
		c.Limits.MaxDown = p.Limits.Value.MaxDown.Value
	}
	f.put(&c)
	return &c, nil
}

func (f *fakeSession) Remove(_ context.Context, id, data string) (record.Removed, error) {
	unlock, err := f.begin("Remove")
	defer unlock()
	if err != nil {
		return record.Removed{}, err
	}
	if _, err := f.find(id); err != nil {
		return record.Removed{}, err
	}
	f.torrents = slices.DeleteFunc(slices.Clone(f.torrents), func(t *record.Torrent) bool { return t.ID == id })
	f.revision++
	f.removed[id] = f.revision
	r := record.Removed{}
	if data == record.RemoveData {
		r.RemovedFiles, r.Freed = 2, 1000
	}
	return r, nil
}

func (f *fakeSession) Pause(_ context.Context, id string) (*record.Torrent, error) {
	return f.change("Pause", id, func(t *record.Torrent) { t.Paused, t.State = true, record.StatePaused })
}

func (f *fakeSession) Start(_ context.Context, id string, now bool) (*record.Torrent, error) {
	return f.change("Start", id, func(t *record.Torrent) {
		t.Paused, t.State = false, record.StateQueued
		if now {
			t.State = record.StateDownloading
		}
	})
}

func (f *fakeSession) Check(_ context.Context, id string) (*record.Torrent, error) {
	return f.change("Check", id, func(t *record.Torrent) { t.State = record.StateChecking })
}

func (f *fakeSession) Announce(_ context.Context, id string) (*record.Torrent, error) {
	return f.change("Announce", id, func(*record.Torrent) {})
}

func (f *fakeSession) Move(_ context.Context, id string, m record.Move) (*record.Torrent, error) {
	if !strings.HasPrefix(m.Dir, "/data") {
		return nil, record.NewProblem(record.CodeForbidden, "%s is outside of the daemon's folders", m.Dir)
	}
	return f.change("Move", id, func(t *record.Torrent) { t.State, t.Dir = record.StateMoving, m.Dir })
}

func (f *fakeSession) Rename(_ context.Context, id string, r record.Rename) (*record.Torrent, error) {
	return f.change("Rename", id, func(t *record.Torrent) { t.Name = r.Name })
}

func (f *fakeSession) SetFiles(_ context.Context, id string, _ []record.FilePriority) error {
	_, err := f.change("SetFiles", id, func(*record.Torrent) {})
	return err
}

func (f *fakeSession) SetTrackers(_ context.Context, id string, _ [][]string) error {
	_, err := f.change("SetTrackers", id, func(*record.Torrent) {})
	return err
}

func (f *fakeSession) SetWebSeeds(_ context.Context, id string, _ []string) error {
	_, err := f.change("SetWebSeeds", id, func(*record.Torrent) {})
	return err
}

func (f *fakeSession) Files(id string) ([]record.TorrentFile, error) {
	unlock, err := f.begin("Files")
	defer unlock()
	if err != nil {
		return nil, err
	}
	if _, err := f.find(id); err != nil {
		return nil, err
	}
	var files []record.TorrentFile
	for i := range 10 {
		files = append(files, record.TorrentFile{Index: i, Path: fmt.Sprintf("disc%d/track <%d>.flac", i/5, i), Length: 1000, Verified: 500,
			Priority: "normal", FirstPiece: i, LastPiece: i + 1})
	}
	return files, nil
}

func (f *fakeSession) Select(id, _ string) ([]record.TorrentFile, error) { return f.Files(id) }

func (f *fakeSession) Pieces(id string) (*record.Pieces, error) {
	unlock, err := f.begin("Pieces")
	defer unlock()
	if err != nil {
		return nil, err
	}
	if _, err := f.find(id); err != nil {
		return nil, err
	}
	return &record.Pieces{Count: 20, Have: []byte{0xff, 0x80, 0}, Unwanted: []byte{0, 0, 0x10}, Partial: []record.PartialPiece{{Piece: 12, Blocks: 4, Got: 1}},
		Availability: []record.Run{{Length: 10, Peers: 3}, {Length: 10, Peers: 1}}}, nil
}

func (f *fakeSession) Metainfo(id string) ([]byte, error) {
	unlock, err := f.begin("Metainfo")
	defer unlock()
	if err != nil {
		return nil, err
	}
	_, err = f.find(id)
	return []byte("d4:infod6:lengthi1eee"), err
}

func (f *fakeSession) Open(context.Context, string, int) (Content, error) {
	return nil, record.NewProblem(record.CodeNotFound, "no file")
}

func (f *fakeSession) Peers(id string) ([]record.TorrentPeer, error) {
	unlock, err := f.begin("Peers")
	defer unlock()
	if err != nil {
		return nil, err
	}
	_, err = f.find(id)
	return []record.TorrentPeer{{Addr: "192.0.2.1:6881", Client: "<b>x</b>", Source: "dht", Transport: "tcp", Encryption: "none", Since: born()}}, err
}

func (f *fakeSession) AddPeers(_ context.Context, id string, peers []netip.AddrPort) (int, error) {
	_, err := f.change("AddPeers", id, func(*record.Torrent) {})
	return len(peers), err
}

func (f *fakeSession) DropPeer(_ context.Context, id string, peer netip.AddrPort, ban time.Duration) error {
	_, err := f.change("DropPeer", id, func(*record.Torrent) { f.bans[peer] = ban })
	return err
}

func (f *fakeSession) PatchSettings(_ context.Context, p record.SettingsPatch, revision uint64) (record.Settings, error) {
	unlock, err := f.begin("PatchSettings")
	defer unlock()
	if err != nil {
		return record.Settings{}, err
	}
	if revision != 0 && revision != f.settings.Revision {
		return record.Settings{}, record.NewProblem(record.CodeStale, "they have changed since")
	}
	if p.Dir.Set && f.settings.Dir.Fixed {
		return record.Settings{}, record.NewProblem(record.CodeConflict, "--dir has fixed it")
	}
	if p.MaxDown.Set {
		f.settings.MaxDown = record.Knob[int64]{Value: p.MaxDown.Value, From: record.FromAPI}
	}
	f.settings.Revision++
	return f.settings, nil
}

func (f *fakeSession) Dirs(path string) (record.Dirs, error) {
	if path != "" && !strings.HasPrefix(path, "/data") {
		return record.Dirs{}, record.NewProblem(record.CodeForbidden, "%s is outside of the daemon's folders", path)
	}
	return record.Dirs{Path: path}, nil
}

func (f *fakeSession) Shutdown() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
}
