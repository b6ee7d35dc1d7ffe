package storage

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckSpace(t *testing.T) {
	c := newTC(t, File{Path: "a", Length: 1 << 20, Wanted: true})
	c.open()
	check(t, c.s.CheckSpace())
	c.close()

	huge := Spec{Dir: c.spec.Dir, Name: "huge", TotalLength: 1 << 52, Files: []File{{Path: "huge\x1b[31m", Length: 1 << 52, Wanted: true}}}
	s, err := Open(huge)
	check(t, err)
	defer s.Close()
	err = s.CheckSpace()
	var se *SpaceError
	if !errors.Is(err, ErrNoSpace) || !errors.As(err, &se) {
		t.Fatalf("4 PiB: %v", err)
	}
	if se.Need != 1<<52 || se.Have <= 0 || se.Have >= se.Need {
		t.Errorf("need %d, have %d", se.Need, se.Have)
	}
	if text := err.Error(); !strings.Contains(text, "needs 4.0 PiB, has ") || !strings.Contains(text, "on "+c.spec.Dir) {
		t.Errorf("text: %s", text)
	}
}

func TestSpaceCounts(t *testing.T) {
	const mib = 1 << 20
	c := newTC(t, File{Path: "a", Length: 4 * mib, Wanted: true}, File{Path: "b", Length: 4 * mib},
		File{Path: "c", Length: 4*mib + 1, Wanted: true}, File{Path: "d", Length: 5, Wanted: true},
		File{Path: "p", Length: mib, Pad: true})
	c.piece = 3 * mib
	c.put("c", nil)
	c.open()
	check(t, os.WriteFile(filepath.Join(c.spec.Dir, "d"), c.data[12*mib+1:12*mib+6], 0o666))
	need := func() int64 {
		n := c.s.side.need()
		for i := range c.s.files.list {
			if f := &c.s.files.list[i]; f.wanted && !f.pad {
				n += c.s.files.fileNeed(f)
			}
		}
		return n
	}
	// a, c and the part of b in the pieces at 3..6 and 6..9 MiB; d is complete.
	if got := need(); got != 4*mib+4*mib+1+4*mib {
		t.Errorf("at first: %d", got)
	}
	c.mustWrite(0, 3*mib)
	check(t, c.s.Sync())
	if got := need(); got > 9*mib+1+mib/2 || got < 9*mib-mib/2 {
		t.Errorf("after 3 MiB: %d", got)
	}
}

func TestHuman(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1023: "1023 bytes", 1024: "1.0 KiB", 1536 << 20: "1.5 GiB", 1<<63 - 1: "8.0 EiB"} {
		if got := human(n); got != want {
			t.Errorf("human(%d) = %s", n, got)
		}
	}
}
