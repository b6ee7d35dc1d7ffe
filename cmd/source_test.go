package cmd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotor/torrent/metainfo"
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
		if exitCode(err) != c.code {
			t.Errorf("load(%q): %v, exit code %d, want %d", c.arg, err, exitCode(err), c.code)
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
	if _, err := readBounded(neverEnding{}); exitCode(err) != exitMalformed {
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
		if exitCode(err) != c.code || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, exit code %d, want %d", c.url, err, exitCode(err), c.code)
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

// What a public server says must not lead into the private network, and nothing
// leads to a metadata service or to what is no host. The rest of the policy has
// its test in package torrent.
func TestGuard(t *testing.T) {
	for _, c := range []struct {
		before []string
		ip     string
		ok     bool
	}{
		{nil, "127.0.0.1", true},
		{nil, "10.1.2.3", true},
		{nil, "93.184.216.34", true},
		{nil, "169.254.169.254", false},
		{nil, "::ffff:169.254.169.254", false},
		{nil, "fe80::1", true}, // of this network, like 10.1.2.3
		{nil, "fe80::1%lo", true},
		{nil, "100.64.0.1", true},
		{nil, "0.0.0.0", false},
		{nil, "::", false},
		{nil, "::ffff:0.0.0.0", false},
		{nil, "255.255.255.255", false},
		{nil, "224.0.0.1", false},
		{[]string{"fe80::1"}, "127.0.0.1", true},
		{[]string{"93.184.216.34"}, "fe80::1", false},
		{[]string{"93.184.216.34"}, "fe80::1%lo", false},
		{[]string{"10.0.0.1"}, "127.0.0.1", true},
		{[]string{"93.184.216.34"}, "93.184.216.35", true},
		{[]string{"93.184.216.34"}, "127.0.0.1", false},
		{[]string{"93.184.216.34"}, "10.0.0.1", false},
		{[]string{"93.184.216.34"}, "::1", false},
		{[]string{"93.184.216.34"}, "::ffff:192.168.1.1", false},
		{[]string{"93.184.216.34"}, "100.64.0.1", false},
		{[]string{"93.184.216.34"}, "fd00::1", false},
		{[]string{"93.184.216.34"}, "0.0.0.0", false},
		{[]string{"10.0.0.1", "2606:2800::1"}, "10.0.0.1", false},
	} {
		g := new(guard)
		for _, b := range c.before {
			if err := g.check(netip.MustParseAddr(b)); err != nil {
				t.Fatal(err)
			}
		}
		err := g.control(t.Context(), "tcp", netip.AddrPortFrom(netip.MustParseAddr(c.ip), 80).String(), nil)
		if (err == nil) != c.ok {
			t.Errorf("%s after %v: %v", c.ip, c.before, err)
		}
	}
	if err := new(guard).control(t.Context(), "tcp", "not an address", nil); err == nil {
		t.Error("an address that cannot be read is dialled")
	}
}

// A torrent from the internet does not have its trackers looked for at home.
func TestScrapePolicy(t *testing.T) {
	cfg := scrapeConfig(&scrapeOptions{}, false)
	if _, err := cfg.LookupNetIP(t.Context(), "ip", "localhost"); !errors.Is(err, errForbidden) {
		t.Errorf("localhost: %v", err)
	}
	if u, _ := url.Parse("udp://127.0.0.1:1"); !errors.Is(cfg.CheckURL(u), errForbidden) {
		t.Error("a loopback address is asked")
	}
	if u, _ := url.Parse("udp://tracker.example:1"); cfg.CheckURL(u) != nil {
		t.Error("a name is refused before it is looked up")
	}
	if cfg := scrapeConfig(&scrapeOptions{}, true); cfg.CheckURL != nil || cfg.DialContext != nil {
		t.Error("a local torrent is restricted")
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
	line, err := marshalLine(newShowRecord(m))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"files", "trackers", "web_seeds", "http_seeds", "nodes"} {
		if !strings.Contains(string(line), `"`+key+`":[`) {
			t.Errorf("%s is no list in %s", key, line)
		}
	}
}
