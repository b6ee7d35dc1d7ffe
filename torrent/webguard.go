package torrent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"

	"gotor/torrent/network"
)

// webGuard is how one server may be reached, and where it may lead us: by the
// rules of the torrent, or of the user for a server that he named. What a torrent
// asks of a private address has no query, so that it cannot be made to give orders
// to some service there.
type webGuard struct {
	net   Network
	guard *network.Guard
	at    atomic.Pointer[webHop] // what is being asked for
}

// webHop is one request: what for, and of which proxy; nil: of its host.
type webHop struct{ url, proxy *url.URL }

// newWebGuard returns the guard of the server that entry names. named: by the
// user; script: it is asked as BEP 17 says.
func (t *Torrent) newWebGuard(named bool, entry *url.URL, script bool) *webGuard {
	r := t.core.policy.rules()
	switch {
	case named:
		r.Local = true
	case script:
		r.Ask = func(u *url.URL, ip netip.Addr) error {
			if ownQuery(u, entry) {
				return nil
			}
			return network.PlainPath(u, ip)
		}
	default:
		r.Ask = network.PlainPath
	}
	return &webGuard{net: t.core.policy.net, guard: network.NewGuard(r)}
}

// ownQuery reports whether the query of u, which asks the script at entry, is ours
// alone (BEP 17).
func ownQuery(u, entry *url.URL) bool {
	if entry.RawQuery != "" || u.User != nil || u.Scheme != entry.Scheme || u.Host != entry.Host || u.EscapedPath() != entry.EscapedPath() {
		return false
	}
	query, err := url.ParseQuery(u.RawQuery)
	for key := range query {
		if key != "info_hash" && key != "piece" && key != "ranges" {
			return false
		}
	}
	return err == nil
}

// visit judges a URL before it is asked for, of a proxy or of its host.
func (g *webGuard) visit(u, proxy *url.URL) error {
	g.at.Store(&webHop{u, proxy})
	return g.guard.Visit(u, proxy)
}

// dial connects for what is being asked for. A proxy may be anywhere.
func (g *webGuard) dial(ctx context.Context, of, address string) (net.Conn, error) {
	hop := g.at.Load()
	d := network.Dialer{Lookup: g.net.LookupNetIP, Dial: g.net.DialContext,
		Allow: func(host string, addrs []netip.Addr) ([]netip.Addr, error) {
			if hop.proxy != nil && strings.EqualFold(host, hop.proxy.Hostname()) {
				return addrs, nil
			}
			return g.guard.Allow(hop.url, host, addrs)
		}}
	return d.DialContext(ctx, of, address)
}

// checkMirror says what is wrong with a URL of the user's.
func checkMirror(m Mirror) error {
	u, err := url.Parse(m.URL)
	if err != nil || u.Host == "" || !strings.EqualFold(u.Scheme, "http") && !strings.EqualFold(u.Scheme, "https") {
		return errors.New("a mirror must be an http or https URL")
	}
	return nil
}
