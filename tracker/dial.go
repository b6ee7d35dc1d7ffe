package tracker

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Connections are kept for a moment, for the next exchange with the same tracker:
// many torrents announce to one at the same time.
const (
	idleTime = 10 * time.Second
	maxIdle  = 32 // of all trackers
)

// dialKey is the context key of a *hop.
type dialKey struct{}

// hop is one request of an HTTP exchange, as its connection is made: the first, or
// one that a redirect led to.
type hop struct {
	ctx   context.Context // of the exchange
	url   *url.URL
	proxy *url.URL // whom it is asked of; nil: its host
	judge Judge
	// addrs are those of the host, judged; nil if only whoever connects can find
	// them: there is a proxy, or the name is not ASCII.
	addrs []netip.Addr
	only  []netip.Addr // not empty: of which family addresses must be
}

// shared reports whether the connection may serve other exchanges.
func (h *hop) shared() bool { return h.addrs != nil }

// request returns the GET of a hop. net/http tells kept connections apart by the
// host of the URL. One that was made by the word of somebody who may lead us into
// the private network must not serve somebody else: so that host is a name for all
// that was judged, the host and its addresses.
func (h *hop) request(ctx context.Context) *http.Request {
	req := newRequest(h.url).WithContext(context.WithValue(ctx, dialKey{}, h))
	if !h.shared() {
		req.Close = true
		return req
	}
	name := h.url.Hostname()
	for _, a := range slices.SortedFunc(slices.Values(h.addrs), netip.Addr.Compare) {
		name += " " + a.String()
	}
	at := *h.url
	at.Host = net.JoinHostPort(hex.EncodeToString([]byte(name)), portOf(h.url))
	req.URL = &at
	return req
}

// portOf is the port of an HTTP URL.
func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// dialHTTP connects for the transport. An exchange that was begun with the
// addresses of one family stays in that family.
func (c *Client) dialHTTP(ctx context.Context, _, hostport string) (net.Conn, error) {
	h := ctx.Value(dialKey{}).(*hop)
	host, service, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, err
	}
	if !c.hold() {
		return nil, net.ErrClosed
	}
	addrs := h.addrs
	switch {
	case h.proxy != nil:
		addrs, err = c.resolve(h.ctx, host)
	case addrs == nil:
		addrs, err = c.judged(h, host)
	}
	var conn net.Conn
	if err == nil {
		conn, err = c.dialAny(h.ctx, addrs, uint16(port))
	}
	if err != nil {
		c.wg.Done()
		return nil, err
	}
	return c.held(h, conn), nil
}

// dialTLS is dialHTTP for https without a proxy.
func (c *Client) dialTLS(ctx context.Context, network, hostport string) (net.Conn, error) {
	h := ctx.Value(dialKey{}).(*hop)
	conn, err := c.dialHTTP(ctx, network, hostport)
	if err != nil {
		return nil, err
	}
	cfg := c.transport().TLSClientConfig.Clone()
	if cfg.ServerName, _, err = net.SplitHostPort(hostport); h.shared() { // else it is the name in ASCII
		cfg.ServerName = h.url.Hostname()
	}
	t := tls.Client(conn, cfg)
	if err == nil {
		err = t.HandshakeContext(h.ctx)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return t, nil
}

// judged returns the addresses of a hop's host, by the name that is looked up.
func (c *Client) judged(h *hop, name string) ([]netip.Addr, error) {
	addrs, err := c.allowed(h.ctx, h.judge, h.url, name)
	if err == nil && h.only != nil {
		addrs, err = ofFamily(addrs, h.only[0])
	}
	return addrs, err
}

// held makes Close close conn and wait for that. One that is not shared ends with
// its exchange.
func (c *Client) held(h *hop, conn net.Conn) net.Conn {
	ctx := h.ctx
	if h.shared() {
		ctx = c.ctx
	}
	ctx, cancel := context.WithCancel(ctx)
	held := &heldConn{Conn: conn, release: sync.OnceFunc(func() {
		cancel() // or the context would keep the connection until it ends
		c.wg.Done()
	})}
	context.AfterFunc(ctx, func() { held.Close() }) // now, if that is over already
	return held
}

// ofFamily returns those of addrs that are of like's family.
func ofFamily(addrs []netip.Addr, like netip.Addr) ([]netip.Addr, error) {
	for _, family := range families(addrs) {
		if family[0].Is4() == like.Is4() {
			return family, nil
		}
	}
	return nil, errors.New("no address of the family that the tracker was asked over")
}

// dialAny connects to the first address that takes it. While there are others
// left, an address gets its share of the time.
func (c *Client) dialAny(ctx context.Context, addrs []netip.Addr, port uint16) (conn net.Conn, err error) {
	deadline, limited := ctx.Deadline()
	for i, addr := range addrs {
		attempt, cancel := ctx, context.CancelFunc(func() {})
		if limited && i < len(addrs)-1 {
			share := time.Until(deadline) / time.Duration(len(addrs)-i)
			attempt, cancel = context.WithTimeout(ctx, share)
		}
		conn, err = c.cfg.DialContext(attempt, "tcp", netip.AddrPortFrom(addr, port).String())
		cancel()
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	return conn, err
}

// heldConn is a connection that Client.Close waits for.
type heldConn struct {
	net.Conn
	release func()
}

func (c *heldConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
