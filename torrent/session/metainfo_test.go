package session

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// The metainfo of an entry is there when the entry is, and goes with it.
func TestMetainfo(t *testing.T) {
	d := newFakeDisk()
	s := openTest(t, d)
	if err := s.SaveMetainfo(testID(1), []byte("one")); err != nil {
		t.Fatal(err)
	}
	e := testEntry(1)
	e.V2 = ID(fmt.Sprintf("%064x", 7))
	mustCommit(t, s, put(e))
	calls := d.count()
	if err := s.SaveMetainfo(testID(1), []byte("one")); err != nil || d.count() > calls+1 {
		t.Errorf("the same again: %v, %d calls", err, d.count()-calls)
	}
	mustCommit(t, s, put(e))
	after := openTest(t, d.crash(0, 0))
	for _, id := range []ID{e.ID, e.V2} {
		if raw, err := after.Metainfo(id); err != nil || string(raw) != "one" {
			t.Errorf("%s: %q, %v", id, raw, err)
		}
	}
	closeTest(t, after)
	for _, id := range []ID{testID(2), "", "../secret"} {
		if _, err := s.Metainfo(id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if err := s.SaveMetainfo("../x", nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("a path for an id: %v", err)
	}
	mustCommit(t, s, Remove(e.V2))
	if _, err := s.Metainfo(e.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("after its removal: %v", err)
	}
	// It is saved for an entry that comes, while the one before it goes.
	for _, text := range []string{"two", "two", "three"} {
		mustCommit(t, s, put(e))
		if err := s.SaveMetainfo(e.ID, []byte(text)); err != nil {
			t.Fatal(err)
		}
		mustCommit(t, s, Remove(e.ID))
		mustCommit(t, s, put(e))
		if raw, err := s.Metainfo(e.ID); string(raw) != text {
			t.Errorf("the one of the second: %q, %v", raw, err)
		}
	}
	closeTest(t, s)
}

// Metainfo that no entry answers for goes, unless entries may be missing.
func TestOrphans(t *testing.T) {
	d := newFakeDisk()
	s := openTest(t, d)
	for n := range 3 {
		if err := s.SaveMetainfo(testID(n), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	mustCommit(t, s, put(testEntry(1)), put(testEntry(3)))
	f, err := d.create("half.tmp")
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	closeTest(t, s)
	if err := d.sync(); err != nil {
		t.Fatal(err)
	}
	others := []ID{testID(0), testID(2)}

	open := func(d *fakeDisk, rebuild bool) (orphans []ID, names []string) {
		s, err := Open("memory", Options{dir: d, Rebuild: rebuild})
		if err != nil {
			t.Fatal(err)
		}
		defer closeTest(t, s)
		names, _ = d.list()
		return s.Orphans(), slices.DeleteFunc(names, func(name string) bool { return len(name) != len(testID(0))+len(suffixMetainfo) })
	}
	if orphans, names := open(d.crash(0, 0), true); !slices.Equal(orphans, others) || len(names) != 3 {
		t.Errorf("to be rebuilt: %v, %v", orphans, names)
	}
	damaged := d.crash(0, 0)
	damaged.names[journalName].data[len(damaged.names[journalName].data)-1] ^= 1
	if orphans, names := open(damaged, false); !slices.Equal(orphans, []ID{testID(0), testID(1), testID(2)}) || len(names) != 3 {
		t.Errorf("damaged: %v, %v", orphans, names)
	}
	if orphans, names := open(damaged, false); len(orphans) != 3 || len(names) != 3 {
		t.Errorf("damaged, the next time: %v, %v", orphans, names)
	}
	lost := d.crash(0, 0)
	delete(lost.names, journalName)
	delete(lost.names, snapshotName)
	if orphans, names := open(lost, false); len(orphans) != 3 || len(names) != 3 {
		t.Errorf("without a session: %v, %v", orphans, names)
	}
	clean := d.crash(0, 0)
	if orphans, names := open(clean, false); len(orphans) != 0 || len(names) != 1 {
		t.Errorf("clean: %v, %v", orphans, names)
	}
	if clean.names["half.tmp"] != nil {
		t.Error("what is half written stays")
	}
}

// A full disk refuses metainfo and leaves nothing half written.
func TestMetainfoFullDisk(t *testing.T) {
	d := newFakeDisk()
	s := openTest(t, d)
	defer closeTest(t, s)
	d.fill(true, 2)
	if err := s.SaveMetainfo(testID(1), []byte("long")); !errors.Is(err, ErrUnwritable) {
		t.Errorf("%v", err)
	}
	if names, _ := d.list(); !slices.Equal(names, []string{journalName, snapshotName}) {
		t.Errorf("the folder has %q", names)
	}
	d.fill(false, 0)
}
