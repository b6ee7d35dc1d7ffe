package webseed

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// minRetry and maxRetry bound how long a server may tell us to stay away.
	minRetry = time.Second
	maxRetry = 10 * time.Minute
)

// Error is why a Run ended before its context did.
type Error struct {
	// Gone: the server will not do better. Otherwise another Run makes sense,
	// not before After has passed.
	Gone  bool
	After time.Duration // 0: as the caller thinks fit
	Err   error         // without anything that could be a secret
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// gone makes an Error of a server that is of no use.
func gone(format string, args ...any) error {
	return &Error{Gone: true, Err: fmt.Errorf(format, args...)}
}

// errMissing is about one file: others may be there.
type errMissing struct{ err error }

func (e errMissing) Error() string { return e.err.Error() }

// errNoRanges: the server sends files from their start only.
var errNoRanges = errors.New("the server does not do ranges")

// ask is what one request is for: bytes of the torrent in one segment.
type ask struct {
	seg      segment
	off, end int64
	whole    bool // the file from its start, without a range
}

// size is the length of the file that is asked for.
func (a ask) size() int64 { return a.seg.end - a.seg.start }

// all reports whether it is for the whole file.
func (a ask) all() bool { return a.off == a.seg.start && a.end == a.seg.end }

// check holds an answer against what was asked. On nil, the body has just those
// bytes, or may be shorter when the server fails.
func (a ask) check(r *http.Response, script bool) error {
	switch r.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
	default:
		return a.refusal(r, script)
	}
	if c := r.Header.Get("Content-Encoding"); c != "" && !strings.EqualFold(c, "identity") {
		return gone("the server sends the data in a coding that was not asked for")
	}
	switch {
	case script:
		return a.wantLength(r, a.end-a.off)
	case r.StatusCode == http.StatusOK:
		if err := a.wantLength(r, a.size()); err != nil {
			return err
		}
		if !a.whole && !a.all() {
			return errNoRanges
		}
		return nil
	case a.whole:
		return gone("the server sends a part of a file that was asked for whole")
	}
	return a.partial(r)
}

// wantLength checks Content-Length, where there is one.
func (a ask) wantLength(r *http.Response, n int64) error {
	if r.ContentLength >= 0 && r.ContentLength != n {
		return errMissing{fmt.Errorf("the server has another file: it would send %d bytes, not %d", r.ContentLength, n)}
	}
	return nil
}

// partial checks a 206 answer.
func (a ask) partial(r *http.Response) error {
	first, last, size, ok := parseContentRange(r.Header.Get("Content-Range"))
	from := a.off - a.seg.start
	to := a.end - a.seg.start - 1
	switch {
	case !ok:
		return gone("the server does not say which range it sends")
	case size >= 0 && size != a.size():
		return errMissing{fmt.Errorf("the server has another file: %d bytes, not %d", size, a.size())}
	case first != from || last != to:
		return gone("the server sends bytes %d-%d, asked for %d-%d", first, last, from, to)
	}
	return a.wantLength(r, to-from+1)
}

// parseContentRange reads "bytes FIRST-LAST/SIZE"; size is -1 for *.
func parseContentRange(s string) (first, last, size int64, ok bool) {
	unit, rest, _ := strings.Cut(s, " ")
	span, total, cut := strings.Cut(strings.TrimSpace(rest), "/")
	a, b, dash := strings.Cut(span, "-")
	if !cut || !dash || !strings.EqualFold(unit, "bytes") {
		return 0, 0, 0, false
	}
	size = -1
	ok = true
	digits := func(s string) int64 {
		n, err := strconv.ParseUint(s, 10, 63)
		ok = ok && err == nil
		return int64(n)
	}
	first, last = digits(a), digits(b)
	if total != "*" {
		size = digits(total)
	}
	return first, last, size, ok && first <= last && (size < 0 || last < size)
}

// refusal turns a status into an error.
func (a ask) refusal(r *http.Response, script bool) error {
	status := fmt.Errorf("the server answers %d %s", r.StatusCode, http.StatusText(r.StatusCode))
	switch c := r.StatusCode; {
	case c == http.StatusServiceUnavailable && script && r.Header.Get("Retry-After") == "":
		b, _ := io.ReadAll(io.LimitReader(r.Body, 32))
		return &Error{After: retryAfter(strings.TrimSpace(string(b)), time.Now()), Err: status}
	case c == http.StatusTooManyRequests, c == http.StatusRequestTimeout, c == http.StatusTooEarly, c >= 500:
		return &Error{After: retryAfter(r.Header.Get("Retry-After"), time.Now()), Err: status}
	case c == http.StatusRequestedRangeNotSatisfiable:
		return errMissing{errors.New("the server has another file: it is too short")}
	case c >= 400:
		return errMissing{status}
	}
	return &Error{Gone: true, Err: status}
}

// retryAfter reads seconds or a date (RFC 9110, 10.2.3), within bounds; 0 if
// there is none.
func retryAfter(s string, now time.Time) time.Duration {
	var d time.Duration
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		d = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(s); err == nil {
		d = at.Sub(now)
	} else {
		return 0
	}
	return min(max(d, minRetry), maxRetry)
}

// appendInt appends a decimal number.
func appendInt(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) }
