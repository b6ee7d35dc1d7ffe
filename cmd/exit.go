package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"gotor/torrent"
	"gotor/torrent/metainfo"
	"gotor/tracker"
)

// The exit codes. They are part of the interface: a code never changes its
// meaning. exitTable in help.go says the same to people.
const (
	exitOK        = 0   // everything asked for is done
	exitOther     = 1   // a failure that has no code of its own
	exitUsage     = 2   // wrong flags, arguments, GOTOR_ variables or settings; nothing selected
	exitMalformed = 3   // malformed torrent or link, or one that cannot be handled
	exitMetadata  = 4   // no metadata for a magnet link in time
	exitNoPeers   = 5   // nobody to download from in time
	exitStalled   = 6   // connected, but nothing came in time
	exitTimeout   = 7   // the time for the whole job is over
	exitMismatch  = 8   // data is not what it should be
	exitNoSpace   = 9   // the disk is full, or would be
	exitFile      = 10  // a file cannot be read or written, or is in the way
	exitFetch     = 11  // the source or every tracker is out of reach
	exitLocked    = 12  // another process works on this download
	exitHook      = 13  // the command of --exec failed
	exitHup       = 129 // SIGHUP before everything was verified
	exitInt       = 130 // SIGINT before everything was verified
	exitTerm      = 143 // SIGTERM before everything was verified
	exitPipe      = 141 // the reader of stdout went away
)

// codedError is an error whose exit code was known where it happened.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

// withCode gives err an exit code.
func withCode(code int, err error) error { return &codedError{code, err} }

// codef makes an error with an exit code.
func codef(code int, format string, args ...any) error {
	return &codedError{code, fmt.Errorf(format, args...)}
}

// usagef makes an error of the command line.
func usagef(format string, args ...any) error { return codef(exitUsage, format, args...) }

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var (
		coded *codedError
		sig   interrupted
		meta  *metainfo.Error
		path  *fs.PathError
		disk  *torrent.DiskError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &sig):
		return sig.code()
	case errors.Is(err, errStdoutGone):
		return exitPipe
	case errors.As(err, &meta):
		return exitMalformed
	case errors.Is(err, torrent.ErrNoMetadata):
		return exitMetadata
	case errors.Is(err, torrent.ErrNoTracker), errors.Is(err, torrent.ErrNoMirror): // before ErrNoPeers, which they may wrap
		return exitFetch
	case errors.Is(err, torrent.ErrNoPeers):
		return exitNoPeers
	case errors.Is(err, torrent.ErrStalled):
		return exitStalled
	case errors.Is(err, torrent.ErrTimeout):
		return exitTimeout
	case errors.Is(err, torrent.ErrMismatch):
		return exitMismatch
	case torrent.DiskFull(err): // of any file: stdout, a torrent, a key, a state folder
		return exitNoSpace
	case errors.Is(err, torrent.ErrLocked):
		return exitLocked
	case errors.Is(err, tracker.ErrUnreachable):
		return exitFetch
	case errors.Is(err, torrent.ErrConflict), errors.Is(err, torrent.ErrFileConflict), errors.As(err, &disk), errors.As(err, &path),
		errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrExist):
		return exitFile
	case errors.Is(err, context.Canceled):
		return exitInt
	}
	return exitOther
}

// reported is an error that has been printed already; only its code is left to
// tell.
type reported struct{ err error }

func (e reported) Error() string { return e.err.Error() }
func (e reported) Unwrap() error { return e.err }

// silent reports whether err needs no line of its own: it was printed, or it is
// the end of our reader, who is the only one it would interest.
func silent(err error) bool {
	var r reported
	return errors.As(err, &r) || errors.Is(err, errStdoutGone)
}
