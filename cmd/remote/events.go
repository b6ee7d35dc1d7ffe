package remote

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gotor/cmd/record"
)

// Event is one thing that a daemon tells.
type Event struct {
	Name string // hello, rows, torrent, stats, ...; see the API
	ID   string // its revision; a later stream goes on from there
	Data []byte // JSON
}

// Watch says what is followed.
type Watch struct {
	Topics   []string      // empty: as the daemon thinks right
	Torrent  string        // id; empty: all
	Interval time.Duration // at least so much between two events of a kind; 0: as the daemon thinks right
	// Lost is told that the connection has ended, and when it is tried again; nil: nobody
	// wants to know.
	Lost func(err error, wait time.Duration)
}

const (
	maxEvent  = 32 << 20
	firstWait = time.Second
	longWait  = 30 * time.Second
	// quiet is how long a stream may say nothing: the daemon sends a comment every 15 s.
	quiet = time.Minute
)

// Follow calls f with each event until f returns an error, which it returns, or ctx
// ends. A stream that breaks off is taken up again where it was. That it cannot be
// begun at all, or is refused later, is an error.
func (c *Client) Follow(ctx context.Context, w Watch, f func(Event) error) error {
	s := stream{c: c, w: w, wait: firstWait, retry: firstWait}
	for {
		err := s.once(ctx, f)
		var own stopped
		var p *record.Problem
		switch {
		case errors.As(err, &own):
			return own.err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !s.begun, errors.As(err, &p) && p.Status < http.StatusInternalServerError && p.Status != http.StatusTooManyRequests:
			return err
		}
		if w.Lost != nil {
			w.Lost(err, s.wait)
		}
		again := time.NewTimer(s.wait)
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return context.Cause(ctx)
		}
		s.wait = min(2*s.wait, longWait)
	}
}

// stopped is an error of who gets the events, and no fault of the stream.
type stopped struct{ err error }

func (e stopped) Error() string { return e.err.Error() }

// stream is what is remembered between two connections.
type stream struct {
	c     *Client
	w     Watch
	last  string        // id of the last event
	retry time.Duration // before the first try after it broke off, as the daemon wants it
	wait  time.Duration // before the next try: doubled by each that fails
	begun bool          // it has been connected once
}

// once follows one connection to its end.
func (s *stream) once(ctx context.Context, f func(Event) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// Who is silent for longer than the daemon ever is has gone without a word.
	watchdog := time.AfterFunc(quiet, func() { cancel(errSlow) })
	defer watchdog.Stop()
	resp, err := s.c.send(ctx, s.request())
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "text/event-stream" {
		return record.Errorf(record.ExitFetch, "what answers at %s is no daemon of gotor: no stream of events", s.c.where)
	}
	s.begun = true
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, maxEvent)
	var e Event
	for lines.Scan() {
		watchdog.Reset(quiet)
		if len(lines.Bytes()) > 0 {
			s.field(&e, lines.Bytes())
			continue
		}
		if e.Name == "" && e.Data == nil {
			continue // after a comment, or a retry alone
		}
		if e.ID != "" {
			s.last = e.ID
		}
		s.wait = s.retry
		if err := f(e); err != nil {
			return stopped{err}
		}
		e = Event{}
	}
	if err := lines.Err(); err != nil {
		return s.c.unreachable(ctx, err)
	}
	return record.Errorf(record.ExitFetch, "the daemon at %s has ended the stream", s.c.where)
}

// request is that of the stream from where it was.
func (s *stream) request() request {
	r := request{method: "GET", path: "/events", query: url.Values{}, header: http.Header{"Accept": {"text/event-stream"}}}
	if len(s.w.Topics) > 0 {
		r.query.Set("topics", strings.Join(s.w.Topics, ","))
	}
	if s.w.Torrent != "" {
		r.query.Set("torrent", s.w.Torrent)
	}
	if s.w.Interval > 0 {
		r.query.Set("interval", s.w.Interval.String())
	}
	if s.last != "" {
		r.header.Set("Last-Event-ID", s.last)
	}
	return r
}

// field takes one line of a stream (WHATWG HTML, 9.2.6).
func (s *stream) field(e *Event, line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "event":
		e.Name = string(value)
	case "id":
		e.ID = string(value)
	case "data":
		if e.Data != nil {
			e.Data = append(e.Data, '\n')
		}
		e.Data = append(e.Data, value...)
	case "retry":
		if ms, err := strconv.ParseUint(string(value), 10, 31); err == nil {
			s.retry = min(time.Duration(ms)*time.Millisecond, longWait)
			s.wait = s.retry
		}
	}
}
