package session

import "errors"

// What a Store says, wrapped with more.
var (
	// ErrLocked: another process has the session.
	ErrLocked = errors.New("another daemon has this session")
	// ErrClosed: the Store is closed.
	ErrClosed = errors.New("the session is closed")
	// ErrNotFound: there is no such entry.
	ErrNotFound = errors.New("no such torrent in the session")
	// ErrExists: an entry answers to that id already.
	ErrExists = errors.New("the torrent is in the session already")
	// ErrInvalid: a value that is not kept.
	ErrInvalid = errors.New("not kept in a session")
	// ErrUnwritable: nothing can be promised now, as the disk is full or fails. What
	// was promised before is there.
	ErrUnwritable = errors.New("the session cannot be written")

	errFrame = errors.New("a frame of a session that makes no sense")
)
