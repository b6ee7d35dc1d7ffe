package cmd

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gotor/cmd/record"
)

// The header for a SOURCE goes to its origin, and after a redirect to another one
// to nobody any more.
func TestHeaderOfSource(t *testing.T) {
	torrent := torrentWith()
	got := map[string][]string{}
	var first, second *httptest.Server
	note := func(who string, r *http.Request) {
		got[who+r.URL.Path] = append(got[who+r.URL.Path], r.Header.Get("X-Token")+r.Header.Get("Authorization"))
	}
	first = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note("first", r)
		switch r.URL.Path {
		case "/near":
			http.Redirect(w, r, "/x.torrent", http.StatusFound)
		case "/far":
			http.Redirect(w, r, second.URL+"/back", http.StatusFound)
		default:
			w.Write([]byte(torrent))
		}
	}))
	defer first.Close()
	second = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note("second", r)
		http.Redirect(w, r, first.URL+"/end", http.StatusFound)
	}))
	defer second.Close()
	for _, path := range []string{"/near", "/far"} {
		f := newFake("")
		code := f.gotor(t, "show", "--header", "X-Token: hid", "--header", "Authorization: den", first.URL+path)
		if code != 0 || strings.Contains(f.stdout.String()+f.stderr.String(), "hid") {
			t.Errorf("%s: exit code %d, %s%s", path, code, f.stdout.String(), f.stderr.String())
		}
	}
	for at, want := range map[string]string{"first/near": "hidden", "first/x.torrent": "hidden", "first/far": "hidden", "second/back": "", "first/end": ""} {
		if len(got[at]) != 1 || got[at][0] != want {
			t.Errorf("%s was sent %q, want %q", at, got[at], want)
		}
	}
}

func TestHeaderIsForOneOrigin(t *testing.T) {
	for _, c := range []struct {
		sources, mirrors string
		code             int
	}{
		{"https://a.example/x.torrent", "", 0},
		{"https://a.example/x.torrent https://A.example:443/y.torrent", "https://a.example/data", 0},
		{"x.torrent", "https://a.example/1 https://b.example/2", 0},
		{"x.torrent https://a.example/x.torrent", "", 0},
		{"https://a.example/x.torrent https://b.example/x.torrent", "", record.ExitUsage},
		{"https://a.example/x.torrent", "https://b.example/data", record.ExitUsage},
		{"https://a.example/x.torrent", "http://a.example/data", record.ExitUsage},
		{"https://a.example/x.torrent", "https://a.example:8443/data", record.ExitUsage},
		{"x.torrent", "", record.ExitUsage},
	} {
		o := mirrorOptions{mirrors: strings.Fields(c.mirrors), headers: []string{"X-Token: hidden"}}
		err := o.check(strings.Fields(c.sources))
		if record.CodeOf(err) != c.code || err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s, mirrors %s: %v", c.sources, c.mirrors, err)
		}
	}
}

// The environment may have a header for other commands.
func TestHeaderWithoutURL(t *testing.T) {
	for _, command := range []string{"show", "magnet", "scrape --no-dht", "verify"} {
		args := append(strings.Fields(command), "--header", "X-Token: hidden", "-")
		if command == "verify" {
			args = append(args, ".")
		}
		f := newFake(torrentWith())
		if code := f.gotor(t, args...); code != record.ExitUsage || strings.Contains(f.stderr.String(), "hidden") {
			t.Errorf("%s: exit code %d, %s", command, code, f.stderr.String())
		}
	}
}
