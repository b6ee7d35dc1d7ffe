package storage

import (
	"io/fs"
	"sync/atomic"
)

// access says whether a Store may be used, and written to.
type access struct {
	readOnly bool        // Spec.ReadOnly; immutable
	removed  atomic.Bool // RemoveState was called: the download is complete
	closed   atomic.Bool
}

// writable refuses writes where there must be none.
func (a *access) writable() error {
	switch {
	case a.closed.Load():
		return fs.ErrClosed
	case a.readOnly || a.removed.Load():
		return ErrReadOnly
	}
	return nil
}
