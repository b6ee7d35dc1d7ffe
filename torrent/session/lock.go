package session

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gofrs/flock"
)

// lockName is locked while a Store is open. It is never removed.
const lockName = "lock"

// takeLock locks a session without waiting. A file system without locks is an error:
// two daemons on one session would take it apart.
func takeLock(dir string) (*flock.Flock, error) {
	fl := flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))
	ok, err := fl.TryLock()
	if err == nil && !ok {
		err = ErrLocked
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot lock %s: %w", fl.Path(), err), fl.Close())
	}
	return fl, nil
}
