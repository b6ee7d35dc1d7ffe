package record

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
// meaning, nor does its word. [Codes] says what each means.
const (
	ExitOK        = 0
	ExitOther     = 1 // a failure that has no code of its own
	ExitUsage     = 2
	ExitMalformed = 3
	ExitMetadata  = 4
	ExitNoPeers   = 5
	ExitStalled   = 6
	ExitTimeout   = 7
	ExitMismatch  = 8
	ExitNoSpace   = 9
	ExitFile      = 10
	ExitFetch     = 11
	ExitLocked    = 12
	ExitHook      = 13
	// From here on as shells count the deaths by a signal: 128 and its number.
	ExitHup  = 129
	ExitInt  = 130
	ExitPipe = 141
	ExitTerm = 143
)

// Code is an exit code with its word, for programs, and its meaning, for people.
type Code struct {
	Code       int
	Word, Text string
}

// Codes are all exit codes there are, in their order.
func Codes() []Code {
	const stopped = "interrupted" // one word for the signals: who sent it knows which
	return []Code{
		{ExitOK, "ok", "everything asked for is done and verified"},
		{ExitOther, "other", "another failure"},
		{ExitUsage, "usage", "wrong flags, arguments, variables or settings; --files matches nothing"},
		{ExitMalformed, "malformed", "malformed torrent or magnet link, or one that gotor cannot handle"},
		{ExitMetadata, "no_metadata", "nobody told in time what a magnet link leads to (--metadata-timeout)"},
		{ExitNoPeers, "no_peers", "no peers in time"},
		{ExitStalled, "stalled", "stalled: connected, but no byte was verified in time"},
		{ExitTimeout, "timeout", "the time for the whole job is over (--timeout)"},
		{ExitMismatch, "mismatch", "data does not match (verify, seed, --sha256, --sha256sums)"},
		{ExitNoSpace, "no_space", "no space left on a disk, also of stdout; what was verified is kept"},
		{ExitFile, "file", "a file or stdout cannot be read or written, or other data is in the way"},
		{ExitFetch, "fetch", "the source cannot be fetched, every tracker failed, or no daemon answers"},
		{ExitLocked, "locked", "another process holds this download, or this state of a daemon"},
		{ExitHook, "hook", "the --exec command failed"},
		{ExitHup, stopped, "the terminal went away (SIGHUP) before everything was verified"},
		{ExitInt, stopped, "interrupted (SIGINT) before everything was verified"},
		{ExitPipe, "pipe", "the reader of standard output went away"},
		{ExitTerm, stopped, "terminated (SIGTERM) before everything was verified"},
	}
}

// Reason is the word for an exit code, "other" for one that does not exist.
func Reason(code int) string {
	for _, c := range Codes() {
		if c.Code == code {
			return c.Word
		}
	}
	return Reason(ExitOther)
}

// Coded is an error that knows its exit code, because it was known where it
// happened.
type Coded interface {
	error
	ExitCode() int
}

// codedError is the usual [Coded].
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }
func (e *codedError) ExitCode() int { return e.code }

// WithCode gives err, which is not nil, an exit code.
func WithCode(code int, err error) error { return &codedError{code, err} }

// Errorf is fmt.Errorf for an error with an exit code.
func Errorf(code int, format string, args ...any) error {
	return &codedError{code, fmt.Errorf(format, args...)}
}

// Usagef makes an error of what the user asked for: [ExitUsage].
func Usagef(format string, args ...any) error { return Errorf(ExitUsage, format, args...) }

// CodeOf is the one place where errors become exit codes. An error that has its
// code wins over what it wraps.
func CodeOf(err error) int {
	var (
		coded Coded
		meta  *metainfo.Error
		path  *fs.PathError
		disk  *torrent.DiskError
	)
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &coded):
		return coded.ExitCode()
	case errors.As(err, &meta):
		return ExitMalformed
	case errors.Is(err, torrent.ErrNoMetadata):
		return ExitMetadata
	case errors.Is(err, torrent.ErrNoTracker), errors.Is(err, torrent.ErrNoMirror): // before ErrNoPeers, which they may wrap
		return ExitFetch
	case errors.Is(err, torrent.ErrNoPeers):
		return ExitNoPeers
	case errors.Is(err, torrent.ErrStalled):
		return ExitStalled
	case errors.Is(err, torrent.ErrTimeout):
		return ExitTimeout
	case errors.Is(err, torrent.ErrMismatch):
		return ExitMismatch
	case torrent.DiskFull(err): // of any file: stdout, a torrent, a key, a state folder
		return ExitNoSpace
	case errors.Is(err, torrent.ErrLocked):
		return ExitLocked
	case errors.Is(err, tracker.ErrUnreachable):
		return ExitFetch
	case errors.Is(err, torrent.ErrConflict), errors.Is(err, torrent.ErrFileConflict), errors.As(err, &disk), errors.As(err, &path),
		errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrExist):
		return ExitFile
	case errors.Is(err, context.Canceled):
		return ExitInt
	}
	return ExitOther
}
