package storage

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// openCount returns how many descriptors of this process lead into a folder.
func openCount(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc/self/fd here")
	}
	n := 0
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(to, dir) {
			n++
		}
	}
	return n
}

// Threats P5: open files stay under the stated bound.
func TestDescriptorsAreBounded(t *testing.T) {
	var files []File
	for i := range 300 {
		files = append(files, File{Path: fmt.Sprintf("d%d/e/f%d", i%30, i), Length: 10, Wanted: true})
	}
	c := newTC(t, files...)
	c.spec.MaxOpen = 10
	c.open()
	for off := int64(0); off < 3000; off += 7 {
		c.mustWrite(off, min(7, 3000-off))
		if n := openCount(t, c.spec.Dir); n > 10+4 {
			t.Fatalf("%d descriptors open", n)
		}
	}
	c.wantRead(0, 3000)
	check(t, c.s.Finish(nil))
	c.wantRead(0, 3000)
	c.close()
	if n := openCount(t, c.spec.Dir); n != 0 {
		t.Errorf("%d descriptors left open", n)
	}
}

func TestCacheOrder(t *testing.T) {
	dir := t.TempDir()
	c := newCache(2)
	slots := make([]*handle, 4)
	open := func(i int) {
		f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
		check(t, err)
		c.put(&slots[i], &handle{f: f})
	}
	want := func(open ...int) {
		t.Helper()
		n := 0
		for i := range slots {
			if slots[i] != nil {
				if n >= len(open) || open[n] != i {
					t.Fatalf("slot %d is open", i)
				}
				n++
			}
		}
		if n != len(open) || c.n != n {
			t.Fatalf("%d open, counted %d, want %v", n, c.n, open)
		}
	}
	open(0)
	open(1)
	open(2) // all in use: one more than the limit
	want(0, 1, 2)
	c.release(slots[0])
	c.release(slots[1])
	c.release(c.get(&slots[0])) // 1 is now the oldest idle one
	open(3)
	want(0, 2, 3)
	h := slots[2]
	c.drop(&slots[2]) // in use: closed by its user
	want(0, 3)
	if _, err := h.f.WriteString("x"); err != nil {
		t.Error("closed while in use")
	}
	c.release(h)
	if _, err := h.f.WriteString("x"); err == nil {
		t.Error("not closed by its last user")
	}
	c.closeAll()
	want()
	defer func() {
		if recover() == nil {
			t.Error("a second release went unnoticed")
		}
	}()
	c.release(h)
}
