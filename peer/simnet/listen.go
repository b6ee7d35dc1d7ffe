package simnet

import (
	"context"
	"net"
	"net/netip"
	"syscall"
)

// Listen listens on "host:port". network is "tcp", "tcp4" or "tcp6"; host is
// empty, unspecified, loopback or one of the addresses of h; port 0 takes a free
// one. Errors are *net.OpError around EADDRINUSE or EADDRNOTAVAIL.
func (h *Host) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	l := &listener{host: h, queue: make(chan *conn, backlog), done: make(chan struct{})}
	addr, err := h.bindAddr(ctx, network, "tcp", address)
	if err == nil {
		h.net.mu.Lock()
		l.addr, err = h.listeners.bind(h, addr, l)
		h.net.mu.Unlock()
	}
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	return l, nil
}

// bindAddr returns the key in bindings that a text stands for.
func (h *Host) bindAddr(ctx context.Context, network, protocol, address string) (netip.AddrPort, error) {
	family, err := ipFamily(network, protocol)
	if err != nil {
		return netip.AddrPort{}, err
	}
	host, port, err := splitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	var addr netip.Addr
	switch {
	case (host == "" || host == "::") && family == "ip": // both families, as package net has it
	case host == "" && family == "ip4":
		addr = netip.IPv4Unspecified()
	case host == "" && family == "ip6":
		addr = netip.IPv6Unspecified()
	default:
		addrs, err := h.LookupNetIP(ctx, family, host)
		if err != nil {
			return netip.AddrPort{}, err
		}
		if addr = addrs[0]; !addr.IsUnspecified() && !h.has(addr) {
			return netip.AddrPort{}, syscall.EADDRNOTAVAIL
		}
	}
	return netip.AddrPortFrom(addr, port), nil
}

// has reports whether h can be reached at a by itself.
func (h *Host) has(a netip.Addr) bool {
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	return h.net.route(h, a) == h
}

// backlog is how many connections wait for Accept, Linux' limit of old.
const backlog = 128

type listener struct {
	host    *Host
	addr    netip.AddrPort
	queue   chan *conn
	pending int // answered, and not yet in the queue; guarded by Net.mu
	done    chan struct{}
	closed  bool // guarded by Net.mu
}

func (l *listener) full() bool { return l.pending+len(l.queue) >= backlog }

// arrive completes a connection. The caller holds Net.mu.
func (l *listener) arrive(c *conn) {
	l.pending--
	if l.closed {
		l.drop(c)
		return
	}
	l.queue <- c // does not block: full() counted it
}

// drop is what happens to a connection that nobody accepts. The caller holds
// Net.mu.
func (l *listener) drop(c *conn) {
	delete(l.host.conns, c)
	c.cut(syscall.ECONNRESET)
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.done:
	case c := <-l.queue:
		return c, nil
	}
	return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
}

// Close ends Accept, and resets the connections that wait for it.
func (l *listener) Close() error {
	l.host.net.mu.Lock()
	defer l.host.net.mu.Unlock()
	if l.closed {
		return &net.OpError{Op: "close", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	}
	l.closed = true
	close(l.done)
	l.host.listeners.unbind(l.addr, l)
	for {
		select {
		case c := <-l.queue:
			l.drop(c)
		default:
			return nil
		}
	}
}

func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(shown(l.addr)) }

// shown returns the address as package net shows it: "[::]" for all.
func shown(a netip.AddrPort) netip.AddrPort {
	if a.Addr().IsValid() {
		return a
	}
	return netip.AddrPortFrom(netip.IPv6Unspecified(), a.Port())
}
