package storage

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// What a fuzzed folder is like.
const (
	sideSummed    = 1 << iota // the checksum of the side file is right
	recordWrapped             // the record has its frame
	underFinal                // the data is under its final name, not as .part
	linked                    // a link stands for another .part
	reading                   // Spec.ReadOnly
	extended                  // the .part is longer than its file
)

// FuzzOpen opens a torrent over whatever a folder holds in the place of its state
// and data. It may be refused; but nothing outside is touched, and what is written
// then is read back.
func FuzzOpen(f *testing.F) {
	x := newSideIndex([]Range{{1000, 200}, {1800, 200}})
	side := append(x.appendHeader(nil, 3000), make([]byte, sideAlign)...)
	f.Add(side, make([]byte, 1000), []byte("r"), byte(recordWrapped))
	f.Add(side[:40], make([]byte, 1500), []byte(nil), byte(sideSummed|linked))
	f.Add([]byte(sideMagic), []byte("x"), wrapRecord([]byte("r")), byte(underFinal|extended))
	f.Add([]byte(nil), []byte(nil), []byte(recordMagic), byte(reading|linked))
	f.Fuzz(func(t *testing.T, side, part, record []byte, how byte) {
		if len(side)+len(part)+len(record) > 64<<10 {
			return
		}
		c := neighbours(t, true, false, true)
		c.plant(side, part, record, how)
		out := filepath.Join(filepath.Dir(c.spec.Dir), "outside")
		check(t, os.WriteFile(out, []byte("untouched"), 0o600))
		s, err := Open(c.spec)
		if err == nil {
			c.s = s
			c.use()
		}
		if _, err := FindStates(c.spec.Dir); err != nil {
			t.Error(err)
		}
		if b, err := os.ReadFile(out); err != nil || string(b) != "untouched" {
			t.Errorf("outside of the folder: %q, %v", b, err)
		}
		if list, _ := os.ReadDir(filepath.Dir(c.spec.Dir)); len(list) != 2 {
			t.Errorf("beside the folder: %v", list)
		}
	})
}

// plant fills the folder before it is opened.
func (c *tc) plant(side, part, record []byte, how byte) {
	if how&sideSummed != 0 && len(side) > sideFixed+4 {
		n := sideFixed + (len(side)-sideFixed-4)/16*16
		side = wrapSum(side[:n])
	}
	if how&recordWrapped != 0 {
		record = wrapRecord(record)
	}
	if how&extended != 0 {
		part = append(bytes.Clone(part), make([]byte, 1000)...)
	}
	c.put(".name.gotor.parts", side)
	c.put(".name.gotor", record)
	c.put(".name.gotor.torrent", record)
	if how&underFinal != 0 {
		c.put("d/a", part)
	} else {
		c.put("d/a.part", part)
	}
	if how&linked != 0 {
		os.Symlink("../../outside", filepath.Join(c.spec.Dir, "d", "c.part")) // where there are no links, there is no danger
	}
	c.spec.ReadOnly = how&reading != 0
}

// wrapSum appends the checksum of a side file's header.
func wrapSum(b []byte) []byte {
	sum := checksum(b)
	return append(bytes.Clone(b), byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
}

// use reads all there is, and writes and reads back.
func (c *tc) use() {
	defer c.s.Close()
	if n, _ := c.s.ReadAt(make([]byte, 3000), 0); n > 3000 {
		c.t.Errorf("%d bytes were read", n)
	}
	c.s.LoadRecord()
	c.s.LoadMetainfo()
	for _, off := range []int64{0, 900, 1800, 2700} {
		if c.write(off, 300) == nil {
			c.wantRead(off, 300)
		}
	}
	c.s.Finish(nil)
	c.s.SaveRecord([]byte("new"))
}

// FuzzLoadState reads whatever is in the place of a state file.
func FuzzLoadState(f *testing.F) {
	f.Add(wrapRecord([]byte("content")), "x")
	f.Add([]byte(recordMagic), "..")
	f.Add([]byte(nil), "a/b")
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		dir := t.TempDir()
		if err := SaveState(dir, name, b); err == nil {
			if got, err := LoadState(dir, name); err != nil || !bytes.Equal(got, b) {
				t.Fatalf("saved %q, loaded %q, %v", b, got, err)
			}
			check(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
			if got, err := LoadState(dir, name); err == nil && !bytes.Equal(wrapRecord(got), b) {
				t.Fatalf("%q is taken for %q", b, got)
			}
		}
		list, err := os.ReadDir(dir)
		if err != nil || len(list) > 1 {
			t.Fatalf("in the folder: %v, %v", list, err)
		}
	})
}
