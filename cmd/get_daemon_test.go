package cmd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gotor/cmd/record"
)

// What becomes of a torrent in the daemon is how get --daemon ends.
func TestGetDaemonEnds(t *testing.T) {
	id := strings.Repeat("a", 40)
	revision := 1
	row := func(keys string) string {
		revision++
		return fmt.Sprintf("event: rows\nid: %d\ndata: {\"revision\":%[1]d,\"rows\":[{\"id\":\"%s\",\"revision\":%[1]d,%[3]s}],\"removed\":[],\"counts\":null}\n\n",
			revision, id, keys)
	}
	for name, c := range map[string]struct {
		events string
		code   int
		want   string
	}{
		"complete":        {row(`"verified":10`) + row(`"verified":3145728,"state":"seeding"`), 0, "a.iso: complete, 3.0 MiB"},
		"failed":          {row(`"state":"failed","error":{"code":"no_space","detail":"no room for 3 MiB","since":null}`), record.ExitNoSpace, "a.iso: no room for 3 MiB"},
		"a code of later": {row(`"state":"failed","error":{"code":"meteor","detail":"it is gone","since":null}`), record.ExitOther, "it is gone"},
		"paused":          {row(`"state":"paused"`), record.ExitOther, "was paused in the daemon"},
		"removed":         {fmt.Sprintf("event: rows\nid: 2\ndata: {\"revision\":2,\"rows\":[],\"removed\":[\"%s\"]}\n\n", id), record.ExitOther, "was removed from the daemon"},
		"no events":       {"event: rows\ndata: {\"rows\":7}\n\n", record.ExitOther, "cannot be read"},
	} {
		d := newToyDaemon(t, toyTorrent("a", "a.iso", "downloading"))
		d.torrents[0].Path = "/srv/a\x1b.iso"
		d.hold, d.events = true, []string{c.events}
		f := newFake(torrentWith())
		f.env["GOTOR_SOCKET"] = d.socket
		code := f.gotor(t, "get", "--daemon", "-")
		if code != c.code || !strings.Contains(f.stderr.String(), c.want) || (code == 0) != (f.stdout.String() == "/srv/a\x1b.iso\n") {
			t.Errorf("%s: exit code %d\n%s%s", name, code, f.stdout.String(), f.stderr.String())
		}
		checkOutput(t, name, f.stderr.String())
	}
}

// Each limit strikes when it should, and is moved by what is no fault of the swarm.
func TestPatience(t *testing.T) {
	const limit = time.Minute
	torrent := func(state string, verified int64, peers int) *record.Torrent {
		return &record.Torrent{Name: "x", State: state, Verified: verified, Wanted: 100, Peers: peers}
	}
	type look struct {
		after time.Duration // of the look before
		t     *record.Torrent
	}
	downloading, stalled := record.StateDownloading, record.StateStalled
	for name, c := range map[string]struct {
		p     patience
		looks []look
		code  int  // of the last look
		done  bool // at the last look
	}{
		"no limits":         {patience{}, []look{{0, torrent(stalled, 0, 0)}, {1e6 * limit, torrent(stalled, 0, 0)}}, 0, false},
		"complete":          {patience{total: limit}, []look{{0, torrent(downloading, 0, 1)}, {limit, torrent(record.StateSeeding, 100, 1)}}, 0, true},
		"not complete yet":  {patience{}, []look{{0, torrent(record.StateSeeding, 99, 1)}}, 0, false},
		"total":             {patience{total: limit}, []look{{0, torrent(downloading, 0, 1)}, {limit, torrent(downloading, 50, 1)}}, record.ExitTimeout, true},
		"total in the line": {patience{total: limit}, []look{{0, torrent(record.StateQueued, 0, 0)}, {limit, torrent(record.StateQueued, 0, 0)}}, record.ExitTimeout, true},
		"no peers":          {patience{peers: limit}, []look{{0, torrent(stalled, 0, 0)}, {limit, torrent(stalled, 0, 0)}}, record.ExitNoPeers, true},
		"no peers in the line": {patience{peers: limit}, []look{{0, torrent(record.StateQueued, 0, 0)}, {limit, torrent(record.StateQueued, 0, 0)},
			{limit - 1, torrent(stalled, 0, 0)}}, 0, false},
		"a peer was there": {patience{peers: limit}, []look{{0, torrent(downloading, 0, 1)}, {limit, torrent(stalled, 0, 0)}}, 0, false},
		"stalled":          {patience{stall: limit}, []look{{0, torrent(downloading, 0, 1)}, {limit, torrent(stalled, 0, 1)}}, record.ExitStalled, true},
		"it goes on": {patience{stall: limit}, []look{{0, torrent(downloading, 0, 1)}, {limit - 1, torrent(downloading, 1, 1)},
			{limit - 1, torrent(stalled, 1, 1)}}, 0, false},
		"hashing":     {patience{stall: limit}, []look{{0, torrent(downloading, 9, 1)}, {limit, torrent(record.StateChecking, 0, 0)}, {limit - 1, torrent(stalled, 0, 1)}}, 0, false},
		"no metadata": {patience{metadata: limit}, []look{{0, torrent(record.StateMetadata, 0, 3)}, {limit, torrent(record.StateMetadata, 0, 3)}}, record.ExitMetadata, true},
	} {
		now := fakeTime()
		c.p.start = now
		var done bool
		var err error
		for _, l := range c.looks {
			now = now.Add(l.after)
			var again time.Time
			if done, again, err = c.p.judge(now, l.t); !done && !again.IsZero() && !again.After(now) {
				t.Errorf("%s: look again at %v, and it is %v", name, again, now)
			}
		}
		if done != c.done || record.CodeOf(err) != c.code {
			t.Errorf("%s: done %v, %v; want %v, code %d", name, done, err, c.done, c.code)
		}
	}
}
