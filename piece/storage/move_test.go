package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// moving is a download (see there) and where it goes.
type moving struct {
	*tc
	spec  MoveSpec
	files map[string][]byte // what it holds, by path
}

var errDead = errors.New("the process has died")

// newMoving makes a download that is to be moved to another folder, where the torrent
// has another name.
func newMoving(t *testing.T) *moving {
	t.Helper()
	c := download(t)
	to := c.spec
	to.Dir, to.Name, to.Files = filepath.Join(t.TempDir(), "new"), "other", slices.Clone(to.Files)
	for i := range to.Files {
		to.Files[i].Path = "other/" + strings.TrimPrefix(to.Files[i].Path, "name/")
	}
	m := &moving{tc: c, spec: MoveSpec{From: c.spec, To: to, Parts: allParts}, files: make(map[string][]byte)}
	m.spec.Record = func(l Looks) ([]byte, error) { return []byte("new record"), nil }
	for _, name := range listing(t, c.spec.Dir) {
		if b, err := os.ReadFile(filepath.Join(c.spec.Dir, name)); err == nil {
			m.files[name] = b
		}
	}
	return m
}

// whole says what is missing of the download in a folder; nothing if it is whole.
func (m *moving) whole(dir, name, record string) string {
	for path, want := range m.files {
		if strings.HasSuffix(path, claimsSuffix) || strings.HasSuffix(path, lockSuffix) {
			continue
		}
		got, err := os.ReadFile(filepath.Join(dir, strings.ReplaceAll(path, "name", name)))
		if strings.HasSuffix(path, recordSuffix) {
			want = wrapRecord([]byte(record))
		}
		if err != nil || !bytes.Equal(got, want) {
			return fmt.Sprintf("%s: %d bytes, %v", path, len(got), err)
		}
	}
	return ""
}

func (m *moving) oldWhole() string { return m.whole(m.spec.From.Dir, "name", "record") }
func (m *moving) newWhole() string { return m.whole(m.spec.To.Dir, "other", "new record") }

// wantMoved checks that everything is in the new place, and nothing in the old one.
func (m *moving) wantMoved(t *testing.T) {
	t.Helper()
	if why := m.newWhole(); why != "" {
		t.Errorf("the new place: %s", why)
	}
	wantTree(t, m.spec.From.Dir)
	wantTree(t, m.spec.To.Dir, ".other.gotor", ".other.gotor.lock", ".other.gotor.parts", ".other.gotor.torrent",
		"other/", "other/a", "other/empty", "other/sub/", "other/sub/b.part")
}

// wantStayed checks that the old place is as it was, and the new one empty.
func (m *moving) wantStayed(t *testing.T) {
	t.Helper()
	if why := m.oldWhole(); why != "" {
		t.Errorf("the old place: %s", why)
	}
	wantTree(t, m.spec.To.Dir)
}

// ways are how files come to the new place.
var ways = map[string]hands{
	"links":   {},
	"copies":  {link: func(*os.Root, string, *os.Root, string) error { return syscall.EXDEV }},
	"renames": {link: func(*os.Root, string, *os.Root, string) error { return syscall.EPERM }},
}

func TestMove(t *testing.T) {
	for way, h := range ways {
		t.Run(way, func(t *testing.T) {
			m := newMoving(t)
			m.spec.hands = h
			var told [2]int64
			m.spec.Progress = func(done, total int64) { told = [2]int64{done, total} }
			settled := 0
			m.spec.Settled = func(l Looks) error {
				settled++
				for i, f := range []string{"other/a", "other/sub/b.part", "", "other/empty"} {
					if f == "" {
						if l.Is[i].Size != NoFile {
							t.Errorf("file %d looks like %+v", i, l.Is[i])
						}
						continue
					}
					fi, err := os.Stat(filepath.Join(m.spec.To.Dir, f))
					if err != nil || !l.Is[i].Same(MarkOf(fi)) || l.Was[i].Size != l.Is[i].Size || l.Was[i].ModTime != l.Is[i].ModTime {
						t.Errorf("%s looked like %+v and looks like %+v: %v", f, l.Was[i], l.Is[i], err)
					}
				}
				return nil
			}
			check(t, Move(t.Context(), m.spec))
			m.wantMoved(t)
			if told[0] != told[1] || told[1] == 0 || settled != 1 {
				t.Errorf("told of %v bytes, %d times settled", told, settled)
			}
			check(t, Move(t.Context(), m.spec)) // nothing is left to do
			m.wantMoved(t)
			s, err := Open(m.spec.To)
			check(t, err)
			if b, err := s.LoadRecord(); err != nil || string(b) != "new record" {
				t.Errorf("record %q: %v", b, err)
			}
			check(t, s.Close())
		})
	}
}

// TestMoveCrash: the process dies before each change of the disk, one after the other.
// Then the old place is whole or the new one, and the same call finishes.
func TestMoveCrash(t *testing.T) {
	for way, h := range ways {
		t.Run(way, func(t *testing.T) {
			for at := 0; ; at++ {
				m := newMoving(t)
				n, last, settled := 0, "", false
				m.spec.hands = h
				m.spec.hands.before = func(what string) error {
					if n++; n > at {
						if n == at+1 {
							last = what
						}
						return errDead
					}
					settled = settled || what == "settle"
					return nil
				}
				err := Move(t.Context(), m.spec)
				if err == nil {
					if at < 10 {
						t.Errorf("only %d changes", at)
					}
					return
				}
				if !errors.Is(err, errDead) {
					t.Fatalf("at %d, %s: %v", at, last, err)
				}
				if errors.Is(err, ErrMoveHalf) != settled {
					t.Errorf("at %d, %s: it is said wrongly whether the new place counts: %v", at, last, err)
				}
				if a, b := m.oldWhole(), m.newWhole(); way != "renames" && a != "" && b != "" {
					t.Errorf("at %d, %s: neither is whole: old %s; new %s", at, last, a, b)
				}
				m.spec.hands = h
				if err := Move(t.Context(), m.spec); err != nil {
					t.Fatalf("at %d, %s: once more: %v", at, last, err)
				}
				m.wantMoved(t)
			}
		})
	}
}

// TestMoveUndone: what fails before the new place counts leaves the old one.
func TestMoveUndone(t *testing.T) {
	for way, h := range ways {
		for _, why := range []error{syscall.ENOSPC, context.Canceled} {
			for at := 2; ; at++ { // at 0 and 1 there is no note yet
				m := newMoving(t)
				n, settling := 0, false
				m.spec.hands = h
				m.spec.hands.before = func(what string) error {
					n++
					if settling = settling || what == "settle"; n == at+1 && !settling {
						return why
					}
					return nil
				}
				err := Move(t.Context(), m.spec)
				if settling {
					check(t, err)
					break
				}
				if !errors.Is(err, why) || why == syscall.ENOSPC && !errors.Is(err, ErrNoSpace) {
					t.Errorf("%s, at %d: %v", way, at, err)
				}
				m.wantStayed(t)
			}
		}
	}
}

// TestMoveRefused: what is in the way stays, as does the old place; with Overwrite
// regular files are replaced.
func TestMoveRefused(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	check(t, os.Mkdir(outside, 0o700))
	for name, c := range map[string]struct {
		put  func(dir string) error
		over bool // gives way to Overwrite
	}{
		"a file":         {func(dir string) error { return put(dir, "other/a") }, true},
		"a .part":        {func(dir string) error { return put(dir, "other/sub/b.part") }, true},
		"its final name": {func(dir string) error { return put(dir, "other/sub/b") }, true},
		"a record":       {func(dir string) error { return put(dir, ".other.gotor") }, true},
		"a folder":       {func(dir string) error { return os.MkdirAll(filepath.Join(dir, "other/a"), 0o700) }, false},
		"a link": {func(dir string) error {
			os.MkdirAll(filepath.Join(dir, "other"), 0o700)
			return os.Symlink(filepath.Join(outside, "x"), filepath.Join(dir, "other/a"))
		}, false},
		"a linked folder": {func(dir string) error {
			os.MkdirAll(dir, 0o700)
			return os.Symlink(outside, filepath.Join(dir, "other"))
		}, false},
		"a file as folder": {func(dir string) error { return put(dir, "other") }, false},
	} {
		for _, over := range []bool{false, true} {
			m := newMoving(t)
			check(t, c.put(m.spec.To.Dir))
			before := listing(t, m.spec.To.Dir)
			m.spec.Overwrite = over
			err := Move(t.Context(), m.spec)
			if over && c.over {
				if err != nil || m.newWhole() != "" {
					t.Errorf("%s: not replaced: %v, %s", name, err, m.newWhole())
				}
				continue
			}
			if err == nil || m.oldWhole() != "" {
				t.Errorf("%s, overwrite %v: %v; the old place %s", name, over, err, m.oldWhole())
			}
			after := slices.DeleteFunc(listing(t, m.spec.To.Dir), func(n string) bool { return strings.HasSuffix(n, lockSuffix) })
			if !slices.Equal(after, before) {
				t.Errorf("%s: the new place holds %q", name, after)
			}
			wantTree(t, outside)
		}
	}
}

// put writes a file of somebody else.
func put(dir, name string) error {
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte("foreign"), 0o600)
}

// TestMoveLeavesOthers: files of others stay where they are, with their folders, and
// what is behind links planted in the old place is not moved.
func TestMoveLeavesOthers(t *testing.T) {
	m := newMoving(t)
	dir := m.spec.From.Dir
	outside := filepath.Join(t.TempDir(), "outside")
	check(t, os.WriteFile(outside, make([]byte, 1000), 0o600))
	check(t, put(dir, "name/sub/mine"))
	check(t, os.Remove(filepath.Join(dir, "name/a")))
	check(t, os.Symlink(outside, filepath.Join(dir, "name/a")))
	check(t, Move(t.Context(), m.spec))
	wantTree(t, dir, "name/", "name/a", "name/sub/", "name/sub/mine")
	wantTree(t, m.spec.To.Dir, ".other.gotor", ".other.gotor.lock", ".other.gotor.parts", ".other.gotor.torrent",
		"other/", "other/empty", "other/sub/", "other/sub/b.part")
	if b, err := os.ReadFile(outside); err != nil || len(b) != 1000 {
		t.Errorf("what the link led to: %v", err)
	}
}

// TestMoveLinkInTheMoment: somebody puts a link in the place of a file when it is about
// to be moved.
func TestMoveLinkInTheMoment(t *testing.T) {
	m := newMoving(t)
	a := filepath.Join(m.spec.From.Dir, "name/a")
	m.spec.hands.before = func(what string) error {
		if what == "link 0" {
			os.Rename(a, a+".away")
			return os.Symlink("/etc/passwd", a)
		}
		return nil
	}
	if err := Move(t.Context(), m.spec); !errors.Is(err, ErrChanged) {
		t.Errorf("moved: %v", err)
	}
	wantTree(t, m.spec.To.Dir)
}

// TestMoveWithin: in one folder files get other names, also each other's.
func TestMoveWithin(t *testing.T) {
	for way, h := range ways {
		m := newMoving(t)
		m.spec.hands = h
		m.spec.To.Dir, m.spec.To.Name = m.spec.From.Dir, m.spec.From.Name
		for i, p := range []string{"name/sub/b", "name/a", "name/new/c", "name/empty"} {
			m.spec.To.Files[i].Path = p
		}
		check(t, Move(t.Context(), m.spec))
		wantTree(t, m.spec.To.Dir, ".name.gotor", ".name.gotor.files", ".name.gotor.lock", ".name.gotor.parts", ".name.gotor.torrent",
			"name/", "name/a.part", "name/empty", "name/sub/", "name/sub/b")
		for was, is := range map[string]string{"name/a": "name/sub/b", "name/sub/b.part": "name/a.part"} {
			if b, err := os.ReadFile(filepath.Join(m.spec.To.Dir, is)); err != nil || !bytes.Equal(b, m.files[was]) {
				t.Errorf("%s: %s is not what %s was: %v", way, is, was, err)
			}
		}
	}
}

// TestMoveToOtherDisk is with two disks, where there are.
func TestMoveToOtherDisk(t *testing.T) {
	m := newMoving(t)
	dir, err := os.MkdirTemp("/dev/shm", "gotor-move-")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	a, err := os.Stat(m.spec.From.Dir)
	check(t, err)
	if b, err := os.Stat(dir); err != nil || sameDevice(a, b) {
		t.Skip("there is one disk only")
	}
	m.spec.To.Dir = filepath.Join(dir, "new")
	check(t, Move(t.Context(), m.spec))
	m.wantMoved(t)
	back := MoveSpec{From: m.spec.To, To: m.spec.From, Parts: allParts, Record: func(Looks) ([]byte, error) { return []byte("record"), nil }}
	check(t, Move(t.Context(), back))
	if why := m.oldWhole(); why != "" {
		t.Errorf("back again: %s", why)
	}
}

// dieHalfway begins the move, which ends without a chance to clean up: its note and some
// of the files are in the staging folder.
func (m *moving) dieHalfway(t *testing.T) {
	t.Helper()
	n := 0
	m.spec.hands.before = func(string) error {
		if n++; n > 4 {
			return errDead
		}
		return nil
	}
	if err := Move(t.Context(), m.spec); !errors.Is(err, errDead) {
		t.Fatal(err)
	}
	m.spec.hands.before = nil
}

// TestMoveHeld: not while either place is in use, nor while another move to there is
// unfinished.
func TestMoveHeld(t *testing.T) {
	m := newMoving(t)
	m.open()
	if err := Move(t.Context(), m.spec); !errors.Is(err, ErrLocked) {
		t.Errorf("moved while it is open: %v", err)
	}
	m.close()
	m.dieHalfway(t)
	other := newMoving(t)
	other.spec.To.Dir = m.spec.To.Dir
	if err := Move(t.Context(), other.spec); !errors.Is(err, ErrMoving) || other.oldWhole() != "" {
		t.Errorf("two moves to one place: %v", err)
	}
	check(t, Move(t.Context(), m.spec))
	m.wantMoved(t)
}

// TestMoveFromReadOnlyFolder: what could not be removed afterwards is not moved.
func TestMoveFromReadOnlyFolder(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("everybody may write here")
	}
	m := newMoving(t)
	sub := filepath.Join(m.spec.From.Dir, "name", "sub")
	check(t, os.Chmod(sub, 0o500))
	t.Cleanup(func() { os.Chmod(sub, 0o700) })
	if err := Move(t.Context(), m.spec); !errors.Is(err, os.ErrPermission) {
		t.Errorf("moved: %v", err)
	}
	m.wantStayed(t)
}

// TestMoveNothing: nothing to be moved is no error, and leaves nothing.
func TestMoveNothing(t *testing.T) {
	m := newMoving(t)
	check(t, os.RemoveAll(m.spec.From.Dir))
	check(t, Move(t.Context(), m.spec))
	check(t, os.Mkdir(m.spec.From.Dir, 0o700))
	check(t, Move(t.Context(), m.spec))
	wantTree(t, m.spec.From.Dir)
	wantTree(t, m.spec.To.Dir)
}

// TestMoveNotes: a note that is damaged, of others, or of more than there is, is not
// followed.
func TestMoveNotes(t *testing.T) {
	for name, b := range map[string]string{
		"no JSON": "x", "another version": `{"version":2}`, "a file that is not there": `{"version":1,"goods":[{"file":99}]}`,
		"of another move": `{"version":1,"from":"/elsewhere","settled":true}`,
	} {
		m := newMoving(t)
		stage := filepath.Join(m.spec.To.Dir, ".other.gotor.move")
		check(t, os.MkdirAll(stage, 0o700))
		check(t, os.WriteFile(filepath.Join(stage, noteName), []byte(b), 0o600))
		if err := Move(t.Context(), m.spec); err == nil || m.oldWhole() != "" {
			t.Errorf("%s: %v; the old place %s", name, err, m.oldWhole())
		}
	}
}

// TestMoveTooLarge: what does not fit on the other disk is not begun.
func TestMoveTooLarge(t *testing.T) {
	m := newMoving(t)
	mv := &move{MoveSpec: m.spec}
	check(t, mv.open())
	defer mv.close()
	n := &moveNote{Goods: []goods{{File: 0, Mark: packMark(Mark{Size: 1 << 60})}}}
	var space *SpaceError
	if err := mv.fits(n); !errors.As(err, &space) || !errors.Is(err, ErrNoSpace) || space.Need < 1<<60 {
		t.Errorf("an exabyte: %v", err)
	}
	n.Goods[0].Mark = packMark(Mark{Size: 1 << 60, Inode: 1, Blocks: 8}) // nearly all of it is a hole
	check(t, mv.fits(n))
}

// TestMoveNoteOfOthers: a note that others can have written does not count, or it could
// have us remove what was never moved.
func TestMoveNoteOfOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no such owners")
	}
	m := newMoving(t)
	m.dieHalfway(t)
	note := filepath.Join(m.spec.To.Dir, ".other.gotor.move", noteName)
	check(t, os.Chmod(note, 0o666))
	if err := Move(t.Context(), m.spec); !errors.Is(err, ErrNotOurs) || m.oldWhole() != "" {
		t.Errorf("a note that anybody can write: %v; the old place %s", err, m.oldWhole())
	}
	check(t, os.Chmod(note, 0o600))
	check(t, Move(t.Context(), m.spec))
	m.wantMoved(t)
}
