package api

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"gotor/cmd/record"
)

// toy is a session with a list that a test changes, and nothing else in it: what a
// test does not set up panics.
type toy struct {
	Session

	mu         sync.Mutex
	revision   uint64
	floor      uint64 // Since knows nothing before
	next       chan struct{}
	order      []string
	rows       map[string]*record.Torrent
	removed    []toyRemoval
	milestones []record.Milestone
	stats      record.Stats
	settings   record.Settings
	logs       []record.Log
	logged     chan struct{}
	peers      map[string][]record.TorrentPeer
	pieces     map[string]*record.Pieces
	files      map[string][]record.TorrentFile
}

type toyRemoval struct {
	id       string
	revision uint64
}

func newToy() *toy {
	return &toy{
		revision: 100, floor: 100, next: make(chan struct{}), rows: map[string]*record.Torrent{}, logged: make(chan struct{}),
		peers: map[string][]record.TorrentPeer{}, pieces: map[string]*record.Pieces{}, files: map[string][]record.TorrentFile{},
	}
}

// change is one step of the list.
func (s *toy) change(f func(revision uint64)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision++
	f(s.revision)
	close(s.next)
	s.next = make(chan struct{})
}

// put adds a torrent, or changes it.
func (s *toy) put(t record.Torrent) {
	s.change(func(r uint64) {
		t.Revision = r
		if s.rows[t.ID] == nil {
			s.order = append(s.order, t.ID)
		}
		s.rows[t.ID] = &t
	})
}

func (s *toy) remove(id string) {
	s.change(func(r uint64) {
		delete(s.rows, id)
		s.order = slices.DeleteFunc(s.order, func(o string) bool { return o == id })
		s.removed = append(s.removed, toyRemoval{id, r})
	})
}

func (s *toy) reach(id, what string) {
	s.change(func(r uint64) {
		s.milestones = append(s.milestones, record.Milestone{Revision: r, ID: id, What: what, At: time.Unix(int64(r), 0).UTC()})
	})
}

func (s *toy) log(level, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs = append(s.logs, record.Log{Seq: uint64(len(s.logs) + 1), Level: level, Text: text})
	close(s.logged)
	s.logged = make(chan struct{})
}

// do changes what is no part of the list.
func (s *toy) do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *toy) counts() *record.Counts {
	c := &record.Counts{State: map[string]int{}}
	for _, t := range s.rows {
		c.State[t.State]++
	}
	return c
}

func (s *toy) List() record.Listing {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := record.Listing{Revision: s.revision, Counts: s.counts()}
	for _, id := range s.order {
		l.Torrents = append(l.Torrents, s.rows[id])
	}
	return l
}

func (s *toy) Since(revision uint64) (d record.Delta, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if revision < s.floor || revision > s.revision {
		return d, false
	}
	d = record.Delta{Revision: s.revision, Counts: s.counts()}
	for _, t := range s.rows {
		if t.Revision > revision {
			d.Changed = append(d.Changed, t)
		}
	}
	for _, r := range s.removed {
		if r.revision > revision {
			d.Removed = append(d.Removed, r.id)
		}
	}
	return d, true
}

func (s *toy) Changed() (uint64, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision, s.next
}

func (s *toy) Milestones(revision uint64) (after []record.Milestone) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.milestones {
		if m.Revision > revision {
			after = append(after, m)
		}
	}
	return after
}

func (s *toy) Torrent(id string) (*record.Torrent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.rows[id]; t != nil {
		return t, nil
	}
	return nil, record.NewProblem(record.CodeNotFound, "no torrent %s", id)
}

func (s *toy) Settings() record.Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

func (s *toy) Stats() record.Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

func (s *toy) ServerID() string { return "server" }

func (s *toy) Logs(since uint64, level string, limit int) (lines []record.Log, next <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gravest := slices.Index(logLevels(), level)
	for _, l := range s.logs {
		if l.Seq > since && slices.Index(logLevels(), l.Level) <= gravest && len(lines) < limit {
			lines = append(lines, l)
		}
	}
	return lines, s.logged
}

func (s *toy) Peers(id string) ([]record.TorrentPeer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.peers[id]), nil
}

func (s *toy) Pieces(id string) (*record.Pieces, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.pieces[id]; p != nil {
		return p, nil
	}
	return nil, record.NewProblem(record.CodeConflict, "no metainfo yet")
}

func (s *toy) Files(id string) ([]record.TorrentFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.files[id]; f != nil {
		return slices.Clone(f), nil
	}
	return nil, record.NewProblem(record.CodeConflict, "no metainfo yet")
}

// pipes is a listener of connections in memory without a buffer: what the reader does
// not take, the server cannot write.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// servePipes serves a handler until the end of the test.
func servePipes(t *testing.T, h http.Handler) (*pipes, *http.Client) {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	srv := &http.Server{Handler: h}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = srv.Serve(p)
	}()
	tr := &http.Transport{DialContext: p.dial}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		_ = srv.Close()
		<-served
	})
	return p, &http.Client{Transport: tr}
}
