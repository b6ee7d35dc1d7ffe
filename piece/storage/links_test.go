package storage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// trap is a folder outside the target, with a victim in it; nothing in it may
// change.
type trap struct {
	*tc
	outside string
}

func newTrap(t *testing.T) *trap {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege on Windows")
	}
	c := newTC(t, File{Path: "d/e/a", Length: 100, Wanted: true}, File{Path: "b", Length: 100, Wanted: true},
		File{Path: "empty", Wanted: true}, File{Path: "unwanted", Length: 100}, File{Path: "last", Length: 10, Wanted: true})
	tr := &trap{c, t.TempDir()}
	check(t, os.WriteFile(filepath.Join(tr.outside, "victim"), []byte("precious"), 0o666))
	check(t, os.MkdirAll(c.spec.Dir, 0o777))
	return tr
}

// plant puts a link into the target folder.
func (tr *trap) plant(name, to string) {
	tr.t.Helper()
	p := filepath.Join(tr.spec.Dir, name)
	check(tr.t, os.MkdirAll(filepath.Dir(p), 0o777))
	check(tr.t, os.Symlink(to, p))
}

// sprung uses the Store for all it can do and returns the errors.
func (tr *trap) sprung() error {
	s, err := Open(tr.spec)
	if err != nil {
		return err
	}
	defer s.Close()
	for _, f := range tr.spec.Files {
		err = errors.Join(err, s.WriteVec(cut(tr.data[f.Offset:f.Offset+f.Length]), f.Offset))
		s.ReadAt(make([]byte, f.Length), f.Offset)
	}
	return errors.Join(err, s.CheckSpace(), s.Sync(), s.SaveRecord([]byte("r")), s.SaveMetainfo([]byte("m")), s.Finish(nil))
}

func (tr *trap) wantUntouched() {
	tr.t.Helper()
	got, err := os.ReadFile(filepath.Join(tr.outside, "victim"))
	if err != nil || string(got) != "precious" {
		tr.t.Errorf("the victim is %q, %v", got, err)
	}
	entries, _ := os.ReadDir(tr.outside)
	if len(entries) != 1 {
		tr.t.Errorf("outside the target there is now: %v", entries)
	}
}

func TestLinksAreRefused(t *testing.T) {
	for _, name := range []string{
		"b", "b.part", "d", "d/e", "d/e/a", "d/e/a.part", "empty",
		".name.gotor.parts", ".name.gotor", ".name.gotor.torrent", ".name.gotor.lock",
	} {
		for _, to := range []string{"victim", "missing", "."} {
			for _, overwrite := range []bool{false, true} {
				tr := newTrap(t)
				tr.spec.Overwrite = overwrite
				tr.plant(name, filepath.Join(tr.outside, to))
				err := tr.sprung()
				tr.wantUntouched()
				switch {
				case strings.HasSuffix(name, ".lock"):
					if err == nil || !strings.Contains(err.Error(), "regular file") {
						t.Errorf("%s -> %s: %v", name, to, err)
					}
				case strings.HasPrefix(name, ".name.gotor") && name != ".name.gotor.parts":
					// State is renamed into place: a link there is replaced, not followed.
					if err != nil {
						t.Errorf("%s -> %s: %v", name, to, err)
					}
				case err == nil || !strings.Contains(err.Error(), "symbolic link"):
					t.Errorf("%s -> %s: %v", name, to, err)
				}
			}
		}
	}
}

// A link that stays inside the target is refused too: one file of a torrent must
// not be written through the name of another.
func TestLinksInsideAreRefused(t *testing.T) {
	for _, link := range [][2]string{{"b", "d/e/a"}, {"b.part", "unwanted"}, {"d", "other"}, {"d/e", "../other"}} {
		tr := newTrap(t)
		tr.put("other/x", []byte("precious"))
		tr.put("unwanted", []byte("precious"))
		tr.plant(link[0], link[1])
		if err := tr.sprung(); err == nil || !strings.Contains(err.Error(), "symbolic link") {
			t.Errorf("%s -> %s: %v", link[0], link[1], err)
		}
		for _, name := range []string{"other/x", "unwanted"} {
			if got, _ := os.ReadFile(filepath.Join(tr.spec.Dir, name)); string(got) != "precious" {
				t.Errorf("%s -> %s: %s is now %q", link[0], link[1], name, got)
			}
		}
	}
}

func TestStatOfLinks(t *testing.T) {
	tr := newTrap(t)
	tr.plant("d", tr.outside)
	tr.plant("b", "victim")
	tr.put("last/inside", nil)
	tr.open()
	tr.wantKind(0, Conflict)
	tr.wantKind(1, Conflict)
	tr.wantKind(4, Conflict) // a folder
	if _, err := tr.s.ReadAt(make([]byte, 1), 0); err == nil {
		t.Error("read through a link")
	}
	if _, err := tr.s.LoadRecord(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("LoadRecord: %v", err)
	}
}

func TestStateIsNotReadThroughLinks(t *testing.T) {
	tr := newTrap(t)
	check(t, os.WriteFile(filepath.Join(tr.outside, "victim"), wrapRecord([]byte("evil")), 0o666))
	tr.plant(".name.gotor", filepath.Join(tr.outside, "victim"))
	tr.plant(".name.gotor.torrent", filepath.Join(tr.outside, "victim"))
	tr.open()
	if _, err := tr.s.LoadRecord(); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("LoadRecord: %v", err)
	}
	if _, err := tr.s.LoadMetainfo(); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("LoadMetainfo: %v", err)
	}
}

// A folder is replaced by a link while the download runs: what is open stays
// open on the old folder, and nothing is opened through the link.
func TestFolderSwappedWhileOpen(t *testing.T) {
	tr := newTrap(t)
	tr.open()
	tr.mustWrite(0, 50)
	check(t, os.Rename(filepath.Join(tr.spec.Dir, "d"), filepath.Join(tr.spec.Dir, "moved")))
	tr.plant("d", tr.outside)
	tr.s.WriteVec(cut(tr.data[50:100]), 50)
	tr.s.cache.drop(&tr.s.files.list[0].h)
	tr.s.cache.drop(&tr.s.files.list[0].dir.h)
	tr.s.cache.drop(&tr.s.files.list[0].dir.parent.h)
	if err := tr.write(0, 100); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("write: %v", err)
	}
	if err := tr.s.Finish([]int{0}); err == nil {
		t.Error("finish went through the link")
	}
	tr.wantUntouched()
}

// The user's own path may lead through links.
func TestTargetMayBeALink(t *testing.T) {
	tr := newTrap(t)
	real := tr.spec.Dir
	link := filepath.Join(t.TempDir(), "link")
	check(t, os.Symlink(real, link))
	tr.spec.Dir = link
	tr.open()
	tr.mustWrite(0, tr.spec.TotalLength-110)
	tr.close()
	tr.spec.Dir = real
	tr.open()
	tr.wantRead(0, 100)
}

func TestSpecialFilesAreRefused(t *testing.T) {
	tr := newTrap(t)
	check(t, makeFifo(filepath.Join(tr.spec.Dir, "b")))
	check(t, makeFifo(filepath.Join(tr.spec.Dir, ".name.gotor")))
	tr.open()
	tr.wantKind(1, Conflict)
	if err := tr.write(100, 100); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("write: %v", err)
	}
	if _, err := tr.s.LoadRecord(); err == nil {
		t.Error("read a record from a pipe")
	}
}
