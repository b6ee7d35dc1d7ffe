package server

import (
	"context"
	"net"
	"sync"
)

// gate is a listener that keeps the number of open connections bounded: in all
// by waiting for one to close, and for each source by closing what is too much,
// so that one host that opens connections and says nothing cannot keep the
// others out.
type gate struct {
	net.Listener
	ctx   context.Context // done: Accept no longer waits
	slots chan struct{}   // a token for each open connection

	mu   sync.Mutex
	from map[uint64]int // guarded by mu; open connections by source
}

func newGate(ctx context.Context, l net.Listener) *gate {
	return &gate{Listener: l, ctx: ctx, slots: make(chan struct{}, maxConns), from: make(map[uint64]int)}
}

// Accept returns the next connection of a source that may have one more.
func (g *gate) Accept() (net.Conn, error) {
	select {
	case g.slots <- struct{}{}:
	case <-g.ctx.Done():
		return nil, net.ErrClosed
	}
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			<-g.slots
			return nil, err
		}
		addr := addrOf(c.RemoteAddr())
		source := endpoint{addr: addr.As16()}.source()
		if !addr.IsValid() || !g.enter(source, addr.IsLoopback()) {
			c.Close()
			continue
		}
		return &gated{Conn: c, leave: sync.OnceFunc(func() { g.leave(source) })}, nil
	}
}

// enter counts a connection, and reports whether the source may have it. Our own
// machine may have any number: a proxy in front of the tracker speaks for all.
func (g *gate) enter(source uint64, own bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.from[source] >= maxPerHost && !own {
		return false
	}
	g.from[source]++
	return true
}

func (g *gate) leave(source uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.from[source]--; g.from[source] == 0 {
		delete(g.from, source)
	}
	<-g.slots
}

// gated is a connection that gives its slot back when it is closed.
type gated struct {
	net.Conn
	leave func()
}

func (c *gated) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
