package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"
)

func TestLongNames(t *testing.T) {
	long := strings.Repeat("é", 127) + "x" // 255 bytes
	other := strings.Repeat("é", 127) + "y"
	for _, name := range []string{"a", long, other, long[:250], long[:252]} {
		for _, got := range []string{partName(name), stateName(name, recordSuffix), stateName(name, metainfoSuffix), stateName(name, tempSuffix)} {
			if len(got) > 255 || !utf8.ValidString(got) {
				t.Errorf("%q has %d bytes", got, len(got))
			}
		}
	}
	if partName("a") != "a.part" || stateName("a", lockSuffix) != ".a.gotor.lock" {
		t.Error("short names are changed")
	}
	if partName(long) == partName(other) || stateName(long, recordSuffix) == stateName(other, recordSuffix) {
		t.Error("two names became one")
	}
	c := newTC(t, File{Path: long, Length: 50, Wanted: true}, File{Path: other + "/" + long, Length: 50, Wanted: true})
	c.spec.Name = long
	c.open()
	c.mustWrite(0, 70)
	check(t, c.s.SaveRecord([]byte("r")))
	check(t, c.s.SaveMetainfo([]byte("m")))
	c.close()
	c.open()
	c.wantRead(0, 70)
	c.mustWrite(70, 30)
	c.finish(0, 1)
	c.wantFile(long, 0)
	c.wantFile(other+"/"+long, 1)
}

func TestBadSpecs(t *testing.T) {
	good := func() Spec {
		return Spec{Dir: t.TempDir(), Name: "n", TotalLength: 100, Files: []File{{Path: "a", Length: 50}, {Path: "b", Offset: 50, Length: 50}}}
	}
	for name, spoil := range map[string]func(*Spec){
		"no name":             func(s *Spec) { s.Name = "" },
		"name leaves":         func(s *Spec) { s.Name = ".." },
		"name with slash":     func(s *Spec) { s.Name = "a/b" },
		"name with nul":       func(s *Spec) { s.Name = "a\x00b" },
		"negative total":      func(s *Spec) { s.TotalLength = -1 },
		"negative length":     func(s *Spec) { s.Files[0].Length = -1 },
		"overlap":             func(s *Spec) { s.Files[1].Offset = 49 },
		"beyond the end":      func(s *Spec) { s.Files[1].Length = 51 },
		"overflow":            func(s *Spec) { s.Files[1].Length = 1<<63 - 1 },
		"too many":            func(s *Spec) { s.Files = make([]File, maxFiles+1) },
		"empty path":          func(s *Spec) { s.Files[0].Path = "" },
		"absolute":            func(s *Spec) { s.Files[0].Path = "/etc/passwd" },
		"dot dot":             func(s *Spec) { s.Files[0].Path = "../a" },
		"dot dot inside":      func(s *Spec) { s.Files[0].Path = "x/../../a" },
		"not clean":           func(s *Spec) { s.Files[0].Path = "x//a" },
		"dot":                 func(s *Spec) { s.Files[0].Path = "." },
		"trailing slash":      func(s *Spec) { s.Files[0].Path = "a/" },
		"nul":                 func(s *Spec) { s.Files[0].Path = "a\x00" },
		"twice":               func(s *Spec) { s.Files[1].Path = "a" },
		"a and a.part":        func(s *Spec) { s.Files[1].Path = "a.part" },
		"file and folder":     func(s *Spec) { s.Files[1].Path = "a/b" },
		"part and folder":     func(s *Spec) { s.Files[1].Path = "a.part/b" },
		"record":              func(s *Spec) { s.Files[1].Path = ".n.gotor" },
		"lock":                func(s *Spec) { s.Files[1].Path = ".N.Gotor.lock" },
		"ranges out of order": func(s *Spec) { s.Ranges = []Range{{10, 10}, {0, 10}} },
		"range beyond":        func(s *Spec) { s.Ranges = []Range{{90, 11}} },
		"empty range":         func(s *Spec) { s.Ranges = []Range{{90, 0}} },
	} {
		spec := good()
		spoil(&spec)
		if s, err := Open(spec); err == nil {
			s.Close()
			t.Errorf("%s: accepted", name)
		}
	}
	spec := good()
	spec.Files[1].Path = "x/.n.gotor" // only the target folder itself holds state
	s, err := Open(spec)
	check(t, err)
	s.Close()
}

func TestWantedRanges(t *testing.T) {
	spec := Spec{TotalLength: 95, Ranges: []Range{{1, 2}}}
	if got := spec.wantedRanges(); len(got) != 1 || got[0] != (Range{1, 2}) {
		t.Errorf("given ranges: %v", got)
	}
	spec.Ranges = []Range{}
	if got := spec.wantedRanges(); len(got) != 0 {
		t.Errorf("nothing is wanted: %v", got)
	}
	spec.Ranges = nil
	if got := fmt.Sprint(spec.wantedRanges()); got != "[{0 95}]" {
		t.Errorf("everything: %v", got)
	}
}

func TestErrors(t *testing.T) {
	inner := &fs.PathError{Op: "openat", Path: "whatever", Err: syscall.EACCES}
	err := pathError("open", "d/f", inner)
	if err.Error() != "open d/f: "+syscall.EACCES.Error() || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v", err)
	}
	if pathError("write", "other", err) != err || pathError("write", "f", nil) != nil {
		t.Error("wrapped twice")
	}
	for _, full := range []error{syscall.ENOSPC, fmt.Errorf("x: %w", syscall.ENOSPC)} {
		if !errors.Is(pathError("write", "f", full), ErrNoSpace) {
			t.Errorf("%v is not ErrNoSpace", full)
		}
	}
	for path, want := range map[string]string{
		"ünïcode name.txt": "ünïcode name.txt",
		"a\x1b[31mred":     `"a\x1b[31mred"`,
		"a\nb":             `"a\nb"`,
		"a\u202eb":         `"a\u202eb"`,
		"a\xffb":           `"a\xffb"`,
	} {
		if got := safePath(path); got != want {
			t.Errorf("safePath(%q) = %s", path, got)
		}
	}
	for k, want := range map[Kind]string{Missing: "missing", Part: "part", Final: "final", Conflict: "conflict"} {
		if k.String() != want {
			t.Errorf("%d is %s", k, k)
		}
	}
}

// A folder in which nothing may be made.
func TestNoPermission(t *testing.T) {
	if syscall.Getuid() <= 0 {
		t.Skip("root may write anywhere, and Windows has other rules")
	}
	c := newTC(t, File{Path: "d/a", Length: 10, Wanted: true})
	c.put("d/x", nil)
	check(t, syscall.Chmod(c.spec.Dir+"/d", 0o555))
	c.open()
	if err := c.write(0, 10); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v", err)
	}
}
