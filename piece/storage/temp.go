package storage

import (
	"io/fs"
	"os"
	"sync"
)

// temp is the one name that temporary files of a Store have, in the target and in
// the folder for state: a process that dies leaves at most one in each, and the
// next one removes it.
type temp struct {
	name  string // immutable
	cache *cache

	mu sync.Mutex // held while a file of that name may be there, so across I/O; all cold
}

// replace writes a file under the temporary name, syncs it if it is to be
// durable, renames it into place and syncs the folder: there is always a whole
// file, the old or the new. A temporary file that is there is removed, not used.
func (t *temp) replace(root *os.Root, name string, perm fs.FileMode, durable bool, write func(*os.File) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := removeEntry(root, t.name); err != nil {
		return err
	}
	return retried(t.cache, func() error { return replace(root, t.name, name, perm, durable, write) })
}

// owner makes a file in a folder for a moment, to see whose it is.
func (t *temp) owner(root *os.Root) (id identity) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if removeEntry(root, t.name) != nil {
		return id
	}
	f, err := root.OpenFile(t.name, newFile, 0o600)
	if err != nil {
		return id
	}
	defer root.Remove(t.name)
	defer f.Close()
	if fi, err := f.Stat(); err == nil {
		id = identify(fi)
	}
	return id
}
