package storage

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// later changes a file in its place and moves its time on.
func later(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	check(t, err)
	_, err = f.WriteAt([]byte("xyz"), 10)
	check(t, errors.Join(err, f.Close()))
	fi, err := os.Stat(path)
	check(t, err)
	check(t, os.Chtimes(path, time.Time{}, fi.ModTime().Add(time.Second)))
}

// A change between two writes of ours is noticed, and no mark covers it up.
func TestChangeBetweenWrites(t *testing.T) {
	c := oneFile(t)
	c.spec.NoSync = false
	c.open()
	if !c.s.target.local {
		t.Skip("the file system is not a local one")
	}
	c.mustWrite(0, 30)
	check(t, c.s.Sync())
	first := c.s.Mark(0)
	if first.Size != c.spec.TotalLength {
		t.Fatalf("after a write: %+v", first)
	}
	c.mustWrite(30, 30)
	check(t, c.s.Sync())
	if m := c.s.Mark(0); m.Size == Unknown || m.Same(first) {
		t.Errorf("after the second: %+v", m)
	}
	if list := c.s.Changed(); list != nil {
		t.Errorf("our own writes count as changes: %v", list)
	}
	later(t, filepath.Join(c.spec.Dir, c.spec.Files[0].Path+partSuffix))
	c.mustWrite(60, 30)
	if list := c.s.Changed(); !slices.Equal(list, []int{0}) {
		t.Errorf("changed: %v", list)
	}
	check(t, c.s.Sync())
	if m := c.s.Mark(0); m.Size != Unknown {
		t.Errorf("a changed file has the mark %+v", m)
	}
	if list := c.s.Changed(); list != nil {
		t.Errorf("told twice: %v", list)
	}
}

// Until it is known what a file holds, it is neither given away nor finished.
func TestRenewTrust(t *testing.T) {
	c := oneFile(t)
	c.open()
	n := c.spec.TotalLength
	c.mustWrite(0, n)
	b := make([]byte, 10)
	_, err := c.s.ServeAt(b, 0)
	check(t, err)
	later(t, filepath.Join(c.spec.Dir, c.spec.Files[0].Path+partSuffix))
	if _, err := c.s.ServeAt(b, 0); !errors.Is(err, ErrChanged) {
		t.Errorf("a changed file is given away: %v", err)
	}
	if err := c.s.Finish([]int{0}); !errors.Is(err, ErrChanged) {
		t.Errorf("and gets its name: %v", err)
	}
	st, err := c.s.Renew(0)
	check(t, err)
	if _, err := c.s.ServeAt(b, 0); !errors.Is(err, ErrChanged) || st.Kind != Part || c.s.Mark(0).Size != Unknown {
		t.Errorf("while it is looked at: %v, %+v", err, st)
	}
	c.mustWrite(0, n)
	c.s.Trust(0)
	_, err = c.s.ServeAt(b, 0)
	check(t, err)
	c.finish(0)
	changed, err := c.s.Look(nil)
	if len(changed) != 0 || err != nil || c.s.Mark(0).Size != n {
		t.Errorf("finished: %v, %v, %+v", changed, err, c.s.Mark(0))
	}
	check(t, os.Remove(filepath.Join(c.spec.Dir, c.spec.Files[0].Path)))
	if changed, err := c.s.Look(nil); !slices.Equal(changed, []int{0}) || err != nil {
		t.Errorf("removed: %v, %v", changed, err)
	}
}

func TestLookWhereFoldersWere(t *testing.T) {
	c := newTC(t, File{Path: "sub/a", Length: 100, Wanted: true})
	c.open()
	c.mustWrite(0, 100)
	c.finish(0)
	sub := filepath.Join(c.spec.Dir, "sub")
	for _, move := range []string{sub, c.spec.Dir} {
		check(t, os.Rename(move, move+".away"))
		if _, err := c.s.Look(nil); !errors.Is(err, errMoved) {
			t.Errorf("%s was moved: %v", move, err)
		}
		check(t, os.Rename(move+".away", move))
		if changed, err := c.s.Look(nil); err != nil || changed != nil {
			t.Errorf("and moved back: %v, %v", changed, err)
		}
	}
}

func TestMarkHolds(t *testing.T) {
	m := newMark(1000, 5, 7, 100)
	for name, c := range map[string]struct {
		now  Mark
		want bool
	}{
		"itself":       {m, true},
		"more blocks":  {Mark{1000, 5, 7, 8}, true},
		"fewer blocks": {Mark{1000, 5, 7, 1}, false},
		"another time": {Mark{1000, 6, 7, 2}, false},
		"another file": {Mark{1000, 5, 8, 2}, false},
		"another size": {Mark{1001, 5, 7, 2}, false},
	} {
		if m.Holds(c.now) != c.want {
			t.Errorf("%s: %v", name, !c.want)
		}
	}
	if u := (Mark{Size: Unknown}); u.Holds(u) {
		t.Error("what is not known is trusted")
	}
	if m.Blocks != 2 {
		t.Errorf("%d blocks behind the end count", m.Blocks-2)
	}
}

// Looking costs a write nothing that the collector would have to clean up.
func TestWatchAllocatesNothing(t *testing.T) {
	c := oneFile(t)
	c.open()
	bufs, p := [][]byte{c.data[:100]}, make([]byte, 100)
	check(t, c.s.WriteVec(bufs, 0))
	_, err := c.s.ServeAt(p, 0)
	check(t, err)
	if n := testing.AllocsPerRun(100, func() { c.s.WriteVec(bufs, 0); c.s.ServeAt(p, 0) }); n >= 1 && !raceEnabled {
		t.Errorf("%v allocations", n)
	}
}
