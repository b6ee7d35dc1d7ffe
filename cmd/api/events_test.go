package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/cmd/record"
)

// heard is one event as a reader gets it.
type heard struct {
	Name, ID, Data string
}

// follower reads events as a browser does.
type follower struct {
	t      *testing.T
	body   io.ReadCloser
	events chan heard
	cancel context.CancelFunc

	last  string // the id to go on from
	beats int    // comments, to be read after synctest.Wait
}

// follow opens a stream. after: the Last-Event-ID.
func follow(t *testing.T, c *http.Client, query, after string) *follower {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://pipe/events?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if after != "" {
		req.Header.Set("Last-Event-ID", after)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(resp.Body)
		t.Fatalf("%s: %s", resp.Status, b)
	}
	f := &follower{t: t, body: resp.Body, events: make(chan heard, 10_000), cancel: cancel, last: after}
	go f.read()
	t.Cleanup(f.close)
	return f
}

func (f *follower) close() {
	f.cancel()
	_ = f.body.Close()
}

func (f *follower) read() {
	defer close(f.events)
	sc := bufio.NewScanner(f.body)
	sc.Buffer(nil, 1<<20)
	var h heard
	for sc.Scan() {
		key, value, _ := strings.Cut(sc.Text(), ": ")
		switch key {
		case "event":
			h.Name = value
		case "id":
			h.ID = value
		case "data":
			h.Data = value
		case ":":
			f.beats++
		case "":
			if h.Name != "" {
				f.events <- h
			}
			h = heard{}
		}
	}
}

// all are the events that have come.
func (f *follower) all() (events []heard) {
	synctest.Wait()
	for {
		select {
		case h, ok := <-f.events:
			if !ok {
				return events
			}
			if h.ID != "" {
				f.last = h.ID
			}
			events = append(events, h)
		default:
			return events
		}
	}
}

// named are those of a name.
func named(events []heard, name string) (data []string) {
	for _, h := range events {
		if h.Name == name {
			data = append(data, h.Data)
		}
	}
	return data
}

func id(n int) string { return fmt.Sprintf("%040x", n) }

// serveEvents runs streams over pipes in a bubble.
func serveEvents(t *testing.T, test func(t *testing.T, s *toy, streams *Streams, c *http.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newToy()
		streams := NewStreams(s)
		_, c := servePipes(t, streams)
		t.Cleanup(streams.Close)
		test(t, s, streams, c)
	})
}

func TestEventsTellOnlyWhatChanged(t *testing.T) {
	serveEvents(t, func(t *testing.T, s *toy, _ *Streams, c *http.Client) {
		s.put(record.Torrent{ID: id(1), Name: "one", State: record.StateDownloading})
		s.put(record.Torrent{ID: id(2), Name: "two", State: record.StateSeeding})
		f := follow(t, c, "topics=rows&since=102", "")
		if got := f.all(); len(got) != 2 || got[0].Name != "hello" || got[0].ID != "102" || named(got, "rows")[0] != `{"revision":102,"rows":[],"removed":[],"counts":{"state":{"downloading":1,"seeding":1},"label":null,"tracker":null,"dir":null}}` {
			t.Fatalf("begins with %v", got)
		}
		s.put(record.Torrent{ID: id(1), Name: "one", State: record.StateDownloading, DownRate: 7})
		time.Sleep(time.Second)
		want := `{"revision":103,"rows":[{"id":"` + id(1) + `","down_rate":7,"revision":103}],"removed":[]}`
		if diff := cmp.Diff([]heard{{"rows", "103", want}}, f.all()); diff != "" {
			t.Error(diff)
		}
		time.Sleep(time.Hour)
		if got := f.all(); len(got) != 0 {
			t.Errorf("told %v when nothing had changed", got)
		}
	})
}

// A stream that begins without a revision does not know what its reader knows: it
// tells a row in full when it first changes.
func TestEventsOfStranger(t *testing.T) {
	serveEvents(t, func(t *testing.T, s *toy, _ *Streams, c *http.Client) {
		s.put(record.Torrent{ID: id(1), Name: "one"})
		s.put(record.Torrent{ID: id(2), Name: "two"})
		f := follow(t, c, "topics=rows", "")
		f.all()
		s.put(record.Torrent{ID: id(1), Name: "one", DownRate: 7})
		time.Sleep(time.Second)
		got := f.all()
		if len(got) != 1 || !strings.Contains(got[0].Data, `"name":"one"`) || strings.Contains(got[0].Data, id(2)) {
			t.Errorf("told %v", got)
		}
	})
}

// A name cannot end its line, nor say anything to a terminal.
func TestEventsHostileName(t *testing.T) {
	serveEvents(t, func(t *testing.T, s *toy, _ *Streams, c *http.Client) {
		const name = "a\nevent: bye\ndata: {}\n\n\x1b[2J\u009b2J\u202e\x7f"
		f := follow(t, c, "topics=rows", "")
		f.all()
		s.put(record.Torrent{ID: id(1), Name: name})
		time.Sleep(time.Second)
		got := f.all()
		if len(got) != 1 || got[0].Name != "rows" || strings.ContainsFunc(got[0].Data, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("told %q", got)
		}
		known := picture{}
		known.apply(t, got[0])
		var back string
		if err := json.Unmarshal(known[id(1)]["name"], &back); err != nil || back != name {
			t.Errorf("it came as %q: %v", back, err)
		}
	})
}

func TestEventsAtMostOnceAnInterval(t *testing.T) {
	serveEvents(t, func(t *testing.T, s *toy, _ *Streams, c *http.Client) {
		f := follow(t, c, "topics=rows&interval=2s", "")
		f.all()
		for i := range 1000 { // ten seconds of changes
			s.put(record.Torrent{ID: id(1), DownRate: int64(i + 1)})
			time.Sleep(10 * time.Millisecond)
		}
		if n := len(f.all()); n < 4 || n > 6 {
			t.Errorf("told %d times in 10 s, at an interval of 2 s", n)
		}
	})
}

func TestEventsHeartbeat(t *testing.T) {
	serveEvents(t, func(t *testing.T, s *toy, _ *Streams, c *http.Client) {
		f := follow(t, c, "", "")
		f.all()
		time.Sleep(time.Minute + time.Second)
		if got := f.all(); len(got) != 0 || f.beats != 4 {
			t.Errorf("in an idle minute: %d comments and %v", f.beats, got)
		}
	})
}

func TestEventsMilestonesOnce(t *testing.T) {
	serveEvents(t, func(t *testing.T, s *toy, _ *Streams, c *http.Client) {
		f := follow(t, c, "topics=torrents", "")
		f.all()
		for i := range 5 {
			s.reach(id(i), "completed")
			s.put(record.Torrent{ID: id(i)})
			if i == 2 {
				time.Sleep(time.Second)
			}
		}
		time.Sleep(3 * time.Second)
		var got []string
		for _, data := range named(f.all(), "torrent") {
			var m record.Milestone
			if err := json.Unmarshal([]byte(data), &m); err != nil {
				t.Fatal(err)
			}
			got = append(got, m.What+" "+m.ID)
		}
		want := []string{"completed " + id(0), "completed " + id(1), "completed " + id(2), "completed " + id(3), "completed " + id(4)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestEventsStatsSettingsLogs(t *testing.T) {
	serveEvents(t, func(t *testing.T, s *toy, _ *Streams, c *http.Client) {
		free := int64(100 << 30)
		s.stats = record.Stats{DownRate: 1, Disks: []record.Disk{{Dir: "/d", Free: &free}}}
		s.log("info", "before")
		f := follow(t, c, "topics=stats,settings,logs&level=warn", "")
		if got := named(f.all(), "stats"); len(got) != 1 || !strings.Contains(got[0], `"up_rate":0`) {
			t.Fatalf("first figures: %q", got)
		}
		s.do(func() {
			s.stats.UpRate = 9
			less := free + 4096 // not worth a word
			s.stats.Disks = []record.Disk{{Dir: "/d", Free: &less}}
			s.settings.Revision++
		})
		s.log("info", "small talk")
		s.log("error", "on fire")
		time.Sleep(2 * time.Second)
		got := f.all()
		if diff := cmp.Diff([]string{`{"up_rate":9}`}, named(got, "stats")); diff != "" {
			t.Error(diff)
		}
		if n := len(named(got, "settings")); n != 1 {
			t.Errorf("%d events of settings", n)
		}
		if lines := named(got, "log"); len(lines) != 1 || !strings.Contains(lines[0], "on fire") {
			t.Errorf("lines of the log: %q", lines)
		}
	})
}

func TestEventsOfOneTorrent(t *testing.T) {
	serveEvents(t, func(t *testing.T, s *toy, _ *Streams, c *http.Client) {
		s.put(record.Torrent{ID: id(1)})
		f := follow(t, c, "torrent="+id(1)+"&topics=peers,pieces,files", "")
		if got := f.all(); len(got) != 1 {
			t.Fatalf("told %v of a torrent without metainfo and peers", got)
		}
		step := func(f func()) {
			s.do(f)
			s.put(record.Torrent{ID: id(1), Downloaded: int64(s.revision)})
			time.Sleep(time.Second)
		}
		step(func() {
			s.peers[id(1)] = []record.TorrentPeer{{Addr: "1.1.1.1:1", Client: "x"}, {Addr: "2.2.2.2:2", Client: "y"}}
			s.pieces[id(1)] = &record.Pieces{Count: 10, Have: []byte{0x80, 0}, Unwanted: []byte{0, 0}, Availability: []record.Run{{Length: 10, Peers: 1}}}
			s.files[id(1)] = []record.TorrentFile{{Index: 0, Path: "a", Length: 5}, {Index: 2, Path: "b"}}
		})
		got := f.all()
		for _, name := range []string{"peers", "pieces", "files"} {
			if n := len(named(got, name)); n != 1 {
				t.Errorf("%d first events of %s", n, name)
			}
		}
		step(func() {
			s.peers[id(1)] = []record.TorrentPeer{{Addr: "2.2.2.2:2", Client: "y", DownRate: 5}}
			s.pieces[id(1)] = &record.Pieces{Count: 10, Have: []byte{0x81, 0x40}, Unwanted: []byte{0, 0}, Availability: []record.Run{{Length: 10, Peers: 2}}}
			s.files[id(1)] = []record.TorrentFile{{Index: 0, Path: "a", Length: 5, Verified: 5}, {Index: 2, Path: "b"}}
		})
		want := []heard{
			{"peers", "", `{"id":"` + id(1) + `","entries":[{"addr":"2.2.2.2:2","down_rate":5}],"removed":["1.1.1.1:1"]}`},
			{"pieces", "", `{"id":"` + id(1) + `","count":10,"got":[7,9]}`},
			{"files", "", `{"id":"` + id(1) + `","entries":[{"index":0,"verified":5}],"removed":[]}`},
		}
		if diff := cmp.Diff(want, f.all()); diff != "" {
			t.Error(diff)
		}
		step(func() { // a check found a piece bad
			s.pieces[id(1)] = &record.Pieces{Count: 10, Have: []byte{0x80, 0x40}, Unwanted: []byte{0, 0}, Availability: []record.Run{{Length: 10, Peers: 2}}}
		})
		if got := named(f.all(), "pieces"); len(got) != 1 || !strings.Contains(got[0], `"have":"gEA="`) {
			t.Errorf("after a piece was lost: %q", got)
		}
	})
}

func TestEventsReset(t *testing.T) {
	serveEvents(t, func(t *testing.T, s *toy, _ *Streams, c *http.Client) {
		for i := range 10 {
			s.reach(id(i), "completed")
		}
		s.floor = 105
		for _, after := range []string{"104", "7000"} {
			f := follow(t, c, "topics=rows,torrents", after)
			got := f.all()
			if len(got) < 2 || got[0].Name != "hello" || got[1].Name != "reset" || got[1].Data != `{"revision":110}` || len(named(got, "torrent")) != 0 {
				t.Errorf("after %s: %v", after, got)
			}
		}
	})
}

func TestEventsLimit(t *testing.T) {
	serveEvents(t, func(t *testing.T, s *toy, streams *Streams, c *http.Client) {
		for range maxStreams {
			follow(t, c, "", "")
		}
		resp, err := c.Get("http://pipe/events")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusTooManyRequests || streams.Count() != maxStreams {
			t.Errorf("one more than %d: %s; %d are counted", maxStreams, resp.Status, streams.Count())
		}
	})
}

func TestEventsBye(t *testing.T) {
	serveEvents(t, func(t *testing.T, s *toy, streams *Streams, c *http.Client) {
		f := follow(t, c, "", "")
		f.all()
		streams.Close()
		if got := f.all(); len(got) != 1 || got[0].Name != "bye" {
			t.Errorf("at the end: %v", got)
		}
		resp, err := c.Get("http://pipe/events")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("after the end: %s", resp.Status)
		}
	})
}

func TestEventsBadQueries(t *testing.T) {
	serveEvents(t, func(t *testing.T, s *toy, _ *Streams, c *http.Client) {
		for query, status := range map[string]int{
			"topics=rows,nothing":    422,
			"topics=":                422,
			"topics=peers":           422,
			"torrent=" + id(1):       404,
			"interval=soon":          422,
			"interval=-1s":           422,
			"since=yesterday":        422,
			"topics=logs&level=loud": 422,
		} {
			resp, err := c.Get("http://pipe/events?" + query)
			if err != nil {
				t.Fatal(err)
			}
			var p record.Problem
			if err := json.NewDecoder(resp.Body).Decode(&p); err != nil || p.Code == "" {
				t.Errorf("%s: no problem: %v", query, err)
			}
			resp.Body.Close()
			if resp.StatusCode != status || resp.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %s, want %d", query, resp.Status, status)
			}
		}
	})
}

// A reader that takes nothing holds up nobody, gathers nothing, and is let go.
func TestEventsStuckReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newToy()
		streams := NewStreams(s)
		p, c := servePipes(t, streams)
		t.Cleanup(streams.Close)
		stuck, err := p.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer stuck.Close()
		if _, err := io.WriteString(stuck, "GET /events HTTP/1.1\r\nHost: pipe\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		f := follow(t, c, "topics=rows", "")
		f.all()
		if n := streams.Count(); n != 2 {
			t.Fatalf("%d streams", n)
		}
		for i := range 20 {
			s.put(record.Torrent{ID: id(1), DownRate: int64(i + 1)})
			time.Sleep(time.Second)
		}
		if n := len(f.all()); n < 19 {
			t.Errorf("the other reader was told %d times in 20 s", n)
		}
		time.Sleep(patience)
		synctest.Wait()
		if n := streams.Count(); n != 1 {
			t.Errorf("%d streams after %v", n, patience)
		}
	})
}

// Close does not wait for a reader that hangs longer than it must.
func TestEventsCloseWithStuckReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newToy()
		streams := NewStreams(s)
		p, _ := servePipes(t, streams)
		stuck, err := p.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer stuck.Close()
		if _, err := io.WriteString(stuck, "GET /events HTTP/1.1\r\nHost: pipe\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		begin := time.Now()
		streams.Close()
		if d := time.Since(begin); d > farewell {
			t.Errorf("took %v", d)
		}
	})
}

// picture is what a reader knows of the list.
type picture map[string]map[string]json.RawMessage

func (p picture) apply(t *testing.T, h heard) {
	if h.Name != "rows" {
		return
	}
	var ev record.RowsEvent
	if err := json.Unmarshal([]byte(h.Data), &ev); err != nil {
		t.Fatal(err)
	}
	for _, gone := range ev.Removed {
		delete(p, gone)
	}
	for _, raw := range ev.Rows {
		var row map[string]json.RawMessage
		if err := json.Unmarshal(raw, &row); err != nil {
			t.Fatal(err)
		}
		var id string
		_ = json.Unmarshal(row["id"], &id)
		if p[id] == nil {
			p[id] = row
			continue
		}
		for k, v := range row {
			p[id][k] = v
		}
	}
}

// load is what GET /torrents would give.
func load(t *testing.T, s *toy) (picture, string) {
	l := s.List()
	p := picture{}
	for _, row := range l.Torrents {
		b, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]json.RawMessage
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		p[row.ID] = m
	}
	return p, strconv.FormatUint(l.Revision, 10)
}

// Whenever a connection breaks and wherever in an answer, and however slowly it is
// read: who comes back with the last id ends with the list as it is, and with each
// milestone once.
func TestEventsResumeAnywhere(t *testing.T) {
	for seed := range uint64(60) {
		serveEvents(t, func(t *testing.T, s *toy, _ *Streams, c *http.Client) {
			resumeAnywhere(t, rand.New(rand.NewPCG(seed, 0)), s, c)
		})
	}
}

func resumeAnywhere(t *testing.T, r *rand.Rand, s *toy, c *http.Client) {
	for range r.IntN(20) {
		mutate(r, s)
	}
	known, last := load(t, s)
	var told []record.Milestone
	before := len(s.milestones)
	for round := range 8 {
		f := follow(t, c, "topics=rows,torrents&interval=1s", last)
		for range r.IntN(6) {
			for range r.IntN(12) {
				mutate(r, s)
			}
			time.Sleep(time.Duration(r.IntN(3000)) * time.Millisecond)
		}
		if round == 7 {
			time.Sleep(3 * time.Second)
		}
		events := f.all()
		if round < 7 { // the connection breaks somewhere
			events = events[:r.IntN(len(events)+1)]
		}
		for _, h := range events {
			known.apply(t, h)
			if h.Name == "torrent" {
				var m record.Milestone
				if err := json.Unmarshal([]byte(h.Data), &m); err != nil {
					t.Fatal(err)
				}
				told = append(told, m)
			}
			if h.ID != "" {
				last = h.ID
			}
		}
		f.close()
	}
	want, _ := load(t, s)
	if diff := cmp.Diff(want, known); diff != "" {
		t.Errorf("the list of the reader is another one (-daemon +reader):\n%s", diff)
	}
	reached := append([]record.Milestone(nil), s.milestones[before:]...)
	for i := range reached {
		reached[i].Revision = 0
	}
	if diff := cmp.Diff(reached, told); diff != "" {
		t.Errorf("milestones (-reached +told):\n%s", diff)
	}
}

// mutate does something to the list.
func mutate(r *rand.Rand, s *toy) {
	n := id(r.IntN(8))
	switch r.IntN(6) {
	case 0:
		if _, err := s.Torrent(n); err == nil {
			s.remove(n)
		}
	case 1:
		s.reach(n, "completed")
	default:
		s.put(record.Torrent{ID: n, Name: "n", State: record.StateDownloading, DownRate: int64(r.IntN(4)), Verified: int64(r.IntN(4)), Labels: []string{strconv.Itoa(r.IntN(3))}})
	}
}
