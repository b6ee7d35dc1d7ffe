package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// snapshot describes a folder: names, sizes, modes, times.
func snapshot(t testing.TB, dir string) string {
	var b strings.Builder
	check(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err == nil {
			fmt.Fprintln(&b, p, fi.Size(), fi.Mode(), fi.ModTime())
		}
		return err
	}))
	return b.String()
}

func oneFile(t testing.TB) *tc { return newTC(t, File{Path: "f", Length: 100, Wanted: true}) }

func TestRecord(t *testing.T) {
	for _, noSync := range []bool{true, false} {
		c := oneFile(t)
		c.spec.NoSync = noSync
		c.open()
		if _, err := c.s.LoadRecord(); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("before there is one: %v", err)
		}
		for _, content := range [][]byte{{}, []byte("first"), bytes.Repeat([]byte("second"), 1000)} {
			check(t, c.s.SaveRecord(content))
			got, err := c.s.LoadRecord()
			if err != nil || !bytes.Equal(got, content) {
				t.Fatalf("got %q, %v", got, err)
			}
		}
		fi, err := os.Stat(filepath.Join(c.spec.Dir, ".name.gotor"))
		if err != nil || os.PathSeparator == '/' && fi.Mode().Perm() != 0o600 {
			t.Errorf("record: %v, %v", fi.Mode(), err)
		}
		c.wantGone(".name.gotor.tmp")
		if err := c.s.SaveRecord(make([]byte, MaxRecord+1)); err == nil {
			t.Error("a record beyond the limit was written")
		}
		c.close()
		c.open()
		if got, err := c.s.LoadRecord(); err != nil || len(got) != 6000 {
			t.Errorf("after Close: %d, %v", len(got), err)
		}
	}
}

func TestDamagedRecord(t *testing.T) {
	whole := wrapRecord([]byte("content"))
	for name, b := range map[string][]byte{
		"empty":   {},
		"cut":     whole[:len(whole)-1],
		"longer":  append(bytes.Clone(whole), 0),
		"magic":   append([]byte("x"), whole[1:]...),
		"text":    []byte("hello, this is no record at all"),
		"version": append(append(bytes.Clone(whole[:11]), 2), whole[12:]...),
		"length":  append(append(bytes.Clone(whole[:12]), 0xff, 0xff, 0xff, 0xff), whole[16:]...),
		"bit":     append(append(bytes.Clone(whole[:17]), whole[17]^1), whole[18:]...),
	} {
		c := oneFile(t)
		c.put(".name.gotor", b)
		c.open()
		if _, err := c.s.LoadRecord(); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		check(t, c.s.SaveRecord([]byte("new")))
		if got, err := c.s.LoadRecord(); err != nil || string(got) != "new" {
			t.Errorf("%s: saved over it: %q, %v", name, got, err)
		}
	}
}

func TestHugeRecordIsNotRead(t *testing.T) {
	c := oneFile(t)
	c.put(".name.gotor", []byte(recordMagic))
	check(t, os.Truncate(filepath.Join(c.spec.Dir, ".name.gotor"), 1<<40))
	c.open()
	if _, err := c.s.LoadRecord(); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

func FuzzUnwrapRecord(f *testing.F) {
	f.Add(wrapRecord([]byte("content")))
	f.Add(wrapRecord(nil))
	f.Add([]byte(recordMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		content, err := unwrapRecord(b)
		if err == nil && !bytes.Equal(wrapRecord(content), b) {
			t.Fatalf("two forms of one record: %q", b)
		}
	})
}

func TestMetainfo(t *testing.T) {
	c := oneFile(t)
	c.open()
	if _, err := c.s.LoadMetainfo(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before: %v", err)
	}
	check(t, c.s.SaveMetainfo([]byte("d4:infoe")))
	before := snapshot(t, c.spec.Dir)
	check(t, c.s.SaveMetainfo([]byte("d4:infoe")))
	if after := snapshot(t, c.spec.Dir); after != before {
		t.Errorf("written twice:\n%s\n%s", before, after)
	}
	if got, err := os.ReadFile(filepath.Join(c.spec.Dir, ".name.gotor.torrent")); err != nil || string(got) != "d4:infoe" {
		t.Errorf("on disk: %q, %v", got, err)
	}
	check(t, c.s.SaveMetainfo([]byte("other")))
	if got, err := c.s.LoadMetainfo(); err != nil || string(got) != "other" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestRemoveState(t *testing.T) {
	c := neighbours(t, true, false)
	c.open()
	c.mustWrite(900, 300)
	c.mustWrite(0, 900)
	check(t, c.s.SaveRecord([]byte("r")))
	check(t, c.s.SaveMetainfo([]byte("m")))
	c.put(".name.gotor.tmp", []byte("left by a crash"))
	c.finish(0)
	check(t, c.s.RemoveState())
	c.wantGone(".name.gotor", ".name.gotor.torrent", ".name.gotor.parts", ".name.gotor.lock", ".name.gotor.tmp")
	c.wantRead(0, 1000)
	for _, err := range []error{c.s.SaveRecord(nil), c.write(0, 1), c.s.Finish(nil), c.s.RemoveState()} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("after RemoveState: %v", err)
		}
	}
	c.close()
}

func TestCloseTwice(t *testing.T) {
	c := oneFile(t)
	c.open()
	c.mustWrite(0, 10)
	c.close()
	c.close()
	if err := c.write(0, 1); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("write: %v", err)
	}
	if _, err := c.s.ReadAt(make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("read: %v", err)
	}
}

// A Store that did nothing leaves nothing but the folder.
func TestCloseRemovesIdleLock(t *testing.T) {
	c := oneFile(t)
	c.open()
	c.close()
	c.wantGone(".name.gotor.lock")
	c.open()
	check(t, c.s.SaveMetainfo([]byte("m")))
	c.close()
	if _, err := os.Stat(filepath.Join(c.spec.Dir, ".name.gotor.lock")); err != nil {
		t.Error(err)
	}
}

func TestReadOnlyMakesNothing(t *testing.T) {
	c := oneFile(t)
	c.spec.ReadOnly = true
	if _, err := Open(c.spec); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing folder: %v", err)
	}
	c.put("f", c.data)
	before := snapshot(t, c.spec.Dir)
	c.open()
	c.wantRead(0, 100)
	c.wantKind(0, Final)
	check(t, c.s.Sync())
	check(t, c.s.CheckSpace())
	for _, err := range []error{c.s.SaveRecord(nil), c.s.SaveMetainfo(nil), c.s.Finish(nil), c.s.RemoveState()} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("got %v", err)
		}
	}
	other := *c
	other.open() // no lock
	c.close()
	if after := snapshot(t, c.spec.Dir); after != before {
		t.Errorf("changed:\n%s\n%s", before, after)
	}
}

func TestStateDir(t *testing.T) {
	c := oneFile(t)
	c.spec.StateDir = filepath.Join(t.TempDir(), "state", "gotor")
	c.put("f", c.data)
	c.open()
	check(t, c.s.SaveRecord([]byte("r")))
	if _, err := Open(c.spec); !errors.Is(err, ErrLocked) {
		t.Errorf("second: %v", err)
	}
	entries, _ := os.ReadDir(c.spec.Dir)
	if len(entries) != 1 {
		t.Errorf("beside the data: %v", entries)
	}
	fi, err := os.Stat(c.spec.StateDir)
	if err != nil || os.PathSeparator == '/' && fi.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
	c.close()
	c.spec.ReadOnly = true
	c.open()
	if got, err := c.s.LoadRecord(); err != nil || string(got) != "r" {
		t.Errorf("read-only: %q, %v", got, err)
	}
	c.close()
	c.spec.StateDir = filepath.Join(t.TempDir(), "none")
	c.open()
	if _, err := c.s.LoadRecord(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no state folder: %v", err)
	}
}

// LoadMetainfo returns what SaveMetainfo kept: fs.ErrNotExist if nothing. Programs
// find it with FindStates.
func (s *Store) LoadMetainfo() ([]byte, error) {
	return s.state.get(s.state.name(metainfoSuffix), MaxMetainfo)
}
