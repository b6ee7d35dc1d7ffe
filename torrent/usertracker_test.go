package torrent

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"gotor/torrent/metainfo"
	"gotor/torrent/network"
)

// toldOf lists the events that a tracker was told of.
func toldOf(tr *blastTracker) string {
	var events []string
	for _, e := range tr.Events() {
		events = append(events, e.Event)
	}
	return strings.Join(events, " ")
}

// A tracker of the user's is asked beside those of the torrent, which know nobody,
// for a private torrent, too. It and its peers may be in a private network, whoever
// made the torrent.
func TestUserTracker(t *testing.T) {
	for name, private := range map[string]bool{"public": false, "private": true} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := make([]byte, 100_000)
				m := l.single(payload, 16384)
				l.seed(m, payload, nil)
				own := l.tracker.URL
				m.Trackers, m.Private = [][]string{{"http://192.0.2.1/announce", "http://192.0.2.2/announce"}}, private
				o := order{Source: Source{Meta: m, Trackers: []string{own}}, Spec: Spec{Place: Place{Dir: l.dir}, Limits: Limits{Timeout: time.Hour}}}
				tor, err := o.begin(l.client(Config{Port: -1}))
				if err != nil {
					t.Fatal(err)
				}
				if <-tor.Done(); tor.Err() != nil {
					t.Errorf("%v, %+v", tor.Err(), tor.Snapshot())
				}
				if s := tor.Snapshot().Trackers; len(s) != 3 || s[2].URL != own || !s[2].OK {
					t.Errorf("trackers: %+v", s)
				}
				<-tor.Stopped()
				if got := toldOf(l.tracker); got != "started completed stopped" {
					t.Errorf("it was told %q", got)
				}
			})
		})
	}
}

// What a link leads to is found with nothing but a tracker of the user's, which is
// no part of the torrent that is put together.
func TestUserTrackerOfLink(t *testing.T) {
	inLab(t, func(l *lab) {
		m, addr := l.seedClient(blastPayload(300_000))
		l.tracker.SetPeers(addr)
		tor := l.mustGet(l.client(Config{Port: -1}), order{Source: Source{Link: linkTo(m), Trackers: []string{l.tracker.URL}}})
		raw, _ := tor.Metainfo()
		if got := tor.Snapshot().Trackers; len(got) != 1 {
			t.Errorf("trackers: %v", got)
		}
		if found, err := metainfo.Parse(raw); err != nil || len(found.Trackers) != 0 {
			t.Errorf("in the torrent: %v, %v", found, err)
		}
	})
}

// A torrent that names the same tracker has it announced to once.
func TestUserTrackerOfTorrent(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := make([]byte, 100_000)
		m := l.single(payload, 16384)
		l.seed(m, payload, nil)
		tor := l.mustGet(l.client(Config{Port: -1}), order{Source: Source{Meta: m, Trackers: []string{l.tracker.URL, l.tracker.URL}}})
		<-tor.Stopped()
		if got := toldOf(l.tracker); got != "started completed stopped" {
			t.Errorf("it was told %q", got)
		}
	})
}

// Only what the user wrote is asked of this machine; where it leads, and
// what a public tracker leads to, is for the rules.
func TestUserTrackerRules(t *testing.T) {
	parse := func(s string) *url.URL {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	a := announces{core: &core{client: &Client{user: network.ByUser("")}}, user: []string{"http://127.0.0.1:8080/t?key=1", "http://203.0.113.1/announce"}}
	a.note(a.list())
	judge := func() *network.Guard { return network.NewGuard(a.rules(a.user[0])) }
	for _, c := range []struct {
		way string // URLs, the last of which is judged
		ok  bool
	}{
		{"http://127.0.0.1:8080/t?key=1&info_hash=x", true},
		{"http://127.0.0.1:8080/other", false},
		{"http://127.0.0.1:22/t", false},
		{"http://127.0.0.1:8080/t http://127.0.0.1:9/shutdown", false},
		{"http://127.0.0.1:8080/t http://127.0.0.1:9/announce", true},
		{"http://203.0.113.1/announce", true},
		{"http://203.0.113.1/announce http://10.0.0.1/announce", false},
		{"http://169.254.169.254/announce", false},
	} {
		g, last := judge(), error(nil)
		for u := range strings.FieldsSeq(c.way) {
			last = g.Visit(parse(u), nil)
		}
		if (last == nil) != c.ok {
			t.Errorf("%s: %v", c.way, last)
		}
	}
	g := judge()
	g.Visit(parse("http://203.0.113.1/announce"), nil)
	if g.Peer(netip.MustParseAddrPort("10.0.0.1:1")) {
		t.Error("a public tracker may lead into the private network")
	}
}

func TestUserTrackerThatIsNone(t *testing.T) {
	inLab(t, func(l *lab) {
		m := l.single(make([]byte, 100), 16384)
		for _, u := range []string{"wss://t.example/", "udp://t.example", "http://", "t.example", "", "http://t.example:0/announce"} {
			if _, err := l.client(Config{Port: -1}).Add(Source{Meta: m, Trackers: []string{u}}, Lookup{}); err == nil {
				t.Errorf("%q is taken for a tracker", u)
			}
		}
	})
}
