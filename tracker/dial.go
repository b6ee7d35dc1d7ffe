package tracker

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// dialKey is the context key of a dialInfo.
type dialKey struct{}

// dialInfo is what an HTTP exchange tells dialHTTP. net/http dials under a
// context that outlives the exchange, in case another one could use the
// connection; here none ever does.
type dialInfo struct {
	ctx   context.Context // of the exchange
	host  string          // the first host; redirects lead to others
	addrs []netip.Addr    // of host, all of one family; nil if not resolved yet
	judge Judge
	// url is what is asked for now, and proxy whom it is asked of; nil: its host.
	url, proxy *url.URL
}

// dialHTTP connects for the transport. An exchange that was begun with the
// addresses of one family stays in that family.
func (c *Client) dialHTTP(ctx context.Context, _, hostport string) (net.Conn, error) {
	d := ctx.Value(dialKey{}).(*dialInfo)
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
	addrs := d.addrs
	switch {
	case d.proxy != nil:
		addrs, err = c.resolve(d.ctx, host)
	case addrs == nil || host != d.host:
		addrs, err = c.allowed(d.ctx, d.judge, d.url, host)
	}
	if err == nil && d.addrs != nil && d.proxy == nil {
		addrs, err = ofFamily(addrs, d.addrs[0])
	}
	var conn net.Conn
	if err == nil {
		conn, err = c.dialAny(d.ctx, addrs, uint16(port))
	}
	if err != nil {
		c.wg.Done()
		return nil, err
	}
	ctx, cancel := context.WithCancel(d.ctx)
	held := &heldConn{Conn: conn, release: sync.OnceFunc(func() {
		cancel() // or d.ctx would keep the connection until it ends
		c.wg.Done()
	})}
	context.AfterFunc(ctx, func() { held.Close() })
	return held, nil
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
