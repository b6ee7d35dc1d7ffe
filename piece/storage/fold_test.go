package storage

import (
	"os"
	"path/filepath"
	"testing"
)

// What FoldsCase says is what the disk does, in a folder with entries, in an empty
// one, and for one that is not there yet; nothing is left behind.
func TestFoldsCase(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "probe"), nil, 0o600))
	_, err := os.Lstat(filepath.Join(dir, "PROBE"))
	want := err == nil
	full, empty := filepath.Join(dir, "full"), filepath.Join(dir, "empty")
	check(t, os.MkdirAll(filepath.Join(full, "Sub"), 0o777))
	check(t, os.Mkdir(empty, 0o777))
	for _, d := range []string{full, empty, filepath.Join(empty, "none", "none"), dir} {
		if got := FoldsCase(d); got != want {
			t.Errorf("%s: %v, want %v", d, got, want)
		}
	}
	if names := list(t, empty); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

// Two names for one file, which differ in case, are no sign of a disk that folds.
func TestFoldsCaseHardLinks(t *testing.T) {
	dir := t.TempDir()
	if FoldsCase(dir) {
		t.Skip("this disk folds")
	}
	check(t, os.WriteFile(filepath.Join(dir, "a"), nil, 0o600))
	if err := os.Link(filepath.Join(dir, "a"), filepath.Join(dir, "A")); err != nil {
		t.Skip("no hard links here:", err)
	}
	if FoldsCase(dir) {
		t.Error("taken for a disk that folds")
	}
}
