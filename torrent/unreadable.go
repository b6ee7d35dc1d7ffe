package torrent

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"gotor/piece/storage"
)

// maxUnreadable bounds how many files that cannot be read the user is told of by
// name: a disk that fails has all of them.
const maxUnreadable = 8

// FileError says why a file could not be read to be given to others.
type FileError struct {
	Path  string // in the folder of the download; raw
	Error string
}

// unreadable are the files that could not be read for uploads. It belongs to the
// loop, but for waits.
type unreadable struct {
	waits atomic.Bool // a notice of readFailed is in the mailbox

	list []FileError // at most maxUnreadable
	more bool        // the user was told that there are others
}

// faultOf tells which file a failed read of piece p is about: the one that the error
// names, or else the first that the piece is of.
func faultOf(p int, err error, files *fileSet, at *paths) FileError {
	var e *DiskError
	if errors.As(err, &e) {
		return FileError{filepath.Join(at.dir, filepath.FromSlash(e.Path)), e.Err.Error()}
	}
	for i := range files.meta.Files {
		if s := files.pieces(i); s.First <= p && p < s.End && !files.meta.Files[i].Pad {
			return FileError{at.file(i), err.Error()}
		}
	}
	return FileError{at.root(), err.Error()}
}

// news keeps a fault in mind, and returns what is to be said of it; nothing if that
// was said.
func (u *unreadable) news(f FileError) string {
	switch {
	case slices.ContainsFunc(u.list, func(g FileError) bool { return g.Path == f.Path }):
		return ""
	case len(u.list) < maxUnreadable:
		u.list = append(u.list, f)
		return f.Path + " cannot be read for uploads: " + f.Error
	case !u.more:
		u.more = true
		return "more files cannot be read for uploads"
	}
	return ""
}

// readFailed takes the news, of a connection, that a piece that we have could not be
// read. The remote was told so; the rest is given as before. However often that is,
// at most one notice waits.
func (h *holdings) readFailed(p int, err error) {
	switch {
	case errors.Is(err, storage.ErrChanged):
		h.disturbed()
	case !errors.Is(err, fs.ErrClosed) && h.unreadable.waits.CompareAndSwap(false, true):
		h.core.post(func(time.Time) {
			h.unreadable.waits.Store(false)
			k := h.keeper
			// A stream keeps nothing, and of what was given up the user has heard.
			if k == nil || !bit(h.have, p) {
				return
			}
			if text := h.unreadable.news(faultOf(p, err, h.files, h.paths)); text != "" {
				k.tell(text)
			}
		})
	}
}
