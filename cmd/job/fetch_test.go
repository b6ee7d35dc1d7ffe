package job

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"gotor/cmd/record"
	"gotor/torrent/network"
)

// A .torrent from a web server comes over the family that is allowed, too.
func TestFetchFamily(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(oneByte()) }))
	defer server.Close()
	if !strings.HasPrefix(server.URL, "http://127.0.0.1:") {
		t.Skip("no IPv4 here")
	}
	over := func(only Family) *Loader {
		f := newFakeLoader("")
		f.Only = only
		return f.Loader
	}
	if _, err := over(Family{IPv4Only: true}).fetch(t.Context(), server.URL); err != nil {
		t.Error(err)
	}
	if _, err := over(Family{IPv6Only: true}).fetch(t.Context(), server.URL); record.CodeOf(err) != record.ExitFetch {
		t.Errorf("over IPv6 from an IPv4 address: %v", err)
	}
}

// A link's URL is asked for nothing but a plain path in our own network.
func TestFetchLinked(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Write(oneByte())
	}))
	defer server.Close()
	l := newFakeLoader("").Loader
	if raw, local, err := l.FetchLinked(t.Context(), server.URL+"/x.torrent"); err != nil || !local || string(raw) != string(oneByte()) {
		t.Errorf("%d bytes, local %v, %v", len(raw), local, err)
	}
	for _, bad := range []string{"/reboot?now=1", "/a/b?"} {
		_, _, err := l.FetchLinked(t.Context(), server.URL+bad)
		if refused := err != nil; refused != strings.Contains(bad, "now") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if asked != 2 {
		t.Errorf("the server was asked %d times", asked)
	}
}

func TestFetch(t *testing.T) {
	var agent string
	mux := http.NewServeMux()
	mux.HandleFunc("/x.torrent", func(w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		w.Write(oneByte())
	})
	mux.HandleFunc("/gone", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusGone) })
	mux.HandleFunc("/cut", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Write(oneByte())
	})
	mux.HandleFunc("/hop/", func(w http.ResponseWriter, r *http.Request) {
		n := strings.TrimPrefix(r.URL.Path, "/hop/")
		if n == "" {
			http.Redirect(w, r, "/x.torrent", http.StatusFound)
			return
		}
		http.Redirect(w, r, "/hop/"+n[1:], http.StatusFound)
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	tls := httptest.NewTLSServer(mux)
	defer tls.Close()
	for _, c := range []struct {
		url      string
		insecure bool
		code     int
		text     string
	}{
		{srv.URL + "/x.torrent", false, 0, ""},
		{strings.Replace(srv.URL, "http", "HTTP", 1) + "/x.torrent", false, 0, ""},
		{srv.URL + "/hop/1234", false, 0, ""},
		{srv.URL + "/hop/12345", false, 11, "more than 5 redirects"},
		{srv.URL + "/gone", false, 11, "410 Gone"},
		{srv.URL + "/cut", false, 11, "EOF"},
		{tls.URL + "/x.torrent", false, 11, "certificate"},
		{tls.URL + "/x.torrent", true, 0, ""},
		{"http://169.254.169.254/latest/meta-data", false, 11, "not allowed"},
		{"http://[fe80::1%25lo]/", false, 11, ""},
	} {
		f := newFakeLoader("")
		f.Insecure = c.insecure
		src, err := f.Load(t.Context(), c.url)
		if record.CodeOf(err) != c.code || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, exit code %d, want %d", c.url, err, record.CodeOf(err), c.code)
		}
		if err == nil && !src.Local {
			t.Errorf("%s: a loopback server is not local", c.url)
		}
	}
	if agent != "test/1" {
		t.Errorf("User-Agent %q", agent)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newFakeLoader("").Loader.Load(ctx, srv.URL+"/x.torrent"); !errors.Is(err, context.Canceled) {
		t.Errorf("after a stop: %v", err)
	}
}

// A passkey in the URL stays with the host that it is for.
func TestFetchKeepsSecrets(t *testing.T) {
	var seen []string
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, fmt.Sprint(r.URL, r.Header))
		if r.URL.Path == "/first" {
			http.Redirect(w, r, "/second", http.StatusFound)
			return
		}
		w.Write(oneByte())
	}))
	defer there.Close()
	here := httptest.NewServer(http.RedirectHandler(there.URL+"/first", http.StatusFound))
	defer here.Close()
	url := strings.Replace(here.URL, "//", "//alice:pa55@", 1) + "/download.php?passkey=s3cret"
	if _, err := newFakeLoader("").Loader.Load(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 2 {
		t.Fatalf("the other host was asked %q", seen)
	}
	for _, q := range seen {
		for _, secret := range []string{"Referer", "s3cret", "pa55", "Authorization"} {
			if strings.Contains(q, secret) {
				t.Errorf("the other host sees %q in %s", secret, q)
			}
		}
	}
}

// What a public server says must not lead into the private network, by whatever
// name. The rules have their test in package network.
func TestFetchGuard(t *testing.T) {
	var reached atomic.Int32
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		w.Write(oneByte())
	}))
	defer here.Close()
	port := here.Listener.Addr().(*net.TCPAddr).Port
	for host, ok := range map[string]bool{"127.0.0.1": false, "localhost": false, "[::ffff:127.0.0.1]": false, "2130706433": false, "169.254.169.254": false} {
		g := fetchGuard{network.NewExchange(network.System{}, network.Rules{Local: true})}
		if _, err := g.Allow(nil, "public.example", []netip.Addr{netip.MustParseAddr("93.184.216.34")}); err != nil {
			t.Fatal(err)
		}
		req := httptest.NewRequest(http.MethodGet, fmt.Sprintf("http://%s:%d/x", host, port), nil)
		if err := g.redirect(req, nil); (err == nil) != ok || err != nil && !errors.Is(err, network.ErrForbidden) {
			t.Errorf("a public server redirects to %s: %v", host, err)
		}
		if c, err := g.dial(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			c.Close()
			t.Errorf("%s, which leads home, is dialled", host)
		}
	}
	if reached.Load() > 0 {
		t.Error("the server here was asked")
	}
}

// A link may name a .torrent here by its path, and whatever is there may not make
// an order of it.
func TestFetchLinkedPath(t *testing.T) {
	var asked []string
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		asked = append(asked, q.RequestURI)
		switch q.URL.Path {
		case "/redirect":
			http.Redirect(w, q, "/admin?reboot=1", http.StatusFound)
		default:
			w.Write(oneByte())
		}
	}))
	defer here.Close()
	l := newFakeLoader("").Loader
	for path, ok := range map[string]bool{"/plain.torrent": true, "/admin?reboot=1": false, "/redirect": false} {
		if _, _, err := l.FetchLinked(t.Context(), here.URL+path); (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, _, err := l.FetchLinked(t.Context(), strings.Replace(here.URL, "//", "//me:pw@", 1)+"/x"); err == nil {
		t.Error("a password was sent along")
	}
	for _, q := range asked {
		if strings.Contains(q, "reboot") {
			t.Errorf("it was asked for %s", q)
		}
	}
}

// TestLongAnswers: whatever a server sends, the line about it is short.
func TestLongAnswers(t *testing.T) {
	long := strings.Repeat("A", 50_000)
	for name, answer := range map[string]string{
		"status text":  "HTTP/1.1 404 " + long + "\r\nContent-Length: 0\r\n\r\n",
		"no HTTP":      long + "\r\n\r\n",
		"header":       "HTTP/1.1 200 OK\r\nContent-Length: " + long + "\r\n\r\n",
		"redirect":     "HTTP/1.1 302 Found\r\nLocation: " + long + "://x/\r\n\r\n",
		"chunk length": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + long + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				c, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				c.Write([]byte(answer))
				c.(*net.TCPConn).CloseWrite()
				c.Close()
			}))
			defer s.Close()
			_, err := newFakeLoader("").Loader.Load(t.Context(), s.URL+"/x")
			if record.CodeOf(err) != record.ExitFetch {
				t.Fatalf("exit code %d: %.200v", record.CodeOf(err), err)
			}
			if n := len(err.Error()); n > 1000 {
				t.Errorf("an error of %d bytes", n)
			}
		})
	}
}
