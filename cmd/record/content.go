package record

import (
	"io"
	"time"
)

// Content is an open file of a torrent. Its bytes are verified. It belongs to one
// goroutine.
type Content interface {
	// Read waits for what is missing until the context that it was opened with ends. A
	// torrent that is paused, removed or failed meanwhile ends it with a *Problem.
	io.ReadSeekCloser
	// Path is the file's, below the torrent's folder, with slashes.
	Path() string
	Length() int64
	// ETag changes when the bytes could be others: it is made of the info-hash and
	// the index. Without quotes.
	ETag() string
	Modified() time.Time
}
