package ui

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gotor/torrent"
)

// slowWriter is a terminal that takes a line when it is told to.
type slowWriter struct {
	take chan struct{}
	b    strings.Builder
}

func (w *slowWriter) Write(p []byte) (int, error) {
	<-w.take
	return w.b.Write(p)
}

// A terminal that takes nothing slows nobody who tells an event; what is left out is
// counted.
func TestTracerNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &slowWriter{take: make(chan struct{})}
		tr := NewTracer(NewConsole(w, fakeTime))
		tr.Start()
		e := torrent.Event{Name: "n", Kind: torrent.EventConnected, Addr: "10.0.0.1:1", Text: "x"}
		tr.Add(e)
		synctest.Wait() // the printer hangs in the first
		for range maxTraced + 3 {
			tr.Add(e)
		}
		close(w.take)
		tr.Stop()
		if got := strings.Count(w.b.String(), ": connected 10.0.0.1:1: x\n"); got != maxTraced+1 {
			t.Errorf("%d events are printed, want %d", got, maxTraced+1)
		}
		if !strings.Contains(w.b.String(), "gotor: warning: 3 events left out: they came faster than they could be printed\n") {
			t.Error("it is not said that events are left out")
		}
	})
}

// What an event quotes can do nothing to the terminal, and tells no secret.
func TestTraceLine(t *testing.T) {
	f := newFakeScreen()
	tr := NewTracer(f.Console)
	tr.show(torrent.Event{Time: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC), Name: "n\x1b[m", Kind: torrent.EventTrackerFailed,
		Addr: "http://t/announce?passkey=abc", Text: "go\naway"})
	if got, want := f.out.String(), `03:04:05.006 n\x1b[m: tracker failed http://t/announce?passkey=***: go\naway`+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
