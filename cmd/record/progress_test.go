package record

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/torrent"
)

// every is a snapshot of which no two numbers are the same, so that one that is
// taken for another is seen.
func every() torrent.Snapshot {
	return torrent.Snapshot{
		Name: "s101", InfoHash: "s102", State: "s103", Elapsed: 2 * time.Second,
		Wanted: 105, Verified: 106, Resumed: 107, Checked: 108, ToCheck: 109,
		Downloaded: 110, DownloadedWeb: 11, Uploaded: 112, Ratio: 28.25, Wasted: 114, DownRate: 115, UpRate: 116, ETA: 7 * time.Second,
		Pieces: 118, PiecesDone: 119, Peers: 120, Seeds: 121, Choking: 122, Lacking: 123, Silent: 124, Interested: 125, Unchoked: 126,
		Known: 127, Dialing: 128, MetadataPeers: 129, MetadataGot: 130, MetadataSize: 131, Tried: 132,
		Trackers: []torrent.TrackerStatus{
			{URL: "http://u:p@t/", State: "ok", OK: true, Peers: 3},
			{URL: "udp://t:1", State: "failed", Error: "no\x1b"},
		},
		WebSeeds: []torrent.WebSeedStatus{{URL: "http://w/", State: torrent.WebSeedWorking, Downloaded: 9}},
		DHT:      torrent.DHTStatus{Used: true, Nodes: 1, Found: 2, Stored: 3, Error: "e"},
		Local:    135, Port: 138, LocalTold: true, Found: true, Decided: true,
		Unreadable: []torrent.FileError{{Path: "d/a", Error: "input/output error"}},
	}
}

// What is written stays the same to the byte: keys, their order, and what is null
// or left out. A line of testdata/lines.json is changed together with Version only,
// or by a key at its end or between two.
func TestLines(t *testing.T) {
	sn, epoch := every(), time.Unix(0, 0).UTC()
	ended := NewResult("http://u:p@x/", true)
	ended.Fill(&sn)
	ended.Reach(&sn)
	ended.End(torrent.ErrStalled)
	var got strings.Builder
	for _, v := range []any{
		NewProgress("http://u:p@x/", &sn, epoch), &ended,
		NewProgress("x", &torrent.Snapshot{Local: -1}, epoch), NewResult("x", false),
	} {
		line, err := Line(v)
		if err != nil {
			t.Fatal(err)
		}
		got.Write(line)
	}
	want, err := os.ReadFile("testdata/lines.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Programs see what the DHT and the local network do, and null where these are
// not used.
func TestDiscoveryEvent(t *testing.T) {
	off := NewProgress("x", &torrent.Snapshot{Local: -1}, time.Unix(0, 0))
	if off.DHT != nil || off.Local != nil {
		t.Errorf("%+v", off)
	}
	sn := torrent.Snapshot{Local: 2, DHT: torrent.DHTStatus{Used: true, Nodes: 3, Found: 4, Error: "e"}}
	on := NewProgress("x", &sn, time.Unix(0, 0))
	if on.DHT == nil || *on.DHT != (DHT{Nodes: 3, Found: 4, Error: "e"}) || on.Local == nil || *on.Local != 2 {
		t.Errorf("%+v", on)
	}
}
