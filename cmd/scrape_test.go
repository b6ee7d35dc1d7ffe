package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// torrentWith describes one byte and names trackers, a tier each.
func torrentWith(urls ...string) string {
	var tiers strings.Builder
	for _, u := range urls {
		fmt.Fprintf(&tiers, "l%d:%se", len(u), u)
	}
	return "d13:announce-listl" + tiers.String() + "e" + string(tinyTorrent()[1:])
}

func TestScrape(t *testing.T) {
	good := httptest.NewServer(&fakeTracker{mode: "ok"})
	defer good.Close()
	rude := httptest.NewServer(&fakeTracker{mode: "fail"})
	defer rude.Close()
	broken := httptest.NewServer(&fakeTracker{mode: "broken"})
	defer broken.Close()
	ignorant := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "d5:filesdee") }))
	defer ignorant.Close()
	const secret = "/0123456789abcdef0123456789abcdef/announce"
	for _, c := range []struct {
		name   string
		urls   []string
		code   int
		stdout []string // parts
		stderr []string
	}{
		{"one", []string{good.URL + "/announce"}, 0, []string{"       0        1         7  http://127.0.0.1:"}, nil},
		{"one of four", []string{rude.URL + "/announce", broken.URL + "/announce", good.URL + secret, "ws://x/announce"}, 0,
			[]string{"/***/announce\n"}, []string{`go away\nnow`, "malformed", ""}},
		{"none answers", []string{rude.URL + "/announce", broken.URL + "/announce"}, exitFetch, nil, []string{"gotor: x: neither a tracker nor the DHT answered\n"}},
		{"nobody knows it", []string{ignorant.URL + "/announce"}, 0, nil, []string{"does not know this torrent"}},
		{"no scrape address", []string{good.URL + "/tell"}, exitFetch, nil, []string{"neither a tracker nor the DHT answered"}},
		{"no tracker", nil, exitFetch, nil, []string{"gotor: x names no tracker, and the DHT did not answer\n"}},
	} {
		for _, asJSON := range []bool{false, true} {
			f := newFake(torrentWith(c.urls...))
			args := []string{"scrape", "-"}
			if asJSON {
				args = append(args, "--json")
			}
			if code := f.gotor(t, args...); code != c.code {
				t.Errorf("%s: exit code %d, want %d: %s", c.name, code, c.code, f.stderr.String())
			}
			checkOutput(t, c.name, f.stdout.String()+f.stderr.String())
			if strings.Contains(f.stdout.String()+f.stderr.String(), "0123456789abcdef0123") {
				t.Errorf("%s: a passkey is printed", c.name)
			}
			if asJSON {
				var rec scrapeRecord
				if err := json.Unmarshal([]byte(f.stdout.String()), &rec); c.urls != nil && (err != nil || rec.V != 1 || rec.Name != "x") {
					t.Errorf("%s: %v, %s", c.name, err, f.stdout.String())
				}
				continue
			}
			for _, want := range c.stdout {
				if !strings.Contains(f.stdout.String(), want) {
					t.Errorf("%s: no %q in %q", c.name, want, f.stdout.String())
				}
			}
			for _, want := range c.stderr {
				if !strings.Contains(f.stderr.String(), want) {
					t.Errorf("%s: no %q in %q", c.name, want, f.stderr.String())
				}
			}
		}
	}
}
