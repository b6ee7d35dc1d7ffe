package api

import (
	"net/http"
	"sync"
	"time"

	"gotor/cmd/record"
)

const (
	// maxStreams bounds those who read events: each costs a connection, and work
	// with each change.
	maxStreams = 32
	// farewell is what a stream has to say goodbye in.
	farewell = time.Second
)

// Streams are the readers of events. Each is served by the goroutine of its request.
type Streams struct {
	session Session
	stop    chan struct{} // closed when they are to end

	mu      sync.Mutex
	readers map[*steady]struct{}
	ended   bool
	none    sync.WaitGroup
}

// NewStreams makes none.
func NewStreams(s Session) *Streams {
	return &Streams{session: s, stop: make(chan struct{}), readers: make(map[*steady]struct{})}
}

// Count is how many readers there are.
func (s *Streams) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.readers)
}

// ServeHTTP serves one reader until it goes, hangs, or Close is called.
func (s *Streams) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, problem := parseEventQuery(r)
	if problem == nil && q.torrent != "" {
		_, err := s.session.Torrent(q.torrent)
		problem = record.ProblemOf(err)
	}
	if problem != nil {
		refuse(w, problem)
		return
	}
	out := newEventWriter(w)
	if problem = s.enter(out.to); problem != nil {
		w.Header().Set("Retry-After", "10")
		refuse(w, problem)
		return
	}
	defer s.leave(out.to)
	h := w.Header()
	h.Set("Content-Type", typeEvents)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would gather events
	newStream(s.session, q, out).run(r.Context(), s.stop)
}

// enter takes a reader in, or says why not.
func (s *Streams) enter(reader *steady) *record.Problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return record.NewProblem(record.CodeNotReady, "the daemon stops")
	case len(s.readers) >= maxStreams:
		return record.NewProblem(record.CodeTooMany, "%d programs follow the events already: close one", maxStreams)
	}
	s.readers[reader] = struct{}{}
	s.none.Add(1)
	return nil
}

// leave takes a reader out; Close waits for that.
func (s *Streams) leave(reader *steady) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.readers, reader)
	s.none.Done()
}

// Close ends all streams, and waits for them: those that hang, a second.
func (s *Streams) Close() {
	s.mu.Lock()
	if !s.ended {
		s.ended = true
		close(s.stop)
	}
	for reader := range s.readers {
		reader.hurry(farewell)
	}
	s.mu.Unlock()
	s.none.Wait()
}
