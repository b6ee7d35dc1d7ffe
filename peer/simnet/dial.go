package simnet

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

// A first packet without an answer is sent again after 1 s, and then after
// twice the time before, as by Linux with net.ipv4.tcp_syn_retries=6: 127 s in
// all.
const synTries = 7

// DialContext connects to "host:port". network is "tcp", "tcp4" or "tcp6"; host
// is an address or a name, whose addresses are tried in order; port is a number.
// Errors are *net.OpError around ECONNREFUSED, EHOSTUNREACH, ENETUNREACH,
// ETIMEDOUT or the error of ctx.
func (h *Host) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	addrs, err := h.dialAddrs(ctx, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	var first error
	for _, to := range addrs {
		c, err := h.dial(ctx, to)
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = &net.OpError{Op: "dial", Net: network, Addr: net.TCPAddrFromAddrPort(to), Err: err}
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

func (h *Host) dialAddrs(ctx context.Context, network, address string) ([]netip.AddrPort, error) {
	family, err := ipFamily(network, "tcp")
	if err != nil {
		return nil, err
	}
	host, port, err := splitHostPort(address)
	if err != nil {
		return nil, err
	}
	if host == "" {
		host = "127.0.0.1"
	}
	addrs, err := h.LookupNetIP(ctx, family, host)
	out := make([]netip.AddrPort, len(addrs))
	for i, a := range addrs {
		out[i] = netip.AddrPortFrom(a, port)
	}
	return out, err
}

// ipFamily turns a network of the given protocol into one of LookupNetIP.
func ipFamily(network, protocol string) (string, error) {
	if len(network) >= len(protocol) && network[:len(protocol)] == protocol {
		switch v := network[len(protocol):]; v {
		case "", "4", "6":
			return "ip" + v, nil
		}
	}
	return "", net.UnknownNetworkError(network)
}

func splitHostPort(address string) (host string, port uint16, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, &net.AddrError{Err: "invalid port", Addr: address}
	}
	return host, uint16(n), nil
}

// dialing is one attempt to connect. Its fields are guarded by Net.mu; conn and
// err are final once done is closed.
type dialing struct {
	from, to netip.AddrPort
	host     *Host
	conn     *conn
	err      error
	done     chan struct{}
	over     bool // done is closed, or the dialer has left
}

// dial waits for one attempt.
func (h *Host) dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	d := &dialing{to: to, host: h, done: make(chan struct{})}
	h.net.mu.Lock()
	d.start()
	h.net.mu.Unlock()
	select {
	case <-d.done:
	case <-ctx.Done():
		h.net.mu.Lock()
		defer h.net.mu.Unlock()
		if d.conn == nil {
			d.end(ctx.Err())
		}
	}
	if d.err != nil {
		return nil, d.err
	}
	return d.conn, nil
}

// end makes err the result, unless there is one.
func (d *dialing) end(err error) {
	if d.over {
		return
	}
	d.over, d.err = true, err
	close(d.done)
}

func (d *dialing) start() {
	h := d.host
	local, err := h.source(d.to.Addr())
	if err != nil {
		d.end(err)
		return
	}
	d.from = h.dialPort(local)
	peer := h.net.route(h, d.to.Addr())
	if peer == nil { // the first router says so
		h.net.after(2*h.latency, fireFunc(func() { d.end(syscall.EHOSTUNREACH) }), 0)
		return
	}
	latency := h.latency + peer.latency
	if peer == h {
		latency = 0
	}
	d.syn(peer, latency, 0)
}

// syn sends the first packet of the handshake, for the try'th time.
func (d *dialing) syn(peer *Host, latency int64, try int) {
	if try == synTries {
		d.end(syscall.ETIMEDOUT)
	}
	if d.over {
		return
	}
	n, sent := d.host.net, d.host.net.now()
	n.after(latency, fireFunc(func() {
		l, ok := peer.listeners.find(d.to)
		switch {
		case peer != d.host && (peer.off || d.host.off), ok && l.full():
			again := int64(time.Second) << try
			n.at(sent+again, fireFunc(func() { d.syn(peer, latency, try+1) }), 0)
		case !ok:
			n.after(latency, fireFunc(func() { d.end(syscall.ECONNREFUSED) }), 0)
		default:
			l.pending++
			n.after(latency, fireFunc(func() { d.connect(l, latency) }), 0)
		}
	}), 0)
}

// connect is the arrival of the answer: the dialer has its connection, and the
// listener has it when the third packet comes.
func (d *dialing) connect(l *listener, latency int64) {
	if d.over { // the dialer has left
		l.pending--
		return
	}
	c, theirs := d.host.net.newConns(d.host, l.host, d.from, d.to)
	d.conn = c
	d.host.conns[c] = struct{}{}
	l.host.conns[theirs] = struct{}{}
	d.end(nil)
	d.host.net.after(latency, fireFunc(func() { l.arrive(theirs) }), 0)
}

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
	delete(l.host.listeners, l.addr)
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
