package storage

import (
	"os"

	"github.com/gofrs/flock"
)

// lock is the lock file of a download, held.
//
// The file may be removed by its holder, so a file that was locked need not be
// the one that stands at the path any more. Two rules keep that from letting in
// two holders: only a holder removes the file, while it holds it; and whoever
// has locked a file compares it with what is at the path, and starts over if
// they differ. On Windows a file that somebody has open cannot be removed, so
// there it is unlocked first and stays if another opened it in between.
type lock struct {
	path string
	fl   *flock.Flock
}

// lockTries bounds the starting over: each try is lost only to a holder that
// finished in that very moment.
const lockTries = 100

// takeLock locks the file at path, making it when it is missing, without
// waiting: ErrLocked if it is held. A file system without locks gives a lock
// that holds nobody off.
func takeLock(path string) (*lock, error) {
	for range lockTries {
		if fi, err := os.Lstat(path); err == nil && !fi.Mode().IsRegular() {
			return nil, pathError("lock", path, errSpecial)
		}
		fl := flock.New(path, flock.SetFlag(lockFlags))
		ok, err := fl.TryLock()
		if noLocks(err) {
			return &lock{path, fl}, nil
		}
		if err != nil {
			return nil, pathError("lock", path, err)
		}
		if !ok {
			// Who only looks holds it together with us, and for a moment.
			looked, err := fl.TryRLock()
			fl.Close()
			if err == nil && looked {
				continue
			}
			return nil, pathError("lock", path, ErrLocked)
		}
		if isAt(fl, path) {
			return &lock{path, fl}, nil
		}
		fl.Close()
	}
	return nil, pathError("lock", path, ErrLocked)
}

// isAt reports whether the file locked is the one at the path.
func isAt(fl *flock.Flock, path string) bool {
	held, err := fl.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(held, there)
}

// release gives up the lock; the file stays.
func (l *lock) release() error {
	return pathError("unlock", l.path, l.fl.Close())
}
