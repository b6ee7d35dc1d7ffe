package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// dirtyCount is how many files and folders wait to be synced.
func (c *tc) dirtyCount() (files, dirs int) {
	for i := range c.s.files.list {
		if c.s.files.list[i].dirty.Load() {
			files++
		}
	}
	return files, len(c.s.target.dirty.list)
}

func (c *tc) wantDirty(files, dirs int) {
	c.t.Helper()
	if f, d := c.dirtyCount(); f != files || d != dirs {
		c.t.Errorf("%d files and %d folders are dirty, want %d and %d", f, d, files, dirs)
	}
}

func TestSyncOnlyWhatChanged(t *testing.T) {
	c := newTC(t, File{Path: "d/a", Length: 100, Wanted: true}, File{Path: "e/f/b", Length: 100, Wanted: true},
		File{Path: "c", Length: 100, Wanted: true})
	c.spec.NoSync = false
	c.open()
	c.wantDirty(0, 0)
	c.mustWrite(0, 150)
	c.wantDirty(2, 4) // d, e, e/f and the target
	check(t, c.s.Sync())
	c.wantDirty(0, 0)
	c.mustWrite(10, 10)
	c.wantDirty(1, 0)
	c.mustWrite(0, 300)
	c.finish(0, 2)
	c.wantDirty(1, 0)
	check(t, c.s.Sync())
	c.wantDirty(0, 0)
	c.mustWrite(0, 50) // compared, not written
	c.wantDirty(0, 0)
	c.close()

	// Unfinished data of a run that may have died before it synced.
	c.open()
	c.wantRead(100, 100)
	c.wantDirty(1, 0)
	check(t, c.s.Sync())
	c.wantDirty(0, 0)
}

func TestNoSyncTracksNothing(t *testing.T) {
	c := newTC(t, File{Path: "d/a", Length: 100, Wanted: true})
	c.open()
	c.mustWrite(0, 100)
	c.wantDirty(0, 0)
	check(t, c.s.Sync())
	c.finish(0)
	c.wantDirty(0, 0)
}

// More files and folders than are synced one by one.
func TestSyncMany(t *testing.T) {
	var files []File
	for i := range 3 * syncfsLine {
		files = append(files, File{Path: fmt.Sprintf("d%d/f%d", i/2, i), Length: 10, Wanted: true})
	}
	c := newTC(t, files...)
	c.spec.NoSync, c.spec.MaxOpen = false, 16
	c.open()
	c.mustWrite(0, c.spec.TotalLength/2)
	check(t, c.s.Sync())
	c.wantDirty(0, 0)
	c.mustWrite(0, c.spec.TotalLength)
	check(t, c.s.Finish(nil))
	c.wantDirty(0, 0)
	for i := range files {
		c.wantFile(files[i].Path, i)
	}
	c.close()

	c.open() // complete already: synced once more, in case it never was
	c.wantRead(0, c.spec.TotalLength)
	check(t, c.s.Finish(nil))
}

// The system reports lost data once, so one failure is for good.
func TestFailedSyncIsFinal(t *testing.T) {
	c := newTC(t, File{Path: "a", Length: 100, Wanted: true}, File{Path: "b", Length: 100, Wanted: true})
	c.spec.NoSync = false
	c.open()
	c.mustWrite(0, 200)
	c.s.cache.drop(&c.s.files.list[0].h)
	part := filepath.Join(c.spec.Dir, "a.part")
	check(t, errors.Join(os.Remove(part), os.Mkdir(part, 0o755)))
	for range 2 {
		if err := c.s.Sync(); !errors.Is(err, errFolder) {
			t.Errorf("Sync: %v", err)
		}
		if err := c.s.Finish([]int{1}); !errors.Is(err, errFolder) {
			t.Errorf("Finish: %v", err)
		}
	}
	c.wantGone("b")
}

// The folders that Open made on the way to the target are synced too.
func TestNewFoldersAbove(t *testing.T) {
	c := newTC(t, File{Path: "a", Length: 100, Wanted: true})
	c.spec.NoSync = false
	top := c.spec.Dir
	c.spec.Dir = filepath.Join(top, "x", "y")
	c.open()
	want := []string{filepath.Dir(top), top, filepath.Join(top, "x")}
	if got := fmt.Sprint(c.s.target.above.list); got != fmt.Sprint(want) {
		t.Errorf("new entries in %v, want %v", got, want)
	}
	c.mustWrite(0, 100)
	check(t, c.s.Sync())
	if c.s.target.above.list != nil {
		t.Error("not synced")
	}
}

// Write-back is started while a large file is written.
func TestWritebackStarts(t *testing.T) {
	c := newTC(t, File{Path: "a", Length: 3 * flushStride, Wanted: true})
	c.spec.NoSync = false
	c.open()
	for off := int64(0); off < c.spec.TotalLength; off += 1 << 20 {
		c.mustWrite(off, 1<<20)
	}
	if got := c.s.files.list[0].unflushed.Load(); canStartWriteback && got >= 2*flushStride {
		t.Errorf("%d bytes were left to the end", got)
	}
	check(t, c.s.Finish(nil))
	c.wantFile("a", 0)
}
