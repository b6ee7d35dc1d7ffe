package server

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Limits of HTTP: an announce is one small packet each way.
const (
	readTime   = 5 * time.Second  // for a request to arrive: a slow one holds a connection
	writeTime  = 10 * time.Second // for the answer to leave, the request's time included
	maxHeader  = 8 << 10          // a scrape of 74 torrents has 5.2 KB
	maxConns   = 512              // at a time; more wait in the listener's queue
	maxPerHost = 128              // of one source; more are closed
)

// greeting is what a browser shows.
const greeting = "This is a BitTorrent tracker (gotor). Announce at /announce, scrape at /scrape.\n"

// serveHTTP serves l until ctx is done, and returns when all its connections
// are closed.
func (s *Server) serveHTTP(ctx context.Context, l net.Listener) error {
	var conns sync.WaitGroup
	srv := &http.Server{
		Handler:           http.HandlerFunc(s.handle),
		ReadHeaderTimeout: readTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(io.Discard, "", 0), // it would quote strangers
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				conns.Add(1)
			case http.StateClosed: // by the goroutine that served it
				conns.Done()
			}
		},
	}
	// Announces are minutes apart: a kept connection only takes room.
	srv.SetKeepAlivesEnabled(false)
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	err := srv.Serve(newGate(ctx, l))
	if !stop() {
		err = net.ErrClosed
	}
	srv.Close()
	conns.Wait()
	return err
}

// scratch is what answering one request needs.
type scratch struct {
	hashes   [][20]byte
	torrents []scraped
	peers    []contact
	out      []byte
}

// scratches keeps them between requests. It holds no state.
type scratches struct{ pool sync.Pool }

func (p *scratches) get() *scratch {
	if s, ok := p.pool.Get().(*scratch); ok {
		return s
	}
	return &scratch{peers: make([]contact, 0, maxWant)}
}

func (p *scratches) put(s *scratch) { p.pool.Put(s) }

// handle answers one HTTP request. Refusals have status 200, as clients expect
// of trackers: many do not look into the body of anything else.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	switch {
	case path != "/" && path != "/announce" && path != "/scrape":
		http.Error(w, "404 not found; the paths are /announce and /scrape", http.StatusNotFound)
		return
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "405 only GET", http.StatusMethodNotAllowed)
		return
	case path == "/":
		reply(w, []byte(greeting))
		return
	}
	b := s.scratches.get()
	defer s.scratches.put(b)
	var err error
	if path == "/announce" {
		err = s.answerAnnounce(b, r)
	} else {
		err = s.answerScrape(b, r)
	}
	if err != nil {
		s.refused.Add(1)
		b.out = appendFailure(b.out[:0], err)
	}
	reply(w, b.out)
}

// reply writes a body of our own making.
func reply(w http.ResponseWriter, body []byte) {
	h := w.Header()
	h["Content-Type"] = []string{"text/plain"}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.Write(body)
}

// answerAnnounce puts the answer to an announce into b.out.
func (s *Server) answerAnnounce(b *scratch, r *http.Request) error {
	a, f, err := parseAnnounce(r.URL.RawQuery)
	if err != nil {
		return err
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return err
	}
	a.from = from.Addr().Unmap().WithZone("")
	if l, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		a.local = addrOf(l)
	}
	got, err := s.announce(&a, b.peers[:0])
	if err != nil {
		return err
	}
	b.out = appendAnnounce(b.out[:0], &got, f)
	return nil
}

// answerScrape puts the answer to a scrape into b.out.
func (s *Server) answerScrape(b *scratch, r *http.Request) error {
	var err error
	if b.hashes, err = parseScrape(r.URL.RawQuery, b.hashes); err != nil {
		return err
	}
	// The keys of a dictionary are in order, and none comes twice.
	slices.SortFunc(b.hashes, func(x, y [20]byte) int { return bytes.Compare(x[:], y[:]) })
	b.hashes = slices.Compact(b.hashes)
	b.torrents = s.scrape(b.hashes, b.torrents[:0])
	b.out = appendScrape(b.out[:0], b.torrents)
	return nil
}
