package storage

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
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

// Stores that share a budget stay below it together, and closing one leaves the
// others' files alone.
func TestDescriptorsAreShared(t *testing.T) {
	d := NewDescriptors(12)
	var all []*tc
	for range 5 {
		var files []File
		for i := range 20 {
			files = append(files, File{Path: fmt.Sprintf("d%d/f%d", i%4, i), Length: 10, Wanted: true})
		}
		c := newTC(t, files...)
		c.spec.Descriptors, c.spec.MaxOpen = d, 1
		c.open()
		all = append(all, c)
	}
	total := func() (n int) {
		for _, c := range all {
			n += openCount(t, c.spec.Dir)
		}
		return n
	}
	for off := int64(0); off < 200; off += 5 {
		for _, c := range all {
			c.mustWrite(off, 5)
			if n := total(); n > 12+5*4 {
				t.Fatalf("%d descriptors open", n)
			}
		}
	}
	if d.n != 12 {
		t.Errorf("%d of 12 in use after writing 100 files", d.n)
	}
	check(t, all[0].s.Finish(nil))
	for i, c := range all {
		c.wantRead(0, 200)
		c.close()
		if n := openCount(t, c.spec.Dir); n != 0 {
			t.Errorf("%d descriptors left open by Store %d", n, i)
		}
	}
	if d.n != 0 || d.list.next != &d.list {
		t.Errorf("%d counted when all Stores are closed", d.n)
	}
}

// One Store closes while others that share its budget take its places.
func TestDescriptorsConcurrently(t *testing.T) {
	d := NewDescriptors(3)
	var all sync.WaitGroup
	for range 4 {
		c := newTC(t, File{Path: "a", Length: 50, Wanted: true}, File{Path: "d/b", Length: 50, Wanted: true}, File{Path: "d/c", Length: 50})
		c.spec.Descriptors = d
		all.Go(func() {
			for range 20 {
				s, err := Open(c.spec)
				if err != nil {
					t.Error(err)
					return
				}
				got := make([]byte, 100)
				if err := s.WriteVec([][]byte{c.data}, 0); err != nil {
					t.Error(err)
				}
				if _, err := s.ReadAt(got, 0); err != nil || !bytes.Equal(got, c.data[:100]) {
					t.Error("read back:", err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if d.n != 0 {
		t.Errorf("%d counted when all Stores are closed", d.n)
	}
}

func TestDescriptorsDefault(t *testing.T) {
	if n := NewDescriptors(0).limit; n < 8 || n > 512 || n > max(8, OpenLimit()/4) {
		t.Errorf("%d descriptors of %d", n, OpenLimit())
	}
	if n := NewDescriptors(3).limit; n != 3 {
		t.Errorf("%d, want 3", n)
	}
}

func TestCacheOrder(t *testing.T) {
	dir := t.TempDir()
	c := &cache{NewDescriptors(2)}
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
