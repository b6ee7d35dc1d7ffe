package daemon

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/cmd/record"
	"gotor/peer/simnet"
)

const aMagnet = "magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567"

// watchLab is a folder that is watched, with an explicit time.
type watchLab struct {
	*testing.T
	dir   string
	w     *watcher
	now   time.Time
	added []record.Add
	fail  error // of add
}

func newWatchLab(t *testing.T, how record.WatchDir) *watchLab {
	l := &watchLab{T: t, dir: t.TempDir(), now: time.Unix(1e9, 0)}
	how.Path = l.dir
	l.w = &watcher{log: newLogbook(nil), dirs: []*watched{{WatchDir: how, seen: map[string]sighting{}}}}
	l.w.add = func(_ context.Context, a record.Add) (*record.Torrent, bool, error) {
		if l.fail != nil {
			return nil, false, l.fail
		}
		l.added = append(l.added, a)
		return &record.Torrent{ID: "x", Name: "torrent"}, false, nil
	}
	return l
}

func (l *watchLab) put(name, text string) {
	l.Helper()
	if err := os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o666); err != nil {
		l.Fatal(err)
	}
}

// pass lets time go by, and looks.
func (l *watchLab) pass(d time.Duration) (next time.Duration) {
	l.now = l.now.Add(d)
	return l.w.look(context.Background(), l.now).Sub(l.now)
}

// names are the files there are.
func (l *watchLab) names() (names []string) {
	l.Helper()
	list, err := os.ReadDir(l.dir)
	if err != nil {
		l.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func (l *watchLab) want(names ...string) {
	l.Helper()
	if diff := cmp.Diff(names, l.names()); diff != "" {
		l.Errorf("the folder (-want +got):\n%s", diff)
	}
}

func (l *watchLab) read(name string) string {
	l.Helper()
	b, err := os.ReadFile(filepath.Join(l.dir, name))
	if err != nil {
		l.Fatal(err)
	}
	return string(b)
}

// logged counts the lines that have a text in them.
func (l *watchLab) logged(text string) (n int) {
	lines, _ := l.w.log.read(0, levelDebug, 0)
	for _, line := range lines {
		if strings.Contains(line.Text, text) {
			n++
		}
	}
	return n
}

// A file is taken when it has been as it is for two seconds, with what the folder says.
func TestWatchTakesWhole(t *testing.T) {
	l := newWatchLab(t, record.WatchDir{Labels: []string{"a"}, Dir: "/data", Paused: true})
	l.put("x.torrent", "half")
	if next := l.pass(0); next != watchStill {
		t.Errorf("it looks again after %v", next)
	}
	l.put("x.torrent", "half and half")
	l.pass(watchStill)
	if len(l.added) != 0 {
		t.Fatal("what is being written is taken")
	}
	l.put("LINK.Magnet", "\ufeff"+aMagnet+"\r\n")
	l.pass(watchStill - 1)
	if len(l.added) != 0 {
		t.Fatal("it is taken too soon")
	}
	if next := l.pass(1); next != watchStill-1 {
		t.Errorf("with one more to come it looks again after %v", next)
	}
	l.pass(watchStill)
	want := []record.Add{
		{Raw: []byte("half and half"), Labels: []string{"a"}, Dir: "/data", Paused: true},
		{Source: aMagnet, Labels: []string{"a"}, Dir: "/data", Paused: true},
	}
	if diff := cmp.Diff(want, l.added); diff != "" {
		t.Error(diff)
	}
	l.want("LINK.Magnet.added", "x.torrent.added")
	if next := l.pass(watchEvery); next != watchEvery || len(l.added) != 2 {
		t.Errorf("an empty folder is looked into after %v", next)
	}
}

// Nothing that is no whole, regular file with one of the names is touched.
func TestWatchLeavesOthers(t *testing.T) {
	l := newWatchLab(t, record.WatchDir{Delete: true})
	outside := filepath.Join(t.TempDir(), "secret.torrent")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(l.dir, "link.torrent")); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(l.dir, "dir.torrent"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x.torrent.part", "x.torrent.added", ".x.torrent", "torrent", "x.txt"} {
		l.put(name, "x")
	}
	before := l.names()
	l.put("x.torrent", "x")
	l.pass(0)
	l.pass(watchStill)
	l.want(before...)
	if len(l.added) != 1 {
		t.Errorf("%d were added", len(l.added))
	}
}

// What cannot be a torrent is put aside with the reason, which has no secrets and is no
// longer than a line.
func TestWatchRejects(t *testing.T) {
	l := newWatchLab(t, record.WatchDir{})
	secret := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(secret, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.fail = record.NewProblem("malformed", "no torrent:\n\x1b[2J http://x/announce?passkey=0123456789abcdef0123456789abcdef")
	l.put("bad.torrent", "bad")
	l.put("empty.torrent", "")
	l.put("two.magnet", aMagnet+"\n"+aMagnet)
	l.put("web.magnet", "http://x/y.torrent")
	if err := os.Symlink(secret, filepath.Join(l.dir, "bad.torrent.rejected.txt")); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(l.dir, "huge.torrent"))
	if err == nil {
		err = errors.Join(f.Truncate(64<<20+1), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	l.pass(0)
	l.pass(watchStill)
	var want []string
	for _, name := range []string{"bad.torrent", "empty.torrent", "huge.torrent", "two.magnet", "web.magnet"} {
		want = append(want, name+".rejected", name+".rejected.txt")
		if text := l.read(name + ".rejected.txt"); strings.Count(text, "\n") != 1 || strings.Contains(text, "\x1b") || strings.Contains(text, "0123456789abcdef0123456789abcdef") {
			t.Errorf("%s is rejected with %q", name, text)
		}
		if l.logged(name+" is rejected") != 1 {
			t.Errorf("%s is not logged", name)
		}
	}
	l.want(want...)
	if b, err := os.ReadFile(secret); string(b) != "precious" {
		t.Errorf("a link was written through: %q, %v", b, err)
	}
	if len(l.added) != 0 {
		t.Errorf("%v", l.added)
	}
}

// What cannot be kept now is tried again, and said once.
func TestWatchTriesAgain(t *testing.T) {
	l := newWatchLab(t, record.WatchDir{})
	l.put("x.torrent", "x")
	l.fail = record.NewProblem(record.CodeNotReady, "the disk is full")
	l.pass(0)
	l.pass(watchStill)
	l.pass(watchEvery)
	l.want("x.torrent")
	if n := l.logged("tried again"); n != 1 {
		t.Errorf("it is said %d times", n)
	}
	l.fail = nil
	l.pass(watchEvery)
	l.want("x.torrent.added")
}

// A file that cannot be renamed is added once, until it is another.
func TestWatchReadOnly(t *testing.T) {
	l := newWatchLab(t, record.WatchDir{})
	l.put("x.torrent", "x")
	// A folder in the way keeps the file from being renamed.
	if err := os.MkdirAll(filepath.Join(l.dir, "x.torrent.added", "full"), 0o777); err != nil {
		t.Fatal(err)
	}
	l.pass(0)
	for range 3 {
		l.pass(watchEvery)
	}
	if len(l.added) != 1 || l.logged("left alone") != 1 {
		t.Errorf("it is added %d times, and said %d times", len(l.added), l.logged("left alone"))
	}
	l.put("x.torrent", "another")
	l.pass(watchEvery)
	l.pass(watchStill)
	if len(l.added) != 2 {
		t.Errorf("another one is added %d times", len(l.added)-1)
	}
}

// A folder that is not there is complained of once, and watched when it comes.
func TestWatchFolderComes(t *testing.T) {
	l := newWatchLab(t, record.WatchDir{})
	if err := os.Remove(l.dir); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if next := l.pass(watchEvery); next != watchEvery {
			t.Errorf("it looks again after %v", next)
		}
	}
	if n := l.logged("cannot be watched"); n != 1 {
		t.Errorf("it is said %d times", n)
	}
	if err := os.Mkdir(l.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	l.put("x.torrent", "x")
	l.pass(watchEvery)
	l.pass(watchStill)
	l.want("x.torrent.added")
}

// What is seen of files that are gone is forgotten.
func TestWatchForgets(t *testing.T) {
	l := newWatchLab(t, record.WatchDir{})
	l.put("x.torrent", "x")
	l.put("y.torrent", "y")
	l.pass(0)
	if err := os.Remove(filepath.Join(l.dir, "x.torrent")); err != nil {
		t.Fatal(err)
	}
	l.pass(1)
	if got := slices.Collect(maps.Keys(l.w.dirs[0].seen)); !slices.Equal(got, []string{"y.torrent"}) {
		t.Errorf("it knows %v", got)
	}
}

// The folders are made absolute; one where data goes is refused, whatever links lead
// there.
func TestCheckWatch(t *testing.T) {
	base := t.TempDir()
	root, watch := filepath.Join(base, "data"), filepath.Join(base, "watch")
	all, err := openRoots([]string{root})
	if err != nil {
		t.Fatal(err)
	}
	dirs := []record.WatchDir{{Path: watch + "/../watch", Dir: "films", Labels: []string{" b ", "a"}}}
	if err := checkWatch(dirs, all); err != nil {
		t.Fatal(err)
	}
	if d := dirs[0]; d.Path != watch || d.Dir != filepath.Join(all[0], "films") || !slices.Equal(d.Labels, []string{"a", "b"}) {
		t.Errorf("%+v", d)
	}
	if err := os.Symlink(root, filepath.Join(base, "link")); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	}
	for _, bad := range []record.WatchDir{
		{Path: root}, {Path: filepath.Join(root, "below")}, {Path: filepath.Join(base, "link")},
		{Path: watch, Dir: base}, {Path: watch, Labels: []string{"a,b"}},
	} {
		if err := checkWatch([]record.WatchDir{bad}, all); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// A daemon takes what is put into a folder while it runs, and has let go of the folder
// when it is closed. This is in real time: the system tells of changes in no other.
func TestDaemonWatches(t *testing.T) {
	before := ours()
	l := &lab{T: t, net: simnet.New(simnet.Options{Seed: 1}), dir: t.TempDir()}
	h := l.home()
	watch := filepath.Join(l.dir, "watch")
	l.must(os.Mkdir(watch, 0o777))
	h.set.Watch.Value = []record.WatchDir{{Path: watch, Labels: []string{"seen"}, Paused: true}}
	p := l.file("episode", 40_000)
	d, stop := h.start()
	l.must(os.WriteFile(filepath.Join(watch, "e.torrent"), p.raw, 0o666))
	for {
		_, changed := d.Changed()
		row, err := d.Torrent(p.id)
		if err == nil {
			if !row.Paused || !slices.Equal(row.Labels, []string{"seen"}) {
				t.Errorf("paused is %v, and the labels are %v", row.Paused, row.Labels)
			}
			break
		}
		<-changed
	}
	stop()
	if _, err := os.Lstat(filepath.Join(watch, "e.torrent.added")); err != nil {
		t.Error(err)
	}
	for range 100_000 { // those of the system's watcher end by themselves
		if ours() <= before {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d goroutines, %d before", ours(), before)
}
