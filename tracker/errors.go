package tracker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// What can be wrong with an announce, beside a [*Failure].
var (
	// ErrUnreachable: the network or HTTP did not bring an answer.
	ErrUnreachable = errors.New("tracker unreachable")
	// ErrMalformed: the answer is not what a tracker sends.
	ErrMalformed = errors.New("malformed tracker answer")
	// ErrURL: the URL can never work: not a tracker's, or refused by the Judge,
	// whose error is wrapped too.
	ErrURL = errors.New("unusable tracker URL")
)

// errSilent is the lack of an answer.
var errSilent = errors.New("no answer in time")

// Failure is a tracker's own word that it will not serve the request.
type Failure struct {
	Reason  string        // raw, at most 512 bytes
	RetryIn time.Duration // ask again no sooner (BEP 31); 0: not told
	Never   bool          // do not ask again (BEP 31)
}

// Error quotes the reason, raw but for where it ends.
func (f *Failure) Error() string { return `tracker refuses: "` + f.Reason + `"` }

// urlError names the tracker an error is about, with its secrets hidden.
type urlError struct {
	url string // redacted
	err error
}

func (e *urlError) Error() string { return "tracker " + e.url + ": " + e.err.Error() }
func (e *urlError) Unwrap() error { return e.err }

// unreachable wraps an error of the network. What it says is cut, since parts
// of it can come from the other side.
type unreachable struct{ err error }

func (e *unreachable) Error() string        { return cut(e.err.Error()) }
func (e *unreachable) Unwrap() error        { return e.err }
func (e *unreachable) Is(target error) bool { return target == ErrUnreachable }

// ours is an error that says nothing about the tracker's host: we do not go there.
type ours struct{ error }

func (e ours) Unwrap() error { return e.error }

// echoOf is what an announce under ctx that ended with err tells about the host.
func echoOf(ctx context.Context, err error) echo {
	switch {
	case err == nil, answered(err):
		return heardEcho
	case ctx.Err() == context.Canceled, !errors.Is(err, ErrUnreachable), errors.As(err, new(ours)):
		return noEcho
	}
	return silentEcho
}

// statusError is the status of an HTTP answer that is none of a tracker.
type statusError int

func (s statusError) Error() string {
	return fmt.Sprintf("HTTP status %d %s", int(s), http.StatusText(int(s)))
}

// malformed returns an ErrMalformed that says what is wrong.
func malformed(format string, a ...any) error {
	return fmt.Errorf("%w: %w", ErrMalformed, fmt.Errorf(format, a...))
}

// networkError returns why an exchange under ctx ended with err.
func networkError(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, net.ErrClosed), errors.Is(cause, context.Canceled):
		return cause
	case cause != nil:
		err = errSilent
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("the connection ended before the answer: %w", err)
	}
	return &unreachable{Untrusted(err)}
}

// cut shortens s to maxText bytes, not inside a UTF-8 sequence.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for n > maxText-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.Clone(s[:n])
}
