package tracker

import (
	"bytes"
	"compress/gzip"
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
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// cmpAddrs lets cmp look at addresses.
var cmpAddrs = cmp.Options{
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
}

// httpServer is a real tracker on loopback.
func httpServer(t *testing.T, h http.HandlerFunc) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func newClient(t testing.TB, cfg Config) *Client {
	c := New(onMachine(cfg))
	t.Cleanup(c.Close)
	return c
}

// onMachine completes a Config with the machine's own network.
func onMachine(cfg Config) Config {
	if cfg.DialContext == nil {
		cfg.DialContext = new(net.Dialer).DialContext
	}
	if cfg.ListenPacket == nil {
		cfg.ListenPacket = new(net.ListenConfig).ListenPacket
	}
	if cfg.LookupNetIP == nil {
		cfg.LookupNetIP = net.DefaultResolver.LookupNetIP
	}
	return cfg
}

func TestHTTPQuery(t *testing.T) {
	const hash = "%00%20%2B%25%26%3D%2F%3F%23~-_.aZ9%7F%80%FF%0A"
	const base = "info_hash=" + hash + "&peer_id=-GT0001-abcdefghijkl&port=6881&uploaded=1&downloaded=2&left=3&compact=1&key=0000abcd"
	for _, test := range []struct {
		name, path string
		change     func(*Request)
		want       string
	}{
		{"plain", "/announce", func(r *Request) {}, "/announce?" + base},
		{"passkey in the query", "/announce?passkey=a+b%20c&x", func(r *Request) {}, "/announce?passkey=a+b%20c&x&" + base},
		{"passkey in the path", "/a%2Fb/announce.php", func(r *Request) {}, "/a%2Fb/announce.php?" + base},
		{"fragment", "/announce#f", func(r *Request) {}, "/announce?" + base},
		{"no path", "", func(r *Request) {}, "/?" + base},
		{"started", "/announce", func(r *Request) { r.Event, r.NumWant = EventStarted, 80 }, "/announce?" + base + "&numwant=80&event=started"},
		{"too many wanted", "/announce", func(r *Request) { r.NumWant = 1e6 }, "/announce?" + base + "&numwant=500"},
		{"completed", "/announce", func(r *Request) { r.Event = EventCompleted }, "/announce?" + base + "&event=completed"},
		{"stopped", "/announce", func(r *Request) { r.Event, r.NumWant = EventStopped, 80 }, "/announce?" + base + "&numwant=0&event=stopped"},
		{"partial seed, BEP 21", "/announce", func(r *Request) { r.Event = EventPaused }, "/announce?" + base + "&event=paused"},
		{"tracker id with a line break", "/announce", func(r *Request) { r.TrackerID = "a\r\nX: y z" }, "/announce?" + base + "&trackerid=a%0D%0AX%3A%20y%20z"},
		{"left unknown", "/announce", func(r *Request) { r.Left = -1 }, "/announce?" + strings.Replace(base, "left=3", "left=16384", 1)},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got string
			u := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
				got = r.RequestURI
				io.WriteString(w, peersBody())
			})
			r := testRequest()
			test.change(&r)
			if _, err := newClient(t, Config{}).Announce(t.Context(), nil, u+test.path, r); err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("asked for\n%s, want\n%s", got, test.want)
			}
		})
	}
}

func TestHTTPHeaders(t *testing.T) {
	var got http.Header
	u := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		io.WriteString(w, peersBody())
	})
	c := newClient(t, Config{UserAgent: "gotor/9"})
	if _, err := c.Announce(t.Context(), nil, strings.Replace(u, "://", "://me:pass@", 1), testRequest()); err != nil {
		t.Fatal(err)
	}
	want := http.Header{
		"User-Agent": {"gotor/9"}, "Accept-Encoding": {"gzip"},
		"Authorization": {"Basic bWU6cGFzcw=="},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestHTTPAnswers(t *testing.T) {
	gzipped := func(b []byte) string {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		w.Write(b)
		w.Close()
		return out.String()
	}
	bomb := gzipped(make([]byte, 4<<20))
	zipped := gzipped([]byte(peersBody("1.2.3.4:5")))
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		want    any // error or text of a Failure; nil: one peer
		text    string
	}{
		{"gzip", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, zipped)
		}, nil, ""},
		{"gzip bomb", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, bomb)
		}, ErrMalformed, "longer than 2097152 bytes"},
		{"not gzip at all", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "garbage garbage garbage")
		}, ErrMalformed, "not a value"},
		{"broken gzip", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "\x1f\x8bgarbage garbage garbage")
		}, ErrUnreachable, "gzip: invalid header"},
		{"gzip torn off", answerWith(zipped[:20]), ErrUnreachable, "unexpected EOF"},
		{"gzip undeclared", answerWith(zipped), nil, ""},
		{"x-gzip", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "x-gzip")
			io.WriteString(w, zipped)
		}, nil, ""},
		{"gzip with a tail", answerWith(zipped + "tail"), nil, ""},
		{"gzip without checksum", answerWith(zipped[:len(zipped)-8]), nil, ""},
		{"gzip with a wrong checksum", answerWith(zipped[:len(zipped)-8] + "12345678"), nil, ""},
		{"too long", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, strings.Repeat("x", maxBody+1))
		}, ErrMalformed, "longer than"},
		{"long", answerWith(peersBody("1.2.3.4:5") + strings.Repeat(" ", maxBody-100)), nil, ""},
		{"white space around", answerWith(" \r\n" + peersBody("1.2.3.4:5") + "\n"), nil, ""},
		{"a web page", answerWith("<html><body>Hello</body></html>"), ErrMalformed, "at byte 0"},
		{"nothing", answerWith(""), ErrMalformed, ""},
		{"not found", http.NotFound, ErrUnreachable, "HTTP status 404 Not Found"},
		{"an answer with a bad status", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			io.WriteString(w, peersBody("1.2.3.4:5"))
		}, ErrUnreachable, "HTTP status 500"},
		{"refused with a status", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(403)
			io.WriteString(w, "d14:failure reason7:go awaye")
		}, &Failure{}, "go away"},
		{"refused", answerWith("d14:failure reason7:go awaye"), &Failure{}, `tracker refuses: "go away"`},
		{"connection dropped", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, ErrUnreachable, "EOF"},
		{"body torn off", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, peersBody("1.2.3.4:5")[:20])
		}, ErrUnreachable, "unexpected EOF"},
		{"shorter than its length", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, peersBody("1.2.3.4:5"))
		}, nil, ""},
		{"chunks without an end", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, peersBody("1.2.3.4:5"))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, nil, ""},
		{"endless headers", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 1<<20))
			io.WriteString(w, peersBody())
		}, ErrUnreachable, "headers exceeded"},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := httpServer(t, test.handler)
			r, err := newClient(t, Config{}).Announce(t.Context(), nil, u+"/announce?passkey=geheim", testRequest())
			switch want := test.want.(type) {
			case nil:
				if err != nil || len(r.Peers) != 1 {
					t.Errorf("got %v, %v, want one peer", r, err)
				}
				return
			case *Failure:
				if !errors.As(err, &want) || errors.Is(err, ErrUnreachable) {
					t.Errorf("got %v, want a failure", err)
				}
			case error:
				if !errors.Is(err, want) || errors.As(err, new(*Failure)) {
					t.Errorf("got %v, want %v", err, want)
				}
			}
			if err == nil || !strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), "geheim") {
				t.Errorf("error %q, want %q in it, and not the passkey", err, test.text)
			}
		})
	}
}

// A tracker that refuses port 0 is asked once more with another; a refusal of
// another kind, and one of a port that we do listen on, is final.
func TestPortZeroRefused(t *testing.T) {
	var ports []string
	u := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
		port := r.URL.Query().Get("port")
		ports = append(ports, port)
		if port == "0" || port == "6881" {
			io.WriteString(w, "d14:failure reason12:invalid porte")
			return
		}
		io.WriteString(w, peersBody("1.2.3.4:5"))
	})
	c := newClient(t, Config{})
	r := testRequest()
	r.Port = 0
	if got, err := c.Announce(t.Context(), nil, u+"/announce", r); err != nil || len(got.Peers) != 1 {
		t.Errorf("got %v, %v", got, err)
	}
	r.Port = 6881
	if _, err := c.Announce(t.Context(), nil, u+"/announce", r); !errors.As(err, new(*Failure)) {
		t.Errorf("got %v", err)
	}
	if d := cmp.Diff([]string{"0", "1", "6881"}, ports); d != "" {
		t.Error(d)
	}
}

func TestHTTPRedirects(t *testing.T) {
	n := newFakeNet()
	for _, host := range []string{"a", "b", "secret"} {
		n.names[host] = addrs("192.0.2.10")
	}
	check := func(u *url.URL) error {
		if u.Hostname() == "secret" {
			return errors.New("not allowed there")
		}
		return nil
	}
	for _, test := range []struct {
		name, from, to string
		status         int
		text           string // of the error
	}{
		{"same host", "http://a/x", "/end", 302, ""},
		{"other host", "http://a/x", "http://b/end", 301, ""},
		{"303", "http://a/x", "//b/end", 303, ""},
		{"307", "http://a/x", "end", 307, ""},
		{"308", "http://a/x", "http://b/end?q=1", 308, ""},
		{"no location", "http://a/x", "", 302, "HTTP status 302 Found"},
		{"not followed", "http://a/x", "/end", 300, "HTTP status 300"},
		{"round and round", "http://a/x", "/x", 302, "more than 5 redirects"},
		{"a file", "http://a/x", "file:///etc/passwd", 302, `redirect to scheme "file"`},
		{"gopher", "http://a/x", "gopher://a:70/x", 302, "redirect to scheme"},
		{"refused by policy", "http://a/x", "http://secret/latest?token=geheim", 302, "redirect to http://secret/latest?token=***: not allowed there"},
		{"nonsense", "http://a/x", "http://[::1", 302, "not a URL"},
		{"no host", "http://a/x", "http:///end", 302, "not a URL"},
		{"port 0", "http://a/x", "http://b:0/end", 302, "not a URL"},
		{"very long", "http://a/x", "/" + strings.Repeat("x", 5000), 302, "too long"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n.serve(t, "192.0.2.10:80", func(w http.ResponseWriter, r *http.Request) {
					if r.Header.Get("Referer") != "" {
						t.Error("told where it came from")
					}
					if r.URL.Path == "/end" {
						io.WriteString(w, peersBody("1.2.3.4:5"))
						return
					}
					if test.to != "" {
						w.Header()["Location"] = []string{test.to}
					}
					w.WriteHeader(test.status)
				})
				cfg := n.config()
				_, err := newClient(t, cfg).Announce(t.Context(), judgeFunc(check), test.from, testRequest())
				if test.text == "" && err != nil {
					t.Fatal(err)
				}
				if test.text != "" && (!errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), test.text)) {
					t.Errorf("got %v, want %q", err, test.text)
				}
			})
		})
	}
}

// Credentials stay with the host they are for.
func TestRedirectCredentials(t *testing.T) {
	c := New(onMachine(Config{}))
	from, _ := url.Parse("https://me:pass@a.example/x")
	for location, want := range map[string]bool{
		"/y": true, "https://a.example:443/": true, "https://A.example/": true, "https://a.example:444/": false, "https://b.example/": false,
		"https://other:word@b.example/": false, "//me:pass@b.example/": false,
	} {
		to, err := c.redirect(anywhere{}, from, location)
		if err != nil {
			t.Fatal(err)
		}
		if got := to.User != nil && to.User.String() == "me:pass"; got != want || (!want && to.User != nil) {
			t.Errorf("to %s: user %v", location, to.User)
		}
	}
	if _, err := c.redirect(anywhere{}, from, "http://a.example/x"); err == nil {
		t.Error("followed from https to http")
	}
}

func TestHTTPS(t *testing.T) {
	s := httptest.NewUnstartedServer(answerWith(peersBody("1.2.3.4:5")))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	for _, test := range []struct {
		name string
		cfg  Config
		ok   bool
	}{
		{"unknown authority", Config{}, false},
		{"known authority", Config{RootCAs: roots}, true},
		{"insecure", Config{Insecure: true}, true},
	} {
		_, err := newClient(t, test.cfg).Announce(t.Context(), nil, s.URL, testRequest())
		if test.ok && err != nil || !test.ok && !errors.Is(err, ErrUnreachable) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	// The certificate is for 127.0.0.1, ::1 and example.com.
	u := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	cfg := Config{RootCAs: roots, LookupNetIP: func(context.Context, string, string) ([]netip.Addr, error) { return addrs("127.0.0.1"), nil }}
	if _, err := newClient(t, cfg).Announce(t.Context(), nil, u, testRequest()); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("wrong name: %v", err)
	}
}

// Who says what our address is (BEP 24) is whoever has answered, not who was asked.
func TestExternalServer(t *testing.T) {
	last := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "d11:external ip4:\x01\x02\x03\x045:peers0:e")
	})
	n := newFakeNet()
	n.serve(t, "192.0.2.1:80", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, last+"/announce", http.StatusFound) })
	cfg := n.config()
	cfg.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasPrefix(addr, "192.0.2.1:") {
			return n.dial(ctx, network, addr)
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	r, err := newClient(t, cfg).Announce(t.Context(), nil, "http://192.0.2.1/announce", testRequest())
	if want := addrs("127.0.0.1", "1.2.3.4"); err != nil || r.Server != want[0] || r.ExternalIP != want[1] {
		t.Errorf("%v says that we are %v; %v", r.Server, r.ExternalIP, err)
	}
}

func TestProxy(t *testing.T) {
	var asked atomic.Value
	proxy := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.RequestURI)
		io.WriteString(w, "d11:external ip4:\x01\x02\x03\x045:peers0:e")
	})
	cfg := Config{
		Proxy: func(*http.Request) (*url.URL, error) { return url.Parse(proxy) },
		LookupNetIP: func(_ context.Context, _, host string) ([]netip.Addr, error) {
			t.Errorf("looked up %s", host)
			return nil, errors.New("no")
		},
	}
	r, err := newClient(t, cfg).Announce(t.Context(), nil, "http://tracker.invalid/announce", testRequest())
	if err != nil {
		t.Fatal(err)
	}
	if r.Server.IsValid() { // it sees the proxy, not us
		t.Errorf("through a proxy, %v says who we are", r.Server)
	}
	if got := asked.Load().(string); !strings.HasPrefix(got, "http://tracker.invalid/announce?info_hash=") {
		t.Errorf("the proxy was asked for %s", got)
	}
	cfg.Proxy = func(*http.Request) (*url.URL, error) { return nil, errors.New("bad proxy http://me:geheim@x") }
	if _, err := newClient(t, cfg).Announce(t.Context(), nil, "http://tracker.invalid/announce", testRequest()); err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("bad proxy: %v", err)
	}
}

func TestHTTPTimeout(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"silent": func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"drip": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				io.WriteString(w, "d")
				w.(http.Flusher).Flush()
				select {
				case <-time.After(time.Second):
				case <-r.Context().Done():
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newFakeNet()
				n.serve(t, "192.0.2.10:80", handler)
				c := newClient(t, n.config())
				start := time.Now()
				_, err := c.Announce(t.Context(), nil, "http://192.0.2.10/announce", testRequest())
				if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "no answer in time") {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took != httpTimeout {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// However many trackers send long bodies, four are read at a time, and none
// of them keeps a tracker with a short answer waiting.
func TestLongBodiesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		var reading atomic.Int32
		n.serve(t, "192.0.2.10:80", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, strings.Repeat(" ", smallBody+8<<10)) // more than a buffer beyond the limit: blocks until it is read
			w.(http.Flusher).Flush()
			reading.Add(1)
			defer reading.Add(-1)
			<-r.Context().Done()
		})
		n.serve(t, "192.0.2.11:80", answerWith(peersBody("1.2.3.4:5")))
		c := newClient(t, n.config())
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { c.Announce(t.Context(), nil, "http://192.0.2.10/", testRequest()) })
		}
		synctest.Wait()
		if _, err := c.Announce(t.Context(), nil, "http://192.0.2.11/", testRequest()); err != nil {
			t.Error(err)
		}
		if got := reading.Load(); got != maxLarge {
			t.Errorf("%d long bodies are read at a time", got)
		}
		wg.Wait()
	})
}

// "An announce to the tracker should be made for each local IP address" (BEP 7).
func TestHTTPBothFamilies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		n.names["tracker.example"] = addrs("192.0.2.10", "2001:db8::10", "192.0.2.11")
		n.serve(t, "192.0.2.11:80", answerWith("d8:intervali100e12:min intervali70e5:peers6:\x01\x02\x03\x04\x00\x05e"))
		n.serve(t, "[2001:db8::10]:80", answerWith("d8:completei9e8:intervali200e6:peers618:\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x06e"))
		c := newClient(t, n.config())
		parts := 0
		r, err := c.announce(t.Context(), nil, "http://tracker.example/announce", testRequest(), func(Response) { parts++ })
		if err != nil {
			t.Fatal(err)
		}
		if parts != 2 || len(r.Peers) != 2 || r.Interval != 200*time.Second || r.MinInterval != 70*time.Second || r.Seeders != 9 {
			t.Errorf("%d answers, together %+v", parts, r)
		}
		if got := len(n.dialed()); got != 3 { // .10 refuses
			t.Errorf("%d connections: %v", got, n.dialed())
		}
	})
}

// A family that leads nowhere costs an announce 3 s, but not its first answer;
// a stop it costs next to nothing.
func TestHTTPFamilyUnreachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		n.names["tracker.example"] = addrs("192.0.2.10", "2001:db8::10")
		n.serve(t, "192.0.2.10:80", answerWith(peersBody("1.2.3.4:5")))
		n.hole("[2001:db8::10]:80")
		c := newClient(t, n.config())
		start := time.Now()
		var first time.Duration
		r := testRequest()
		if _, err := c.announce(t.Context(), nil, "http://tracker.example/announce", r, func(Response) { first = time.Since(start) }); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); first != 0 || took != 3*time.Second {
			t.Errorf("first answer after %v, end after %v", first, took)
		}
		start, r.Event = time.Now(), EventStopped
		if _, err := c.Announce(t.Context(), nil, "http://tracker.example/announce", r); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("stop took %v", took)
		}
	})
}

// An exchange stays in the family that it was begun in where it is redirected, too:
// each makes its own source address known (BEP 7).
func TestRedirectKeepsFamily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		n.names["tracker.example"] = addrs("192.0.2.10")
		n.names["other.example"] = addrs("2001:db8::11", "192.0.2.11")
		n.serve(t, "192.0.2.10:80", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://other.example/announce", http.StatusFound)
		})
		n.serve(t, "192.0.2.11:80", answerWith(peersBody("1.2.3.4:5")))
		n.serve(t, "[2001:db8::11]:80", answerWith(peersBody("1.2.3.4:6")))
		r, err := newClient(t, n.config()).Announce(t.Context(), nil, "http://tracker.example/announce", testRequest())
		if err != nil || len(r.Peers) != 1 || r.Peers[0].Port() != 5 {
			t.Errorf("%v, %v, dialled %q", r.Peers, err, n.dialed())
		}
	})
}

// Who says by which address it sees us is told with it, whichever family it is of.
func TestMergeExternal(t *testing.T) {
	says := Response{ExternalIP: netip.MustParseAddr("203.0.113.7"), Server: netip.MustParseAddr("192.0.2.10")}
	silent := Response{Server: netip.MustParseAddr("2001:db8::10")}
	for _, r := range []Response{merge(says, silent), merge(silent, says)} {
		if r.ExternalIP != says.ExternalIP || r.Server != says.Server {
			t.Errorf("%v says that we are %v", r.Server, r.ExternalIP)
		}
	}
}

func TestFamiliesFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		n.names["tracker.example"] = addrs("192.0.2.10", "2001:db8::10")
		n.serve(t, "192.0.2.10:80", answerWith("d14:failure reason7:go awaye"))
		_, err := newClient(t, n.config()).Announce(t.Context(), nil, "http://tracker.example/announce", testRequest())
		if !errors.As(err, new(*Failure)) {
			t.Errorf("got %v, want what the tracker said", err)
		}
	})
}

func TestRealIPv6(t *testing.T) {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 loopback here: %v", err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: answerWith(peersBody("1.2.3.4:5"))}}
	s.Start()
	defer s.Close()
	if _, err := newClient(t, Config{}).Announce(t.Context(), nil, s.URL, testRequest()); err != nil {
		t.Error(err)
	}
}

func TestBadURLs(t *testing.T) {
	c := newClient(t, Config{
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			t.Error("dialled")
			return nil, errors.New("no")
		},
		LookupNetIP: func(context.Context, string, string) ([]netip.Addr, error) {
			t.Error("looked up")
			return nil, errors.New("no")
		},
	})
	judge := judgeFunc(func(u *url.URL) error {
		if u.Path == "/forbidden" {
			return errors.ErrUnsupported
		}
		return nil
	})
	for _, u := range []string{
		"", "announce", "ftp://x/", "wss://tracker.example", "file:///etc/passwd", "http://", "http:///announce", "http:opaque",
		"udp://tracker.example/announce", "udp://:80", "udp://h:0", "http://h:99999/", "http://h:-1/", "http://a b/", "http://h/\n",
		"http://user:geheim@h:port/", "http://h/?" + strings.Repeat("x", 3000), "http://h/forbidden", "http://[::1/",
	} {
		_, err := c.Announce(t.Context(), judge, u, testRequest())
		if !errors.Is(err, ErrURL) || errors.Is(err, ErrUnreachable) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: %v", u, err)
		}
	}
}

func TestUnresolvable(t *testing.T) {
	n := newFakeNet()
	n.names["empty.example"] = []netip.Addr{}
	c := newClient(t, n.config())
	for _, u := range []string{"http://nowhere.example/announce", "udp://nowhere.example:1", "http://empty.example"} {
		if _, err := c.Announce(t.Context(), nil, u, testRequest()); !errors.Is(err, ErrUnreachable) {
			t.Errorf("%s: %v", u, err)
		}
	}
}

// Names that are not ASCII are converted by net/http before they are resolved.
func TestInternationalName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		n.names["xn--bcher-kva.example"] = addrs("192.0.2.10")
		n.serve(t, "192.0.2.10:80", answerWith(peersBody("1.2.3.4:5")))
		if _, err := newClient(t, n.config()).Announce(t.Context(), nil, "http://bücher.example/announce", testRequest()); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseEndsAnnounces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		n.hole("192.0.2.10:80")
		c := New(n.config())
		ended := make(chan error, 2)
		for _, u := range []string{"http://192.0.2.10/", "udp://192.0.2.10:80"} {
			go func() {
				_, err := c.Announce(t.Context(), nil, u, testRequest())
				ended <- err
			}()
		}
		synctest.Wait()
		c.Close()
		for range 2 {
			if err := <-ended; !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v", err)
			}
		}
		if _, err := c.Announce(t.Context(), nil, "http://192.0.2.10/", testRequest()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		c.Close()
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		n.hole("192.0.2.10:80")
		n.serve(t, "192.0.2.11:80", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		c := newClient(t, n.config())
		for _, u := range []string{"http://192.0.2.10/", "http://192.0.2.11/", "udp://192.0.2.10:80"} {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			start := time.Now()
			_, err := c.Announce(ctx, nil, u, testRequest())
			if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnreachable) || time.Since(start) != time.Second {
				t.Errorf("%s: %v after %v", u, err, time.Since(start))
			}
		}
	})
}

func TestHTTPScrape(t *testing.T) {
	h1, h2 := testRequest().InfoHash, [20]byte{1}
	body := "d5:filesd20:" + string(h1[:]) + "d8:completei5e10:downloadedi50e11:downloadersi2e10:incompletei3eeee"
	var asked string
	u := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.RequestURI
		io.WriteString(w, body)
	})
	got, err := newClient(t, Config{}).Scrape(t.Context(), nil, u+"/p/announce.php?k=v", [][20]byte{h1, h2})
	if err != nil {
		t.Fatal(err)
	}
	want := []ScrapeResult{{5, 3, 50, 2}, {-1, -1, -1, -1}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !strings.HasPrefix(asked, "/p/scrape.php?k=v&info_hash=%00%20") || strings.Count(asked, "info_hash=") != 2 {
		t.Errorf("asked for %s", asked)
	}
	if _, err := newClient(t, Config{}).Scrape(t.Context(), nil, u+"/other", [][20]byte{h1}); !errors.Is(err, ErrURL) {
		t.Errorf("no scrape address: %v", err)
	}
	many := make([][20]byte, 200)
	if got, err := newClient(t, Config{}).Scrape(t.Context(), nil, u+"/announce", many); err != nil || len(got) != 200 {
		t.Errorf("%d results, %v", len(got), err)
	}
}

// The examples of the convention that BEP 48 describes.
func TestScrapeURL(t *testing.T) {
	for in, want := range map[string]string{
		"http://e.com/announce":            "http://e.com/scrape",
		"http://e.com/x/announce":          "http://e.com/x/scrape",
		"http://e.com/announce.php":        "http://e.com/scrape.php",
		"http://e.com/announce?x2%0644":    "http://e.com/scrape?x2%0644",
		"http://e.com/a%2Fb/announce":      "http://e.com/a%2Fb/scrape",
		"http://e.com/announce/x/announce": "http://e.com/announce/x/scrape",
		"http://e.com/a":                   "",
		"http://announce.com/a?announce":   "",
	} {
		u, _ := url.Parse(in)
		got, ok := scrapeURL(u)
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("%s: %v, want %q", in, got, want)
		}
	}
}
