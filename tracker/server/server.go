package server

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	crand "crypto/rand"

	"golang.org/x/sync/errgroup"
)

// The defaults of Config, and the bounds of its interval.
const (
	DefaultInterval    = 2 * time.Minute
	DefaultMaxTorrents = 10_000
	DefaultMaxPeers    = 100_000
	MinInterval        = 10 * time.Second
	MaxInterval        = time.Hour
)

// minLife is how long a peer stays in the book after its last word, however
// short the interval: libtorrent does not announce more often than every 5
// minutes, whatever it is told.
const minLife = 6 * time.Minute

// Config says whom a tracker serves and how much it may hold. The zero value is
// usable.
type Config struct {
	// Interval is how often peers are to announce, from MinInterval to
	// MaxInterval; 0: DefaultInterval. A peer is dropped when it has been silent
	// for three of them, and for 6 minutes.
	Interval time.Duration
	// MaxTorrents and MaxPeers, of all torrents together, bound the memory; 0:
	// the defaults. See the package comment for what happens there.
	MaxTorrents, MaxPeers int
	// Allow lists the torrents to serve, by v1 info-hash or the first 20 bytes of
	// the v2 one. Nil: all; empty: none.
	Allow [][20]byte
	// Addrs are this machine's addresses with their networks, for a UDP socket
	// that listens on all of them and cannot tell which was asked: peers on this machine that have announced
	// themselves by a loopback address are told to others under one of these.
	Addrs []netip.Prefix
}

// Server is a tracker. Its methods may be called from any goroutine.
type Server struct {
	cfg Config // immutable, without zero fields

	mu   sync.Mutex
	book *book // guarded by mu

	scratches scratches // of HTTP

	announces, scrapes, refused atomic.Int64
}

// Stats are what a Server has done and what it holds.
type Stats struct {
	Torrents, Peers             int // in the book now; what is due to be dropped included
	Announces, Scrapes, Refused int64
}

// New returns a tracker that knows nobody yet. Values of cfg out of their bounds
// are brought into them.
func New(cfg Config) *Server {
	if cfg.Interval == 0 {
		cfg.Interval = DefaultInterval
	}
	cfg.Interval = min(max(cfg.Interval, MinInterval), MaxInterval)
	if cfg.MaxTorrents <= 0 {
		cfg.MaxTorrents = DefaultMaxTorrents
	}
	if cfg.MaxPeers <= 0 {
		cfg.MaxPeers = DefaultMaxPeers
	}
	var allow map[[20]byte]bool
	if cfg.Allow != nil {
		allow = make(map[[20]byte]bool, len(cfg.Allow))
		for _, h := range cfg.Allow {
			allow[h] = true
		}
		cfg.MaxTorrents = max(cfg.MaxTorrents, len(allow))
	}
	var seed [32]byte
	crand.Read(seed[:]) // never fails
	return &Server{cfg: cfg, book: newBook(time.Now(), cfg.limits(), allow, rand.New(rand.NewChaCha8(seed)))}
}

// limits derives what New is not asked for: one torrent gets half of the room,
// and one source a sixteenth, but not so little of a small room that a few
// machines behind one address do not fit.
func (c *Config) limits() limits {
	return limits{
		ttl:      uint32(max(3*c.Interval, minLife) / time.Second),
		torrents: c.MaxTorrents,
		peers:    c.MaxPeers,
		swarm:    max(c.MaxPeers/2, min(c.MaxPeers, 1000)),
		share:    max(c.MaxPeers/16, min(c.MaxPeers, 1000)),
	}
}

// Stats tells what the tracker has done so far.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Torrents: len(s.book.torrents), Peers: s.book.peers,
		Announces: s.announces.Load(), Scrapes: s.scrapes.Load(), Refused: s.refused.Load(),
	}
}

// Serve answers what comes by HTTP on l and by UDP on pc, either of which may
// be nil, until ctx is done: then it returns nil. It returns an error if one of
// them fails before. It closes both, and all it has started has ended when it
// returns.
func (s *Server) Serve(ctx context.Context, l net.Listener, pc net.PacketConn) error {
	g, gctx := errgroup.WithContext(ctx)
	if l != nil {
		g.Go(func() error { return s.serveHTTP(gctx, l) })
	}
	if pc != nil {
		g.Go(func() error { return s.serveUDP(gctx, pc) })
	}
	err := g.Wait()
	if ctx.Err() != nil && (err == nil || errors.Is(err, net.ErrClosed)) {
		return nil
	}
	return err
}

// announce enters a into the book and returns what to tell it. Its peers are
// appended to dst.
func (s *Server) announce(a *announce, dst []contact) (answer, error) {
	if !a.local.IsValid() {
		a.local = s.localFor(a.from)
	}
	now := time.Now()
	s.mu.Lock()
	c, peers, err := s.book.announce(now, a, dst)
	s.mu.Unlock()
	if err != nil {
		return answer{}, err
	}
	s.announces.Add(1)
	return answer{counts: c, interval: s.cfg.Interval, peers: peers, external: a.from}, nil
}

// scrape looks torrents up, and appends what is known to dst.
func (s *Server) scrape(hashes [][20]byte, dst []scraped) []scraped {
	now := time.Now()
	s.mu.Lock()
	for _, h := range hashes {
		c, known := s.book.scrape(now, h)
		dst = append(dst, scraped{c, h, known})
	}
	s.mu.Unlock()
	s.scrapes.Add(1)
	return dst
}

// localFor returns under which address a host most likely reaches us: that of
// its own network, or else the first of its family.
func (s *Server) localFor(from netip.Addr) (found netip.Addr) {
	for _, p := range s.cfg.Addrs {
		switch {
		case p.Addr().Is6() != from.Is6():
		case p.Contains(from):
			return p.Addr()
		case !found.IsValid():
			found = p.Addr()
		}
	}
	return found
}

// addrOf is the address of one end of a connection, unmapped and without zone;
// invalid if it is not one of an internet.
func addrOf(a net.Addr) netip.Addr {
	if a == nil {
		return netip.Addr{}
	}
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}
