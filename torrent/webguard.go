package torrent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
)

// webGuard is how one server may be reached: by the rules of the torrent, or of
// the user for a server that he named. Beyond them, a server on the internet
// never leads into a private network, whether by redirect or by name. And what a
// torrent asks of a private address has no query, so that it cannot be made to
// give orders to some service there.
type webGuard struct {
	net    Network
	policy *policy
	plain  bool         // private addresses are out, for the sake of a query
	class  atomic.Int32 // where the first address that was dialled is
}

const (
	classUnknown int32 = iota
	classPrivate
	classPublic
)

func newWebGuard(t *Torrent, named, query bool) *webGuard {
	g := &webGuard{net: t.policy.net, plain: query && !named}
	g.policy = &policy{net: webNetwork{t.policy.net, g}, local: t.policy.local || named, only: t.policy.only, proxies: t.policy.proxies}
	return g
}

// dial connects to what a URL names.
func (g *webGuard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	return g.policy.DialContext(ctx, network, address)
}

// check judges an address before it is dialled. Proxies may be anywhere.
func (g *webGuard) check(address string) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := a.Addr().Unmap()
	g.policy.mu.Lock()
	proxy := g.policy.exempt[ip]
	g.policy.mu.Unlock()
	if proxy {
		return nil
	}
	class := classPublic
	if private(ip) {
		class = classPrivate
	}
	g.class.CompareAndSwap(classUnknown, class)
	if class == classPrivate && (g.plain || g.class.Load() == classPublic) {
		return fmt.Errorf("%v: %w", ip, errForbidden)
	}
	return nil
}

// webNetwork is a Network with a webGuard before it.
type webNetwork struct {
	Network
	guard *webGuard
}

func (n webNetwork) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := n.guard.check(address); err != nil {
		return nil, err
	}
	return n.Network.DialContext(ctx, network, address)
}

// checkMirror says what is wrong with a URL of the user's.
func checkMirror(m Mirror) error {
	u, err := url.Parse(m.URL)
	if err != nil || u.Host == "" || !strings.EqualFold(u.Scheme, "http") && !strings.EqualFold(u.Scheme, "https") {
		return errors.New("a mirror must be an http or https URL")
	}
	return nil
}
