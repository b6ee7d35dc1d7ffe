package storage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindStates(t *testing.T) {
	dir := t.TempDir()
	save := func(name, meta, record string) {
		s, err := Open(Spec{Dir: dir, Name: name, Files: []File{{Path: name, Length: 1, Wanted: true}}, TotalLength: 1, NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.SaveMetainfo([]byte(meta)); err != nil {
			t.Fatal(err)
		}
		if record != "" {
			if err := s.SaveRecord([]byte(record)); err != nil {
				t.Fatal(err)
			}
		}
	}
	save("b", "torrent b", "record b")
	save("a", "torrent a", "")
	save("c", "torrent c", "record c")
	os.WriteFile(filepath.Join(dir, ".c.gotor"), []byte("damaged"), 0o600)
	os.Symlink(filepath.Join(dir, ".a.gotor.torrent"), filepath.Join(dir, ".link.gotor.torrent"))
	os.WriteFile(filepath.Join(dir, "visible.gotor.torrent"), nil, 0o600)
	got, err := FindStates(dir)
	if err != nil || len(got) != 3 {
		t.Fatalf("found %d states, want 3 (%v)", len(got), err)
	}
	for i, want := range []struct {
		name, meta, record string
		err                error
	}{{"a", "torrent a", "", fs.ErrNotExist}, {"b", "torrent b", "record b", nil}, {"c", "torrent c", "", ErrDamaged}} {
		meta, record, recordErr, err := got[i].Load()
		if got[i].Name != want.name || string(meta) != want.meta || string(record) != want.record || !errors.Is(recordErr, want.err) || err != nil {
			t.Errorf("state %d: %q %q, %v, %v", i, meta, record, recordErr, err)
		}
	}
	for _, name := range []string{"n", "..", strings.Repeat("x", 300), strings.Repeat("x", 240)} {
		want := name
		if len(name) > 240 {
			want = ""
		}
		if got := stateOwner(stateName(name, metainfoSuffix)); got != want {
			t.Errorf("state of %q belongs to %q", name, got)
		}
	}
	if got, err := FindStates(t.TempDir()); err != nil || len(got) != 0 {
		t.Errorf("an empty folder holds %d states (%v)", len(got), err)
	}
	if _, err := FindStates(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there was read")
	}
}
