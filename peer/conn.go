package peer

import (
	"context"
	"io"
	"net"
	"net/netip"
	"sync"

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
	// InnerDown and InnerUp are further limits that hold as well, shared with fewer
	// connections; nil is none. Who waits for these takes nothing of the others.
	InnerDown, InnerUp LimitFunc

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
	// read for an upload, as often as that is tried. The remote gets a reject.
	ReadFailed func(piece int, err error)
	// Trace is told of every message; nil costs nothing.
	Trace TraceFunc
}

// Conn is one connection to one peer of one torrent. Make it with New and give
// it a goroutine with Run; all other methods may be called from anywhere, at
// any time, and never block.
type Conn struct {
	*link
	out outbox
	rd  reader
	wr  writer
}

// New returns a connection that has not said anything yet.
func New(cfg Config) *Conn {
	l := newLink(cfg)
	c := &Conn{link: l}
	c.out.init(l)
	c.rd = reader{link: l, out: &c.out, choking: true}
	c.wr = writer{link: l, out: &c.out, up: uploader{link: l, out: &c.out}}
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
	stop := context.AfterFunc(ctx, func() { c.close(context.Cause(ctx)) })
	defer stop()
	c.join()
	defer c.cfg.Manager.Leave(c.rd.peer)
	var writer sync.WaitGroup
	writer.Go(func() { c.close(guard(c.wr.run)) })
	c.close(guard(c.rd.run))
	writer.Wait()
	return c.ended()
}

// join enters the connection in the Manager.
func (c *Conn) join() {
	p := c.cfg.Manager.Join(c.cfg.Addr, piece.Hooks{
		Wake:     c.out.ask.morePicks,
		Cancel:   c.out.cancel,
		Interest: c.out.interest,
		Lost:     c.out.ask.lost,
	})
	if !c.fast {
		c.cfg.Manager.Unreliable(p)
	}
	c.cfg.Manager.Identify(p, c.cfg.Local.PeerID, c.cfg.Remote.PeerID)
	c.rd.peer, c.wr.peer = p, p
	c.out.join(p)
}

// Close ends the connection with err as the reason, net.ErrClosed if it is
// nil. Only the first call counts. It does not wait for Run.
func (c *Conn) Close(err error) { c.close(err) }

// Choke chokes or unchokes the remote. What it has asked for and not been sent
// is rejected after the choke (BEP 6) or forgotten (BEP 3), unless it is allowed
// fast.
func (c *Conn) Choke(choke bool) { c.out.choke(choke) }

// Have tells the remote that we have piece i: at once, or with others within
// 100 ms. That it has the piece already, or wants nothing, is no reason not to
// tell it: one that super-seeds must see that what it gave has arrived (BEP 16).
// But then there is no hurry.
func (c *Conn) Have(i int) { c.out.have(i) }

// Suggest tells the remote that it might like to download piece i from us (BEP
// 6). Without the fast extension it is not told.
func (c *Conn) Suggest(i int) { c.out.suggest(i) }

// DontHave tells the remote that we no longer have piece i, if it understands
// lt_donthave (BEP 54) and was told that we had it.
func (c *Conn) DontHave(i int) { c.out.dontHave(i) }

// Reveal tells a remote from which our pieces are hidden that we have piece i,
// at once, and gives it from now on. Elsewhere it does nothing.
func (c *Conn) Reveal(i int) { c.out.reveal(i) }

// RevealAll ends hiding: the remote is told of all pieces that it lacks and we
// have, and may ask for any.
func (c *Conn) RevealAll() { c.out.revealAll() }

// SetUploadOnly changes whether we want to download nothing, and says so if
// that is news to the remote (BEP 21: "a partial seed SHOULD include an extra
// header in the extension handshake"; BEP 10 allows later ones).
func (c *Conn) SetUploadOnly(on bool) { c.out.setUploadOnly(on) }

// SendExtended sends a message of the extension name. It reports false if the
// remote does not support it.
func (c *Conn) SendExtended(name string, payload []byte) bool {
	return c.out.sendExtended(name, payload)
}

// Serving reports whether there is something that the remote asked for and the
// connection has not yet taken. It is for owners that set Events.Served.
func (c *Conn) Serving() bool { return c.out.serving() }

// Stats returns the state of the connection. Rates are averages over the last
// five seconds, or since an earlier call if none is that recent.
func (c *Conn) Stats() Stats { return c.out.stats() }

// AppendRemote appends which pieces the remote has, as a bitfield message's
// payload; nothing before Run.
func (c *Conn) AppendRemote(dst []byte) []byte {
	p := c.out.member()
	if p == nil {
		return dst
	}
	return c.cfg.Manager.AppendRemote(p, dst)
}
