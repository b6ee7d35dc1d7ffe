package webseed

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gotor/peer/simnet"
	"gotor/piece"
)

// rig is one torrent, a manager that wants it, and a web server, in virtual time.
type rig struct {
	*testing.T
	data    []byte
	layout  *piece.Layout
	m       *piece.Manager
	store   *store
	net     *simnet.Net
	client  *simnet.Host
	handler http.Handler // of the server at origin
	cfg     Config
	done    chan struct{} // closed when everything is verified

	mu       sync.Mutex
	requests []*http.Request // in the order in which they came
	bad      int
}

// store keeps the bytes in memory.
type store struct {
	mu   sync.Mutex
	data []byte
}

func (s *store) ReadAt(p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copy(p, s.data[off:]), nil
}

func (s *store) WriteVec(bufs [][]byte, off int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range bufs {
		off += int64(copy(s.data[off:], b))
	}
	return nil
}

const (
	blk    = piece.BlockSize
	origin = "http://10.0.0.1"
)

// inRig tells a story about a torrent of size bytes in pieces of length bytes.
func inRig(t *testing.T, size, length int, story func(r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		l, err := piece.NewLayout(int64(size), int64(length))
		if err != nil {
			t.Fatal(err)
		}
		r := &rig{T: t, data: make([]byte, size), layout: l, store: &store{data: make([]byte, size)},
			net: simnet.New(simnet.Options{Seed: 1}), done: make(chan struct{})}
		rand.NewChaCha8([32]byte{7}).Read(r.data)
		workers := piece.NewWorkers(1)
		defer workers.Close()
		r.m = piece.NewManager(piece.Config{
			Layout: l, Store: r.store, Pool: piece.NewPool(16 << 20), Workers: workers, Rand: rand.New(rand.NewPCG(1, 2)),
			Digest:  func(i int) piece.Digest { return piece.SHA1(sha1.Sum(r.data[l.Offset(i) : l.Offset(i)+l.PieceLen(i)])) },
			OnPiece: r.onPiece,
		})
		defer r.m.Close()
		options := simnet.HostOptions{Up: 10 << 20, Down: 10 << 20, Latency: 5 * time.Millisecond}
		r.client = r.net.Host(netip.MustParseAddr("10.0.0.9"), options)
		r.serve("10.0.0.1", func(w http.ResponseWriter, q *http.Request) {
			r.mu.Lock()
			r.requests = append(r.requests, q)
			h := r.handler
			r.mu.Unlock()
			h.ServeHTTP(w, q)
		})
		r.handler = r.file()
		r.cfg = Config{
			Manager: r.m, Layout: l, Files: []File{{Length: int64(size)}},
			URL:  func(int) string { return origin + "/file" },
			Addr: netip.MustParseAddrPort("[::%web1]:0"), UserAgent: "gotor/test", Dial: r.client.DialContext,
		}
		story(r)
	})
}

// serve starts a web server on a host of its own.
func (r *rig) serve(ip string, h http.HandlerFunc) {
	r.Helper()
	a := netip.MustParseAddr(ip)
	host := r.net.Host(a, simnet.HostOptions{Up: 10 << 20, Down: 10 << 20, Latency: 5 * time.Millisecond})
	l, err := host.Listen(r.Context(), "tcp", netip.AddrPortFrom(a, 80).String())
	if err != nil {
		r.Fatal(err)
	}
	s := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go s.Serve(l)
	r.Cleanup(func() { s.Close() })
}

func (r *rig) onPiece(p piece.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !p.OK {
		r.bad++
	}
	if p.OK && r.m.Done() {
		close(r.done)
	}
}

// file serves the whole torrent as one file, with ranges.
func (r *rig) file() http.Handler { return content(r.data) }

func content(b []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		http.ServeContent(w, q, "", time.Time{}, bytes.NewReader(b))
	})
}

// run is Run until everything is verified, or until it fails.
func (r *rig) run(s *Seed) error {
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	errDone := errors.New("done")
	go func() {
		select {
		case <-r.done:
			cancel(errDone)
		case <-ctx.Done():
		}
	}()
	err := s.Run(ctx)
	s.Close()
	if context.Cause(ctx) == errDone {
		return nil
	}
	return err
}

// mustGet downloads everything.
func (r *rig) mustGet(s *Seed) {
	r.Helper()
	if err := r.run(s); err != nil {
		r.Fatalf("run: %v", err)
	}
	r.wantData()
}

func (r *rig) wantData() {
	r.Helper()
	if !bytes.Equal(r.store.data, r.data) {
		r.Error("the store does not hold the torrent's bytes")
	}
}

// asked returns what the server was asked for: path and range.
func (r *rig) asked() (lines []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range r.requests {
		lines = append(lines, q.URL.RequestURI()+" "+q.Header.Get("Range"))
	}
	return lines
}

// wantError fails a Run, and looks at what its error says.
func (r *rig) wantError(gone bool, text string) *Error {
	r.Helper()
	err := r.run(New(r.cfg))
	var e *Error
	if !errors.As(err, &e) || e.Gone != gone || !strings.Contains(err.Error(), text) {
		r.Fatalf("run: %v (%+v), want gone %v and %q", err, e, gone, text)
	}
	return e
}

// split cuts the torrent into files of these lengths, served below /dir.
func (r *rig) split(lengths ...int) {
	mux := http.NewServeMux()
	var files []File
	off := 0
	for i, n := range lengths {
		f := File{Offset: int64(off), Length: int64(n), Pad: n < 0}
		if n < 0 { // padding
			n = -n
			f.Length = int64(n)
			clear(r.data[off : off+n])
		} else {
			mux.Handle(fmt.Sprintf("/dir/%d", i), content(r.data[off:off+n]))
		}
		files = append(files, f)
		off += n
	}
	r.handler, r.cfg.Files = mux, files
	r.cfg.URL = func(i int) string { return fmt.Sprintf("%s/dir/%d", origin, i) }
}

// dialled counts connections.
func (r *rig) dialled() *int {
	n, dial := new(int), r.cfg.Dial
	r.cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		*n++
		return dial(ctx, network, address)
	}
	return n
}

func mustParse(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}
