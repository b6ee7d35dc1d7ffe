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

// maxError bounds the text of an Error, in bytes: it may quote what a server sent.
const maxError = 300

func (e *Error) Error() string {
	s := e.Err.Error()
	if len(s) > maxError {
		s = strings.ToValidUTF8(s[:maxError], "") + "..."
	}
	return s
}

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

// leastPart is what a server that sends fewer bytes than it was asked for must
// give at least: a byte for each request would keep us busy for ever.
const leastPart = 4 << 10

// payload is what the body of an answer has for us: n bytes, from the first one
// that was asked for on.
type payload struct {
	n    int64
	more bool // others may follow them
}

// check holds an answer against what was asked. The body may still be shorter
// than it says when the server fails. What only looks odd is let through: the
// hashes of the pieces decide, and a server whose bytes are wrong is left after a
// few of them.
func (a ask) check(r *http.Response, script bool) (payload, error) {
	whole := false
	switch r.StatusCode {
	case http.StatusOK, http.StatusNonAuthoritativeInfo:
		whole = r.Header.Get("Content-Range") == "" // some say 200 and send the range
	case http.StatusPartialContent:
	default:
		return payload{}, a.refusal(r, script)
	}
	switch {
	case script:
		return payload{n: a.end - a.off}, a.wantLength(r, a.end-a.off)
	case !whole:
		return a.partial(r)
	}
	if err := a.wantLength(r, a.size()); err != nil {
		return payload{}, err
	}
	if !a.whole && !a.all() {
		return payload{}, errNoRanges
	}
	return payload{n: a.size()}, nil
}

// wantLength checks Content-Length, where there is one.
func (a ask) wantLength(r *http.Response, n int64) error {
	if r.ContentLength >= 0 && r.ContentLength != n {
		return errMissing{fmt.Errorf("the server has another file: it would send %d bytes, not %d", r.ContentLength, n)}
	}
	return nil
}

// partial checks an answer that has a part of the file. It may be longer than
// asked for, and is then read as far as that goes; or shorter (RFC 9110, 15.3.7),
// and what is left is asked for again.
func (a ask) partial(r *http.Response) (payload, error) {
	if t, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.EqualFold(strings.TrimSpace(t), "multipart/byteranges") {
		return payload{}, gone("the server sends several ranges, asked for one")
	}
	from, n := a.off-a.seg.start, a.end-a.off
	sent := n
	if text := r.Header.Get("Content-Range"); text != "" {
		first, last, size, ok := parseContentRange(text)
		switch {
		case !ok:
			return payload{}, gone("the server does not say which range it sends")
		case size >= 0 && size != a.size():
			return payload{}, errMissing{fmt.Errorf("the server has another file: %d bytes, not %d", size, a.size())}
		case first != from:
			return payload{}, gone("the server sends bytes %d-%d, asked for %d-%d", first, last, from, from+n-1)
		}
		sent = last - first + 1
	}
	if r.ContentLength >= 0 {
		sent = min(sent, r.ContentLength)
	}
	if sent < min(n, leastPart) || a.whole && sent < n {
		return payload{}, errMissing{fmt.Errorf("the server sends %d of the %d bytes asked for", sent, n)}
	}
	return payload{min(n, sent), sent > n}, nil
}

// parseContentRange reads "bytes FIRST-LAST/SIZE"; size is -1 for * and where
// there is none. Blanks may stand around its numbers, and = or : instead of the
// first one.
func parseContentRange(s string) (first, last, size int64, ok bool) {
	const unit = "bytes"
	if len(s) <= len(unit) || !strings.EqualFold(s[:len(unit)], unit) || !strings.ContainsRune(" \t=:", rune(s[len(unit)])) {
		return 0, 0, 0, false
	}
	span, total, cut := strings.Cut(strings.TrimLeft(s[len(unit):], " \t=:"), "/")
	a, b, dash := strings.Cut(span, "-")
	size, ok = -1, dash
	digits := func(s string) int64 {
		n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 63)
		ok = ok && err == nil
		return int64(n)
	}
	first, last = digits(a), digits(b)
	if total = strings.TrimSpace(total); cut && total != "*" {
		size = digits(total)
	}
	return first, last, size, ok && first <= last && (size < 0 || last < size)
}

// refusal turns a status into an error.
func (a ask) refusal(r *http.Response, script bool) error {
	status := fmt.Errorf("the server answers %d %s%s", r.StatusCode, http.StatusText(r.StatusCode), wantsUser(r))
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

// wantsUser says what to do about a server that wants to know who asks; "": it
// did not say that.
func wantsUser(r *http.Response) string {
	switch {
	case r.StatusCode != http.StatusUnauthorized:
		return ""
	case r.Request != nil && r.Request.Header.Get("Authorization") != "":
		return ", although a name and a password were sent"
	}
	return "; give --mirror and --header 'Authorization: ...' if you may"
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
