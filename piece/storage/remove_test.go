package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// download is a torrent of three files in folders, of which a is complete, sub/b is
// unfinished and c has bytes in the side file; a record and metainfo are beside it.
func download(t *testing.T) *tc {
	t.Helper()
	c := newTC(t, File{Path: "name/a", Length: 1000, Wanted: true}, File{Path: "name/sub/b", Length: 1000, Wanted: true},
		File{Path: "name/sub/c", Length: 1000}, File{Path: "name/empty", Wanted: true})
	c.piece = 700
	c.open()
	c.mustWrite(0, 1400)
	c.mustWrite(1400, 700)
	c.finish(0, 3)
	check(t, c.s.Begin([]byte("record"), []byte("metainfo")))
	c.close()
	return c
}

// listing lists what is in a folder, at all depths, folders with a slash at the end.
func listing(t testing.TB, dir string) (names []string) {
	t.Helper()
	filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		if rel = filepath.ToSlash(rel); d.IsDir() {
			rel += "/"
		}
		names = append(names, rel)
		return nil
	})
	return names
}

func wantTree(t testing.TB, dir string, want ...string) {
	t.Helper()
	if got := listing(t, dir); !slices.Equal(got, want) {
		t.Errorf("%s holds %q, want %q", dir, got, want)
	}
}

// left is what stayed, as text.
func (r Removed) left() string {
	var s []string
	for _, l := range r.Left {
		s = append(s, fmt.Sprintf("%s %v", l.Path, l.Why))
	}
	return strings.Join(s, "; ")
}

var allParts = []bool{true, true, true, true}

func TestRemove(t *testing.T) {
	c := download(t)
	r, err := Remove(RemoveSpec{Spec: c.spec, Complete: true, Unfinished: true, Parts: allParts})
	check(t, err)
	if r.Files != 3 || r.left() != "" {
		t.Errorf("%d files, left %q", r.Files, r.left())
	}
	wantTree(t, c.spec.Dir)
	if r, err := Remove(RemoveSpec{Spec: c.spec, Complete: true, Unfinished: true}); err != nil || r.Files != 0 || len(r.Left) > 0 {
		t.Errorf("once more: %+v, %v", r, err)
	}
	c.spec.Dir += "-missing"
	if r, err := Remove(RemoveSpec{Spec: c.spec, Complete: true}); err != nil || r.Files != 0 {
		t.Errorf("where nothing is: %+v, %v", r, err)
	}
	if _, err := os.Stat(c.spec.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder was made: %v", err)
	}
}

// TestRemoveSome: without unfinished files the state stays, and so do these.
func TestRemoveSome(t *testing.T) {
	c := download(t)
	r, err := Remove(RemoveSpec{Spec: c.spec, Complete: true, Parts: allParts})
	if err != nil || r.Files != 2 || r.left() != "" {
		t.Errorf("complete files: %d, left %q: %v", r.Files, r.left(), err)
	}
	wantTree(t, c.spec.Dir, ".name.gotor", ".name.gotor.files", ".name.gotor.lock", ".name.gotor.parts", ".name.gotor.torrent", "name/", "name/sub/", "name/sub/b.part")
	c = download(t)
	r, err = Remove(RemoveSpec{Spec: c.spec, Unfinished: true, Parts: allParts})
	if err != nil || r.Files != 1 || r.left() != "" {
		t.Errorf("unfinished files: %d, left %q: %v", r.Files, r.left(), err)
	}
	wantTree(t, c.spec.Dir, "name/", "name/a", "name/empty")
	c = download(t)
	r, err = Remove(RemoveSpec{Spec: c.spec, Complete: true, Unfinished: true, Parts: allParts, Chosen: []bool{true}})
	if err != nil || r.Files != 1 || r.left() != "" {
		t.Errorf("the first file: %d, left %q: %v", r.Files, r.left(), err)
	}
}

// TestRemoveLeaves: what is not the download's stays, and is told.
func TestRemoveLeaves(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	check(t, os.WriteFile(outside, make([]byte, 1000), 0o600))
	for name, c := range map[string]struct {
		change func(dir string) error
		want   string
		stays  string
	}{
		"another size": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "name/a"), []byte("mine"), 0o600) },
			"name/a has another size than the file of the torrent; name holds other files", "name/a"},
		"a link": {func(dir string) error {
			os.Remove(filepath.Join(dir, "name/a"))
			return os.Symlink(outside, filepath.Join(dir, "name/a"))
		}, "name/a is a symbolic link, which is never followed; remove it; name holds other files", "name/a"},
		"a folder": {func(dir string) error {
			os.Remove(filepath.Join(dir, "name/a"))
			return os.Mkdir(filepath.Join(dir, "name/a"), 0o700)
		}, "name/a a folder is in the way; name holds other files", "name/a"},
		"a neighbour": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "name/sub/mine"), nil, 0o600) },
			"name/sub holds other files; name holds other files", "name/sub/mine"},
		"state that is a folder": {func(dir string) error {
			os.Remove(filepath.Join(dir, ".name.gotor"))
			return os.Mkdir(filepath.Join(dir, ".name.gotor"), 0o700)
		}, ".name.gotor a folder is in the way", ".name.gotor"},
	} {
		d := download(t)
		check(t, c.change(d.spec.Dir))
		r, err := Remove(RemoveSpec{Spec: d.spec, Complete: true, Unfinished: true, Parts: allParts})
		if err != nil || r.left() != c.want {
			t.Errorf("%s: left %q, want %q: %v", name, r.left(), c.want, err)
		}
		if _, err := os.Lstat(filepath.Join(d.spec.Dir, c.stays)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if fi, err := os.Stat(outside); err != nil || fi.Size() != 1000 {
		t.Errorf("what a link led to: %v", err)
	}
}

// TestRemoveThroughLinkedFolder: a folder that was replaced by a link leads nowhere,
// inside of the target neither.
func TestRemoveThroughLinkedFolder(t *testing.T) {
	c := download(t)
	sub := filepath.Join(c.spec.Dir, "name", "sub")
	check(t, os.Rename(sub, filepath.Join(c.spec.Dir, "elsewhere")))
	check(t, os.Symlink("../elsewhere", sub))
	r, err := Remove(RemoveSpec{Spec: c.spec, Complete: true, Unfinished: true, Parts: allParts})
	if err != nil || !strings.Contains(r.left(), "name/sub/b is a symbolic link") && !strings.Contains(r.left(), "symbolic link") {
		t.Errorf("left %q: %v", r.left(), err)
	}
	if _, err := os.Stat(filepath.Join(c.spec.Dir, "elsewhere", "b.part")); err != nil {
		t.Errorf("removed through a link: %v", err)
	}
}

// TestRemoveForeignPart: other programs use that suffix, too.
func TestRemoveForeignPart(t *testing.T) {
	c := download(t)
	r, err := Remove(RemoveSpec{Spec: c.spec, Complete: true, Unfinished: true})
	if err != nil || r.left() != "name/sub/b.part is not certain to be of this download; name/sub holds other files; name holds other files" {
		t.Errorf("left %q: %v", r.left(), err)
	}
	wantTree(t, c.spec.Dir, "name/", "name/sub/", "name/sub/b.part")
}

func TestRemoveReadOnlyFolder(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("everybody may write here")
	}
	c := download(t)
	sub := filepath.Join(c.spec.Dir, "name", "sub")
	check(t, os.Chmod(sub, 0o500))
	t.Cleanup(func() { os.Chmod(sub, 0o700) })
	r, err := Remove(RemoveSpec{Spec: c.spec, Complete: true, Unfinished: true, Parts: allParts})
	if err != nil || r.Files != 2 || !strings.Contains(r.left(), "name/sub/b.part permission denied") {
		t.Errorf("%d files, left %q: %v", r.Files, r.left(), err)
	}
}

// TestRemoveOfMoving: what a Move that has died has left is told.
func TestRemoveOfMoving(t *testing.T) {
	c := download(t)
	check(t, os.Mkdir(filepath.Join(c.spec.Dir, ".name.gotor.move"), 0o700))
	r, err := Remove(RemoveSpec{Spec: c.spec, Complete: true, Unfinished: true, Parts: allParts})
	if err != nil || r.left() != ".name.gotor.move another move to this place is not finished" {
		t.Errorf("left %q: %v", r.left(), err)
	}
}

func TestRemoveOfHeld(t *testing.T) {
	c := download(t)
	c.open()
	if _, err := Remove(RemoveSpec{Spec: c.spec, Complete: true}); !errors.Is(err, ErrLocked) {
		t.Errorf("removed while it is open: %v", err)
	}
	c.close()
}
