package network

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"sync/atomic"
)

// Policy says where somebody may lead us: the user, or a torrent of theirs or of
// somebody else's. It holds for whatever is dialled, and is asked then, as it may
// have changed since an address was named.
type Policy struct {
	local   bool
	foreign atomic.Bool // somebody else's after all
	only    string
}

// ByUser is the policy for what the user names, which may be in a private
// network. only is the family of addresses that may be used, "4" or "6"; "": both.
func ByUser(only string) *Policy { return &Policy{local: true, only: only} }

// ByTorrent is the policy for what a torrent names. local: it came from the user or
// from a private address, and so may name others there.
func ByTorrent(local bool, only string) *Policy { return &Policy{local: local, only: only} }

// Distrust notes that what the policy is for came from the internet after all: it
// leads to no private address from now on.
func (p *Policy) Distrust() { p.foreign.Store(true) }

// Rules are those of an exchange with a server that is named. ask says why a URL
// must not be asked for at a private address; nil: all may.
func (p *Policy) Rules(ask func(u *url.URL, ip netip.Addr) error) Rules {
	return Rules{Local: p.local && !p.foreign.Load(), Only: p.only, Ask: ask}
}

// uses reports whether an address is of a family that may be used.
func (p *Policy) uses(ip netip.Addr) bool { return p.only == "" || p.only == Family(ip) }

// Named reports whether the address of a peer or a node may be named.
func (p *Policy) Named(a netip.AddrPort) bool {
	return a.Port() != 0 && Reachable(a.Addr(), p.local && !p.foreign.Load()) && p.uses(a.Addr())
}

// Told reports whether somebody else may lead us to the address of a peer: to a
// private one only if they are in a private network themselves.
func (p *Policy) Told(a netip.AddrPort, byPrivate bool) bool {
	return p.Named(a) && (byPrivate || Classify(a.Addr()) == Public)
}

// Through returns n as far as the policy lets anybody through.
func (p *Policy) Through(n Network) Door { return Door{n, p} }

// Door is a Network behind a Policy, which judges addresses, whatever the name, at
// the moment of use. Its errors wrap ErrForbidden where there are addresses, and
// none of them is allowed.
type Door struct {
	net    Network
	policy *Policy
}

// DialContext connects to HOST:PORT over "tcp", "tcp4" or "tcp6".
func (d Door) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d.dialer().dial(ctx, network, address)
}

// Resolve is the function of that name, without addresses that are not allowed.
func (d Door) Resolve(ctx context.Context, hostport string) ([]netip.AddrPort, error) {
	return resolve(ctx, hostport, d.dialer().resolve)
}

func (d Door) dialer() *dialer {
	g := NewGuard(d.policy.Rules(nil))
	return &dialer{d.net, func(host string, addrs []netip.Addr) ([]netip.Addr, error) { return g.Allow(nil, host, addrs) }}
}

// OwnTrackers is an Ask for trackers that the user named: what they named may be
// asked for, and where it redirects to if TrackerPath lets it.
func OwnTrackers(urls []string) func(u *url.URL, ip netip.Addr) error {
	return func(u *url.URL, ip netip.Addr) error {
		if slices.ContainsFunc(urls, func(own string) bool { return samePath(own, u) }) {
			return nil
		}
		return TrackerPath(u, ip)
	}
}

// samePath reports whether u is what own says, but for its query.
func samePath(own string, u *url.URL) bool {
	o, err := url.Parse(own)
	return err == nil && o.Scheme == u.Scheme && o.Host == u.Host && o.EscapedPath() == u.EscapedPath()
}
