package network

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"sync"
)

// ErrForbidden is a connection that the address policy refuses.
var ErrForbidden = errors.New("address not allowed: it names no host, or is a private one that only the user or this network may name")

// maxPrivate bounds the private hosts that one Guard remembers: a server there
// may redirect us from name to name.
const maxPrivate = 64

// Rules say what the one who named a URL may lead us to.
type Rules struct {
	// Local: private addresses too. It is the user, a torrent of their own, or a
	// server in a private network.
	Local bool
	// Ask says why a URL must not be asked for at a private address. nil: all may.
	Ask func(u *url.URL, ip netip.Addr) error
	// Only is the family of addresses that may be used, "4" or "6"; "": both.
	Only string
}

// Guard judges where one exchange, a request and where its redirects lead, may
// go. Once it was at a public address, whatever follows came from there, and
// private addresses are out; so are they for a name that has both. It looks at
// addresses, whatever the name, so the same name cannot be made to lead elsewhere
// after it was judged. It may be used by several goroutines.
type Guard struct {
	rules Rules

	mu      sync.Mutex
	public  bool                  // the exchange was at a public address
	private map[string]netip.Addr // hosts that were found at private ones
}

// NewGuard returns a Guard for one exchange.
func NewGuard(r Rules) *Guard { return &Guard{rules: r} }

// Visit judges a URL before it is asked for, by what it says itself: the first
// one, and each that a server redirects to, also when the connection is there
// already. proxy is what it will be asked of, nil for the host itself. A name that
// the proxy looks up counts as public.
func (g *Guard) Visit(u, proxy *url.URL) error {
	host := u.Hostname()
	if ip, ok := literal(host); ok {
		_, err := netip.ParseAddr(host)
		return g.literal(u, ip, proxy == nil && err == nil)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if proxy != nil {
		g.public = true
		return nil
	}
	if ip, ok := g.known(host); ok {
		return g.judge(u, ip)
	}
	return nil
}

// literal judges a host that is an address. dialled: just that one will be, so its
// family counts, too.
func (g *Guard) literal(u *url.URL, ip netip.Addr, dialled bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.public = g.public || Classify(ip) == Public
	err := g.judge(u, ip)
	if !dialled && errors.Is(err, errFamily) {
		return nil
	}
	return err
}

// known returns where a host was found before, if that was a private address. A
// name in another script has a second spelling, so it may be any of those.
func (g *Guard) known(host string) (ip netip.Addr, ok bool) {
	if ip, ok = g.private[strings.ToLower(host)]; ok {
		return ip, true
	}
	if strings.IndexFunc(host, func(r rune) bool { return r >= 0x80 }) >= 0 {
		for _, ip := range g.private {
			return ip, true
		}
	}
	return ip, false
}

// Allow returns those of the addresses of a host that u may be asked for at; an
// error when there are none. host is the name that was looked up.
func (g *Guard) Allow(u *url.URL, host string, addrs []netip.Addr) ([]netip.Addr, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, ip := range addrs {
		g.public = g.public || Classify(ip) == Public
	}
	var good []netip.Addr
	var why error
	for _, ip := range addrs {
		err := g.judge(u, ip)
		if err == nil {
			err = g.note(host, ip)
		}
		if err == nil {
			good = append(good, ip.Unmap())
		} else if why == nil {
			why = err
		}
	}
	if good == nil && why != nil {
		return nil, fmt.Errorf("%s is at %w", host, why)
	}
	return good, nil
}

// note remembers a host at a private address.
func (g *Guard) note(host string, ip netip.Addr) error {
	if Classify(ip) != Private {
		return nil
	}
	host = strings.ToLower(host)
	if _, ok := g.private[host]; !ok && len(g.private) == maxPrivate {
		return fmt.Errorf("%v: %w", ip, ErrForbidden)
	}
	if g.private == nil {
		g.private = make(map[string]netip.Addr)
	}
	g.private[host] = ip
	return nil
}

var errFamily = errors.New("an address of the family that must not be used")

// judge says why u must not be asked for at ip. u may be nil.
func (g *Guard) judge(u *url.URL, ip netip.Addr) error {
	if !Reachable(ip, g.rules.Local && !g.public) {
		return fmt.Errorf("%v: %w", ip.Unmap(), ErrForbidden)
	}
	if Family(ip) != g.rules.Only && g.rules.Only != "" {
		return fmt.Errorf("%v: %w", ip.Unmap(), errFamily)
	}
	if g.rules.Ask != nil && u != nil && Classify(ip) == Private {
		return g.rules.Ask(u, ip)
	}
	return nil
}

// Peer reports whether the server that the exchange ended at may lead us to a
// peer's address.
func (g *Guard) Peer(a netip.AddrPort) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return a.Port() != 0 && g.judge(nil, a.Addr()) == nil
}

// Public reports whether the exchange was at a public address, so that what it
// brought comes from there.
func (g *Guard) Public() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.public
}

// Reachable reports whether ip may be contacted at all; local: by the word of
// somebody who may lead us to private addresses.
func Reachable(ip netip.Addr, local bool) bool {
	c := Classify(ip)
	return c == Public || c == Private && local
}

// Family is "4" or "6".
func Family(ip netip.Addr) string {
	if ip.Unmap().Is4() {
		return "4"
	}
	return "6"
}

// PlainPath is an Ask: of a private address only a path is asked for, no query and
// no password, so that nobody makes us give orders to a service there.
func PlainPath(u *url.URL, ip netip.Addr) error {
	if u.RawQuery != "" || u.User != nil {
		return fmt.Errorf("%v: only a path without a query may be asked for there: %w", ip.Unmap(), ErrForbidden)
	}
	return nil
}

// TrackerPath is an Ask: what is asked for on this machine over HTTP is a
// tracker's path, so that no torrent makes us send requests to any service here.
func TrackerPath(u *url.URL, ip netip.Addr) error {
	if u.Scheme == "udp" || !Loopback(ip) {
		return nil
	}
	switch path.Base(u.Path) {
	case "announce", "scrape":
		return nil
	}
	return errors.New("a tracker on this machine must have the path /announce")
}
