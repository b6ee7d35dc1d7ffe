package torrent

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gotor/torrent/network"
)

// A torrent's own limit holds for connections that there are, in both directions, and
// what it leaves of the Client's is for the others.
func TestSetSpeed(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(8 << 20)
		spec, other := l.seedSpec(payload), l.seedSpec(blastPayload(8<<20+1))
		seed, leech := l.client(Config{}), l.client(Config{MaxDown: 96 << 10})
		uploads := l.mustGet(seed, spec)
		l.mustGet(seed, other)
		join := func(o order) *Torrent {
			return l.add(leech, order{Source: Source{Meta: o.Meta, Peers: []netip.AddrPort{l.addr(seed)}}, Spec: Spec{Place: Place{Dir: l.TempDir()}}})
		}
		one, two := join(spec), join(other)
		l.until(one, "bytes come", func(s Snapshot) bool { return s.Downloaded > 0 })
		got := func(t *Torrent, after time.Duration) (rate int64) {
			before := t.Snapshot().Downloaded
			time.Sleep(after)
			return (t.Snapshot().Downloaded - before) * int64(time.Second) / int64(after)
		}
		near := func(what string, got, want int64) {
			if got < want*8/10 || got > want*12/10+2<<10 {
				t.Errorf("%s: %d B/s, want %d", what, got, want)
			}
		}
		one.SetSpeed(Speed{MaxDown: 32 << 10})
		time.Sleep(5 * time.Second)
		start := two.Snapshot().Downloaded
		near("the limited one", got(one, time.Minute), 32<<10)
		near("the other one", (two.Snapshot().Downloaded-start)/60, 64<<10)
		one.SetSpeed(Speed{})
		uploads.SetSpeed(Speed{MaxUp: 16 << 10})
		time.Sleep(5 * time.Second)
		near("what the seed gives", got(one, time.Minute), 16<<10)
		uploads.SetSpeed(Speed{})
		leech.SetLimits(0, 0)
		<-one.Done()
		<-two.Done()
		l.must(errors.Join(one.Err(), two.Err()))
	})
}

// The limit of a Spec holds from the start, for web servers too.
func TestSpeedOfSpec(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(2 << 20)
		o := order{Source: Source{Meta: l.lonely(payload, 32<<10, nil), Mirrors: []Mirror{{URL: l.web(served(payload)) + "payload"}}}}
		o.MaxDown = 64 << 10
		start := time.Now()
		l.mustGet(l.client(Config{Port: -1}), o)
		if took := time.Since(start); took < 25*time.Second || took > 40*time.Second {
			t.Errorf("2 MiB at 64 KiB/s took %v", took)
		}
	})
}

func TestLesser(t *testing.T) {
	for _, c := range [][3]int64{{0, 0, 0}, {5, 0, 5}, {0, 5, 5}, {3, 5, 3}, {5, 3, 3}} {
		if got := lesser(c[0], c[1]); got != c[2] {
			t.Errorf("of %d and %d: %d", c[0], c[1], got)
		}
	}
}

// What comes after the download is decided while it runs, and once more while it seeds.
func TestSetSeeding(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m := l.single(payload, 16<<10)
		l.seed(m, payload, nil)
		o := of(m)
		o.Timeout = 1000 * time.Hour
		tor := l.add(l.client(Config{MaxDown: 100 << 10}), o)
		l.until(tor, "bytes come", func(s Snapshot) bool { return s.Downloaded > 0 })
		tor.SetSeeding(Seeding{Seed: true})
		<-tor.Done()
		time.Sleep(24 * time.Hour)
		if s := tor.Snapshot(); s.State != StateSeeding {
			t.Fatalf("it is %s, want it to seed", s.State)
		}
		tor.SetSeeding(Seeding{Seed: true, SeedTime: 25 * time.Hour})
		time.Sleep(30 * time.Minute)
		if s := tor.Snapshot(); s.State != StateSeeding {
			t.Errorf("after half an hour of the last one it is %s", s.State)
		}
		time.Sleep(time.Hour)
		<-tor.Stopped()
		if s := tor.Snapshot(); s.State != StateDone || tor.Err() != nil {
			t.Errorf("state %s, error %v", s.State, tor.Err())
		}
		tor.SetSeeding(Seeding{Seed: true}) // too late
		if s := tor.Snapshot(); s.State != StateDone {
			t.Errorf("it is %s again", s.State)
		}
	})
}

// A ratio that is reached already ends the seeding at once, and so does no seeding.
func TestSetSeedingEnds(t *testing.T) {
	for name, to := range map[string]Seeding{"ratio": {Seed: true, SeedRatio: 0.5}, "none": {}} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				spec := l.seedSpec(blastPayload(300_000))
				seeder := l.client(Config{})
				seed := l.mustGet(seeder, spec)
				l.mustGet(l.client(Config{}), order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder)}}})
				start := time.Now()
				seed.SetSeeding(to)
				<-seed.Stopped()
				if s := seed.Snapshot(); s.State != StateDone || time.Since(start) > 5*time.Second {
					t.Errorf("it is %s after %v", s.State, time.Since(start))
				}
			})
		})
	}
}

// Super-seeding begins and ends for those who are connected, too.
func TestSetSuperSeed(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		spec := l.seedSpec(payload)
		seeder := l.client(Config{MaxUp: 64 << 10})
		seed := l.mustGet(seeder, spec)
		leech := l.add(l.client(Config{}), order{Source: Source{Meta: spec.Meta, Peers: []netip.AddrPort{l.addr(seeder)}}})
		sees := func() float64 {
			if p := leech.Inside().Peers(); len(p) == 1 {
				return p[0].Progress
			}
			return -1
		}
		l.until(leech, "the seed is seen", func(Snapshot) bool { return sees() == 1 })
		seed.SetSeeding(Seeding{Seed: true, SuperSeed: true})
		l.until(leech, "pieces are hidden", func(Snapshot) bool { return sees() > 0 && sees() < 1 })
		seed.SetSeeding(Seeding{Seed: true})
		l.until(leech, "they are shown", func(Snapshot) bool { return sees() == 1 })
		seeder.SetLimits(0, 0)
		<-leech.Done()
		l.must(leech.Err())
	})
}

// Trackers that go are told that we stop, new ones are asked at once, and peers of
// theirs are found.
func TestSetTrackers(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m := l.single(payload, 16<<10)
		second := l.anotherTracker()
		_, addr := l.seedClient(payload)
		second.SetPeers(addr)
		tor := l.add(l.client(Config{Port: -1}), of(m))
		l.until(tor, "the first tracker answers", func(s Snapshot) bool { return len(s.Trackers) > 0 && s.Trackers[0].OK })
		for _, bad := range [][][]string{{{"ftp://x/"}}, {{"http://user:secret@/announce"}}, {slices.Repeat([]string{second.URL}, 101)}} {
			if err := tor.SetTrackers(bad); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%.50v: %v", bad, err)
			}
		}
		l.must(tor.SetTrackers([][]string{{}, {" " + second.URL + " ", ""}}))
		<-tor.Done()
		l.must(tor.Err())
		<-tor.Stopped()
		if got := toldUnreachable(l.tracker); got != "started stopped" {
			t.Errorf("the first tracker was told %q", got)
		}
		if got := toldUnreachable(second); got != "started completed stopped" {
			t.Errorf("the second tracker was told %q", got)
		}
		if s := tor.Snapshot(); len(s.Trackers) != 1 || s.Trackers[0].URL != second.URL {
			t.Errorf("trackers: %+v", s.Trackers)
		}
		if err := tor.SetTrackers([][]string{}); !errors.Is(err, ErrStopped) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// toldUnreachable is what a tracker was told by who has no port.
func toldUnreachable(tr *blastTracker) string {
	var events []string
	for _, e := range tr.Events() {
		if e.Port == 0 {
			events = append(events, e.Event)
		}
	}
	return strings.Join(events, " ")
}

// anotherTracker is one on a host of its own.
func (l *lab) anotherTracker() *blastTracker {
	l.Helper()
	a, h := l.host()
	listener, err := h.Listen(l.Context(), "tcp", netip.AddrPortFrom(a, 80).String())
	l.must(err)
	return startTracker(l, listener)
}

// A torrent that had no tracker gets one.
func TestSetTrackersOfNone(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m, addr := l.seedClient(payload)
		l.tracker.SetPeers(addr)
		m.Trackers = nil
		tor := l.add(l.client(Config{Port: 6881}), of(m))
		synctest.Wait()
		l.must(tor.SetTrackers([][]string{{l.tracker.URL}}))
		<-tor.Done()
		l.must(tor.Err())
	})
}

// Of a private torrent, whom only a tracker has named that is not used any more is let
// go, and not dialled again; whom the user has named may stay.
func TestSetTrackersPrivate(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		m := l.single(payload, 16<<10)
		m.Private = true
		l.seed(m, payload, nil)
		o := l.seedSpec(payload)
		o.Meta = m
		named := l.client(Config{Port: 6881})
		l.mustGet(named, o)
		second := l.anotherTracker()
		tor := l.add(l.client(Config{Port: -1, MaxDown: 1 << 10}), order{Source: Source{Meta: m, Peers: []netip.AddrPort{l.addr(named)}}})
		l.until(tor, "both are there", func(s Snapshot) bool { return s.Peers == 2 })
		l.must(tor.SetTrackers([][]string{{second.URL}}))
		time.Sleep(time.Hour / 2)
		if p := tor.Inside().Peers(); len(p) != 1 || p[0].Addr != l.addr(named) || p[0].Origin != "user" {
			t.Errorf("peers: %+v", p)
		}
		if s := tor.Snapshot(); s.DHT.Used || s.Local != -1 {
			t.Errorf("other sources are used: %+v", s)
		}
	})
}

// Whose word a tracker is stays as it is when a list of the torrent's own is put back:
// what a torrent names does not become the user's by that.
func TestSetTrackersWord(t *testing.T) {
	a := announces{core: &core{client: &Client{user: network.ByUser("")}, policy: network.ByTorrent(false, "")}, linked: []string{"http://10.0.0.9:1/announce"}, user: []string{"http://10.0.0.1/a"}}
	for _, url := range []string{"http://10.0.0.9:1/announce", "http://10.0.0.1/a", "http://10.0.0.2/b"} {
		a.replaced = append(a.replaced, []string{url})
	}
	a.note(a.list())
	if got := a.users(); !slices.Equal(got, []string{"http://10.0.0.1/a", "http://10.0.0.2/b"}) {
		t.Errorf("the user's: %q", got)
	}
	if a.rules("http://10.0.0.9:1/announce").Local || !a.rules("http://10.0.0.2/b").Local {
		t.Error("the wrong rules hold")
	}
}

// A server that goes is let go, what it gave counts, and a new one is asked.
func TestSetWebSeeds(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(2 << 20)
		m := l.lonely(payload, 32<<10, nil)
		first, second := l.web(served(payload)), l.web(served(payload))
		m.WebSeeds = []string{first + "payload"}
		tor := l.add(l.client(Config{Port: 6881, MaxDown: 64 << 10}), of(m))
		l.until(tor, "the first gives", func(s Snapshot) bool { return s.DownloadedWeb > 300_000 })
		for _, bad := range []string{"ftp://x/", "http://", "x"} {
			if err := tor.SetWebSeeds([]string{bad}); err == nil {
				t.Errorf("%q is taken", bad)
			}
		}
		l.must(tor.SetWebSeeds([]string{second + "payload"}))
		had := tor.Snapshot().DownloadedWeb
		s := l.until(tor, "the second gives", func(s Snapshot) bool { return len(s.WebSeeds) == 1 && s.WebSeeds[0].Downloaded > 0 })
		if s.WebSeeds[0].URL != second+"payload" || s.DownloadedWeb < had {
			t.Errorf("%+v, %d bytes after %d", s.WebSeeds, s.DownloadedWeb, had)
		}
		l.must(tor.SetWebSeeds([]string{}))
		s = l.until(tor, "nobody is left", func(s Snapshot) bool { return len(s.WebSeeds) == 0 })
		time.Sleep(10 * time.Second)
		if now := tor.Snapshot(); now.State != StateDownloading || now.DownloadedWeb > s.DownloadedWeb+64<<10 || now.DownloadedWeb < s.DownloadedWeb {
			t.Errorf("%s, %d bytes from servers that are gone, then %d", now.State, s.DownloadedWeb, now.DownloadedWeb)
		}
		l.must(tor.SetWebSeeds(nil))
		s = l.until(tor, "the first gives again", func(s Snapshot) bool { return len(s.WebSeeds) == 1 && s.WebSeeds[0].Downloaded > 0 })
		if s.WebSeeds[0].URL != first+"payload" {
			t.Errorf("%+v", s.WebSeeds)
		}
		l.must(tor.SetWebSeeds([]string{first + "payload", second + "payload"}))
		<-tor.Done()
		l.must(tor.Err())
		if s := tor.Snapshot(); s.DownloadedWeb < int64(len(payload)) {
			t.Errorf("%d bytes came from servers, of %d", s.DownloadedWeb, len(payload))
		}
		l.wantFile("payload", payload)
	})
}

// Servers that stay keep their connection; what a torrent names stays its word, and a
// mirror keeps its header.
func TestSetWebSeedsKeeps(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		m := l.lonely(payload, 32<<10, nil)
		m.WebSeeds, m.HTTPSeeds = []string{"http://10.9.9.9/w"}, []string{"http://10.9.9.9/s"}
		w := webSeeds{source: &Source{Mirrors: []Mirror{{URL: "http://10.9.9.9/m", Header: http.Header{"X": {"y"}}}}}, replaced: []string{"http://10.9.9.9/m", "http://10.9.9.9/w", "http://10.9.9.9/s", "http://10.9.9.9/n"}}
		var kinds []webKind
		for _, e := range w.entries(m) {
			kinds = append(kinds, e.kind)
		}
		if !slices.Equal(kinds, []webKind{byUser, byTorrent, byTorrentScript, byUser}) || w.entries(m)[0].header.Get("X") != "y" {
			t.Errorf("they are taken for %v", kinds)
		}
	})
}

// The order of files and pieces changes without a connection being lost.
func TestSelectOrderOnly(t *testing.T) {
	inChooseLab(t, func(l *chooseLab) {
		joined := 0
		c := l.client(Config{MaxDown: 128 << 10, Trace: func(e Event) {
			if e.Kind == EventConnected {
				joined++
			}
		}})
		o := of(l.m)
		o.Sequential = true
		tor := l.add(c, o)
		l.until(tor, "a quarter is here", func(s Snapshot) bool { return s.Verified > 500_000 })
		if p := tor.Inside().FileProgress(); p[3] > 0 || p[0] < 400_000 {
			t.Errorf("in order, the files have %v", p)
		}
		l.must(tor.Select(Selection{First: []bool{false, false, false, true}, Low: []bool{true, true, true, true}}))
		s := l.until(tor, "the last file is here", func(s Snapshot) bool { return tor.Inside().FileProgress()[3] == chooseSizes[3] })
		if p := tor.Inside().FileProgress(); p[1] > 200_000 {
			t.Errorf("with the last one first, the files have %v; %d verified", p, s.Verified)
		}
		<-tor.Done()
		l.must(tor.Err())
		if joined != 1 {
			t.Errorf("it has connected %d times", joined)
		}
		l.wantWanted("abcd", "")
	})
}

// What was set in an earlier run holds from the start: nobody else is asked.
func TestSourceInstead(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(300_000)
		m := l.single(payload, 16<<10)
		second := l.anotherTracker()
		asked := make(chan struct{}, 100)
		own := l.web(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{} }))
		m.WebSeeds = []string{own + "payload"}
		tor := l.mustGet(l.client(Config{Port: -1}), order{Source: Source{Meta: m, Trackers: []string{"http://10.9.9.9/announce"}, Tiers: [][]string{{second.URL}}, WebSeeds: []string{l.web(served(payload)) + "payload"}}})
		<-tor.Stopped()
		if got := toldOf(l.tracker); got != "" || len(asked) > 0 {
			t.Errorf("the torrent's tracker was told %q, its server asked %d times", got, len(asked))
		}
		if got := toldOf(second); got != "started completed stopped" {
			t.Errorf("the tracker was told %q", got)
		}
		for _, bad := range []Source{{Tiers: [][]string{{"x"}}}, {WebSeeds: []string{"x"}}, {WebSeeds: slices.Repeat([]string{"http://x/"}, 101)}} {
			bad.Meta = m
			if _, err := l.client(Config{Port: -1}).Add(bad, Lookup{}); err == nil {
				t.Errorf("%+v is taken", bad)
			}
		}
	})
}
