package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestStateFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gotor", "seeds")
	if _, err := LoadState(dir, "a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a folder: %v, want %v", err, fs.ErrNotExist)
	}
	for _, want := range [][]byte{[]byte("first"), {}, bytes.Repeat([]byte{7}, 100_000), []byte("last")} {
		if err := SaveState(dir, "a", want); err != nil {
			t.Fatal(err)
		}
		if got, err := LoadState(dir, "a"); err != nil || !bytes.Equal(got, want) {
			t.Errorf("read %d bytes, %v; want %d", len(got), err, len(want))
		}
	}
	if _, err := LoadState(dir, "b"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another name: %v, want %v", err, fs.ErrNotExist)
	}
	if names := list(t, dir); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for path, want := range map[string]fs.FileMode{filepath.Dir(dir): 0o700, dir: 0o700, filepath.Join(dir, "a"): 0o600} {
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v; want %v", path, fi.Mode().Perm(), err, want)
		}
	}
}

// list returns the names in a folder.
func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A folder that cannot be made, and one that cannot be written to.
func TestStateFileFailsWhole(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := SaveState(filepath.Join(dir, "file", "sub"), "a", nil); err == nil {
		t.Error("saved below a file")
	}
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := SaveState(dir, "taken", []byte("x")); err == nil {
		t.Error("saved over a folder")
	}
	if names := list(t, dir); len(names) != 2 {
		t.Errorf("left behind: %v", names)
	}
	if err := SaveState(dir, "a", make([]byte, MaxRecord+1)); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("too much: %v", err)
	}
}

func TestStateFileRefusesNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"", ".", "..", "a/b", "../a", "/a", "a\x00b", strings.Repeat("x", 241)} {
		if err := SaveState(dir, name, nil); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("save %q: %v, want %v", name, err, fs.ErrInvalid)
		}
		if _, err := LoadState(dir, name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("load %q: %v, want %v", name, err, fs.ErrInvalid)
		}
	}
	if err := SaveState(dir, strings.Repeat("x", 240), nil); err != nil {
		t.Error("the longest name:", err)
	}
}

func TestStateFileDamaged(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := SaveState(dir, "a", []byte("content")); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		bad := bytes.Clone(whole)
		bad[i] ^= 4
		for _, b := range [][]byte{bad, whole[:i]} {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := LoadState(dir, "a"); !errors.Is(err, ErrDamaged) {
				t.Fatalf("byte %d of %d bytes: %q, %v; want %v", i, len(b), got, err, ErrDamaged)
			}
		}
	}
}

// A link is not read through, and is replaced, not written through.
func TestStateFileLink(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	target := filepath.Join(out, "a")
	if err := SaveState(out, "a", []byte("theirs")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(dir, "a")); err != nil {
		t.Skip("no links here:", err)
	}
	if got, err := LoadState(dir, "a"); err == nil {
		t.Errorf("read %q through a link", got)
	}
	if err := SaveState(dir, "a", []byte("ours")); err != nil {
		t.Fatal(err)
	}
	if got, _ := LoadState(dir, "a"); string(got) != "ours" {
		t.Errorf("read %q", got)
	}
	if got, _ := LoadState(out, "a"); string(got) != "theirs" {
		t.Errorf("the target is now %q", got)
	}
}

// Whoever reads while others write sees one of their contents, whole.
func TestStateFileConcurrent(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for k := range 4 {
		all.Go(func() {
			for i := range 10 {
				if err := SaveState(dir, "a", bytes.Repeat([]byte{byte(k)}, 1000+i)); err != nil {
					t.Error(err)
				}
				got, err := LoadState(dir, "a")
				if err != nil || len(got) < 1000 || !bytes.Equal(got, bytes.Repeat(got[:1], len(got))) {
					t.Error(fmt.Sprint(len(got), " bytes, ", err))
				}
			}
		})
	}
	all.Wait()
	if names := list(t, dir); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}
