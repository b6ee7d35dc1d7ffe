package webseed

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
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
	// Dial is the only way to the outside, and Proxy says where to go through
	// one; nil: nowhere.
	Dial  func(ctx context.Context, network, address string) (net.Conn, error)
	Proxy func(*http.Request) (*url.URL, error)
	Limit *rate.Limiter // for payload, its burst at least a block; nil: none
	// Answered is called when the server has given the first usable answer of a
	// Run, on Run's goroutine. May be nil.
	Answered func()
}

// Seed is one server. Its state belongs to the goroutine that is in Run.
type Seed struct {
	cfg        Config
	transport  *http.Transport
	wake       chan struct{} // capacity 1
	downloaded atomic.Int64

	moved    map[int]*url.URL // by segment: where redirects led
	missing  map[int]error    // by segment: not there
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

// Close lets idle connections go. No Run may follow.
func (s *Seed) Close() { s.transport.CloseIdleConnections() }

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
		if s.missing[m.id] = m.err; s.script() || len(s.missing) >= s.files {
			return &Error{Gone: true, Err: m.err}
		}
		s.lack(p, m.id)
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
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.wake:
		return nil
	}
}

// run reads the blocks of p's run.
func (s *Seed) run(p *piece.Peer, st *stream, off int64) error {
	for {
		blocks, over := s.cfg.Manager.Next(p, s.blocks[:0], batch, time.Now())
		s.blocks = blocks
		if over {
			return nil
		}
		if len(blocks) == 0 {
			if err := s.sleep(st.ctx); err != nil {
				return context.Cause(st.ctx)
			}
			continue
		}
		for _, b := range blocks {
			if err := s.take(p, st, b); err != nil {
				return err
			}
		}
	}
}

// take reads one block into its slab.
func (s *Seed) take(p *piece.Peer, st *stream, b piece.Block) error {
	m := s.cfg.Manager
	slab, err := m.Claim(p, uint32(b.Index()), uint32(b.Begin()), uint32(b.Len()))
	if err != nil {
		return nil // somebody else was faster: it is read over
	}
	if err = s.limit(st.ctx, b.Len()); err == nil {
		if err = st.seek(s.offset(b)); err == nil {
			err = readFull(st, slab.Bytes())
		}
	}
	if err != nil {
		m.Abort(p, slab)
		var e errMissing
		if errors.As(err, &e) {
			return missingSegment{e, st.seg.id}
		}
		return err
	}
	s.downloaded.Add(int64(b.Len()))
	m.Commit(p, slab, time.Now())
	return nil
}

// readFull is io.ReadFull with the stream's own error.
func readFull(st *stream, p []byte) error {
	for len(p) > 0 {
		n, err := st.Read(p)
		if p = p[n:]; err != nil {
			return err
		}
	}
	return nil
}

// limit waits until so many bytes may be downloaded.
func (s *Seed) limit(ctx context.Context, n int) error {
	if s.cfg.Limit == nil {
		return nil
	}
	if err := s.cfg.Limit.WaitN(ctx, n); err != nil {
		if c := context.Cause(ctx); c != nil {
			return c
		}
		return &Error{Err: err}
	}
	return nil
}

// offset is where a block lies in the torrent.
func (s *Seed) offset(b piece.Block) int64 {
	return s.cfg.Layout.Offset(b.Index()) + int64(b.Begin())
}

// single fetches the blocks that Pick chose, those side by side with one request.
func (s *Seed) single(ctx context.Context, p *piece.Peer) error {
	slices.SortFunc(s.blocks, func(a, b piece.Block) int { return cmp.Compare(s.offset(a), s.offset(b)) })
	for rest := s.blocks; len(rest) > 0; {
		end, n := s.offset(rest[0]), 0
		for n < len(rest) && s.offset(rest[n]) == end && (n == 0 || !s.script() || rest[n].Index() == rest[0].Index()) {
			end += int64(rest[n].Len())
			n++
		}
		if err := s.group(ctx, p, rest[:n], end); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// group fetches blocks that lie side by side up to end.
func (s *Seed) group(ctx context.Context, p *piece.Peer, blocks []piece.Block, end int64) error {
	st := s.open(ctx, s.offset(blocks[0]), end)
	defer st.close()
	for _, b := range blocks {
		if err := s.take(p, st, b); err != nil {
			return err
		}
	}
	return nil
}

// wholeFiles reads files from their start, because the server cannot do better,
// and takes from them what is missing. It does so only while nobody else gives
// anything.
func (s *Seed) wholeFiles(ctx context.Context, p *piece.Peer) error {
	m := s.cfg.Manager
	if !m.Alone(p) {
		return s.sleep(ctx)
	}
	st := s.open(ctx, 0, s.cfg.Layout.Total())
	st.whole = true
	defer st.close()
	for some := false; ; some = true {
		off, n, _ := m.Reserve(p, piece.Stretch{From: st.pos, InOrder: true}, time.Now())
		if n == 0 && some {
			return nil
		}
		if n == 0 {
			return s.sleep(ctx)
		}
		if err := st.seek(off); err != nil {
			return s.placed(st, err)
		}
		if err := s.run(p, st, off); err != nil {
			return err
		}
	}
}

// placed says which file an error is about.
func (s *Seed) placed(st *stream, err error) error {
	var e errMissing
	if errors.As(err, &e) {
		return missingSegment{e, st.seg.id}
	}
	return err
}

// segmentAt returns what off lies in.
func (s *Seed) segmentAt(off int64) segment {
	if s.script() {
		l := s.cfg.Layout
		i := int(off / l.PieceLen(0))
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
