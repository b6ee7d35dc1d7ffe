package network

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func ips(texts ...string) (all []netip.Addr) {
	for _, s := range texts {
		all = append(all, netip.MustParseAddr(s))
	}
	return all
}

// hosts are what names lead to.
var hosts = map[string][]netip.Addr{
	"public.example":     ips("198.51.100.7"),
	"inside.example":     ips("10.0.0.5"),
	"home.example":       ips("127.0.0.1"),
	"both.example":       ips("10.0.0.1", "203.0.113.9"),
	"meta.example":       ips("169.254.169.254"),
	"nat64.example":      ips("64:ff9b::a00:1"),
	"xn--bcher-kva.test": ips("10.0.0.8"),
	"b\u00fccher.test":   ips("10.0.0.8"),
	"six.example":        ips("2001:db8::1"),
}

// hop goes where a URL leads, as clients do, and returns the addresses.
func hop(g *Guard, u, proxy *url.URL) ([]netip.Addr, error) {
	if err := g.Visit(u, proxy); err != nil || proxy != nil {
		return nil, err
	}
	addrs := hosts[u.Hostname()]
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		addrs = ips(ip.String())
	}
	return g.Allow(u, u.Hostname(), addrs)
}

// TestGuard tells of exchanges: what a server answers leads from one URL to the next.
// A ! is before what must be refused, a ^ before what goes through a proxy.
func TestGuard(t *testing.T) {
	proxy := mustURL(t, "http://10.9.9.9:3128")
	local, stranger := Rules{Local: true}, Rules{}
	plain := Rules{Local: true, Ask: PlainPath}
	tracker := Rules{Local: true, Ask: TrackerPath}
	for _, c := range []struct {
		name  string
		rules Rules
		urls  []string
	}{
		{"a user's server inside", local, []string{"http://inside.example/a?b", "http://10.1.1.1/c?d", "http://public.example/"}},
		{"a public server leads in", local, []string{"http://public.example/", "!http://10.1.1.1/", "!http://inside.example/", "!http://[::1]/", "!http://localhost/", "!http://nat64.example/", "http://203.0.113.5/"}},
		{"and by an address", local, []string{"http://198.51.100.7/", "!http://127.0.0.1/", "!http://[64:ff9b::7f00:1]/", "!http://[fec0::1]/"}},
		{"inside, outside, and back", local, []string{"http://inside.example/", "http://public.example/", "!http://inside.example/"}},
		{"a name with both", local, []string{"http://both.example/", "!http://10.0.0.1/"}},
		{"a stranger's torrent", stranger, []string{"!http://inside.example/", "!http://127.0.0.1/", "!http://localhost./", "http://public.example/"}},
		{"metadata service", local, []string{"!http://169.254.169.254/latest", "!http://meta.example/", "!http://[::ffff:a9fe:a9fe]/", "!http://[64:ff9b::a9fe:a9fe]/", "!http://2852039166/"}},
		{"and by a proxy", local, []string{"!^http://169.254.169.254/latest", "!^http://0xa9fea9fe/", "!^http://[64:ff9b::a9fe:a9fe]/"}},
		{"a proxy that knows names", local, []string{"^http://some.example/", "!^http://10.0.0.1/", "!^http://localhost/", "!http://inside.example/", "^http://other.example/"}},
		{"a proxy to an address inside", local, []string{"^http://10.0.0.1/", "^http://10.0.0.2/"}},
		{"orders to a service", plain, []string{"http://inside.example/a", "!http://inside.example/a?reboot=1", "!http://me:pw@10.0.0.1/", "http://10.0.0.1/?", "http://public.example/a?b"}},
		{"orders by a redirect", plain, []string{"http://10.0.0.1/a", "!http://10.0.0.1/b?reboot=1", "!http://10.0.0.2/b?reboot=1", "http://inside.example/c", "!http://INSIDE.example/b?reboot=1"}},
		{"orders in another spelling", plain, []string{"http://xn--bcher-kva.test/", "!http://b\u00fccher.test/?reboot=1"}},
		{"a tracker at home", tracker, []string{"http://home.example/announce", "!http://home.example/admin", "http://127.0.0.1/x/announce?k=1", "!http://127.0.0.1/", "!http://ip6-localhost/", "!http://[::ffff:127.0.0.1]/", "http://localhost/scrape", "http://inside.example/t.php"}},
		{"a tracker at home over UDP", tracker, []string{"udp://home.example:1/", "udp://127.0.0.1:1"}},
		{"one family", Rules{Local: true, Only: "4"}, []string{"!http://[::1]/", "http://127.0.0.1/", "^http://[fd00::1]/", "!http://six.example/"}},
	} {
		g := NewGuard(c.rules)
		for _, s := range c.urls {
			rest, refuse := strings.CutPrefix(s, "!")
			rest, proxied := strings.CutPrefix(rest, "^")
			var by *url.URL
			if proxied {
				by = proxy
			}
			addrs, err := hop(g, mustURL(t, rest), by)
			if (err != nil) != refuse {
				t.Errorf("%s: %s: %v", c.name, s, err)
			}
			if slices.ContainsFunc(addrs, func(a netip.Addr) bool { return Classify(a) == Private && g.Public() }) {
				t.Errorf("%s: %s leads to %v", c.name, s, addrs)
			}
		}
	}
}

// TestKeptConnection: what is asked over a connection that is there already is
// judged as well.
func TestKeptConnection(t *testing.T) {
	g := NewGuard(Rules{Local: true, Ask: PlainPath})
	if _, err := hop(g, mustURL(t, "http://inside.example/a"), nil); err != nil {
		t.Fatal(err)
	}
	if err := g.Visit(mustURL(t, "http://Inside.Example/b?reboot=1"), nil); !errors.Is(err, ErrForbidden) {
		t.Errorf("a query to a host that is known to be private: %v", err)
	}
}

func TestGuardIsBounded(t *testing.T) {
	g := NewGuard(Rules{Local: true})
	var err error
	for i := 0; err == nil && i < 10*maxPrivate; i++ {
		_, err = g.Allow(nil, strings.Repeat("x", i+1), ips("10.0.0.1"))
	}
	if !errors.Is(err, ErrForbidden) || len(g.private) > maxPrivate {
		t.Errorf("%d hosts are kept, %v", len(g.private), err)
	}
}

func TestGuardPeers(t *testing.T) {
	inside, outside := netip.MustParseAddrPort("10.0.0.1:6881"), netip.MustParseAddrPort("198.51.100.1:6881")
	for _, c := range []struct {
		name    string
		rules   Rules
		at      string
		in, out bool
	}{
		{"private tracker", Rules{Local: true}, "http://inside.example/announce", true, true},
		{"public tracker", Rules{Local: true}, "http://public.example/announce", false, true},
		{"both", Rules{Local: true}, "http://both.example/announce", false, true},
		{"a stranger's", Rules{}, "http://public.example/announce", false, true},
		{"IPv6 only", Rules{Local: true, Only: "6"}, "http://six.example/announce", false, false},
	} {
		g := NewGuard(c.rules)
		if _, err := hop(g, mustURL(t, c.at), nil); err != nil {
			t.Fatal(err)
		}
		if g.Peer(inside) != c.in || g.Peer(outside) != c.out {
			t.Errorf("%s: inside %v, outside %v", c.name, g.Peer(inside), g.Peer(outside))
		}
		if g.Peer(netip.MustParseAddrPort("169.254.169.254:80")) || g.Peer(netip.MustParseAddrPort("198.51.100.1:0")) {
			t.Errorf("%s: what is no peer's address is taken", c.name)
		}
	}
}
