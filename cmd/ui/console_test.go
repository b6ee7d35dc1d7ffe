package ui

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gotor/cmd/record"
	"gotor/torrent"
)

// fakeTime is what the clock of a fake screen says.
func fakeTime() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// fakeScreen is a screen of a test, with what was written to it.
type fakeScreen struct {
	*Screen
	out strings.Builder
	tty bool
}

func newFakeScreen() *fakeScreen {
	f := new(fakeScreen)
	f.Screen = &Screen{
		Console: NewConsole(&f.out, fakeTime), Now: fakeTime,
		Width: func() int { return 80 }, Redraws: func() bool { return f.tty },
	}
	return f
}

func TestConsole(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*Console)
		want string
	}{
		{"error", func(c *Console) { c.Error(errors.New("a\nb\x1b[m")) }, "gotor: a\\nb\\x1b[m\n"},
		{"warning", func(c *Console) { c.Warn("w") }, "gotor: warning: w\n"},
		{"note", func(c *Console) { c.Note("n") }, "n\n"},
		{"secrets", func(c *Console) { c.Error(errors.New("get http://u:p@h/: no")) }, "gotor: get http://***@h/: no\n"},
		{"quiet", func(c *Console) { c.set(talkErrors); c.Warn("w"); c.Note("n"); c.Tell("d"); c.Error(errors.New("e")) }, "gotor: d\ngotor: e\n"},
		{"status", func(c *Console) { c.draw("12345"); c.draw("ab") }, "\r12345\rab   "},
		{"line over status", func(c *Console) { c.draw("ab"); c.Note("n"); c.Note("m") }, "\rab\r  \rn\nm\n"},
		{"clear", func(c *Console) { c.Clear(); c.draw("ab"); c.Clear(); c.Clear() }, "\rab\r  \r"},
		{"wide", func(c *Console) { c.draw("日本"); c.draw("x") }, "\r日本\rx   "},
		{"hook", func(c *Console) { c.draw("ab"); c.Pass([]byte("raw\x1b[m\n")) }, "\rab\r  \rraw\x1b[m\n"},
		{"json", func(c *Console) { c.set(talkEvents); c.Warn("w\u202e"); c.Error(record.Usagef("e")) },
			`{"v":1,"event":"warning","time":"2026-01-02T03:04:05Z","message":"w\\u202e"}` + "\n" +
				`{"v":1,"event":"error","time":"2026-01-02T03:04:05Z","message":"e","exit_code":2}` + "\n"},
		{"json hook", func(c *Console) { c.set(talkEvents); c.Pass([]byte("said\n")) },
			`{"v":1,"event":"hook","time":"2026-01-02T03:04:05Z","message":"said"}` + "\n"},
	} {
		var out strings.Builder
		con := NewConsole(&out, fakeTime)
		c.do(con)
		if out.String() != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, out.String(), c.want)
		}
	}
}

func TestExplainFailure(t *testing.T) {
	f := newFakeScreen()
	f.Console.set(talkErrors) // the reason is told even when progress is not
	sn := torrent.Snapshot{Name: "n\x1b[m", Trackers: []torrent.TrackerStatus{
		{URL: "http://t/announce?passkey=abc", State: "failed", Error: "refused\nnow"},
		{URL: "http://u/announce", State: "ok", Peers: 1},
		{URL: "http://v/announce", State: "announcing"},
	}, PeerErrors: []torrent.PeerError{{Addr: "10.0.0.1:1", Error: "hung up"}}}
	Explain(f.Console, &sn)
	want := `gotor: n\x1b[m: tracker http://t/announce?passkey=***: refused\nnow
gotor: n\x1b[m: tracker http://u/announce: 1 peer
gotor: n\x1b[m: tracker http://v/announce: no answer
gotor: n\x1b[m: peer 10.0.0.1:1: hung up
`
	if got := f.out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	f = newFakeScreen()
	Explain(f.Console, &torrent.Snapshot{Name: "n", Trackers: make([]torrent.TrackerStatus, 99)})
	if got := f.out.String(); strings.Count(got, "\n") != maxExplained+1 || !strings.HasSuffix(got, "gotor: n: and 79 trackers more\n") {
		t.Errorf("a hundred trackers give %s", got)
	}
	f = newFakeScreen()
	Explain(f.Console, &torrent.Snapshot{Name: "n"})
	if got := f.out.String(); !strings.Contains(got, "names no tracker; add one with --tracker URL, or a peer with --peer") {
		t.Errorf("without trackers: %s", got)
	}
}
