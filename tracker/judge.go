package tracker

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Judge says where one exchange may lead. Its methods may be called from several
// goroutines.
type Judge interface {
	// Visit may refuse a URL before anything is sent or looked up: the tracker's,
	// and each it redirects to. proxy is whom it will be asked of; nil: its host.
	Visit(u, proxy *url.URL) error
	// Allow returns those of the addresses of a host that u may be asked for at,
	// and an error instead of none.
	Allow(u *url.URL, host string, addrs []netip.Addr) ([]netip.Addr, error)
	// Peer reports whether the tracker may name the address of a peer.
	Peer(a netip.AddrPort) bool
}

// anywhere is the Judge that allows everything.
type anywhere struct{}

func (anywhere) Visit(_, _ *url.URL) error { return nil }

func (anywhere) Allow(_ *url.URL, _ string, addrs []netip.Addr) ([]netip.Addr, error) {
	return addrs, nil
}

func (anywhere) Peer(netip.AddrPort) bool { return true }

// visit asks whether a tracker's own URL may be used.
func (c *Client) visit(judge Judge, u *url.URL) error {
	proxy, err := c.proxyOf(u)
	if err != nil {
		return &unreachable{ours{err}}
	}
	if err := judge.Visit(u, proxy); err != nil {
		return fmt.Errorf("%w: %w", ErrURL, err)
	}
	return nil
}

// proxyOf returns whom a URL is asked of; nil: its host. UDP knows no proxies.
func (c *Client) proxyOf(u *url.URL) (*url.URL, error) {
	if u.Scheme == "udp" {
		return nil, nil
	}
	return c.cfg.Proxy(newRequest(u))
}

// allowed returns the addresses of a host that u may be asked for at, at least one.
func (c *Client) allowed(ctx context.Context, judge Judge, u *url.URL, host string) ([]netip.Addr, error) {
	addrs, err := c.resolve(ctx, host)
	if err == nil {
		if addrs, err = judge.Allow(u, host, addrs); err != nil {
			err = &unreachable{ours{err}}
		}
	}
	return addrs, err
}

// SameOrigin reports whether two HTTP URLs have scheme, host and port in common (RFC
// 6454): what one of them may know, the other may.
func SameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b)
}
