package torrent

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gotor/peer/simnet"
	"gotor/torrent/metainfo"
	"gotor/torrent/network"
)

// names is a Network that only resolves, and remembers what was dialled.
type names struct {
	network.Network
	hosts  map[string][]netip.Addr
	dialed []string
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return n.hosts[host], nil
}

func (n *names) DialContext(_ context.Context, _, address string) (net.Conn, error) {
	n.dialed = append(n.dialed, address)
	return nil, errors.New("nobody there")
}

// TestWebGuard: where one server may lead. A ! is before what is refused, a ^
// before what goes through the proxy.
func TestWebGuard(t *testing.T) {
	const local, public, public2, meta = "http://10.1.2.3/x", "http://203.0.113.5/x", "https://198.51.100.7/x", "!http://169.254.169.254/"
	for _, c := range []struct {
		name    string
		torrent bool // the torrent is from the user
		named   bool
		urls    []string // in this order
	}{
		{"a stranger's torrent", false, false, []string{public, "!" + local, "!http://127.0.0.1/", "!http://inside.example/", meta, public2}},
		{"our torrent", true, false, []string{local, public, "!" + local, meta}},
		{"our torrent, redirected inwards", true, false, []string{public, "!" + local, "!http://[::1]/", "!http://inside.example/", public2}},
		{"our torrent, redirected in disguise", true, false, []string{public, "!http://[64:ff9b::7f00:1]/", "!http://[2002:7f00:1::]/", "!http://[fec0::1]/"}},
		{"our torrent, orders to a service", true, false, []string{"!http://127.0.0.1/?x", "!" + local + "?y", "!http://inside.example/?z", public + "?y"}},
		{"our torrent, orders by a redirect", true, false, []string{local, "!" + local + "?y", "http://inside.example/", "!http://inside.example/?z"}},
		{"named", false, true, []string{"http://127.0.0.1/?x", public, "!" + local, meta}},
		{"named, redirected inwards", false, true, []string{public + "?key=x", "!" + local}},
		{"by proxy", false, false, []string{"^" + public, "^http://name.example/", "!^" + local, "!^http://169.254.169.254/", "!http://10.9.9.9:3128/"}},
	} {
		n := &names{hosts: map[string][]netip.Addr{"inside.example": {netip.MustParseAddr("10.0.0.5")}}}
		w := &webSeeds{core: &core{client: &Client{net: n, user: network.ByUser("")}, policy: network.ByTorrent(c.torrent, "")}}
		kind := byTorrent
		if c.named {
			kind = byUser
		}
		x := w.exchange(kind, new(url.URL))
		for _, s := range c.urls {
			rest, refuse := strings.CutPrefix(s, "!")
			rest, proxied := strings.CutPrefix(rest, "^")
			u, err := url.Parse(rest)
			if err != nil {
				t.Fatal(err)
			}
			var proxy *url.URL
			to := u
			if proxied {
				proxy = &url.URL{Scheme: "http", Host: "10.9.9.9:3128"}
				to = proxy
			}
			before := len(n.dialed)
			if err = x.Visit(u, proxy); err == nil {
				port := to.Port()
				if port == "" {
					port = "80"
				}
				_, err = x.DialContext(t.Context(), "tcp", to.Hostname()+":"+port)
				if to.Hostname() == "::1" || strings.Contains(to.Hostname(), ":") {
					_, err = x.DialContext(t.Context(), "tcp", "["+to.Hostname()+"]:"+port)
				}
			}
			if got := len(n.dialed) > before; got == refuse || refuse && !errors.Is(err, network.ErrForbidden) {
				t.Errorf("%s: %s: %v", c.name, s, err)
			}
		}
	}
}

// victim is a host in the private network that nobody should reach. It returns
// where it is and how many connections came.
func (l *lab) victim() (netip.AddrPort, *atomic.Int32) {
	l.Helper()
	a, h := l.host()
	at := netip.AddrPortFrom(a, 8080)
	listener, err := h.Listen(l.Context(), "tcp", at.String())
	if err != nil {
		l.Fatal(err)
	}
	came := new(atomic.Int32)
	s := &http.Server{Handler: http.NotFoundHandler()}
	go s.Serve(countingListener{listener, came})
	l.Cleanup(func() { s.Close() })
	return at, came
}

// public starts a web server on the internet and returns its URL.
func (l *lab) public(ip string, h http.Handler) string {
	l.Helper()
	a := netip.MustParseAddr(ip)
	host := l.net.Host(a, simnet.HostOptions{Up: 10 << 20, Down: 10 << 20, Latency: 5 * time.Millisecond})
	listener, err := host.Listen(l.Context(), "tcp", netip.AddrPortFrom(a, 80).String())
	if err != nil {
		l.Fatal(err)
	}
	s := &http.Server{Handler: h}
	go s.Serve(listener)
	l.Cleanup(func() { s.Close() })
	return "http://" + ip
}

// TestLedInside: a torrent of the user's own, and servers on the internet that
// would have us knock at doors in their network.
func TestLedInside(t *testing.T) {
	payload := blastPayload(100_000)
	answer := func(a netip.AddrPort) string {
		ip := a.Addr().As4()
		return "d8:intervali1800e5:peers6:" + string(append(ip[:], byte(a.Port()>>8), byte(a.Port()))) + "e"
	}
	for name, attack := range map[string]func(l *lab, m *metainfo.Torrent, at netip.AddrPort){
		"a tracker names a peer there": func(l *lab, m *metainfo.Torrent, at netip.AddrPort) {
			m.Trackers = [][]string{{l.public("198.51.100.1", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Write([]byte(answer(at)))
			})) + "/announce"}}
		},
		"a tracker redirects there": func(l *lab, m *metainfo.Torrent, at netip.AddrPort) {
			m.Trackers = [][]string{{l.public("198.51.100.1", http.RedirectHandler("http://"+at.String()+"/announce", http.StatusTemporaryRedirect)) + "/announce"}}
		},
		"a web seed redirects there": func(l *lab, m *metainfo.Torrent, at netip.AddrPort) {
			m.WebSeeds = []string{l.public("198.51.100.1", http.RedirectHandler("http://"+at.String()+"/x", http.StatusTemporaryRedirect)) + "/x"}
		},
		"a web seed redirects there in disguise": func(l *lab, m *metainfo.Torrent, at netip.AddrPort) {
			m.WebSeeds = []string{l.public("198.51.100.1", http.RedirectHandler("http://[::ffff:"+at.Addr().String()+"]:8080/x", http.StatusTemporaryRedirect)) + "/x"}
		},
		"a server inside passes an order on": func(l *lab, m *metainfo.Torrent, at netip.AddrPort) {
			m.WebSeeds = []string{l.web(http.RedirectHandler("http://"+at.String()+"/x?reboot=1", http.StatusTemporaryRedirect)) + "x"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				at, came := l.victim()
				m := l.lonely(payload, 16<<10, nil)
				attack(l, m, at)
				if _, err := l.get(l.client(Config{Port: -1}), order{Source: Source{Meta: m}, Spec: Spec{Limits: Limits{PeerTimeout: time.Minute}}}); err == nil {
					t.Error("it succeeded")
				}
				if n := came.Load(); n > 0 {
					t.Errorf("%d connections came to the victim", n)
				}
			})
		})
	}
}

// TestNamedInside: the same servers in the private network may lead there.
func TestNamedInside(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(100_000)
		m := l.lonely(payload, 16<<10, nil)
		there := l.web(served(payload))
		m.WebSeeds = []string{l.web(http.RedirectHandler(there+"x", http.StatusTemporaryRedirect)) + "x"}
		l.mustGet(l.client(Config{Port: -1}), order{Source: Source{Meta: m}, Spec: Spec{Limits: Limits{PeerTimeout: time.Minute}}})
		l.wantFile("payload", payload)
	})
}

// countingListener counts who comes.
type countingListener struct {
	net.Listener
	n *atomic.Int32
}

func (l countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.n.Add(1)
	}
	return c, err
}

// TestScriptQuery: what we ask of a script has a query, and only that one goes to
// a private address.
func TestScriptQuery(t *testing.T) {
	parse := func(s string) *url.URL {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	entry := parse("http://10.0.0.1/seed")
	w := &webSeeds{core: &core{client: &Client{net: new(names)}, policy: network.ByTorrent(true, "")}}
	for s, ok := range map[string]bool{
		"http://10.0.0.1/seed?info_hash=%01&piece=3&ranges=0-5": true, "http://10.0.0.1/seed?info_hash=%01&piece=3": true, "http://10.0.0.2/plain": true,
		"http://10.0.0.1/seed?info_hash=%01&piece=3&reboot=1": false, "http://10.0.0.1/admin?piece=1": false, "http://10.0.0.2/seed?piece=1": false,
		"http://me@10.0.0.1/seed?piece=1": false,
	} {
		if err := w.exchange(byTorrentScript, entry).Visit(parse(s), nil); (err == nil) != ok {
			t.Errorf("%s: %v", s, err)
		}
	}
	if err := w.exchange(byTorrentScript, parse("http://10.0.0.1/seed?reboot=1")).Visit(parse("http://10.0.0.1/seed?reboot=1&info_hash=x&piece=0"), nil); err == nil {
		t.Error("a query of the torrent's own is asked")
	}
}
