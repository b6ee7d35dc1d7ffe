package network

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
)

// Exchange is a request over HTTP and where its redirects lead: its Guard, and the
// door that it goes through. One request is made at a time: what is dialled is for
// the URL that was visited last.
type Exchange struct {
	*Guard
	net Network
	at  atomic.Pointer[question] // what is being asked for
}

// question is one request: what for, and of which proxy; nil: of its host.
type question struct{ url, proxy *url.URL }

// NewExchange returns an Exchange by the rules of whoever named the server.
func NewExchange(n Network, r Rules) *Exchange { return &Exchange{Guard: NewGuard(r), net: n} }

// Visit judges a URL before it is asked for, as Guard.Visit does.
func (x *Exchange) Visit(u, proxy *url.URL) error {
	x.at.Store(&question{u, proxy})
	return x.Guard.Visit(u, proxy)
}

// DialContext connects to HOST:PORT for what was visited last, at an address that
// is allowed. A proxy may be anywhere.
func (x *Exchange) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	at := x.at.Load()
	to := dialer{x.net, func(host string, addrs []netip.Addr) ([]netip.Addr, error) {
		if at.proxy != nil && strings.EqualFold(host, at.proxy.Hostname()) {
			return addrs, nil
		}
		return x.Allow(at.url, host, addrs)
	}}
	return to.dial(ctx, network, address)
}
