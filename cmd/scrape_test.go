package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent/network"
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
		{"none answers", []string{rude.URL + "/announce", broken.URL + "/announce"}, record.ExitFetch, nil, []string{"gotor: x: neither a tracker nor the DHT answered\n"}},
		{"nobody knows it", []string{ignorant.URL + "/announce"}, record.ExitNoPeers, nil, []string{"does not know this torrent"}},
		{"no scrape address", []string{good.URL + "/tell"}, record.ExitFetch, nil, []string{"neither a tracker nor the DHT answered"}},
		{"no tracker", nil, record.ExitFetch, nil, []string{"gotor: x names no tracker, and the DHT did not answer\n"}},
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
				var rec record.Scrape
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

// The DHT is one more to ask, and enough when it alone answers.
func TestScrapeDHT(t *testing.T) {
	node := privateDHT(t)
	src, err := newFake(torrentWith()).loader(job.Family{}).Load(t.Context(), "-")
	if err != nil {
		t.Fatal(err)
	}
	target, err := targetOf(src)
	if err != nil || target.private || len(target.trackers) != 0 {
		t.Fatalf("%+v, %v", target, err)
	}
	announce(t, node, target.hash, 7001, true)
	good := httptest.NewServer(&fakeTracker{mode: "ok"})
	defer good.Close()
	rude := httptest.NewServer(&fakeTracker{mode: "fail"})
	defer rude.Close()
	link := fmt.Sprintf("magnet:?xt=urn:btih:%x", target.hash)
	const dhtLine = "       1        0         -  DHT (2 nodes)\n"
	for _, c := range []struct {
		name   string
		source string
		stdin  string
		args   []string
		want   []string // parts of stdout
		dht    bool
		code   int
	}{
		{"trackers and DHT", "-", torrentWith(good.URL + "/announce"), nil, []string{"  http://127.0.0.1:", dhtLine}, true, 0},
		{"a tracker that fails", "-", torrentWith(rude.URL + "/announce"), nil, []string{dhtLine}, true, 0},
		{"no tracker", "-", torrentWith(), nil, []string{dhtLine}, true, 0},
		{"a link", link + "&dn=n", "", nil, []string{dhtLine}, true, 0},
		{"a hash", fmt.Sprintf("%x", target.hash), "", nil, []string{dhtLine}, true, 0},
		{"not the DHT", "-", torrentWith(good.URL + "/announce"), []string{"--no-dht"}, []string{"  http://127.0.0.1:"}, false, 0},
		{"neither", "-", torrentWith(), []string{"--no-dht"}, nil, false, record.ExitFetch},
		{"a family without the tracker", "-", torrentWith(good.URL + "/announce"), []string{"--ipv6-only"}, nil, false, record.ExitFetch},
	} {
		run := func(more ...string) *fake {
			f := newFake(c.stdin)
			args := append([]string{"scrape", "--dht-bootstrap", node, c.source}, c.args...)
			if code := f.gotor(t, append(args, more...)...); code != c.code {
				t.Errorf("%s: exit code %d: %s", c.name, code, f.stderr.String())
			}
			return f
		}
		f := run()
		for _, want := range c.want {
			if !strings.Contains(f.stdout.String(), want) {
				t.Errorf("%s: no %q in %q", c.name, want, f.stdout.String())
			}
		}
		if c.code != 0 {
			continue
		}
		rec := unmarshal[record.Scrape](t, run("--json").stdout.String())
		if rec.InfoHash != fmt.Sprintf("%x", target.hash) || (rec.DHT != nil) != c.dht {
			t.Errorf("%s: %+v", c.name, rec)
		}
		if c.dht && (*rec.DHT.Seeders != 1 || *rec.DHT.Leechers != 0 || rec.DHT.Nodes != 2 || rec.DHT.Error != "") {
			t.Errorf("%s: %+v", c.name, rec.DHT)
		}
	}
}

// The source, too, comes over the family that may be used.
func TestScrapeFetchesOverFamily(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		io.WriteString(w, torrentWith())
	}))
	defer server.Close()
	if !strings.HasPrefix(server.URL, "http://127.0.0.1:") {
		t.Skip("no IPv4 here")
	}
	for flag, want := range map[string]struct {
		asked int
		text  string
	}{
		"--ipv4-only": {1, "names no tracker"},
		"--ipv6-only": {0, "cannot fetch"},
	} {
		f := newFake("")
		asked = 0
		code := f.gotor(t, "scrape", "--no-dht", flag, server.URL)
		if code != record.ExitFetch || asked != want.asked || !strings.Contains(f.stderr.String(), want.text) {
			t.Errorf("%s: exit code %d, asked %d times: %s", flag, code, asked, f.stderr.String())
		}
	}
}

// What a source says about whom to ask.
func TestScrapeTarget(t *testing.T) {
	f := newFake("d4:infod6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces20:01234567890123456789" + "7:privatei1eee")
	src, err := f.loader(job.Family{}).Open(t.Context(), "-")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := targetOf(src); err != nil || !got.private {
		t.Errorf("a private torrent: %+v, %v", got, err)
	}
	v2 := strings.Repeat("cd", 32)
	for arg, want := range map[string]scrapeTarget{
		aHash: {name: aHash},
		"magnet:?xt=urn:btih:" + aHash + "&dn=n&tr=http://h/&tr=udp://h:1": {name: "n", trackers: []string{"http://h/", "udp://h:1"}},
		"magnet:?xt=urn:btmh:1220" + v2:                                    {name: v2[:40]},
	} {
		src, err := f.loader(job.Family{}).Open(t.Context(), arg)
		if err != nil {
			t.Fatal(err)
		}
		got, err := targetOf(src)
		hash := aHash
		if strings.Contains(arg, "btmh") {
			hash = v2[:40]
		}
		if err != nil || got.name != want.name || fmt.Sprint(got.trackers) != fmt.Sprint(want.trackers) || got.private || fmt.Sprintf("%x", got.hash) != hash {
			t.Errorf("%s: %+v, %v", arg, got, err)
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
