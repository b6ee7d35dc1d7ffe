package tracker

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Exchanges of several torrents with one tracker go over one connection, which does
// not stay for long.
func TestConnectionIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		n.names["tracker.example"] = addrs("192.0.2.10", "192.0.2.11")
		answer := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, peersBody("1.2.3.4:5")) }
		n.serve(t, "192.0.2.10:80", answer)
		c := newClient(t, n.config())
		announce := func() {
			if _, err := c.Announce(t.Context(), &gate{}, "http://tracker.example/announce", testRequest()); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
		announce()
		n.names["tracker.example"] = addrs("192.0.2.11", "192.0.2.10") // in turns, as name servers have it
		announce()
		if got := n.dialed(); len(got) != 1 {
			t.Errorf("dialled %q", got)
		}
		time.Sleep(idleTime + time.Second)
		n.names["tracker.example"] = addrs("192.0.2.10", "192.0.2.11")
		announce()
		if got := n.dialed(); len(got) != 2 {
			t.Errorf("after a while, dialled %q", got)
		}
	})
}

// A kept connection serves nobody who may not go where it leads, and nobody whose
// name for the tracker leads elsewhere by now.
func TestSharedConnectionIsJudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		asked := make(map[string]int)
		for _, a := range []string{"192.0.2.10", "192.0.2.66"} {
			n.serve(t, a+":80", func(w http.ResponseWriter, _ *http.Request) {
				asked[a]++
				io.WriteString(w, peersBody("1.2.3.4:5"))
			})
		}
		c := newClient(t, n.config())
		forbids := &gate{forbidden: netip.MustParseAddr("192.0.2.66")}
		for _, step := range []struct {
			at    string
			judge Judge
			ok    bool
		}{{"192.0.2.66", nil, true}, {"192.0.2.66", forbids, false}, {"192.0.2.10", forbids, true}, {"192.0.2.66", nil, true}} {
			n.names["tracker.example"] = addrs(step.at)
			if _, err := c.Announce(t.Context(), step.judge, "http://tracker.example/announce", testRequest()); (err == nil) != step.ok || err != nil && !errors.Is(err, errGate) {
				t.Errorf("%s: %v", step.at, err)
			}
			synctest.Wait()
		}
		if asked["192.0.2.66"] != 2 || asked["192.0.2.10"] != 1 {
			t.Errorf("asked %v", asked)
		}
		if got := n.dialed(); len(got) != 2 {
			t.Errorf("dialled %q", got)
		}
	})
}

// A connection that was made for one name is not used for another at the same
// address: it has proved to be the first one's.
func TestSharedConnectionIsOfOneName(t *testing.T) {
	s := httptest.NewUnstartedServer(answerWith(peersBody("1.2.3.4:5")))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate()) // for example.com, among others
	dials := 0
	c := newClient(t, Config{RootCAs: roots,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			dials++
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
		LookupNetIP: func(context.Context, string, string) ([]netip.Addr, error) { return addrs("127.0.0.1"), nil },
	})
	for _, step := range []struct {
		host  string
		ok    bool
		dials int
	}{{"example.com", true, 1}, {"example.com", true, 1}, {"other.example", false, 2}, {"example.com", true, 2}} {
		u := strings.Replace(s.URL, "127.0.0.1", step.host, 1)
		if _, err := c.Announce(t.Context(), nil, u, testRequest()); (err == nil) != step.ok || dials != step.dials {
			t.Errorf("%s: %v, %d connections", step.host, err, dials)
		}
	}
}

// Where somebody else looks the name up, connections end with their exchange.
func TestConnectionIsNotShared(t *testing.T) {
	for name, u := range map[string]string{"by a proxy": "http://tracker.example/announce", "a name that is converted": "http://b\u00fccher.example/announce"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newFakeNet()
				n.names["xn--bcher-kva.example"] = addrs("192.0.2.10")
				cfg := n.config()
				if name == "by a proxy" {
					cfg.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "192.0.2.10:80"})
				}
				n.serve(t, "192.0.2.10:80", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, peersBody("1.2.3.4:5")) })
				c := newClient(t, cfg)
				for range 2 {
					if _, err := c.Announce(t.Context(), nil, u, testRequest()); err != nil {
						t.Error(err)
					}
					synctest.Wait()
				}
				if got := n.dialed(); len(got) != 2 {
					t.Errorf("dialled %q", got)
				}
			})
		})
	}
}

// An exchange may end in the moment in which its connection is made: that is closed,
// and Close does not wait for it.
func TestConnectionOfAnEndedExchange(t *testing.T) {
	c := New(Config{})
	ended, end := context.WithCancel(t.Context())
	end()
	for range 1000 {
		ours, theirs := net.Pipe()
		if !c.hold() {
			t.Fatal("closed")
		}
		c.held(&hop{ctx: ended}, ours)
		if _, err := theirs.Read(make([]byte, 1)); err != io.EOF {
			t.Fatalf("got %v, want the end", err)
		}
	}
	c.Close()
}
