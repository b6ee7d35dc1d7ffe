package api

import (
	"net/http"
	"sync"
	"time"
)

const (
	// patience is how long a reader may take for one step of an answer without an
	// end: who takes none in that time hangs, and is let go.
	patience = 30 * time.Second
	// step is what such a reader has to take: 64 KiB in 30 s are 2 KiB/s.
	step = 64 << 10
)

// steady writes an answer of any length. The deadline of the connection follows
// what is taken, where http.Server could only limit the whole.
type steady struct {
	http.ResponseWriter
	control *http.ResponseController

	mu   sync.Mutex
	last time.Time // no deadline is after it; zero: any may be
}

func newSteady(w http.ResponseWriter) *steady {
	return &steady{ResponseWriter: w, control: http.NewResponseController(w)}
}

// Unwrap is for http.ResponseController.
func (s *steady) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Write implements io.Writer.
func (s *steady) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		s.extend()
		var k int
		k, err = s.ResponseWriter.Write(p[:min(len(p), step)])
		n += k
		p = p[k:]
	}
	return n, err
}

// Flush sends what net/http has kept back.
func (s *steady) Flush() error {
	s.extend()
	return s.control.Flush()
}

// cut ends an answer that cannot be finished, so that the reader does not take what it
// has got for the whole. It does not return: net/http closes the connection.
func (s *steady) cut() {
	_ = s.Flush()
	panic(http.ErrAbortHandler)
}

// end flushes, and takes the deadline away: the connection may carry other requests.
func (s *steady) end() {
	if s.Flush() == nil && s.last.IsZero() {
		_ = s.control.SetWriteDeadline(time.Time{})
	}
}

// extend gives the reader more time. Where there is no connection, as in tests,
// there is no deadline.
func (s *steady) extend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	deadline := time.Now().Add(patience)
	if !s.last.IsZero() && s.last.Before(deadline) {
		deadline = s.last
	}
	_ = s.control.SetWriteDeadline(deadline)
}

// hurry lets what is being written, and all that follows, take no longer than a span.
// It may be called from any goroutine while the request is served.
func (s *steady) hurry(span time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = time.Now().Add(span)
	_ = s.control.SetWriteDeadline(s.last)
}
