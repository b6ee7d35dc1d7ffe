package peer

import (
	"context"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// DefaultReqQ is how many requests of a remote are queued unless Config says
// otherwise; more are rejected (threat: request floods).
const DefaultReqQ = 500

// Config is what a connection is made of. Conn, Local, Remote, Manager, Layout
// and Store must be set.
type Config struct {
	Conn          net.Conn       // past the handshake; the Conn closes it
	Addr          netip.AddrPort // of the remote; blame and yourip go by it
	Incoming      bool           // the remote dialled
	Local, Remote wire.Handshake // what was sent and received
	Manager       *piece.Manager
	Layout        *piece.Layout
	Store         io.ReaderAt // bytes of the torrent, for uploads
	Buffers       *Buffers    // shared by all connections; nil: its own

	Name       string   // client name for the remote: "gotor/VERSION"
	ListenPort uint16   // where we can be reached, 0 if nowhere
	DHTPort    uint16   // of our DHT node, told to remotes that have one (BEP 5); 0: none
	ReqQ       int      // requests queued for the remote, 0: DefaultReqQ
	Metadata   []byte   // the info dictionary, to give to those who ask (BEP 9); nil: not offered
	UploadOnly bool     // we want to download nothing (BEP 21); see SetUploadOnly
	Extensions []string // names of extensions whose messages Events.Message takes, at most 200

	// AllowedFast is how many pieces a remote that has no more may get while we
	// choke it (BEP 6, where it is 10); 0 is none.
	AllowedFast int
	// Hidden makes us say that we have nothing, and give only what Reveal has
	// told of: super-seeding (BEP 16). No piece is allowed fast then, and
	// UploadOnly is not said, until RevealAll.
	Hidden bool

	// Continue is the Prelude that this connection was so far, nil if none: what
	// it has said is not said again, and what it was told is looked at first.
	// Local, Remote, Name, ReqQ and Extensions must be as they were there.
	Continue *Prelude

	// Limits in bytes of payload per second, usually shared with other
	// connections; nil is none. They may change. The burst should be at least 16 KiB, and is
	// what may be asked for or sent at once. Nothing but payload is limited.
	DownLimit, UpLimit LimitFunc

	Events Events
}

// Events tell the owner what the remote said. Each may be nil. They are called
// from the reader, if nothing else is said, with no lock held; they must not block, and must not keep
// what they are given beyond the call unless it is a copy.
type Events struct {
	Interested func(interested bool)
	// Gained is called when the remote has got a piece, or with piece = -1 when
	// a whole field has changed how many it has: have.
	Gained func(piece, have int)
	// Asked is called when the remote asks for a piece that is not the one it
	// asked for before, and is to get it.
	Asked func(piece int)
	// Served is called from the writer when the connection has taken the last of
	// what the remote asked for; see Conn.Serving.
	Served func()
	// Seed is called when the remote has every piece for the first time.
	Seed func()
	// Extended is called for every extension handshake.
	Extended func(h wire.ExtHandshake)
	// Message is called for a message of one of Config.Extensions.
	Message func(name string, payload []byte)
	// Port tells the UDP port of the remote's DHT node (BEP 5), which is not 0; at
	// most once a minute, whatever the remote says.
	Port func(port uint16)
	// ReadFailed is called from the writer when a piece that we have cannot be
	// read for an upload. The remote gets a reject.
	ReadFailed func(err error)
	// Trace is told of every message; nil costs nothing.
	Trace TraceFunc
}

// Conn is one connection to one peer of one torrent. Make it with New and give
// it a goroutine with Run; all other methods may be called from anywhere, at
// any time, and never block.
type Conn struct {
	// Immutable.
	cfg   Config
	mem   *Buffers
	fast  bool // BEP 6 on both sides
	ext   bool // BEP 10 on both sides
	limit wire.Limits
	wake  chan struct{} // capacity 1: there may be something to write
	done  chan struct{} // closed by Close

	// Set by Run before its goroutines look.
	peer *piece.Peer

	rx receiver // confined to the reader
	tx sender   // confined to the writer

	asked      atomic.Int64 // requests sent, ever
	downloaded atomic.Int64
	uploaded   atomic.Int64
	lastRead   atomic.Int64 // nanoseconds after born
	born       time.Time

	mu sync.Mutex // guards the rest; nothing is called under it

	cause  error // why it was closed
	out    outbox
	veil   veil
	grants grants
	offers offers
	pipe   pipeline
	remote remote
	rates  rates
}

// remote is what is known of the other side and both sides' flags.
type remote struct {
	amInterested, peerInterested bool
	amChoking, peerChoking       bool
	allowedFast                  int             // pieces we may ask for while choked
	ids                          map[string]byte // extension ids it chose
	client                       string
	uploadOnly                   bool
	have                         int  // pieces it has
	seed                         bool // that is all of them
}

// New returns a connection that has not said anything yet.
func New(cfg Config) *Conn {
	if cfg.ReqQ <= 0 {
		cfg.ReqQ = DefaultReqQ
	}
	both := cfg.Local.Features & cfg.Remote.Features
	c := &Conn{
		cfg:    cfg,
		mem:    cfg.Buffers,
		fast:   both.Has(wire.FeatureFast),
		ext:    both.Has(wire.FeatureExtended),
		limit:  wire.Limits{Pieces: cfg.Layout.Pieces(), Block: piece.BlockSize},
		wake:   make(chan struct{}, 1),
		done:   make(chan struct{}),
		born:   time.Now(),
		pipe:   newPipeline(),
		veil:   veil{hidden: cfg.Hidden, uploadOnly: cfg.UploadOnly, next: cfg.Layout.Pieces()},
		remote: remote{amChoking: true, peerChoking: true, client: wire.ClientOf(cfg.Remote.PeerID)},
	}
	if c.mem == nil {
		c.mem = new(Buffers)
	}
	if cfg.Continue != nil { // it said that we have nothing
		c.veil.next = 0
	}
	return c
}

// Addr returns the address of the remote.
func (c *Conn) Addr() netip.AddrPort { return c.cfg.Addr }

// Remote returns the handshake of the remote.
func (c *Conn) Remote() wire.Handshake { return c.cfg.Remote }

// Run joins the swarm's Manager, talks to the remote until ctx ends, Close is
// called or either side fails, and returns why; never nil. The caller's
// goroutine becomes the reader. When it returns, the writer has ended, the
// network connection is closed and the Manager has everything back. It is to
// be called once.
func (c *Conn) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { c.Close(context.Cause(ctx)) })
	defer stop()
	c.join()
	defer c.cfg.Manager.Leave(c.peer)
	var writer sync.WaitGroup
	writer.Go(func() { c.Close(guard(c.write)) })
	c.Close(guard(c.read))
	writer.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// join enters the connection in the Manager.
func (c *Conn) join() {
	p := c.cfg.Manager.Join(c.cfg.Addr, piece.Hooks{
		Wake:     c.morePicks,
		Cancel:   c.cancel,
		Interest: c.interest,
		Lost:     c.lost,
	})
	if !c.fast {
		c.cfg.Manager.Unreliable(p)
	}
	c.cfg.Manager.Identify(p, c.cfg.Local.PeerID, c.cfg.Remote.PeerID)
	c.mu.Lock()
	c.peer = p
	c.mu.Unlock()
}

// Close ends the connection with err as the reason, net.ErrClosed if it is
// nil. Only the first call counts. It does not wait for Run.
func (c *Conn) Close(err error) {
	if err == nil {
		err = net.ErrClosed
	}
	c.mu.Lock()
	first := c.cause == nil
	if first {
		c.cause = err
	}
	c.mu.Unlock()
	if first {
		close(c.done)
		c.cfg.Conn.Close()
	}
}

// wakeWriter makes the writer look for work. It never waits: one pending wake
// is as good as many.
func (c *Conn) wakeWriter() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}
