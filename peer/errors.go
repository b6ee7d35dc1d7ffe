package peer

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"gotor/peer/wire"
)

// How connections end, for errors.Is. Other ends are io.EOF (the remote closed
// it), net.ErrClosed (Close), the cause of the context, and network errors.
var (
	// ErrProtocol marks a violation of the protocol: the text says which
	// message and why. Do not connect to such a peer again.
	ErrProtocol = errors.New("protocol violation")
	// ErrSilent marks a remote that said nothing for minutes, not even a
	// keep-alive, or did not read what we sent.
	ErrSilent = errors.New("the peer went silent")
	// ErrFlooded marks a remote for which more was waiting to be sent than a
	// well-behaved one ever causes.
	ErrFlooded = errors.New("the peer causes more traffic than it takes")
	// ErrBug marks a panic in our own code: count it and report it.
	ErrBug = errors.New("bug in gotor")
)

// violation returns the error for a message that breaks the rules.
func violation(id wire.ID, format string, args ...any) error {
	return fmt.Errorf("%w: %v: %s", ErrProtocol, id, fmt.Sprintf(format, args...))
}

// guard runs f and turns a panic into an error: one bad connection must not
// take the process with it.
func guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v (%s)", ErrBug, v, panicSite())
		}
	}()
	return f()
}

// panicSite returns the place of the panic that is being recovered.
func panicSite() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") {
			file := f.File[strings.LastIndexByte(f.File, '/')+1:]
			return fmt.Sprintf("%s:%d", file, f.Line)
		}
		if !more {
			return "unknown place"
		}
	}
}
