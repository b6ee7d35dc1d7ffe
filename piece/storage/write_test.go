package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// finals are three files side by side; a piece of 64 bytes touches two of them.
func finals(t *testing.T) *tc {
	return newTC(t,
		File{Path: "d/a", Length: 100, Wanted: true},
		File{Path: "d/b", Length: 100, Wanted: true},
		File{Path: "d/c", Length: 100, Wanted: true})
}

func TestFinalFilesAreOnlyCompared(t *testing.T) {
	c := finals(t)
	c.put("d/b", c.data[100:200])
	c.open()
	c.wantKind(1, Final)
	before, _ := os.Stat(filepath.Join(c.spec.Dir, "d/b"))
	c.mustWrite(0, 300) // the same bytes: fine
	after, _ := os.Stat(filepath.Join(c.spec.Dir, "d/b"))
	if !after.ModTime().Equal(before.ModTime()) {
		t.Error("a file under its final name was written")
	}
	wrong := bytes.Clone(c.data[90:210])
	wrong[50] ^= 1
	err := c.s.WriteVec(cut(wrong), 90)
	if !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "d/b") {
		t.Fatalf("different bytes: %v", err)
	}
	c.wantFile("d/b", 1)
	c.finish(0, 1, 2)
	c.wantFile("d/a", 0)
	c.wantFile("d/b", 1)
	if err := c.s.WriteVec([][]byte{wrong[:1]}, 0); !errors.Is(err, ErrConflict) {
		t.Errorf("different bytes after Finish: %v", err)
	}
}

func TestWrongSizeIsConflict(t *testing.T) {
	for _, content := range []string{"", "short", strings.Repeat("long", 100)} {
		c := finals(t)
		c.put("d/b", []byte(content))
		c.open()
		c.wantKind(1, Conflict)
		if err := c.write(100, 100); !errors.Is(err, ErrConflict) {
			t.Errorf("write: %v", err)
		}
		if err := c.s.Finish([]int{1}); !errors.Is(err, ErrConflict) {
			t.Errorf("finish: %v", err)
		}
		got, _ := os.ReadFile(filepath.Join(c.spec.Dir, "d/b"))
		if string(got) != content {
			t.Error("the file in the way was changed")
		}
	}
}

func TestOverwrite(t *testing.T) {
	for _, content := range []string{"", "short", strings.Repeat("same length ", 9)[:100], strings.Repeat("long", 100)} {
		c := finals(t)
		c.spec.Overwrite = true
		c.put("d/b", []byte(content))
		c.put("d/c", c.data[200:300])
		c.open()
		c.mustWrite(100, 50)
		c.wantKind(1, Part) // nothing incomplete under the final name
		c.mustWrite(150, 150)
		c.wantKind(2, Final) // it was right already
		c.wantRead(100, 200)
		c.finish(1, 2)
		c.wantFile("d/b", 1)
		c.wantFile("d/c", 2)
		c.wantGone("d/b.part", "d/c.part")
	}
}

// All that is wrong with the file is that it goes on: nothing is ever written.
func TestOverwriteCutsTheTail(t *testing.T) {
	c := finals(t)
	c.put("d/b", append(bytes.Clone(c.data[100:200]), "and more"...))
	c.open()
	if err := c.s.Finish([]int{1}); !errors.Is(err, ErrConflict) {
		t.Errorf("without Overwrite: %v", err)
	}
	c.close()
	c.spec.Overwrite = true
	c.spec.NoSync = false
	c.open()
	c.wantKind(1, Conflict)
	c.wantRead(100, 100)
	c.finish(1)
	c.wantFile("d/b", 1)
	c.wantGone("d/b.part")
}

// An overwriting run was killed, and something stands under the final name again.
func TestOverwriteWithPartBeside(t *testing.T) {
	c := finals(t)
	c.spec.Overwrite = true
	c.put("d/b", []byte("other"))
	c.put("d/b.part", c.data[100:150])
	c.open()
	c.wantKind(1, Part)
	c.mustWrite(150, 50)
	c.wantRead(100, 100)
	c.finish(1)
	c.wantFile("d/b", 1)
}

func TestPartFoundIsUsed(t *testing.T) {
	c := finals(t)
	c.put("d/a.part", c.data[:60])
	c.put("d/b.part", append(bytes.Clone(c.data[100:200]), "left over from something longer"...))
	c.open()
	c.wantKind(0, Part)
	c.wantRead(0, 60)
	if err := c.s.Finish([]int{0}); err == nil {
		t.Fatal("a short file got its final name")
	}
	c.mustWrite(60, 140)
	c.finish(0, 1)
	c.wantFile("d/a", 0)
	c.wantFile("d/b", 1)
}

// A file that appears under the final name during the download is not replaced.
func TestFinishDoesNotReplace(t *testing.T) {
	c := finals(t)
	c.open()
	c.mustWrite(0, 300)
	c.put("d/b", []byte("theirs"))
	if err := c.s.Finish([]int{0, 1, 2}); !errors.Is(err, ErrConflict) {
		t.Fatalf("finish: %v", err)
	}
	if got, _ := os.ReadFile(filepath.Join(c.spec.Dir, "d/b")); string(got) != "theirs" {
		t.Error("the other file was replaced")
	}
	c.wantFile("d/b.part", 1)
}

func TestFinishMissing(t *testing.T) {
	c := finals(t)
	c.open()
	if err := c.s.Finish([]int{0}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("finish of what was never written: %v", err)
	}
}

func TestEmptyFiles(t *testing.T) {
	c := newTC(t, File{Path: "x/empty", Wanted: true}, File{Path: "gone", Wanted: false},
		File{Path: "there", Wanted: true, Exec: true}, File{Path: "pad", Pad: true})
	c.put("there", nil)
	c.open()
	check(t, c.s.CheckSpace())
	check(t, c.s.Finish(nil))
	check(t, c.s.Finish(nil))
	c.wantFile("x/empty", 0)
	c.wantGone("gone", "pad")
	if err := c.s.WriteVec(nil, 0); err != nil {
		t.Errorf("nothing at 0: %v", err)
	}

	c = newTC(t, File{Path: "e", Wanted: true})
	c.put("e", []byte("not empty"))
	c.open()
	if err := c.s.Finish(nil); !errors.Is(err, ErrConflict) {
		t.Errorf("finish over a file that is not empty: %v", err)
	}
}

func TestExec(t *testing.T) {
	c := newTC(t, File{Path: "run", Length: 3, Wanted: true, Exec: true}, File{Path: "data", Length: 3, Wanted: true})
	c.open()
	c.mustWrite(0, 6)
	c.finish(0, 1)
	for name, want := range map[string]fs.FileMode{"run": 0o100, "data": 0} {
		fi, err := os.Stat(filepath.Join(c.spec.Dir, name))
		check(t, err)
		if got := fi.Mode() & 0o100; got != want && os.PathSeparator == '/' {
			t.Errorf("%s: mode %v", name, fi.Mode())
		}
	}
}

func TestWriteOutside(t *testing.T) {
	c := finals(t)
	c.open()
	for _, off := range []int64{-1, 299, 300, 1 << 62} {
		if err := c.s.WriteVec([][]byte{{1, 2}}, off); err == nil {
			t.Errorf("write at %d went through", off)
		}
	}
}

// A vector longer than the kernel takes in one call, with empty buffers in it.
func TestLongVector(t *testing.T) {
	c := newTC(t, File{Path: "a", Length: 5000, Wanted: true}, File{Path: "b", Length: 5000, Wanted: true})
	c.open()
	var bufs [][]byte
	for i := range c.data {
		bufs = append(bufs, c.data[i:i+1], nil)
	}
	check(t, c.s.WriteVec(bufs, 0))
	c.wantRead(0, 10000)
}

func TestPrealloc(t *testing.T) {
	c := newTC(t, File{Path: "a", Length: 3 << 20, Wanted: true}, File{Path: "b", Length: 5, Wanted: true})
	c.spec.Prealloc = true
	c.open()
	c.mustWrite(1<<20, 1)
	if st, err := c.s.Stat(0); err != nil || st.Size != 3<<20 {
		t.Errorf("after the first write: %+v, %v", st, err)
	}
	c.mustWrite(0, c.spec.TotalLength)
	c.finish(0, 1)
	c.wantFile("a", 0)
	c.wantFile("b", 1)
}

// Pieces in random order from several goroutines, with readers, syncs and
// finishes in between, and fewer descriptors than files.
func TestConcurrent(t *testing.T) {
	var files []File
	for i := range 40 {
		files = append(files, File{Path: strings.Repeat("d/", i%4) + string(rune('A'+i)), Length: int64(i * 531), Wanted: true})
	}
	c := newTC(t, files...)
	c.spec.NoSync, c.spec.MaxOpen = false, 4
	c.open()
	const piece = 1000
	var wg sync.WaitGroup
	for w := range int64(4) {
		wg.Go(func() {
			for off := w * piece; off < c.spec.TotalLength; off += 4 * piece {
				n := min(piece, c.spec.TotalLength-off)
				if err := c.write(off, n); err != nil {
					t.Error(err)
				}
				got := make([]byte, n)
				if _, err := c.s.ReadAt(got, off); err != nil || !bytes.Equal(got, c.data[off:off+n]) {
					t.Errorf("read back %d: %v", off, err)
				}
				if off%(5*piece) == 0 {
					if err := c.s.Sync(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	for w := range 4 {
		wg.Go(func() {
			for i := w; i < len(files); i += 4 {
				if err := c.s.Finish([]int{i}); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			got := make([]byte, len(c.data))
			if _, err := c.s.ReadAt(got, 0); err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && !bytes.Equal(got, c.data) {
				t.Errorf("read during Finish: %v", err)
			}
		})
	}
	wg.Wait()
	for i := range files {
		c.wantFile(files[i].Path, i)
	}
}

// The first writes to a new file may come all at once: giving it its size is not
// taken for a change by somebody else.
func TestConcurrentFirstWrites(t *testing.T) {
	const files, writers, piece = 300, 8, 64
	var list []File
	for i := range files {
		list = append(list, File{Path: fmt.Sprint(i), Length: writers * piece, Wanted: true})
	}
	c := newTC(t, list...)
	c.spec.MaxOpen = 1 // so that each new file closes another
	c.open()
	for i := range int64(files) {
		var wg sync.WaitGroup
		for w := range int64(writers) {
			wg.Go(func() {
				if err := c.write((i*writers+w)*piece, piece); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	if err := c.s.Finish(nil); err != nil {
		t.Error(err)
	}
	if got := c.s.Changed(); got != nil {
		t.Errorf("changed: %v", got)
	}
}

// Memory stays bounded: no allocation per piece.
func TestNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("pools drop what they are given under the race detector")
	}
	c := newTC(t, File{Path: "a", Length: 1 << 20, Wanted: true}, File{Path: "pad", Length: 100, Pad: true},
		File{Path: "b", Length: 1 << 20, Wanted: true})
	c.spec.NoSync = false
	c.open()
	bufs := cut(c.data)
	check(t, c.s.WriteVec(bufs, 0))
	got := make([]byte, len(c.data))
	if n := testing.AllocsPerRun(50, func() {
		check(t, c.s.WriteVec(bufs, 0))
	}); n > 0 {
		t.Errorf("WriteVec allocates %v times", n)
	}
	if n := testing.AllocsPerRun(50, func() { c.s.ReadAt(got, 0) }); n > 0 {
		t.Errorf("ReadAt allocates %v times", n)
	}
}
