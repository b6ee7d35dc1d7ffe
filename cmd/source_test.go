package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
	"gotor/torrent/network"
)

// tinyTorrent describes one byte.
func tinyTorrent() []byte {
	return []byte("d4:infod6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces20:00000000000000000000ee")
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return p
	}
	// A file that looks like a hash is a file.
	hash := strings.Repeat("ab", 20)
	write(hash, string(tinyTorrent()))
	t.Chdir(dir)
	for _, c := range []struct {
		arg, stdin string
		code       int
	}{
		{write("good", string(tinyTorrent())), "", 0},
		{write("newline", string(tinyTorrent())+"\n"), "", 0},
		{"-", string(tinyTorrent()), 0},
		{hash, "", 0},
		{"-", "", 3},
		{"-", "d", 3},
		{write("empty", ""), "", 3},
		{write("html", "\n<HTML>"), "", 3},
		{write("magnet", "magnet:?xt=urn:btih:"+hash), "", 3},
		{"MAGNET:?xt=urn:btih:" + hash, "", 3},
		{strings.Repeat("cd", 20), "", 3},
		{strings.Repeat("EF", 32), "", 3},
		{strings.Repeat("A", 32), "", 3},
		{"missing", "", 10},
		{dir, "", 10},
		{"http://[::1", "", 2},
	} {
		f := newFake(c.stdin)
		src, err := (&loader{s: f.streams}).load(t.Context(), c.arg)
		if record.CodeOf(err) != c.code {
			t.Errorf("load(%q): %v, exit code %d, want %d", c.arg, err, record.CodeOf(err), c.code)
		}
		if err == nil && (!src.local || src.meta.Name != "x" || src.arg != c.arg) {
			t.Errorf("load(%q) = %+v", c.arg, src)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("load(%q): more than one line: %q", c.arg, err)
		}
	}
}

func TestReadBounded(t *testing.T) {
	if _, err := readBounded(neverEnding{}); record.CodeOf(err) != record.ExitMalformed {
		t.Errorf("an endless source: %v", err)
	}
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return len(p), nil }

func TestFetch(t *testing.T) {
	var agent string
	mux := http.NewServeMux()
	mux.HandleFunc("/x.torrent", func(w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		w.Write(tinyTorrent())
	})
	mux.HandleFunc("/gone", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusGone) })
	mux.HandleFunc("/cut", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Write(tinyTorrent())
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
		f := newFake("")
		src, err := (&loader{s: f.streams, insecure: c.insecure}).load(t.Context(), c.url)
		if record.CodeOf(err) != c.code || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, exit code %d, want %d", c.url, err, record.CodeOf(err), c.code)
		}
		if err == nil && !src.local {
			t.Errorf("%s: a loopback server is not local", c.url)
		}
	}
	if agent != userAgent() {
		t.Errorf("User-Agent %q", agent)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&loader{s: newFake("").streams}).load(ctx, srv.URL+"/x.torrent"); !errors.Is(err, context.Canceled) {
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
		w.Write(tinyTorrent())
	}))
	defer there.Close()
	here := httptest.NewServer(http.RedirectHandler(there.URL+"/first", http.StatusFound))
	defer here.Close()
	url := strings.Replace(here.URL, "//", "//alice:pa55@", 1) + "/download.php?passkey=s3cret"
	if _, err := (&loader{s: newFake("").streams}).load(t.Context(), url); err != nil {
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
		w.Write(tinyTorrent())
	}))
	defer here.Close()
	port := here.Listener.Addr().(*net.TCPAddr).Port
	for host, ok := range map[string]bool{"127.0.0.1": false, "localhost": false, "[::ffff:127.0.0.1]": false, "2130706433": false, "169.254.169.254": false} {
		g := fetchGuard{network.NewExchange(machine(), network.Rules{Local: true})}
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
			w.Write(tinyTorrent())
		}
	}))
	defer here.Close()
	l := &loader{s: newFake("").streams}
	for path, ok := range map[string]bool{"/plain.torrent": true, "/admin?reboot=1": false, "/redirect": false} {
		if _, _, err := l.fetchLinked(t.Context(), here.URL+path); (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, _, err := l.fetchLinked(t.Context(), strings.Replace(here.URL, "//", "//me:pw@", 1)+"/x"); err == nil {
		t.Error("a password was sent along")
	}
	for _, q := range asked {
		if strings.Contains(q, "reboot") {
			t.Errorf("it was asked for %s", q)
		}
	}
}

// A torrent from the internet does not have its trackers looked for at home, and
// no tracker out there leads home, whoever brought the torrent.
func TestScrapePolicy(t *testing.T) {
	home, out := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("93.184.216.34")
	mustParse := func(s string) *url.URL {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	for _, local := range []bool{false, true} {
		j := network.NewGuard(scrapeRules(&scrapeOptions{}, local))
		if err := j.Visit(mustParse("udp://127.0.0.1:1"), nil); (err == nil) != local {
			t.Errorf("local %v, a loopback address: %v", local, err)
		}
		if _, err := j.Allow(mustParse("http://tracker.example/announce"), "tracker.example", []netip.Addr{home}); (err == nil) != local {
			t.Errorf("local %v, a name that leads home: %v", local, err)
		}
		if _, err := j.Allow(mustParse("http://tracker.example/admin"), "tracker.example", []netip.Addr{home}); err == nil {
			t.Errorf("local %v: a service at home that is no tracker is asked", local)
		}
		if _, err := j.Allow(mustParse("http://tracker.example/announce"), "tracker.example", []netip.Addr{out, home}); err != nil {
			t.Errorf("local %v, a public name: %v", local, err)
		}
		if err := j.Visit(mustParse("http://127.0.0.1/announce"), nil); err == nil {
			t.Errorf("local %v: a public tracker leads home", local)
		}
	}
}

func TestIsHash(t *testing.T) {
	for s, want := range map[string]bool{
		strings.Repeat("0a", 20): true, strings.Repeat("0A", 32): true, strings.Repeat("a", 32): true, strings.Repeat("7", 32): true,
		strings.Repeat("0g", 20): false, strings.Repeat("1", 32): false, "": false, "abc": false, strings.Repeat("a", 39): false,
	} {
		if isHash(s) != want {
			t.Errorf("isHash(%q) = %v", s, !want)
		}
	}
}

func TestShowRecordHasNoNullLists(t *testing.T) {
	m, err := metainfo.Parse(tinyTorrent())
	if err != nil {
		t.Fatal(err)
	}
	line, err := record.Line(record.NewShow(m))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"files", "trackers", "web_seeds", "http_seeds", "nodes"} {
		if !strings.Contains(string(line), `"`+key+`":[`) {
			t.Errorf("%s is no list in %s", key, line)
		}
	}
}
