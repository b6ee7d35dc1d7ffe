//go:build unix

package storage

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// A link planted at the path of the lock file is not followed, and a pipe not
// waited for.
const lockFlags = os.O_CREATE | os.O_RDONLY | unix.O_NOFOLLOW | noWait

// noLocks reports that the file system has none; NFS without a lock daemon says
// ENOLCK.
func noLocks(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, unix.ENOLCK)
}

// remove removes the lock file and gives up the lock, in this order.
func (l *lock) remove() error {
	err := os.Remove(l.path)
	if errors.Is(err, os.ErrNotExist) {
		err = nil // somebody was faster
	}
	return errors.Join(pathError("remove", l.path, err), l.release())
}
