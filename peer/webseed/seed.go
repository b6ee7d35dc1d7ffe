package webseed

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sort"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"gotor/piece"
)

const (
	// batch is how many blocks are taken from a run at a time, and loose how
	// many single ones at the end of the download.
	batch = 64
	loose = 32
)

// File is where a file lies in the torrent. Those of a torrent follow each other
// without gaps.
type File struct {
	Offset, Length int64
	Pad            bool // zeros that no server has
}

// Config is what a Seed needs to know.
type Config struct {
	Manager *piece.Manager
	Layout  *piece.Layout
	// Files and URL are those of BEP 19; URL returns where file i is.
	Files []File
	URL   func(i int) string
	// Script is the URL of BEP 17 instead.
	Script   string
	InfoHash [20]byte

	Addr      netip.AddrPort // what piece.Result.Guilty names; of nobody else
	Header    http.Header    // for the origin of the URLs only
	UserAgent string
	Insecure  bool // do not verify TLS certificates
	// Visit may refuse a URL before it is asked for: the first one, and each that
	// a server redirects to; proxy is whom it will be asked of, nil: its host. It
	// is called on Run's goroutine. nil: none is refused.
	Visit func(u, proxy *url.URL) error
	// Dial is the only way to the outside, and Proxy says where to go through
	// one; nil: nowhere.
	Dial  func(ctx context.Context, network, address string) (net.Conn, error)
	Proxy func(*http.Request) (*url.URL, error)
	// Limit returns the limiter for payload that is in force now, its burst at
	// least a block; nil: none. Limit may be nil, too. Inner is another one that
	// holds as well, and is waited for first.
	Limit, Inner func() *rate.Limiter
	// Memory bounds what the server makes us remember; the Seeds of a torrent
	// share one. nil: the Seed has its own. A server that lacks more files than it
	// has room for is given up.
	Memory *Budget
	// Answered is called when the server has given the first usable answer of a
	// Run; Missing when it turns out not to have a file, with its number and what
	// the server said; Idle when a server that lacks files finds nothing to give
	// and begins to wait. All on Run's goroutine; each may be nil.
	Answered func()
	Missing  func(file int, err error)
	Idle     func()
}

// Seed is one server. Its state belongs to the goroutine that is in Run.
type Seed struct {
	cfg        Config
	transport  *http.Transport
	wake       chan struct{} // capacity 1
	downloaded atomic.Int64

	moved    map[int]*url.URL // by segment: where redirects led
	missing  map[int]error    // by segment: not there
	drawn    int64            // of cfg.Memory, for the two
	files    int              // segments that could be there
	noRanges bool
	live     bool // this Run had an answer
	blocks   []piece.Block
	scrap    []byte // what is read and not wanted
}

// New returns a Seed. Nothing is sent before Run.
func New(c Config) *Seed {
	s := &Seed{
		cfg: c, wake: make(chan struct{}, 1), moved: make(map[int]*url.URL), missing: make(map[int]error),
		scrap: make([]byte, 16<<10),
	}
	if s.cfg.Memory == nil {
		s.cfg.Memory = NewBudget(ownMemory)
	}
	s.transport = newTransport(&s.cfg)
	for _, f := range c.Files {
		if !f.Pad && f.Length > 0 {
			s.files++
		}
	}
	return s
}

// Downloaded is how many bytes of payload have come, in all Runs. It may be
// called from any goroutine.
func (s *Seed) Downloaded() int64 { return s.downloaded.Load() }

// Close lets idle connections and memory go. No Run may be going on; one may
// follow.
func (s *Seed) Close() {
	s.transport.CloseIdleConnections()
	s.moved, s.missing = make(map[int]*url.URL), make(map[int]error)
	s.cfg.Memory.give(s.drawn)
	s.drawn = 0
}

// Use has the next Run give to another manager, of the same torrent. No Run may be
// going on.
func (s *Seed) Use(m *piece.Manager) { s.cfg.Manager = m }

// script reports whether this is BEP 17.
func (s *Seed) script() bool { return s.cfg.Script != "" }

// Run gives blocks to the manager until ctx ends, or an *Error comes in the way.
// One Run at a time.
func (s *Seed) Run(ctx context.Context) error {
	p := s.cfg.Manager.JoinWeb(s.cfg.Addr, piece.Hooks{Wake: func() {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}})
	defer s.cfg.Manager.Leave(p)
	s.live = false
	for id := range s.missing {
		s.lack(p, id)
	}
	for {
		err := s.turn(ctx, p)
		if err == nil {
			continue
		}
		s.cfg.Manager.Release(p)
		if err = s.settle(ctx, p, err); err != nil {
			return err
		}
	}
}

// settle decides what follows from an error: nil means to go on without what it
// is about.
func (s *Seed) settle(ctx context.Context, p *piece.Peer, err error) error {
	var m missingSegment
	var e *Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errNoRanges) && !s.noRanges && !s.script():
		s.noRanges = true
		return nil
	case errors.As(err, &m):
		if !s.lacks(m.id, m.err) || s.script() || len(s.missing) >= s.files {
			return &Error{Gone: true, Err: m.err}
		}
		s.lack(p, m.id)
		if s.cfg.Missing != nil {
			s.cfg.Missing(m.id, m.err)
		}
		return nil
	case errors.As(err, &e):
		return err
	}
	return &Error{Err: err}
}

// missingSegment is an errMissing with its place.
type missingSegment struct {
	errMissing
	id int
}

// lack tells the manager that a file is not there.
func (s *Seed) lack(p *piece.Peer, id int) {
	f := s.cfg.Files[id]
	s.cfg.Manager.Lacks(p, f.Offset, f.Offset+f.Length)
}

// answered notes that the server can be used.
func (s *Seed) answered() {
	if !s.live && s.cfg.Answered != nil {
		s.cfg.Answered()
	}
	s.live = true
}

// turn fetches one run, or a few blocks, or waits.
func (s *Seed) turn(ctx context.Context, p *piece.Peer) error {
	m := s.cfg.Manager
	if s.noRanges {
		return s.wholeFiles(ctx, p)
	}
	most := 0
	if s.script() {
		most = 1
	}
	off, n, wait := m.Reserve(p, piece.Stretch{Most: most}, time.Now())
	if n > 0 {
		st := s.open(ctx, off, off+n)
		defer st.close()
		return s.run(p, st, off)
	}
	if !wait {
		if s.blocks = m.Pick(p, s.blocks[:0], loose, time.Now()); len(s.blocks) > 0 {
			return s.single(ctx, p)
		}
	}
	return s.sleep(ctx)
}

// sleep waits for the manager.
func (s *Seed) sleep(ctx context.Context) error {
	if len(s.missing) > 0 && s.cfg.Idle != nil {
		s.cfg.Idle()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.wake:
		return nil
	}
}

// segmentAt returns what off lies in.
func (s *Seed) segmentAt(off int64) segment {
	if s.script() {
		l := s.cfg.Layout
		i := l.PieceAt(off)
		return segment{start: l.Offset(i), end: l.Offset(i) + l.PieceLen(i), id: i}
	}
	f := s.cfg.Files
	i := sort.Search(len(f), func(i int) bool { return f[i].Offset+f[i].Length > off })
	return segment{start: f[i].Offset, end: f[i].Offset + f[i].Length, id: i, pad: f[i].Pad}
}

// url returns where what is asked for can be found.
func (s *Seed) url(a ask) string {
	if s.script() {
		return scriptURL(s.cfg.Script, s.cfg.InfoHash, a.seg.id, a.off-a.seg.start, a.end-a.seg.start-1, a.all())
	}
	return s.cfg.URL(a.seg.id)
}
