package storage

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// neighbours are five files of 1000 bytes in pieces of 300, of which some are
// wanted.
func neighbours(t testing.TB, wanted ...bool) *tc {
	var files []File
	for i, w := range wanted {
		files = append(files, File{Path: "d/" + string(rune('a'+i)), Length: 1000, Wanted: w})
	}
	c := newTC(t, files...)
	c.piece = 300
	return c
}

// choose is the same torrent with another selection.
func (c *tc) choose(wanted ...bool) {
	files := append([]File(nil), c.spec.Files...)
	for i := range wanted {
		files[i].Wanted = wanted[i]
	}
	c.spec.Files = files
}

func (c *tc) side() string { return filepath.Join(c.spec.Dir, ".name.gotor.parts") }

// Users-ask 24: edge pieces in one hidden side file, never full-size neighbours.
func TestUnwantedNeighbours(t *testing.T) {
	c := neighbours(t, false, true, false, true, false)
	c.open()
	for _, r := range c.spec.wantedRanges() {
		c.mustWrite(r.Off, r.Len)
		c.wantRead(r.Off, r.Len)
	}
	c.finish()
	c.wantFile("d/b", 1)
	c.wantFile("d/d", 3)
	c.wantGone("d/a", "d/a.part", "d/c", "d/c.part", "d/e", "d/e.part")
	fi, err := os.Stat(c.side())
	check(t, err)
	if fi.Size() > sideAlign+1000 {
		t.Errorf("the side file has %d bytes", fi.Size())
	}
	st, err := c.s.side.stat()
	if err != nil || st.Kind != Part || st.Size != fi.Size() {
		t.Errorf("side: %+v, %v", st, err)
	}
	// A piece that is not wanted has no place.
	if err := c.write(4500, 10); err == nil {
		t.Error("an unwanted piece was written")
	}
	if n, err := c.s.ReadAt(make([]byte, 100), 4400); n != 0 || err != io.ErrUnexpectedEOF {
		t.Errorf("read of an unwanted piece: %d, %v", n, err)
	}
}

func TestSideFileMovesWithTheSelection(t *testing.T) {
	for _, noSync := range []bool{true, false} {
		c := neighbours(t, false, true, false, true, false)
		c.spec.NoSync = noSync
		c.open()
		for _, r := range c.spec.wantedRanges() {
			c.mustWrite(r.Off, r.Len)
		}
		first := c.spec.wantedRanges()
		c.close()

		c.choose(true, true, false, false, false) // a is wanted now
		c.open()
		c.wantKind(0, Part)
		for _, r := range first {
			c.wantRead(r.Off, r.Len)
		}
		c.mustWrite(0, 1200)
		c.finish(0, 1)
		c.wantFile("d/a", 0)
		c.close()

		c.choose(true, true, true, true, true) // everything is
		c.open()
		c.wantGone(".name.gotor.parts")
		for _, r := range first {
			c.wantRead(r.Off, r.Len)
		}
		c.mustWrite(0, 5000)
		c.finish()
		for i, f := range c.spec.Files {
			c.wantFile(f.Path, i)
		}
		c.close()
	}
}

// A file that is no longer wanted keeps its .part and is read and written there.
func TestUnselectedFileKeepsItsPart(t *testing.T) {
	c := neighbours(t, true, true, true, true, true)
	c.open()
	c.mustWrite(0, 1500)
	c.close()
	c.choose(true, false, true, false, false)
	c.open()
	c.wantRead(0, 1500)
	c.mustWrite(1500, 1500)
	c.wantRead(0, 3000)
	c.wantGone(".name.gotor.parts")
	c.close()
}

func TestZerosMove(t *testing.T) {
	c := neighbours(t, true, false)
	clear(c.data)
	c.open()
	c.mustWrite(900, 300)
	c.close()
	c.choose(true, true)
	c.open()
	c.wantRead(1000, 200)
	c.mustWrite(0, 2000)
	c.finish()
	c.wantFile("d/b", 1)
}

// A migration that was cut off before the old side file went is done again.
func TestMigrationTwice(t *testing.T) {
	c := neighbours(t, true, false, false)
	c.open()
	c.mustWrite(900, 300)
	c.close()
	old, err := os.ReadFile(c.side())
	check(t, err)
	c.choose(true, true, false)
	c.open()
	c.close()
	check(t, os.WriteFile(c.side(), old, 0o600))
	c.open()
	c.wantRead(900, 300)
	c.close()
}

func TestSideFileReadOnly(t *testing.T) {
	c := neighbours(t, true, false)
	c.open()
	c.mustWrite(900, 300)
	c.finish(0)
	c.close()
	before := snapshot(t, c.spec.Dir)
	c.spec.ReadOnly = true
	c.choose(true, true) // wanted, but a reader moves nothing
	c.open()
	c.wantRead(900, 300)
	c.wantKind(1, Missing)
	if err := c.s.WriteVec([][]byte{{1}}, 0); !errors.Is(err, ErrReadOnly) {
		t.Errorf("write: %v", err)
	}
	c.close()
	if after := snapshot(t, c.spec.Dir); after != before {
		t.Errorf("a reader changed the folder:\n%s\n%s", before, after)
	}
}

func TestDamagedSideFileIsReplaced(t *testing.T) {
	for name, spoil := range map[string]func(b []byte) []byte{
		"empty":         func(b []byte) []byte { return nil },
		"cut":           func(b []byte) []byte { return b[:40] },
		"bit":           func(b []byte) []byte { b[35] ^= 4; return b },
		"other torrent": func(b []byte) []byte { b[23]++; return b },
		"many ranges":   func(b []byte) []byte { b[27] = 0xff; return b },
	} {
		t.Run(name, func(t *testing.T) {
			c := neighbours(t, true, false)
			c.open()
			c.mustWrite(900, 300)
			c.close()
			b, err := os.ReadFile(c.side())
			check(t, err)
			check(t, os.WriteFile(c.side(), spoil(b), 0o600))
			c.open()
			if n, _ := c.s.ReadAt(make([]byte, 200), 1000); n != 0 {
				t.Errorf("read %d bytes from it", n)
			}
			c.mustWrite(900, 300)
			c.wantRead(900, 300)
			c.close()
			c.open()
			c.wantRead(900, 300)
		})
	}
}

// What stands in the place of a file that nobody asked for is left alone.
func TestUnwantedNeighbourInTheWay(t *testing.T) {
	c := neighbours(t, true, false, true)
	c.put("d/b", []byte("something else"))
	c.put("d/c", c.data[2000:3000]) // complete from an earlier run
	c.open()
	c.mustWrite(900, 300)
	c.mustWrite(1800, 300)
	c.wantRead(900, 300)
	c.wantRead(1800, 300)
	if got, _ := os.ReadFile(filepath.Join(c.spec.Dir, "d/b")); string(got) != "something else" {
		t.Error("it was changed")
	}
}

// One write reaches over several small unwanted files in one call.
func TestSideRangeOverFiles(t *testing.T) {
	var files []File
	for i := range 50 {
		files = append(files, File{Path: string(rune('a' + i)), Length: 10, Wanted: i == 25})
	}
	c := newTC(t, files...)
	c.piece = 500
	c.open()
	c.mustWrite(0, 500)
	c.wantRead(0, 500)
	if got := c.s.side.index.ranges; len(got) != 2 {
		t.Errorf("ranges: %v", got)
	}
	entries, _ := os.ReadDir(c.spec.Dir)
	if len(entries) != 4 { // z.part, side file, lock, list of files
		t.Errorf("in the folder: %v", entries)
	}
}

func TestSideIndexTouches(t *testing.T) {
	x := newSideIndex([]Range{{10, 5}, {20, 1}})
	for r, want := range map[[2]int64]bool{{0, 10}: false, {0, 11}: true, {14, 20}: true, {15, 20}: false, {15, 21}: true, {21, 99}: false} {
		if got := x.touches(r[0], r[1]); got != want {
			t.Errorf("touches %v: %v", r, got)
		}
	}
}

func FuzzSideIndex(f *testing.F) {
	x := newSideIndex([]Range{{0, 5}, {10, 90}})
	f.Add(x.appendHeader(nil, 100))
	f.Add([]byte(sideMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4 { // let the fuzzer past the checksum
			sum := len(b) - 4
			b = append(b[:sum:sum], byte(checksum(b[:sum])>>24), byte(checksum(b[:sum])>>16), byte(checksum(b[:sum])>>8), byte(checksum(b[:sum])))
		}
		x, err := readSideIndex(bytes.NewReader(b), 100)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		end := int64(-1)
		for i, r := range x.ranges {
			if r.Off <= end || r.Len <= 0 || r.end() > 100 || x.pos[i]+r.Len > x.size {
				t.Fatalf("accepted %v", x)
			}
			end = r.end()
		}
		again, err := readSideIndex(bytes.NewReader(x.appendHeader(nil, 100)), 100)
		if err != nil || len(again.ranges) != len(x.ranges) {
			t.Fatalf("round trip: %v, %v", again, err)
		}
	})
}

func TestSideIndexLocate(t *testing.T) {
	x := newSideIndex([]Range{{10, 5}, {20, 1}})
	for off, want := range map[int64][2]int64{
		9: {0, 0}, 10: {4096, 5}, 14: {4100, 1}, 15: {0, 0}, 19: {0, 0}, 20: {4101, 1}, 21: {0, 0},
	} {
		if pos, n := x.locate(off); pos != want[0] || n != want[1] {
			t.Errorf("locate(%d) = %d, %d", off, pos, n)
		}
	}
	if x.size != 4102 {
		t.Errorf("size %d", x.size)
	}
}
