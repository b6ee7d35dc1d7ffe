package tracker

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// judgeFunc is a Judge of URLs alone.
type judgeFunc func(u *url.URL) error

func (f judgeFunc) Visit(u, _ *url.URL) error { return f(u) }

func (judgeFunc) Allow(_ *url.URL, _ string, addrs []netip.Addr) ([]netip.Addr, error) {
	return addrs, nil
}

func (judgeFunc) Peer(netip.AddrPort) bool { return true }

// gate is a Judge that knows one forbidden address, and notes what it is asked.
type gate struct {
	forbidden netip.Addr
	visited   []string
}

var errGate = errors.New("forbidden")

func (g *gate) Visit(u, proxy *url.URL) error {
	s := u.Redacted()
	if proxy != nil {
		s += " by " + proxy.Host
	}
	g.visited = append(g.visited, s)
	if u.Hostname() == g.forbidden.String() {
		return errGate
	}
	return nil
}

func (g *gate) Allow(_ *url.URL, _ string, addrs []netip.Addr) ([]netip.Addr, error) {
	if slices.Contains(addrs, g.forbidden) {
		return nil, errGate
	}
	return addrs, nil
}

func (g *gate) Peer(a netip.AddrPort) bool { return a.Addr() != g.forbidden }

// TestJudge: every way to an address is judged: URLs, names, redirects, peers.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name, url, redirect string
		ok                  bool
	}{
		{"good", "http://good.example/announce", "", true},
		{"a name that leads there", "http://evil.example/announce", "", false},
		{"the same over UDP", "udp://evil.example:80/announce", "", false},
		{"a redirect to a name that leads there", "http://good.example/announce", "http://evil.example/announce", false},
		{"a redirect to the address", "http://good.example/announce", "http://192.0.2.66/announce", false},
		{"an address", "http://192.0.2.66/announce", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newFakeNet()
				n.names["good.example"], n.names["evil.example"] = addrs("192.0.2.10"), addrs("192.0.2.66")
				n.serve(t, "192.0.2.10:80", func(w http.ResponseWriter, q *http.Request) {
					if c.redirect != "" {
						http.Redirect(w, q, c.redirect, http.StatusFound)
						return
					}
					w.Write([]byte(peersBody("1.2.3.4:5", "192.0.2.66:7")))
				})
				n.serve(t, "192.0.2.66:80", func(w http.ResponseWriter, q *http.Request) { t.Error("the forbidden address is asked") })
				cfg := n.config()
				g := &gate{forbidden: netip.MustParseAddr("192.0.2.66")}
				r, err := newClient(t, cfg).Announce(t.Context(), g, c.url, testRequest())
				if (err == nil) != c.ok || err != nil && !errors.Is(err, errGate) {
					t.Errorf("error %v", err)
				}
				for _, a := range n.dialed() {
					if strings.HasPrefix(a, "192.0.2.66") {
						t.Errorf("dialled %s", a)
					}
				}
				if c.ok && len(r.Peers) != 1 {
					t.Errorf("peers %v", r.Peers)
				}
			})
		})
	}
}

// TestJudgeProxy: of what goes through a proxy the URL is judged, and the proxy is
// nobody's business.
func TestJudgeProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		n.serve(t, "192.0.2.66:3128", func(w http.ResponseWriter, q *http.Request) { w.Write([]byte(peersBody("1.2.3.4:5"))) })
		cfg := n.config()
		cfg.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "192.0.2.66:3128"})
		g := &gate{forbidden: netip.MustParseAddr("192.0.2.66")}
		c := newClient(t, cfg)
		if _, err := c.Announce(t.Context(), g, "http://some.example/announce", testRequest()); err != nil {
			t.Error(err)
		}
		if _, err := c.Announce(t.Context(), g, "http://192.0.2.66/announce", testRequest()); !errors.Is(err, errGate) {
			t.Errorf("a forbidden address by proxy: %v", err)
		}
		if want := "http://some.example/announce by 192.0.2.66:3128"; g.visited[0] != want {
			t.Errorf("visited %q", g.visited)
		}
	})
}
