package ui

import (
	"strings"
	"testing"

	"gotor/torrent"
)

// hiding is a seed that nobody can find.
func hiding(change func(*torrent.Snapshot)) torrent.Snapshot {
	s := giving()
	s.Trackers, s.Peers, s.Local, s.Port, s.Decided = nil, 0, -1, 7001, true
	if change != nil {
		change(&s)
	}
	return s
}

func TestHiddenText(t *testing.T) {
	failed := torrent.TrackerStatus{URL: "http://u:p@t/announce", State: "failed", Error: "refused:\x1b not here"}
	for _, c := range []struct {
		change func(*torrent.Snapshot)
		want   string
	}{
		{nil, "no tracker, no DHT, the local network is not told; others need --peer HOST:7001"},
		{func(s *torrent.Snapshot) { s.DHT.Used = true }, "no tracker, no DHT node answered, the local network is not told; others need --peer HOST:7001"},
		{func(s *torrent.Snapshot) { s.DHT = torrent.DHTStatus{Used: true, Nodes: 3} }, "no tracker, no DHT node has taken it, the local network is not told; others need --peer HOST:7001"},
		{func(s *torrent.Snapshot) { s.Port, s.DHT.Used = 0, true }, "no tracker, the local network is not told, it listens on no port; name others here with --peer HOST:PORT"},
		{func(s *torrent.Snapshot) {
			s.Trackers = []torrent.TrackerStatus{failed, {URL: "udp://v:1", State: "announcing"}}
		}, "tracker http://***@t/announce: refused:\\x1b not here, tracker udp://v:1: no answer yet, no DHT, the local network is not told; others need --peer HOST:7001"},
		{func(s *torrent.Snapshot) {
			s.Trackers = []torrent.TrackerStatus{failed, failed, failed, failed, failed}
		}, strings.Repeat("tracker http://***@t/announce: refused:\\x1b not here, ", 3) + "2 more trackers, no DHT, the local network is not told; others need --peer HOST:7001"},
	} {
		s := hiding(c.change)
		want := "seeding, nobody can find it: " + c.want
		if got := statusText(&s); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got := new(barPrinter).frame(&s, 0, 400); !strings.HasSuffix(got, want[len("seeding, "):]) {
			t.Errorf("the bar shows %q", got)
		}
	}
	told := hiding(func(s *torrent.Snapshot) { s.Found, s.Decided = true, false })
	if got := SeededText(&told); strings.Contains(got, "find") {
		t.Error(got)
	}
	never := hiding(nil)
	if got := SeededText(&never); got != "stopped seeding, 5.0 MiB uploaded, ratio 0.05; nobody could find it: no tracker, no DHT, the local network is not told" {
		t.Error(got)
	}
}

// What can be found, but not as one may think, is told too.
func TestKnownOnly(t *testing.T) {
	failed := []torrent.TrackerStatus{{URL: "http://t/announce", State: "failed", Error: "refused"}}
	for _, c := range []struct {
		change func(*torrent.Snapshot)
		want   string
	}{
		{nil, ""},
		{func(s *torrent.Snapshot) { s.Trackers = []torrent.TrackerStatus{{URL: "http://t/announce", OK: true}} }, ""},
		{func(s *torrent.Snapshot) { s.DHT = torrent.DHTStatus{Used: true, Nodes: 9, Stored: 8} }, ""},
		{func(s *torrent.Snapshot) {
			s.DHT, s.Trackers = torrent.DHTStatus{Used: true, Nodes: 9, Stored: 8}, failed
		},
			"known only to the DHT: tracker http://t/announce: refused, the local network is not told"},
		{func(s *torrent.Snapshot) { s.LocalTold, s.DHT.Used = true, true }, "known only to the local network: no tracker, no DHT node answered"},
		{func(s *torrent.Snapshot) { s.LocalTold, s.Trackers = true, failed },
			"known only to the local network: tracker http://t/announce: refused, no DHT"},
		{func(s *torrent.Snapshot) { s.Peers, s.DHT.Used = 1, true }, ""}, // it is being told
		{func(s *torrent.Snapshot) {
			s.Peers, s.Trackers = 1, []torrent.TrackerStatus{{URL: "http://t/announce"}}
		}, ""},
		{func(s *torrent.Snapshot) { s.Peers = 1 }, "known only to the peers that are connected: no tracker, no DHT, the local network is not told"},
	} {
		s := hiding(c.change)
		if got := KnownOnly(&s); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
