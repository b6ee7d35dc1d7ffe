package cmd

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
	"gotor/torrent/network"
)

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
