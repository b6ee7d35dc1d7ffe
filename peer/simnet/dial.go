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
	seen     netip.AddrPort // from, as the listener sees it
	inside   netip.AddrPort // to, as the listener knows it
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
	d.inside = d.to
	nat := h.net.nats[d.to.Addr()]
	if peer == nil && nat != nil {
		d.inside = nat.forwards[d.to.Port()]
		if peer = nat.hosts[d.inside.Addr()]; peer == nil { // it drops what it does not expect
			d.syn(nil, 0, 0)
			return
		}
	}
	if peer == nil { // the first router says so
		h.net.after(2*h.latency, fireFunc(func() { d.end(syscall.EHOSTUNREACH) }), 0)
		return
	}
	d.seen = outside(h, peer, d.from, func(netip.AddrPort) netip.AddrPort {
		return netip.AddrPortFrom(h.nat.addr, h.nat.freePort(0))
	})
	latency := h.latency + peer.latency
	if peer == h {
		latency = 0
	}
	d.syn(peer, latency, 0)
}

// syn sends the first packet of the handshake, for the try'th time. peer is nil
// where nobody answers.
func (d *dialing) syn(peer *Host, latency int64, try int) {
	if try == synTries {
		d.end(syscall.ETIMEDOUT)
	}
	if d.over {
		return
	}
	n := d.host.net
	again := n.now() + int64(time.Second)<<try
	retry := fireFunc(func() { d.syn(peer, latency, try+1) })
	if peer == nil {
		n.at(again, retry, 0)
		return
	}
	n.after(latency, fireFunc(func() {
		l, ok := peer.listeners.find(d.inside)
		switch {
		case peer != d.host && (peer.off || d.host.off), ok && l.full():
			n.at(again, retry, 0)
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
	theirs.local, theirs.remote = d.inside, d.seen
	d.conn = c
	d.host.conns[c] = struct{}{}
	l.host.conns[theirs] = struct{}{}
	d.end(nil)
	d.host.net.after(latency, fireFunc(func() { l.arrive(theirs) }), 0)
}
