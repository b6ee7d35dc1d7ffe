package peer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"gotor/peer/wire"
)

// PreludeConfig is what a Prelude is made of. Conn, Local and Remote must be set.
type PreludeConfig struct {
	Conn          net.Conn // past the handshake
	Addr          netip.AddrPort
	Incoming      bool
	Local, Remote wire.Handshake

	Name       string
	ListenPort uint16
	DHTPort    uint16
	ReqQ       int
	Extensions []string  // as in Config; wire.ExtMetadata must be the first
	Buffers    *Buffers  // bounds what all Preludes keep; nil: its own
	Assembly   *Assembly // where the blocks of the info dictionary go; nil: its own

	// Extended is called for every extension handshake, Message for messages of
	// Extensions other than ut_metadata, Port as in Events. They must not block
	// and must not keep what they are given.
	Extended func(p *Prelude, h wire.ExtHandshake)
	Message  func(p *Prelude, name string, payload []byte)
	Port     func(p *Prelude, port uint16)
	// Trace is told of what is sent, and of messages that are looked at; the others
	// are told of by the Conn that follows, which looks at the extension handshakes
	// again.
	Trace TraceFunc
}

// Prelude is a connection of a torrent whose info dictionary is not known yet
// (a magnet link). It takes part in the extension protocol, fetches the info
// dictionary when told to (BEP 9), and keeps whatever else the remote says until
// it becomes a Conn: see Config.Continue.
//
// Run is the only goroutine that reads and writes; the other methods may be
// called from anywhere, and never block.
type Prelude struct {
	cfg  PreludeConfig
	fast bool

	wanted atomic.Bool  // Fetch was called
	halt   atomic.Bool  // Handover was called
	size   atomic.Int64 // of the info dictionary, as the remote says; 0: not said
	got    atomic.Int64 // bytes of it that have come
	stir   atomic.Bool  // the Assembly may want other blocks now

	once  sync.Once
	cause error // guarded by once

	// Confined to Run, and read by the Conn that follows.
	kept
	unread  []byte    // what has been read from the connection and not looked at
	rest    int       // bytes to come of a message that is kept or dropped as it comes
	keeps   bool      // which of the two
	id      byte      // of ut_metadata, as the remote wants it
	src     *giver    // in the Assembly; nil before Fetch
	heard   time.Time // when the last bytes came
	asks    time.Time // when the last block came or was asked for
	count   int       // extension handshakes
	unknown int       // messages of unknown types
	port    portGate
}

const (
	// metadataWindow is how many blocks are asked for at a time. Some clients
	// answer no more than a few a second.
	metadataWindow = 8
	// metadataSilence is how long a remote may take for the next block.
	metadataSilence = 20 * time.Second
)

var (
	// ErrNoMetadata reports a remote that does not give the info dictionary.
	ErrNoMetadata = errors.New("the peer does not give the metadata")
	// ErrLiar reports a remote whose info dictionary does not have the hash of
	// the torrent. It gave all of it, so nobody else can have spoiled it.
	ErrLiar = errors.New("the peer sent wrong metadata")
	// errHandover ends Run: the connection goes on as a Conn.
	errHandover = errors.New("handed over")
)

// NewPrelude returns a connection that has not said anything yet.
func NewPrelude(cfg PreludeConfig) *Prelude {
	if cfg.ReqQ <= 0 {
		cfg.ReqQ = DefaultReqQ
	}
	both := cfg.Local.Features & cfg.Remote.Features
	p := &Prelude{cfg: cfg, fast: both.Has(wire.FeatureFast)}
	if p.mem = cfg.Buffers; p.mem == nil {
		p.mem = new(Buffers)
	}
	if p.cfg.Assembly == nil {
		p.cfg.Assembly = NewAssembly(cfg.Local.InfoHash, cfg.Buffers)
	}
	return p
}

// Addr returns the address of the remote.
func (p *Prelude) Addr() netip.AddrPort { return p.cfg.Addr }

// Size is how large the remote says the info dictionary is, in bytes, 0 if it
// has not.
func (p *Prelude) Size() int64 { return p.size.Load() }

// Got is how many bytes of the info dictionary have come from this remote.
func (p *Prelude) Got() int64 { return p.got.Load() }

// Fetch makes the Prelude ask for the info dictionary, once the remote has said
// that it has it.
func (p *Prelude) Fetch() {
	p.wanted.Store(true)
	p.poke()
}

// Handover makes Run return with the connection open. After that a Conn may be
// made of it.
func (p *Prelude) Handover() {
	p.halt.Store(true)
	p.poke()
}

// poke makes the reader look at what it was told. The flag is set before, and
// the reader sets its deadline before it looks at the flags, so none is missed.
func (p *Prelude) poke() { p.cfg.Conn.SetReadDeadline(time.Unix(1, 0)) }

// Close ends the connection with err as the reason. It is for a Prelude of which
// no Conn is made.
func (p *Prelude) Close(err error) {
	p.once.Do(func() { p.cause = err })
	p.cfg.Conn.Close()
	p.drawn.release(p.mem)
}

// Run talks to the remote. With the info dictionary, whose SHA-1 is the
// torrent's info-hash, it returns that and leaves the connection open for a
// Conn; with nil and no error after Handover, too. After an error the connection
// is closed. The caller owns the result.
func (p *Prelude) Run(ctx context.Context) (info []byte, err error) {
	stop := context.AfterFunc(ctx, func() { p.Close(context.Cause(ctx)) })
	defer stop()
	err = guard(func() error {
		info, err = p.run()
		return err
	})
	p.leaveAssembly()
	if errors.Is(err, errHandover) {
		err = nil
	}
	if err == nil && stop() {
		p.cfg.Conn.SetDeadline(time.Time{})
		return info, nil
	}
	p.Close(err)
	p.forget()
	return nil, p.cause
}

// leaveAssembly ends this remote's part in it. The Conn keeps its Prelude, which
// must not keep the blocks.
func (p *Prelude) leaveAssembly() {
	if p.src != nil {
		p.cfg.Assembly.leave(p.src)
	}
	p.src, p.cfg.Assembly = nil, nil
}

func (p *Prelude) run() ([]byte, error) {
	if !(p.cfg.Local.Features & p.cfg.Remote.Features).Has(wire.FeatureExtended) {
		return nil, fmt.Errorf("%w: it does not know extensions", ErrNoMetadata)
	}
	p.heard = time.Now()
	hello := wire.AppendExtHandshake(nil, p.extHandshake())
	if p.fast {
		hello = wire.Append(hello, wire.Message{ID: wire.HaveNone})
	}
	hello = appendPort(hello, p.cfg.Remote, p.cfg.DHTPort)
	if err := p.write(hello); err != nil {
		return nil, err
	}
	for {
		info, err := p.messages()
		if err != nil || info != nil {
			return info, err
		}
		if err := p.read(); err != nil {
			return nil, err
		}
	}
}

// extHandshake is what a Conn would say; ids are the same.
func (p *Prelude) extHandshake() wire.ExtHandshake {
	cfg := Config{Name: p.cfg.Name, ReqQ: p.cfg.ReqQ, Addr: p.cfg.Addr, Extensions: p.cfg.Extensions,
		Incoming: p.cfg.Incoming, ListenPort: p.cfg.ListenPort}
	return cfg.extHandshake(false)
}

// write writes all of b, to a remote that reads.
func (p *Prelude) write(b []byte) error {
	p.cfg.Trace.sending(b)
	p.cfg.Conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := p.cfg.Conn.Write(b)
	return err
}

// read waits for bytes, and does meanwhile what it is told or the clock says.
func (p *Prelude) read() error {
	for {
		p.cfg.Conn.SetReadDeadline(time.Now().Add(keepAliveAfter))
		p.stir.Store(false)
		if p.halt.Load() {
			return errHandover
		}
		if err := p.request(); err != nil {
			return err
		}
		if p.fetching() {
			p.cfg.Conn.SetReadDeadline(time.Now().Add(metadataSilence))
			if p.halt.Load() || p.stir.Load() { // the poke is undone
				continue
			}
		}
		n, err := p.readSome()
		if n > 0 {
			p.heard = time.Now()
			return nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return readError(err)
		}
		if err := p.waited(time.Now()); err != nil {
			return err
		}
	}
}

// readSome reads once, into memory that grows with what has come, which is less
// than one message of maxWhole.
func (p *Prelude) readSome() (int, error) {
	if cap(p.unread)-len(p.unread) < 2048 {
		size := min(2*len(p.unread), 4+maxWhole) + 4096
		p.unread = append(make([]byte, 0, size), p.unread...)
	}
	free := p.unread[len(p.unread):cap(p.unread)]
	n, err := p.cfg.Conn.Read(free)
	p.unread = p.unread[:len(p.unread)+n]
	return n, err
}

// waited acts on silence.
func (p *Prelude) waited(now time.Time) error {
	switch {
	case now.Sub(p.heard) >= maxSilence:
		return fmt.Errorf("%w: nothing came for %v", ErrSilent, maxSilence)
	case p.fetching() && now.Sub(p.asks) >= metadataSilence:
		return fmt.Errorf("%w: nothing of it came for %v", ErrNoMetadata, metadataSilence)
	case now.Sub(p.heard) >= keepAliveAfter:
		return p.write(wire.AppendKeepAlive(nil))
	}
	return nil
}

// fetching reports whether blocks are on their way.
func (p *Prelude) fetching() bool { return p.src != nil && p.cfg.Assembly.owing(p.src) > 0 }

// request asks for blocks, if that is wanted and possible.
func (p *Prelude) request() error {
	size := p.size.Load()
	if !p.wanted.Load() || size == 0 || p.id == 0 {
		return nil
	}
	if p.src == nil {
		p.src = p.cfg.Assembly.join(p.cfg.Addr.Addr(), size, func() {
			p.stir.Store(true)
			p.poke()
		})
	}
	ask, spent := p.cfg.Assembly.next(p.src, metadataWindow)
	if spent {
		return fmt.Errorf("%w: it refuses what is missing", ErrNoMetadata)
	}
	if len(ask) == 0 {
		return nil
	}
	var out []byte
	for _, i := range ask {
		out = appendMetadata(out, p.id, wire.MetadataMessage{Type: wire.MetadataRequest, Piece: i})
	}
	p.asks = time.Now()
	return p.write(out)
}

// message handles one message that is looked at, with its length prefix.
func (p *Prelude) message(raw []byte) (info []byte, err error) {
	body := raw[4:]
	if f := p.cfg.Trace; f != nil {
		if m, err := wire.Parse(body); err == nil {
			f(false, m)
		}
	}
	if wire.ID(body[0]) == wire.Port { // the Conn need not hear of it
		return nil, p.onPort(body)
	}
	switch id := int(body[1]); id {
	case wire.ExtHandshakeID:
		if err := p.introduced(body[2:]); err != nil {
			return nil, err
		}
		return nil, p.keep(raw)
	case localDontHave + 1:
		return p.metadata(body[2:])
	default:
		if p.cfg.Message != nil {
			p.cfg.Message(p, p.cfg.Extensions[id-localDontHave-1], body[2:])
		}
	}
	return nil, nil
}

// onPort takes a PORT message.
func (p *Prelude) onPort(body []byte) error {
	m, err := wire.Parse(body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	if f := p.cfg.Port; f != nil && p.port.passes(m.Port, p.heard) {
		f(p, m.Port)
	}
	return nil
}

// introduced takes an extension handshake; the Conn will see it again. One that
// makes no sense says nothing.
func (p *Prelude) introduced(payload []byte) error {
	if p.count++; p.count > maxExtHandshakes {
		return violation(wire.Extended, "%d handshakes", p.count)
	}
	h, err := wire.ParseExtHandshake(payload)
	if err != nil {
		return nil
	}
	if id, ok := h.M[wire.ExtMetadata]; ok {
		p.id = id
	}
	if p.src == nil && h.MetadataSize > 0 && h.MetadataSize <= wire.MaxMetadata {
		p.size.Store(h.MetadataSize)
	}
	if p.cfg.Extended != nil {
		p.cfg.Extended(p, h)
	}
	return nil
}

// metadata takes a ut_metadata message.
func (p *Prelude) metadata(payload []byte) (info []byte, err error) {
	m, ok, err := wire.ParseMetadata(payload)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrProtocol, err)
	case !ok:
		return nil, nil
	case m.Type == wire.MetadataRequest:
		return nil, p.write(appendMetadata(nil, p.id, wire.MetadataMessage{Type: wire.MetadataReject, Piece: m.Piece}))
	case m.Type == wire.MetadataReject:
		if p.src != nil && p.cfg.Assembly.settle(p.src, m.Piece, true) {
			return nil, p.request()
		}
		return nil, nil
	case p.src == nil || m.Total != p.size.Load() || !p.cfg.Assembly.settle(p.src, m.Piece, false):
		return nil, violation(wire.Extended, "%s: a block that was not asked for", wire.ExtMetadata)
	}
	p.got.Add(int64(len(m.Data)))
	p.asks = time.Now()
	if info, err = p.cfg.Assembly.give(p.src, m.Piece, m.Data); info != nil || err != nil {
		return info, err
	}
	return nil, p.request()
}
