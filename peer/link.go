package peer

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// link is what the parts of a Conn share: what does not change, how many bytes
// went by, how to wake the writer, and the end.
type link struct {
	// Immutable.
	cfg   Config
	mem   *Buffers
	fast  bool // BEP 6 on both sides
	ext   bool // BEP 10 on both sides
	limit wire.Limits
	born  time.Time
	wake  chan struct{} // capacity 1: there may be something to write
	done  chan struct{} // closed by close

	tally tally

	endMu sync.Mutex // guards cause
	cause error      // why it was closed
}

// tally counts what went by, for whoever asks.
type tally struct {
	asked      atomic.Int64 // requests sent, ever
	downloaded atomic.Int64
	uploaded   atomic.Int64
	lastRead   atomic.Int64 // nanoseconds after link.born
}

// newLink takes over a Config and settles what follows from it.
func newLink(cfg Config) *link {
	if cfg.ReqQ <= 0 {
		cfg.ReqQ = DefaultReqQ
	}
	both := cfg.Local.Features & cfg.Remote.Features
	l := &link{
		cfg:   cfg,
		mem:   cfg.Buffers,
		fast:  both.Has(wire.FeatureFast),
		ext:   both.Has(wire.FeatureExtended),
		limit: wire.Limits{Pieces: cfg.Layout.Pieces(), Block: piece.BlockSize},
		born:  time.Now(),
		wake:  make(chan struct{}, 1),
		done:  make(chan struct{}),
	}
	if l.mem == nil {
		l.mem = new(Buffers)
	}
	return l
}

// close is Conn.Close.
func (l *link) close(err error) {
	if err == nil {
		err = net.ErrClosed
	}
	l.endMu.Lock()
	first := l.cause == nil
	if first {
		l.cause = err
	}
	l.endMu.Unlock()
	if first {
		close(l.done)
		l.cfg.Conn.Close()
	}
}

// ended returns why it was closed, nil if it was not.
func (l *link) ended() error {
	l.endMu.Lock()
	defer l.endMu.Unlock()
	return l.cause
}

// wakeWriter makes the writer look for work. It never waits: one pending wake
// is as good as many.
func (l *link) wakeWriter() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
