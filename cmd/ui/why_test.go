package ui

import (
	"strings"
	"testing"

	"gotor/torrent"
)

// idle is a download whose peers give nothing.
func idle(f func(*torrent.Snapshot)) torrent.Snapshot {
	return with(func(s *torrent.Snapshot) {
		s.DownRate, s.ETA, s.Dialing = 0, 0, 0
		f(s)
	})
}

// The line of a download that waits says what each source answered.
func TestWaitingText(t *testing.T) {
	track := func(list ...torrent.TrackerStatus) func(*torrent.Snapshot) {
		return func(s *torrent.Snapshot) { s.Peers, s.Downloaded, s.Known, s.Trackers = 0, 0, 0, list }
	}
	refused := torrent.TrackerStatus{URL: "http://t.example/announce", State: "failed", Error: "tracker refuses: go away\x1b[m"}
	for _, c := range []struct {
		sn   torrent.Snapshot
		want string
	}{
		{idle(track(refused)), `no peers yet: 1 tracker (refused: go away\x1b[m), 0 addresses known`},
		{idle(track(refused, torrent.TrackerStatus{URL: "udp://u.example:1/", State: "ok", OK: true})),
			`no peers yet: 2 trackers (1 answered: 0 peers; t.example: refused: go away\x1b[m), 0 addresses known`},
		{idle(track(refused, refused, refused, torrent.TrackerStatus{State: "announcing"}, torrent.TrackerStatus{State: "idle"})),
			`no peers yet: 5 trackers (t.example: refused: go away\x1b[m; t.example: refused: go away\x1b[m; 1 more failed; 1 to answer), 0 addresses known`},
		{idle(track(torrent.TrackerStatus{State: "announcing", OK: true, Peers: 2})), "no peers yet: 1 tracker (2 peers), 0 addresses known"},
		{idle(track(torrent.TrackerStatus{State: "announcing", Error: "no answer in time"})), "no peers yet: 1 tracker (no answer in time), 0 addresses known"},
		{idle(func(s *torrent.Snapshot) {
			s.Peers, s.Trackers, s.Downloaded = 0, nil, 0
			s.WebSeeds = []torrent.WebSeedStatus{{URL: "http://w.example/x?key=abc", State: torrent.WebSeedWaiting, Error: "the server answers 404"}}
			s.DHT = torrent.DHTStatus{Used: true, Nodes: 7, Error: "no nodes"}
		}), "no peers yet: no trackers, 1 web seed (the server answers 404), DHT 7 nodes (no nodes), 9 addresses known"},
		{idle(func(s *torrent.Snapshot) { s.Choking = 3 }), "42%, waiting: 3 peers, all choke us; 1 tracker (9 peers), 9 addresses known"},
		{idle(func(s *torrent.Snapshot) { s.Choking, s.Peers = 1, 1 }), "42%, waiting: 1 peer, it chokes us; 1 tracker (9 peers), 9 addresses known"},
		{idle(func(s *torrent.Snapshot) { s.Lacking = 3 }), "42%, waiting: 3 peers, all have nothing that we lack; 1 tracker (9 peers), 9 addresses known"},
		{idle(func(s *torrent.Snapshot) { s.Choking, s.Silent = 2, 1 }), "42%, waiting: 3 peers: 2 choke us, 1 sends nothing; 1 tracker (9 peers), 9 addresses known"},
		{idle(func(s *torrent.Snapshot) { s.Choking = 2 }), "42% of 100.0 MiB, 0 B/s, 3 peers"},
		{with(func(s *torrent.Snapshot) { s.Choking = 3 }), "42% of 100.0 MiB, 10.0 MiB/s, ETA 6s, 3 peers"},
	} {
		if got := statusText(&c.sn); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	long := idle(track(torrent.TrackerStatus{State: "failed", Error: strings.Repeat("x", 5000)}))
	if got := statusText(&long); len(got) > 200 {
		t.Errorf("a line of %d bytes", len(got))
	}
}

// A line out of turn comes when the reason has changed and lasts, and never often.
func TestPlainLinesWhenReasonsChange(t *testing.T) {
	f := newFakeScreen()
	p := &plainPrinter{s: f.Screen}
	look := func(times int, said string) (lines int) {
		before := strings.Count(f.out.String(), "\n")
		for range times {
			sn := idle(func(s *torrent.Snapshot) {
				s.Peers, s.Trackers = 0, []torrent.TrackerStatus{{State: "failed", Error: said}}
				s.Known += p.looks // which is no reason
			})
			p.tick(board{rows: []Row{{Snapshot: func() torrent.Snapshot { return sn }}}, total: 1})
		}
		return strings.Count(f.out.String(), "\n") - before
	}
	for i, c := range []struct {
		times int
		said  string
		lines int
	}{
		{whyLasts, "a", 0}, // it may pass
		{1, "a", 1},
		{5, "a", 0}, // known
		{1, "a", 1}, // its turn
		{9, "a", 0},
		{1, "a", 1},
		{whyLasts + 1, "b", 1},
		{whyLasts + 1, "a", 0}, // to and fro: it has to last longer now
		{2, "a", 1},
	} {
		if got := look(c.times, c.said); got != c.lines {
			t.Errorf("step %d: %d lines, want %d", i, got, c.lines)
		}
	}
	total := 0
	for i := range 100 {
		total += look(whyLasts+1, string(rune('c'+i%2)))
	}
	if most := 400/int(plainPeriod/plainLook) + 5; total > most {
		t.Errorf("%d lines in 400 looks, want at most %d", total, most)
	}
}
