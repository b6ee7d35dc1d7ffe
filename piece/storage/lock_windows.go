package storage

import (
	"errors"
	"os"
)

const lockFlags = os.O_CREATE | os.O_RDONLY

// noLocks reports that the file system has none.
func noLocks(err error) bool { return errors.Is(err, errors.ErrUnsupported) }

// remove gives up the lock and removes the file, unless somebody else has
// opened it by then.
func (l *lock) remove() error {
	if err := l.release(); err != nil {
		return err
	}
	os.Remove(l.path)
	return nil
}
