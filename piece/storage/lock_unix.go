//go:build unix

package storage

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// A link planted at the path of the lock file is not followed.
const lockFlags = os.O_CREATE | os.O_RDONLY | unix.O_NOFOLLOW

// remove removes the lock file and gives up the lock, in this order.
func (l *lock) remove() error {
	err := os.Remove(l.path)
	return errors.Join(pathError("remove", l.path, err), l.release())
}
