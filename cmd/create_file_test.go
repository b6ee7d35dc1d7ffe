package cmd

import (
	"os"
	"path/filepath"
	"testing"

	"gotor/cmd/record"
)

// What was put where a torrent, or its temporary file, is going to be written is
// neither written through nor removed, and nothing is left behind.
func TestWriteNewFollowsNothing(t *testing.T) {
	for _, force := range []bool{false, true} {
		dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
		if err := os.WriteFile(victim, []byte("precious"), 0o666); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "x.torrent")
		for _, p := range []string{path + ".tmp", path} {
			if err := os.Symlink(victim, p); err != nil {
				t.Skip("no links here:", err)
			}
		}
		err := writeNew(path, []byte("torrent"), force)
		if exists := record.CodeOf(err) == record.ExitFile; exists == force {
			t.Errorf("force %v: %v", force, err)
		}
		if b, _ := os.ReadFile(victim); string(b) != "precious" {
			t.Errorf("force %v: the victim is %q", force, b)
		}
		if fi, err := os.Lstat(path + ".tmp"); err != nil || fi.Mode()&os.ModeSymlink == 0 {
			t.Errorf("force %v: the link is gone: %v", force, err)
		}
		if list, _ := os.ReadDir(dir); len(list) != 2 {
			t.Errorf("force %v: left behind: %v", force, list)
		}
		b, err := os.ReadFile(path)
		if want := map[bool]string{false: "precious", true: "torrent"}[force]; string(b) != want {
			t.Errorf("force %v: %q, %v, want %q", force, b, err, want)
		}
	}
	path := filepath.Join(t.TempDir(), "new")
	if err := writeNew(path, []byte("torrent"), false); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); string(b) != "torrent" {
		t.Errorf("%q, %v", b, err)
	}
	if err := writeNew(filepath.Join(path, "x"), nil, false); record.CodeOf(err) != record.ExitFile {
		t.Errorf("below a file: %v", err)
	}
}
