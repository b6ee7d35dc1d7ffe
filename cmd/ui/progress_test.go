package ui

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gotor/torrent"
)

// loading is a download in its middle.
func loading() torrent.Snapshot {
	return torrent.Snapshot{
		Name: "disk.img", InfoHash: strings.Repeat("ab", 20), State: torrent.StateDownloading, Elapsed: 4 * time.Second,
		Wanted: 100 << 20, Verified: 42 << 20, Resumed: 2 << 20, Downloaded: 41 << 20, DownRate: 10 << 20, ETA: 5800 * time.Millisecond,
		Pieces: 100, PiecesDone: 42, Peers: 3, Seeds: 2, Known: 9, Dialing: 1,
		Trackers: []torrent.TrackerStatus{{URL: "http://t/announce", State: "ok", Peers: 9}},
	}
}

// giving is a seed.
func giving() torrent.Snapshot {
	return with(func(s *torrent.Snapshot) {
		s.State, s.Verified, s.Uploaded, s.UpRate, s.Ratio = torrent.StateSeeding, s.Wanted, 5<<20, 1<<10, 0.0599
		s.Interested, s.Unchoked = 2, 1
	})
}

// searching is a link before it is known what it leads to.
func searching() torrent.Snapshot {
	return torrent.Snapshot{
		Name: "label", InfoHash: strings.Repeat("ab", 20), State: torrent.StateMetadata, Peers: 3, Known: 9,
		MetadataPeers: 1, MetadataGot: 16 << 10, MetadataSize: 48 << 10,
		Trackers: []torrent.TrackerStatus{{URL: "http://t/announce", State: "ok"}, {URL: "http://u/announce", State: "failed"}},
	}
}

func with(f func(*torrent.Snapshot)) torrent.Snapshot {
	s := loading()
	f(&s)
	return s
}

func TestStatusText(t *testing.T) {
	for _, c := range []struct {
		sn   torrent.Snapshot
		want string
	}{
		{loading(), "42% of 100.0 MiB, 10.0 MiB/s, ETA 6s, 3 peers"},
		{with(func(s *torrent.Snapshot) {
			s.Peers = 0
			s.WebSeeds = []torrent.WebSeedStatus{{State: torrent.WebSeedWorking}, {State: torrent.WebSeedFailed}}
		}), "42% of 100.0 MiB, 10.0 MiB/s, ETA 6s, 0 peers, 1 web seed"},
		{with(func(s *torrent.Snapshot) {
			s.Peers, s.Trackers, s.Known, s.Dialing, s.Tried = 0, nil, 2, 0, 2
			s.WebSeeds = []torrent.WebSeedStatus{{State: torrent.WebSeedWaiting}, {State: torrent.WebSeedFailed}, {State: torrent.WebSeedIdle}}
			s.DHT = torrent.DHTStatus{Used: true, Nodes: 1}
			s.Local = 1
		}), "no peers now: no trackers, 3 web seeds (2 failed), DHT 1 node (0 peers), 1 nearby, 2 addresses known, 2 tried"},
		{with(func(s *torrent.Snapshot) { s.ETA, s.Peers = 0, 1 }), "42% of 100.0 MiB, 10.0 MiB/s, 1 peer"},
		{with(func(s *torrent.Snapshot) { s.State, s.Checked, s.ToCheck = torrent.StateChecking, 1<<20, 3<<20 }), "checking, 33% of 3.0 MiB"},
		{with(func(s *torrent.Snapshot) { s.State, s.Verified = torrent.StateFinishing, s.Wanted }), "all verified, writing to disk"},
		{giving(), "seeding, 1.0 KiB/s up, 5.0 MiB uploaded, ratio 0.05, 3 peers (2 interested, 1 unchoked)"},
		{with(func(s *torrent.Snapshot) { s.State, s.Peers, s.Ratio = torrent.StateSeeding, 0, 1234.5 }), "seeding, 0 B/s up, 0 B uploaded, ratio 1234, 0 peers"},
		{with(func(s *torrent.Snapshot) { s.Peers, s.Downloaded = 0, 0 }), "no peers yet: 1 tracker (9 peers), 9 addresses known, 1 being tried"},
		{with(func(s *torrent.Snapshot) { s.Peers, s.Known, s.Dialing, s.Trackers[0].State = 0, 0, 0, "failed" }), "no peers now: 1 tracker (1 failed), 0 addresses known"},
		{with(func(s *torrent.Snapshot) { s.Peers, s.Known, s.Dialing, s.Trackers = 0, 1, 0, nil }), "no peers now: no trackers, 1 address known"},
		{with(func(s *torrent.Snapshot) { s.Peers, s.Trackers[0].State = 0, "announcing" }), "no peers now: 1 tracker (1 to answer), 9 addresses known, 1 being tried"},
		{with(func(s *torrent.Snapshot) {
			s.Peers, s.Known, s.Dialing = 0, 1, 0
			s.PeerErrors = []torrent.PeerError{{Addr: "10.0.0.1:1", Error: "refused"}, {Addr: "10.0.0.2:2", Error: "reset\x1b[m"}}
		}), `no peers now: 1 tracker (9 peers), 1 address known, last tried 10.0.0.2:2: reset\x1b[m`},
		{torrent.Snapshot{State: torrent.StateStarting}, "opening files"},
		{torrent.Snapshot{State: torrent.StateQueued}, "waits until others are checked"},
		{searching(), "looking for metadata: 2 trackers (1 answered: 0 peers; 1 failed), 9 addresses known, 0 peers tried, 3 connected, 1 with metadata, 16.0 KiB of 48.0 KiB"},
		{torrent.Snapshot{State: torrent.StateMetadata, Peers: 1, Known: 1}, "looking for metadata: no trackers, 1 address known, 0 peers tried, 1 connected, none has metadata"},
		{torrent.Snapshot{State: torrent.StateMetadata, Tried: 1, Known: 2, Local: 1, DHT: torrent.DHTStatus{Used: true, Nodes: 12}},
			"looking for metadata: no trackers, DHT 12 nodes (0 peers), 1 nearby, 2 addresses known, 1 peer tried, 0 connected"},
		{with(func(s *torrent.Snapshot) { s.Peers, s.Downloaded, s.DHT.Used, s.Tried = 0, 0, true, 4 }),
			"no peers yet: 1 tracker (9 peers), no DHT node answered, 9 addresses known, 4 tried, 1 being tried"},
		{torrent.Snapshot{State: torrent.StateMetadata, PeerErrors: []torrent.PeerError{{Addr: "10.0.0.2:2", Error: "reset\x1b[m"}}},
			`looking for metadata: no trackers, 0 addresses known, 0 peers tried, 0 connected, last tried 10.0.0.2:2: reset\x1b[m`},
	} {
		if got := statusText(&c.sn); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestDoneText(t *testing.T) {
	for _, c := range []struct {
		sn    torrent.Snapshot
		peers int
		want  string
	}{
		{torrent.Snapshot{Wanted: 100 << 20, Verified: 100 << 20, Elapsed: 10 * time.Second}, 0, "complete, 100.0 MiB in 10s, 10.0 MiB/s"},
		{torrent.Snapshot{Wanted: 100, Resumed: 40, Elapsed: time.Second}, 0, "complete, 60 B in 1s, 60 B/s (40 B were here already)"},
		{torrent.Snapshot{Wanted: 100, Resumed: 100}, 0, "complete, all 100 B were here already"},
		{torrent.Snapshot{}, 0, "complete, 0 B in 0s, 0 B/s"},
		{torrent.Snapshot{Wanted: 100, Elapsed: time.Second, Downloaded: 120, DownloadedWeb: 119}, 0, "complete, 100 B in 1s, 100 B/s, 99% from web seeds"},
		{torrent.Snapshot{Wanted: 100, Elapsed: time.Second, Downloaded: 100, DownloadedWeb: 100}, 0, "complete, 100 B in 1s, 100 B/s, 100% from web seeds"},
		{torrent.Snapshot{Wanted: 100, Resumed: 40, Elapsed: time.Second, Downloaded: 60, DownloadedWeb: 15}, 3,
			"complete, 60 B in 1s, 60 B/s from 3 peers, 25% from web seeds (40 B were here already)"},
		{torrent.Snapshot{Wanted: 100, Elapsed: time.Second}, 1, "complete, 100 B in 1s, 100 B/s from 1 peer"},
	} {
		if got := doneText(&c.sn, c.peers); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestPercent(t *testing.T) {
	for _, c := range []struct{ part, whole, want int64 }{{0, 0, 100}, {0, 1, 0}, {999, 1000, 99}, {1000, 1000, 100}, {1 << 52, 1 << 53, 50}} {
		if got := percent(c.part, c.whole); got != c.want {
			t.Errorf("percent(%d, %d) = %d, want %d", c.part, c.whole, got, c.want)
		}
	}
}

func TestBarFrame(t *testing.T) {
	for _, c := range []struct {
		name string
		sn   torrent.Snapshot
		want []string
	}{
		{"downloading", loading(), []string{"42%", "█", "42.0 MiB/100.0 MiB", "10.0 MiB/s", "ETA 6s", "3 peers"}},
		{"metadata", searching(), []string{"label: looking for metadata: 2 trackers (1 answered: 0 peers; 1 failed)"}},
		{"name", with(func(s *torrent.Snapshot) { s.ETA = 0 }), []string{"disk.img"}},
		{"checking", with(func(s *torrent.Snapshot) { s.State, s.Checked, s.ToCheck = torrent.StateChecking, 1, 2 }), []string{"50%", "█", "checking 2 B", "disk.img"}},
		{"waiting", with(func(s *torrent.Snapshot) { s.Peers, s.Downloaded = 0, 0 }), []string{"no peers yet: 1 tracker (9 peers)", "disk.img"}},
		{"evil name", with(func(s *torrent.Snapshot) { s.Name, s.ETA, s.DownRate = "\x1b]0;x\a", 0, 0 }), []string{`\x1b]0`}},
		{"all of it", with(func(s *torrent.Snapshot) { s.Verified = s.Wanted }), []string{"100%", "3 peers"}},
		{"nothing", torrent.Snapshot{State: torrent.StateDownloading, Name: "empty"}, []string{"empty"}},
		{"seeding", giving(), []string{" disk.img: 1.0 KiB/s up, 5.0 MiB uploaded, ratio 0.05, 3 peers (2 interested, 1 unchoked)"}},
		{"seeding, long name", with(func(s *torrent.Snapshot) { s.State, s.Name = torrent.StateSeeding, strings.Repeat("name ", 40) }), []string{"...: up 0 B/s, 0 B, ratio 0.00, 3 peers (0/0)"}},
		{"long name", with(func(s *torrent.Snapshot) { s.Peers, s.Name = 0, strings.Repeat("name ", 40) }), []string{"..."}},
	} {
		p := &barPrinter{s: newFakeScreen().Screen}
		for _, columns := range []int{79, 120, 40, 10, 1} {
			// Twice: the second frame is drawn by a bar that exists.
			p.frame(&c.sn, 0, columns)
			line := p.frame(&c.sn, 0, columns)
			if n := Columns(line); n > columns {
				t.Errorf("%s: %d columns, only %d are there: %q", c.name, n, columns, line)
			}
			if strings.ContainsAny(line, "\r\n\x1b") {
				t.Errorf("%s: control characters in %q", c.name, line)
			}
			for _, w := range c.want {
				if columns == 120 && !strings.Contains(line, w) {
					t.Errorf("%s: no %q in %q", c.name, w, line)
				}
			}
		}
	}
}

// At every width the line has the name, the percentage and the time left; the
// rest comes as there is room.
func TestBarFrameWidths(t *testing.T) {
	long := func(s *torrent.Snapshot) { s.Name, s.ETA = "debian-12.5.0-amd64-netinst.iso", 65*time.Minute }
	for _, c := range []struct {
		columns int
		sn      torrent.Snapshot
		want    string
	}{
		{40, loading(), "disk.img  42% 10.0 MiB/s, ETA 6s"},
		{40, with(long), "debian-12...  42% 10.0 MiB/s, ETA 1h05m"},
		{30, with(long), "debian-12.5...  42% ETA 1h05m"},
		{40, with(func(s *torrent.Snapshot) { s.ETA, s.DownRate = 0, 0 }), "disk.img  42% |███     | 0 B/s, 3 peers"},
		{80, loading(), "disk.img  42% |██████         | 42.0 MiB/100.0 MiB, 10.0 MiB/s, ETA 6s, 3 peers"},
		{80, with(long), "debian-12.5.0-am...  42% |████████             | 10.0 MiB/s, ETA 1h05m, 3 peers"},
		{160, with(long), "debian-12.5.0-amd64-netinst.iso  42% |"},
	} {
		p := &barPrinter{s: newFakeScreen().Screen}
		line := p.frame(&c.sn, 0, c.columns-1)
		if Columns(line) >= c.columns || !strings.HasPrefix(line, c.want) {
			t.Errorf("at %d columns:\n%q, want\n%q", c.columns, line, c.want)
		}
	}
}

func TestOverall(t *testing.T) {
	rows := func(snaps ...torrent.Snapshot) board {
		ta := board{total: len(snaps)}
		for _, sn := range snaps {
			ta.rows = append(ta.rows, Row{Snapshot: func() torrent.Snapshot { return sn }})
		}
		return ta
	}
	a, b := loading(), loading()
	b.State = torrent.StateChecking
	got, guess := overall(rows(a, b))
	if got.Name != "0 of 2 done" || guess != 0 || got.Wanted != 200<<20 || got.DownRate != 20<<20 || got.Peers != 6 || got.State != torrent.StateDownloading {
		t.Errorf("%+v, %d", got, guess)
	}
	if got.ETA != 5800*time.Millisecond {
		t.Errorf("ETA %v", got.ETA)
	}
	c, d := giving(), giving()
	d.Wanted, d.Ratio = 300<<20, 1.0599
	two := rows(c, d)
	two.total, two.complete, two.bytes = 3, 1, 1<<40
	if got, _ := overall(two); got.State != torrent.StateSeeding || got.Name != "2 torrents" || got.Unchoked != 2 ||
		got.Interested != 4 || ratioText(got.Ratio) != "0.80" {
		t.Errorf("two seeds: %+v", got)
	}
	if got, guess := overall(rows(searching(), searching())); got.State != torrent.StateMetadata || got.MetadataPeers != 2 || got.MetadataSize != 96<<10 || guess != 0 {
		t.Errorf("two links: %+v, %d", got, guess)
	}
	if got, _ := overall(rows(a, c)); got.State != torrent.StateDownloading {
		t.Errorf("one still loads: %v", got.State)
	}
	if got, _ := overall(rows(b)); got.State != torrent.StateChecking {
		t.Errorf("all are checking: %v", got.State)
	}
	// One complete, one that runs, a link, two to come, one failed: three are
	// unknown, and two have 300 MiB together.
	some := rows(a, searching())
	some.total, some.complete, some.failed, some.bytes = 6, 1, 1, 200<<20
	if got, guess := overall(some); got.Name != "1 of 6 done, 1 failed" || got.Wanted != 300<<20 || got.Verified != 242<<20 || guess != 450<<20 || got.ETA != 0 {
		t.Errorf("some unknown: %+v, %d", got, guess)
	}
	if sn, _ := overall(rows(with(func(s *torrent.Snapshot) { s.Local = -1 }), with(func(s *torrent.Snapshot) { s.Local, s.DHT.Nodes, s.DHT.Used = 2, 7, true }))); sn.Local != 2 || sn.DHT.Nodes != 7 || !sn.DHT.Used {
		t.Errorf("discovery: %+v", sn)
	}
}

func TestPrinterChoice(t *testing.T) {
	for _, c := range []struct {
		tty   bool
		mode  Mode
		quiet bool
		want  Printer
	}{
		{true, ModeAuto, false, &barPrinter{}},
		{false, ModeAuto, false, &plainPrinter{}},
		{false, ModeBar, false, &barPrinter{}},
		{true, ModePlain, false, &plainPrinter{}},
		{true, ModeJSON, false, &jsonPrinter{}},
		{true, ModeNone, false, nonePrinter{}},
		{true, ModeJSON, true, nonePrinter{}},
	} {
		f := newFakeScreen()
		f.tty = c.tty
		got := NewPrinter(f.Screen, c.mode, c.quiet)
		if g, w := typeName(got), typeName(c.want); g != w {
			t.Errorf("%+v: %s, want %s", c, g, w)
		}
	}
}

func typeName(p Printer) string {
	switch p.(type) {
	case *barPrinter:
		return "bar"
	case *plainPrinter:
		return "plain"
	case *jsonPrinter:
		return "json"
	}
	return "none"
}

// show runs an updater over one row for a while of virtual time.
func show(t *testing.T, mode Mode, during time.Duration, err error) *fakeScreen {
	t.Helper()
	f := newFakeScreen()
	synctest.Test(t, func(t *testing.T) {
		u := StartDisplay(NewPrinter(f.Screen, mode, false), 1)
		u.Add(Row{Source: "x.torrent", Snapshot: loading})
		time.Sleep(during)
		synctest.Wait()
		u.Finished(0, err)
		how := EndedWell
		if err != nil {
			how = EndedBadly
		}
		u.Over(0, how)
		u.Stop()
	})
	return f
}

func TestPlainProgress(t *testing.T) {
	got := show(t, ModePlain, 25*time.Second, nil).out.String()
	line := "disk.img: 42% of 100.0 MiB, 10.0 MiB/s, ETA 6s, 3 peers\n"
	if want := line + line + "disk.img: complete, 98.0 MiB in 4s, 24.5 MiB/s (2.0 MiB were here already)\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := show(t, ModePlain, 25*time.Second, errors.New("x")).out.String(); got != line+line {
		t.Errorf("a failure is told by its error alone: %s", got)
	}
	if got := show(t, ModePlain, 9*time.Second, errors.New("x")).out.String(); got != "" {
		t.Errorf("a line too early: %s", got)
	}
}

func TestJSONProgress(t *testing.T) {
	got := show(t, ModeJSON, 2500*time.Millisecond, errors.New("x")).out.String()
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d events, want one per second and the last state:\n%s", len(lines), got)
	}
	for _, l := range lines {
		var e map[string]any
		if err := json.Unmarshal([]byte(l), &e); err != nil {
			t.Fatal(err)
		}
		for k, want := range map[string]any{"v": 1.0, "event": "progress", "source": "x.torrent", "state": "downloading",
			"verified": float64(42 << 20), "eta": 5.8, "peers": 3.0, "time": "2026-01-02T03:04:05Z"} {
			if e[k] != want {
				t.Errorf("%s is %v, want %v", k, e[k], want)
			}
		}
	}
}

func TestBarProgress(t *testing.T) {
	got := show(t, ModeBar, 250*time.Millisecond, nil).out.String()
	if n := strings.Count(got, "42%"); n != 2 {
		t.Errorf("%d frames in a quarter of a second: %q", n, got)
	}
	if !strings.HasSuffix(got, "\rdisk.img: complete, 98.0 MiB in 4s, 24.5 MiB/s (2.0 MiB were here already)\n") {
		t.Errorf("the bar is not cleared before the last line: %q", got)
	}
	if got := show(t, ModeBar, 50*time.Millisecond, errors.New("x")).out.String(); got != "" {
		t.Errorf("a short job draws a bar: %q", got)
	}
}

func TestNoProgress(t *testing.T) {
	if got := show(t, ModeNone, time.Minute, nil).out.String(); got != "" {
		t.Errorf("none prints %q", got)
	}
}

// Rows come and go while others are on display.
func TestUpdaterRows(t *testing.T) {
	f := newFakeScreen()
	synctest.Test(t, func(t *testing.T) {
		named := func(id int, name string) Row {
			return Row{ID: id, Snapshot: func() torrent.Snapshot { return with(func(s *torrent.Snapshot) { s.Name = name }) }}
		}
		u := StartDisplay(NewPrinter(f.Screen, ModePlain, false), 4)
		u.Finished(0, nil) // not there yet: nothing happens
		u.Add(named(0, "a"))
		u.Add(named(1, "b"))
		time.Sleep(plainPeriod + time.Second)
		u.Finished(0, nil)
		u.Over(0, EndedWell)
		u.Over(3, EndedBadly) // it was never on display
		u.Add(named(2, "c"))
		time.Sleep(plainPeriod)
		u.Over(2, EndedBadly)
		u.Over(4, EndedEarly)
		u.Stop()
		if u.t.complete != 1 || u.t.failed != 2 || u.t.bytes != 100<<20 || len(u.t.rows) != 1 {
			t.Errorf("%+v", u.t)
		}
	})
	var got []string
	for line := range strings.Lines(f.out.String()) {
		name, rest, _ := strings.Cut(line, ": ")
		if rest != "" {
			name += " " + rest[:3]
		}
		got = append(got, name)
	}
	if want := "a 42%,b 42%,a com,b 42%,c 42%,1 of 4 sources complete, 2 failed, 100.0 MiB in 21s\n"; strings.Join(got, ",") != want {
		t.Errorf("lines %q, want %q", got, want)
	}
}

// Many rows share one line of plain progress, and each has one when it does
// something new, or for long the same.
func TestPlainProgressOfMany(t *testing.T) {
	f := newFakeScreen()
	p := &plainPrinter{s: f.Screen}
	said := ""
	turn := func(b board) string {
		for range plainPeriod / plainLook {
			p.tick(b)
		}
		got := strings.TrimPrefix(f.out.String(), said)
		said += got
		return got
	}
	var states [plainRows + 1]torrent.State
	five := make([]Row, plainRows+1)
	for i := range five {
		states[i] = torrent.StateDownloading
		five[i] = Row{ID: i, Snapshot: func() torrent.Snapshot {
			return with(func(s *torrent.Snapshot) { s.State, s.Name = states[i], fmt.Sprint("row ", i) })
		}}
	}
	each := ""
	for i := range five {
		each += fmt.Sprintf("row %d: 42%% of 100.0 MiB, 10.0 MiB/s, ETA 6s, 3 peers\n", i)
	}
	first := "0 of 5 done: 42% of 500.0 MiB, 50.0 MiB/s, ETA 6s, 15 peers\n"
	sum := "1 of 10 done, 2 failed: 210.0 MiB, 50.0 MiB/s, 15 peers\n"
	wants := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", what, got, want)
		}
	}
	wants("at first", turn(board{rows: five, total: 5}), first+each)
	more := board{rows: five, total: 10, complete: 1, failed: 2, bytes: 10}
	for range plainMany - 1 {
		wants("nothing new", turn(more), sum)
	}
	wants("after a minute", turn(more), sum+each)
	states[2] = torrent.StateFinishing
	if got := turn(more); !strings.HasSuffix(got, "\nrow 2: all verified, writing to disk\n") || strings.Count(got, "\n") != 2 {
		t.Errorf("one is done: %q", got)
	}
	wants("few are left", turn(board{rows: five[3:], total: 10}), strings.SplitAfter(each, "\n")[3]+strings.SplitAfter(each, "\n")[4])
}

// Several rows share one bar.
func TestBarOfSeveral(t *testing.T) {
	f := newFakeScreen()
	p := &barPrinter{s: f.Screen}
	two := []Row{{ID: 0, Snapshot: loading}, {ID: 1, Snapshot: loading}}
	p.tick(board{rows: two, total: 3, failed: 1})
	if got := f.out.String(); !strings.Contains(got, "0 of 3 done") || !strings.Contains(got, "| 20.0 MiB/s, ETA 6s") || !strings.Contains(got, " 42% ") {
		t.Errorf("frame %q", got)
	}
	p.close(board{total: 1})
	if got := f.out.String(); !strings.HasSuffix(got, " \r") {
		t.Errorf("the bar stays: %q", got)
	}
}

// The bar of several never goes back: a row that ends takes its bytes with it
// into the sum, and those to come have their room from the beginning.
func TestBarNeverGoesBack(t *testing.T) {
	at := func(verified int64) Row {
		return Row{Snapshot: func() torrent.Snapshot { return with(func(s *torrent.Snapshot) { s.Verified = verified << 20 }) }}
	}
	last := int64(-1)
	for i, ta := range []board{
		{rows: []Row{at(0)}, total: 3},
		{rows: []Row{at(50), at(10)}, total: 3},
		{rows: []Row{at(100), at(50)}, total: 3},
		{rows: []Row{at(50)}, total: 3, complete: 1, bytes: 100 << 20},
		{rows: []Row{at(50), at(0)}, total: 3, complete: 1, bytes: 100 << 20},
		{rows: []Row{at(60)}, total: 3, complete: 2, bytes: 200 << 20},
		{rows: []Row{at(100)}, total: 3, complete: 2, bytes: 200 << 20},
	} {
		sn, guess := overall(ta)
		now := percent(sn.Verified, sn.Wanted+guess)
		if now < last {
			t.Errorf("step %d: from %d%% to %d%%", i, last, now)
		}
		last = now
	}
	if last != 100 {
		t.Errorf("ends at %d%%", last)
	}
}

func TestTotalText(t *testing.T) {
	for _, c := range []struct {
		t    board
		want string
	}{
		{board{total: 3, complete: 3, bytes: 5 << 20}, "3 of 3 sources complete, 5.0 MiB in 1m01s"},
		{board{total: 3, complete: 2, failed: 1, bytes: 5 << 20}, "2 of 3 sources complete, 1 failed, 5.0 MiB in 1m01s"},
		{board{total: 3, failed: 2}, "0 of 3 sources complete, 2 failed"},
	} {
		if got := totalText(c.t, 61*time.Second); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func BenchmarkBarFrame(b *testing.B) {
	p, sn := &barPrinter{s: newFakeScreen().Screen}, loading()
	for i := 0; b.Loop(); i++ {
		sn.Verified = int64(i) % sn.Wanted
		p.frame(&sn, 0, 79)
	}
}

// What a process pays for its first frame.
func BenchmarkFirstFrame(b *testing.B) {
	sn := loading()
	for b.Loop() {
		(&barPrinter{s: newFakeScreen().Screen}).frame(&sn, 0, 79)
	}
}
