package storage

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// All who ask at the same time for a key that is not there yet get the same.
func TestStateKeyIsOne(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	keys := make([][]byte, 8)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			var err error
			if keys[i], err = StateKey(dir); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, k := range keys {
		if len(k) != 32 || !bytes.Equal(k, keys[0]) || bytes.Equal(k, make([]byte, 32)) {
			t.Fatalf("keys differ: %x", keys)
		}
	}
	if names := list(t, dir); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

// A key that others can read, or that is cut short, is none; it is not replaced.
func TestStateKeyRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.key")
	check(t, os.WriteFile(path, make([]byte, 31), 0o600))
	if key, err := StateKey(dir); err == nil {
		t.Errorf("a short key: %x", key)
	}
	if runtime.GOOS == "windows" {
		return
	}
	check(t, os.WriteFile(path, make([]byte, 32), 0o600))
	check(t, os.Chmod(path, 0o640))
	if key, err := StateKey(dir); err == nil {
		t.Errorf("a key that others can read: %x", key)
	}
	check(t, os.Remove(path))
	if err := makeFifo(path); err == nil { // nobody writes to it: opening must not wait
		if key, err := StateKey(dir); err == nil {
			t.Errorf("a key from a pipe: %x", key)
		}
	}
}
