package storage

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// edited is three files of 1000 bytes in pieces of 300, of which the middle one
// is not wanted and has been changed by its owner.
func edited(t *testing.T, noSync bool) (c *tc, theirs []byte) {
	c = neighbours(t, true, false, true)
	c.spec.NoSync = noSync
	theirs = bytes.Clone(c.data[1000:2000])
	theirs[50] ^= 0xff
	theirs[950] ^= 0xff
	c.put("d/b", theirs)
	return c, theirs
}

// wantTheirs checks that the owner's file is as it was.
func (c *tc) wantTheirs(theirs []byte) {
	c.t.Helper()
	if got, err := os.ReadFile(filepath.Join(c.spec.Dir, "d/b")); err != nil || !bytes.Equal(got, theirs) {
		c.t.Errorf("the file that was not asked for has changed: %v", err)
	}
}

// A file that was not asked for and has other content does not keep its
// neighbours from being finished, in this run and the next.
func TestEditedNeighbour(t *testing.T) {
	for _, noSync := range []bool{true, false} {
		c, theirs := edited(t, noSync)
		c.open()
		c.mustWrite(0, 900)
		c.mustWrite(900, 300)
		c.wantRead(0, 1200)
		c.mustWrite(1800, 300) // the other end of it
		c.wantRead(1800, 300)
		c.wantTheirs(theirs)
		c.close()

		c.open()
		c.wantRead(0, 1200)
		c.wantRead(1800, 300)
		c.mustWrite(1800, 300)
		c.mustWrite(2100, 900)
		c.finish()
		c.wantFile("d/a", 0)
		c.wantFile("d/c", 2)
		c.wantTheirs(theirs)
		check(t, c.s.RemoveState())
		c.wantGone(".name.gotor.parts", ".name.gotor.tmp")
		c.close()
	}
}

// What other pieces were verified with is kept when the file is given up.
func TestEditedNeighbourKeepsWhatIsGood(t *testing.T) {
	c := neighbours(t, true, false, true, false)
	theirs := bytes.Clone(c.data[1000:2000])
	theirs[950] ^= 0xff
	c.put("d/b", theirs)
	c.open()
	c.wantRead(1000, 200)  // good as they are
	c.mustWrite(2700, 300) // a side file is there for d before b comes to it
	c.mustWrite(3000, 300)
	c.mustWrite(1800, 300)
	check(t, os.Remove(filepath.Join(c.spec.Dir, "d/b")))
	for range 2 {
		c.wantRead(1000, 200)
		c.wantRead(1800, 300)
		c.wantRead(2700, 600)
		c.close()
		c.open()
	}
}

// An intact neighbour is read where it is; no side file is made.
func TestIntactNeighbour(t *testing.T) {
	c := neighbours(t, true, false, true)
	c.put("d/b", c.data[1000:2000])
	c.open()
	c.mustWrite(0, 1200)
	c.mustWrite(1800, 1200)
	c.wantRead(0, 3000)
	c.finish()
	c.wantGone(".name.gotor.parts")
}

// Asked for after all, the file is in the way, unless it may be overwritten.
func TestEditedNeighbourSelectedLater(t *testing.T) {
	for _, overwrite := range []bool{false, true} {
		c, theirs := edited(t, true)
		c.spec.Overwrite = overwrite
		c.open()
		c.mustWrite(900, 300)
		c.mustWrite(1800, 300)
		c.wantTheirs(theirs)
		c.close()

		c.choose(true, true, true)
		c.open()
		err := c.write(900, 300)
		if !overwrite {
			if !errors.Is(err, ErrConflict) {
				t.Errorf("write: %v, want %v", err, ErrConflict)
			}
			c.wantTheirs(theirs)
			c.close()
			continue
		}
		check(t, err)
		c.mustWrite(0, 3000)
		c.finish()
		c.wantFile("d/b", 1)
		c.close()
	}
}

// Many pieces find at the same time that files are not ours, while others write
// to the side file and read.
func TestEditedNeighboursConcurrently(t *testing.T) {
	var files []File
	for i := range 40 {
		files = append(files, File{Path: string(rune('A' + i)), Length: 10, Wanted: i%4 == 0})
	}
	c := newTC(t, files...)
	c.piece = 20
	for i, f := range c.spec.Files {
		if i%4 == 1 {
			c.put(f.Path, bytes.Repeat([]byte{0}, 10))
		}
	}
	c.open()
	var all sync.WaitGroup
	for _, r := range c.spec.wantedRanges() {
		all.Go(func() {
			if err := c.write(r.Off, r.Len); err != nil {
				t.Error(err)
			}
			got := make([]byte, r.Len)
			if _, err := c.s.ReadAt(got, r.Off); err != nil || !bytes.Equal(got, c.data[r.Off:r.end()]) {
				t.Errorf("read back %v: %v, %v", r, got, err)
			}
		})
	}
	all.Wait()
	c.finish()
	for i, f := range c.spec.Files {
		if i%4 == 0 {
			c.wantFile(f.Path, i)
		}
	}
	c.close()
}
