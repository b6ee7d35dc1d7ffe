package daemon

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/peer/simnet"
	"gotor/piece/storage"
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// lab is a small internet for whole daemons, in virtual time. Its verbs make hosts and
// start things on them.
type lab struct {
	*testing.T
	net   *simnet.Net
	hosts int
	dir   string
}

// inLab runs a story in a bubble. Nothing of it may be left at its end.
func inLab(t *testing.T, story func(l *lab)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		story(&lab{T: t, net: simnet.New(simnet.Options{Seed: 1}), dir: dir})
	})
}

// host adds a host with 10 MB/s each way, 5 ms from the middle of the net.
func (l *lab) host() (netip.Addr, *simnet.Host) {
	l.hosts++
	a := netip.AddrFrom4([4]byte{10, 0, 0, byte(l.hosts)})
	return a, l.net.Host(a, simnet.HostOptions{Up: 10 << 20, Down: 10 << 20, Latency: 5 * time.Millisecond})
}

func (l *lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// home is where one daemon keeps its things, and the host that it runs on: it can be
// started there again and again.
type home struct {
	*lab
	dir  string
	addr netip.Addr
	host *simnet.Host
	set  record.Settings

	rebuild bool

	storage torrent.Storage // nil: files
}

func (l *lab) home() *home {
	a, h := l.host()
	home := &home{lab: l, dir: filepath.Join(l.dir, a.String()), addr: a, host: h}
	home.set.Roots.Value = []string{filepath.Join(home.dir, "data")}
	home.set.Seed.Mode.Value = seedForever
	return home
}

// data is a path below the first root.
func (h *home) data(parts ...string) string {
	return filepath.Join(append([]string{h.dir, "data"}, parts...)...)
}

// start starts a daemon. stop ends it in order.
func (h *home) start() (d *Daemon, stop func()) {
	h.Helper()
	d, run := h.prepare()
	return d, run()
}

// prepare makes a daemon, whose floor decides nothing before it runs.
func (h *home) prepare() (d *Daemon, run func() (stop func())) {
	h.Helper()
	d, err := New(Config{
		StateDir: filepath.Join(h.dir, "state"), Settings: h.set, Rebuild: h.rebuild,
		Client: torrent.Config{Network: h.host, Name: "gotor/test", KeyDir: filepath.Join(h.dir, "key"), Workers: 1, Storage: h.storage},
		Loader: job.Loader{Network: h.host, Agent: "gotor/test"},
	})
	h.must(err)
	h.Cleanup(func() { d.Close() })
	return d, func() func() {
		ended := make(chan error, 1)
		go func() { ended <- d.Run(context.Background()) }()
		return func() {
			h.Helper()
			h.must(d.Close())
			h.must(<-ended)
		}
	}
}

// payload is content that a torrent is made of.
type payload struct {
	raw  []byte
	meta *metainfo.Torrent
	path string // of the file, or of the folder
	id   string
}

// files makes a folder of files with random content, and a torrent of it.
func (l *lab) files(name string, sizes map[string]int) payload {
	l.Helper()
	dir := filepath.Join(l.dir, "payload", name)
	rng := rand.NewChaCha8([32]byte{byte(len(name))})
	for file, size := range sizes {
		p := filepath.Join(dir, filepath.FromSlash(file))
		l.must(os.MkdirAll(filepath.Dir(p), 0o777))
		b := make([]byte, size)
		rng.Read(b)
		l.must(os.WriteFile(p, b, 0o666))
	}
	return l.torrentOf(dir)
}

// file makes a file of random content, and a torrent of it.
func (l *lab) file(name string, size int) payload {
	l.Helper()
	p := filepath.Join(l.dir, "payload", name)
	l.must(os.MkdirAll(filepath.Dir(p), 0o777))
	b := make([]byte, size)
	rand.NewChaCha8([32]byte{byte(len(name)), byte(size)}).Read(b)
	l.must(os.WriteFile(p, b, 0o666))
	return l.torrentOf(p)
}

func (l *lab) torrentOf(path string) payload {
	l.Helper()
	raw, err := metainfo.Create(l.Context(), path, metainfo.CreateOptions{PieceLength: 16 << 10, Workers: 1})
	l.must(err)
	m, err := metainfo.Parse(raw)
	l.must(err)
	return payload{raw, m, path, string(idOf(m.InfoHash[:]))}
}

// seed starts somebody who has the payload, and returns where.
func (l *lab) seed(p payload) (addr string, stop func()) {
	l.Helper()
	a, h := l.host()
	c, err := torrent.NewClient(torrent.Config{Network: h, Name: "gotor/seed", Workers: 1})
	l.must(err)
	t, err := c.Add(torrent.Source{Meta: p.meta, Raw: p.raw, Local: true}, torrent.Lookup{})
	l.must(err)
	l.must(t.Begin(torrent.Spec{Place: torrent.Place{Dir: filepath.Dir(p.path)}, Seeding: torrent.Seeding{Seed: true, SeedOnly: true}}))
	<-t.Done()
	l.must(t.Err())
	l.Cleanup(func() { c.Close() })
	return netip.AddrPortFrom(a, c.Port()).String(), func() { c.Close() }
}

// kept adds a torrent that does nothing.
func (h *home) kept(d *Daemon, p payload) *item {
	h.Helper()
	_, _, err := d.Add(h.Context(), record.Add{Raw: p.raw, Paused: true})
	h.must(err)
	it, err := d.parts.roster.named(p.id)
	h.must(err)
	return it
}

// at is where a daemon can be reached.
func (h *home) at(d *Daemon) string {
	return netip.AddrPortFrom(h.addr, uint16(d.Stats().Port)).String()
}

// count is how often something has happened to a torrent.
func (h *home) count(d *Daemon, id, what string) (n int) {
	for _, m := range d.Milestones(0) {
		if m.ID == id && m.What == what {
			n++
		}
	}
	return n
}

func addrs(list ...string) (out []netip.AddrPort) {
	for _, a := range list {
		out = append(out, netip.MustParseAddrPort(a))
	}
	return out
}

// fullDisk is files, on a disk that may be full.
type fullDisk struct{ full atomic.Bool }

func (f *fullDisk) Open(s storage.Spec) (torrent.Store, error) {
	store, err := storage.Open(s)
	if err != nil {
		return nil, err
	}
	return fullStore{store, f}, nil
}

type fullStore struct {
	*storage.Store
	disk *fullDisk
}

func (s fullStore) CheckSpace() error {
	if s.disk.full.Load() {
		return torrent.ErrNoSpace
	}
	return s.Store.CheckSpace()
}

// row is a torrent as it is now.
func (h *home) row(d *Daemon, id string) *record.Torrent {
	h.Helper()
	t, err := d.Torrent(id)
	h.must(err)
	return t
}

// until waits for a torrent to be in a state, for an hour of virtual time.
func (h *home) until(d *Daemon, id, state string) *record.Torrent {
	h.Helper()
	return h.untilSo(d, id, state, func(t *record.Torrent) bool { return t.State == state })
}

func (h *home) untilSo(d *Daemon, id, what string, so func(*record.Torrent) bool) *record.Torrent {
	h.Helper()
	late := time.After(time.Hour)
	for {
		_, next := d.Changed()
		t, err := d.Torrent(id)
		h.must(err)
		if so(t) {
			return t
		}
		select {
		case <-next:
		case <-late:
			h.Fatalf("%s is %s (%+v), and not %s within an hour", t.Name, t.State, t.Error, what)
		}
	}
}

// wantSame compares a file with what it should hold.
func (l *lab) wantSame(got, want string) {
	l.Helper()
	a, err := os.ReadFile(got)
	l.must(err)
	b, err := os.ReadFile(want)
	l.must(err)
	if !bytes.Equal(a, b) {
		l.Errorf("%s: %d bytes that differ from the %d wanted", got, len(a), len(b))
	}
}

// wantCode checks what kind of problem an error is.
func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if p := record.ProblemOf(err); p == nil || p.Code != code {
		t.Errorf("got %v (%+v), want a problem %q", err, p, code)
	}
}

// goroutines counts those of the bubble and all others, once what ends has ended.
func goroutines() int {
	synctest.Wait()
	return ours()
}

// ours are how many goroutines run code of gotor. The runtime starts some of its own
// when it has something to clean up, which are no business of a test.
func ours() (n int) {
	b := make([]byte, 4<<20)
	for g := range bytes.SplitSeq(b[:runtime.Stack(b, true)], []byte("\n\n")) {
		if bytes.Contains(g, []byte("\ngotor/")) {
			n++
		}
	}
	return n
}
