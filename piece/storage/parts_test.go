package storage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The parts of a Store, each over those below it and without a Store.

// newTarget opens an empty folder.
func newTarget(t *testing.T) *target {
	t.Helper()
	spec := &Spec{Dir: filepath.Join(t.TempDir(), "new", "out"), Name: "name"}
	c := &cache{NewDescriptors(8)}
	tg := &target{spec: spec, cache: c, top: &dir{}, temp: &temp{name: stateName("name", tempSuffix), cache: c}}
	check(t, tg.open())
	t.Cleanup(func() {
		c.closeAll()
		if err := tg.close(); err != nil {
			t.Error(err)
		}
	})
	return tg
}

// newFiles lays files out in an empty target, one after the other.
func newFiles(t *testing.T, list ...File) *files {
	t.Helper()
	tg := newTarget(t)
	for _, f := range list {
		f.Offset = tg.spec.TotalLength
		tg.spec.TotalLength += f.Length
		tg.spec.Files = append(tg.spec.Files, f)
	}
	ff := &files{spec: tg.spec, target: tg, cache: tg.cache, look: &lookout{target: tg, began: time.Now()}}
	ff.layout()
	return ff
}

// fill writes a file from end to end, as the Store does.
func (ff *files) fill(t *testing.T, i int, with byte) {
	t.Helper()
	f := &ff.list[i]
	h, err := ff.openWrite(f, true)
	check(t, err)
	defer ff.cache.release(h)
	ff.look.begin(f, h)
	_, err = h.f.WriteAt(slices.Repeat([]byte{with}, int(f.len)), 0)
	ff.look.end(f, h)
	check(t, err)
}

// onDisk is where a name of the target is.
func (ff *files) onDisk(name string) string { return filepath.Join(ff.target.path, name) }

func TestPile(t *testing.T) {
	var p pile[int]
	if got := p.take(); got != nil {
		t.Errorf("an empty pile has %v", got)
	}
	p.add()
	p.add(3, 1)
	p.add(2)
	if got := p.take(); !slices.Equal(got, []int{3, 1, 2}) {
		t.Errorf("took %v", got)
	}
	if got := p.take(); got != nil {
		t.Errorf("%v is still there", got)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 100 {
				p.add(i)
			}
		})
	}
	wg.Wait()
	if got := p.take(); len(got) != 800 {
		t.Errorf("%d of 800 arrived", len(got))
	}
}

// There is always a whole file, and never a second one.
func TestTempReplace(t *testing.T) {
	tg := newTarget(t)
	at := filepath.Join(tg.path, "state")
	check(t, os.WriteFile(filepath.Join(tg.path, tg.temp.name), []byte("of a process that died"), 0o600))
	put := func(s string, fail error) error {
		return tg.temp.replace(tg.root(), "state", 0o600, true, func(f *os.File) error {
			f.WriteString(s)
			return fail
		})
	}
	check(t, put("old", nil))
	if err := put("half", fs.ErrInvalid); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a failed write: %v", err)
	}
	if got, _ := os.ReadFile(at); string(got) != "old" {
		t.Errorf("after a failed write: %q", got)
	}
	check(t, put("new", nil))
	if got, _ := os.ReadFile(at); string(got) != "new" {
		t.Errorf("%q", got)
	}
	if entries, _ := os.ReadDir(tg.path); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

// Folders that were made are synced once, with those above the target.
func TestTargetFolders(t *testing.T) {
	tg := newTarget(t)
	if above := tg.above.list; len(above) != 2 {
		t.Errorf("made in %v", above)
	}
	a := &dir{parent: tg.top, base: "a", path: "a"}
	b := &dir{parent: a, base: "b", path: "a/b"}
	if _, err := tg.openDir(b, false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	h, err := tg.openDir(b, true)
	check(t, err)
	tg.cache.release(h)
	if got := tg.dirty.list; !slices.Equal(got, []*dir{tg.top, a}) {
		t.Errorf("%d folders to sync", len(got))
	}
	check(t, tg.sync())
	if len(tg.dirty.list)+len(tg.above.list) != 0 || a.dirty.Load() {
		t.Error("still to be synced")
	}
	check(t, tg.inPlace(b, map[*dir]error{}))
	check(t, os.Rename(filepath.Join(tg.path, "a"), filepath.Join(tg.path, "z")))
	if err := tg.inPlace(b, map[*dir]error{}); !errors.Is(err, errMoved) {
		t.Errorf("a folder that was moved: %v", err)
	}
}

// Offsets lead to the files that have bytes there: neither padding nor empty ones.
func TestFilesWithin(t *testing.T) {
	ff := newFiles(t, File{Path: "a", Length: 10}, File{Path: "empty"}, File{Path: "pad", Length: 5, Pad: true},
		File{Path: "d/b", Length: 5}, File{Path: "d/c", Length: 1})
	for r, want := range map[[2]int64]string{
		{0, 0}: "", {0, 1}: "a", {9, 15}: "a", {9, 16}: "a d/b", {10, 15}: "", {15, 21}: "d/b d/c", {20, 99}: "d/c", {21, 99}: "",
	} {
		var got []string
		for _, f := range ff.within(r[0], r[1]) {
			got = append(got, f.path())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%v: %q, want %q", r, got, want)
		}
	}
	if ff.list[3].dir != ff.list[4].dir {
		t.Error("two folders for one path")
	}
}

// What we write is no news, what somebody else writes is, once.
func TestLookout(t *testing.T) {
	ff := newFiles(t, File{Path: "a", Length: 100, Wanted: true})
	f := &ff.list[0]
	ff.fill(t, 0, 1)
	ff.fill(t, 0, 2)
	if ff.look.glance(f) || ff.look.disturbed(f) || len(ff.look.changed.list) != 0 {
		t.Error("our own writes count as a change")
	}
	at := ff.onDisk("a.part")
	check(t, os.Chtimes(at, time.Now(), time.Now().Add(time.Hour)))
	if !ff.look.disturbed(f) || !ff.look.glance(f) {
		t.Error("a change was not seen")
	}
	if got := ff.look.changed.take(); len(got) != 1 || got[0] != f {
		t.Errorf("told of %d changes, want 1", len(got))
	}
}

// A file replaced under its name, while we hold the old one, is seen before it gets
// its final name.
func TestRenamerReplaced(t *testing.T) {
	ff := newFiles(t, File{Path: "a", Length: 100, Wanted: true})
	r := &renamer{files: ff}
	ff.fill(t, 0, 1)
	at := ff.onDisk("a.part")
	b, err := os.ReadFile(at)
	check(t, err)
	check(t, os.Remove(at))
	check(t, os.WriteFile(at, b, 0o600))
	if err := r.finishAll(r.list(nil)); !errors.Is(err, ErrChanged) {
		t.Errorf("finished: %v", err)
	}
}

func TestRenamer(t *testing.T) {
	ff := newFiles(t, File{Path: "d/a", Length: 100, Wanted: true}, File{Path: "d/empty", Wanted: true},
		File{Path: "pad", Length: 7, Pad: true, Wanted: true}, File{Path: "not", Length: 9})
	r := &renamer{files: ff}
	list := r.list(nil)
	if len(list) != 2 {
		t.Fatalf("%d files to finish", len(list))
	}
	if err := r.finishAll(list); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was never written: %v", err)
	}
	ff.fill(t, 0, 1)
	check(t, r.finishAll(list))
	for name, want := range map[string]bool{"d/a": true, "d/a.part": false, "d/empty": true} {
		if _, err := os.Stat(ff.onDisk(name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	h, err := r.unfinish(list[0])
	check(t, err)
	ff.cache.release(h)
	if _, err := os.Stat(ff.onDisk("d/a.part")); err != nil || !list[0].dirty.Load() {
		t.Errorf("taken back: %v", err)
	}
	check(t, os.WriteFile(ff.onDisk("d/a"), []byte("theirs"), 0o600))
	if err := r.finishAll(list); !errors.Is(err, ErrConflict) {
		t.Errorf("over another file: %v", err)
	}
}

// A state writes only while the download lives, and leaves no lock for nothing.
func TestStateAlone(t *testing.T) {
	tg := newTarget(t)
	a := &access{}
	st := &state{spec: tg.spec, access: a, temp: tg.temp}
	lockAt := filepath.Join(tg.path, st.name(lockSuffix))
	check(t, st.open(tg))
	check(t, st.close())
	if _, err := os.Stat(lockAt); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a lock for nothing: %v", err)
	}
	check(t, st.open(tg))
	check(t, st.saveRecord([]byte("one")))
	a.removed.Store(true)
	if err := st.saveRecord([]byte("two")); !errors.Is(err, ErrReadOnly) {
		t.Errorf("after the end: %v", err)
	}
	if got, err := st.loadRecord(); err != nil || string(got) != "one" {
		t.Errorf("%q, %v", got, err)
	}
	check(t, st.remove())
	if entries, _ := os.ReadDir(tg.path); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
	a.closed.Store(true)
	if err := a.writable(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// A failed fsync is final: nothing is vouched for, or finished, after it.
func TestSyncerFails(t *testing.T) {
	ff := newFiles(t, File{Path: "a", Length: 100, Wanted: true})
	sd := &side{spec: ff.spec, target: ff.target, cache: ff.cache, temp: ff.target.temp, scrap: &scratch{}, name: "side"}
	y := &syncer{spec: ff.spec, target: ff.target, files: ff, side: sd}
	ff.fill(t, 0, 1)
	check(t, y.run())
	y.fail(fs.ErrInvalid)
	r := &renamer{files: ff}
	for range 2 {
		if err := y.run(); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("sync: %v", err)
		}
		if err := y.finish(r, r.list(nil)); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("finish: %v", err)
		}
	}
	if _, err := os.Stat(ff.onDisk("a")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it got its final name: %v", err)
	}
}

// A side file that is replaced keeps what it held, and readers of the old one go on.
func TestSideReplace(t *testing.T) {
	tg := newTarget(t)
	tg.spec.TotalLength = 100
	sd := &side{spec: tg.spec, target: tg, cache: tg.cache, temp: tg.temp, scrap: &scratch{}, name: stateName("name", sideSuffix)}
	sd.index = newSideIndex([]Range{{10, 5}})
	if n, err := sd.read(make([]byte, 5), 10); n != 0 || err == nil {
		t.Errorf("read %d bytes of nothing: %v", n, err)
	}
	v := vec{bufs: [][]byte{[]byte("hello, over the end")}}
	if n, err := sd.write(&v, 19, 10); n != 5 || err != nil {
		t.Fatalf("wrote %d, %v", n, err)
	}
	old, err := sd.open(false)
	check(t, err)
	defer tg.cache.release(old)
	x := newSideIndex([]Range{{10, 5}, {50, 50}})
	check(t, sd.replace(&x, &sideReader{old.f, old.index}))
	sd.replaced(x)
	got := make([]byte, 5)
	if n, err := sd.read(got, 10); string(got) != "hello" {
		t.Errorf("read %q (%d, %v)", got, n, err)
	}
	if n, err := old.f.ReadAt(got, sideAlign); string(got) != "hello" {
		t.Errorf("the old one has %q (%d, %v)", got, n, err)
	}
	if st, err := sd.stat(); st.Kind != Part || st.Size != x.size {
		t.Errorf("%+v, %v", st, err)
	}
	check(t, sd.remove())
	if st, err := sd.stat(); st.Kind != Missing || err != nil {
		t.Errorf("removed: %+v, %v", st, err)
	}
}
