package torrent

import (
	"errors"
	"fmt"

	"gotor/piece/storage"
)

// Why a Torrent ended before it was complete. Err wraps one of these, or an
// error of packages metainfo and storage.
var (
	// ErrNoPeers: nobody to download from was found in time.
	ErrNoPeers = errors.New("no peers found")
	// ErrNoMetadata: nobody gave the metainfo of a magnet link in time.
	ErrNoMetadata = errors.New("no metadata found")
	// ErrNoTracker: nobody was found, and every tracker failed.
	ErrNoTracker = errors.New("no tracker could be reached")
	// ErrStalled: connected, but no byte was verified for too long.
	ErrStalled = errors.New("download stalled")
	// ErrTimeout: the time for the whole job is over.
	ErrTimeout = errors.New("time limit reached")
	// ErrMismatch: data is not what it should be (Hooks.Verify).
	ErrMismatch = errors.New("data does not match")
	// ErrStopped: Stop was called before everything was verified.
	ErrStopped = errors.New("stopped")
	// ErrFileConflict: other data is in the place of a file of this torrent.
	ErrFileConflict = errors.New("a different file is in the way")
	// ErrNoSpace: the disk is full, or would be.
	ErrNoSpace = storage.ErrNoSpace
	// ErrLocked: another process holds this download.
	ErrLocked = storage.ErrLocked
	// ErrMoveHalf: a move has to be finished by the same call.
	ErrMoveHalf = storage.ErrMoveHalf
	// ErrConflict is ErrFileConflict noticed while writing.
	ErrConflict = storage.ErrConflict
	// ErrStream: the writer given as Hooks.Stream failed.
	ErrStream = errors.New("cannot write the stream")

	// ErrNothingUnfinished: there is something at a path, and no download of it was
	// begun and not finished.
	ErrNothingUnfinished = errors.New("nothing is unfinished")

	// errNobody: no source is left that could name a peer.
	errNobody = fmt.Errorf("%w: there is nobody to ask", ErrNoPeers)
)

// DiskError is a failed operation on a file, with its path.
type DiskError = storage.Error

// DiskFull reports whether err says that a disk or a quota is full, whichever
// file it is about.
func DiskFull(err error) bool {
	return errors.Is(err, ErrNoSpace) || errors.Is(&DiskError{Err: err}, ErrNoSpace)
}
