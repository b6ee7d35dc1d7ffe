package ui

import (
	"strings"
	"sync"
	"sync/atomic"

	"gotor/cmd/record"
	"gotor/torrent"
)

// traceLine is an event for people.
func traceLine(e *record.Trace) string {
	what := strings.ReplaceAll(e.Kind, "_", " ")
	if e.Address != "" {
		what += " " + e.Address
	}
	return record.Safe(e.Time.Format("15:04:05.000 ") + e.Name + ": " + what + ": " + e.Text)
}

// maxTraced is how many events may wait to be printed. More are left out: a slow
// terminal must not slow the download.
const maxTraced = 4096

// Tracer prints the events of torrents, in a goroutine of its own. A nil one does
// nothing.
type Tracer struct {
	c     *Console
	queue chan torrent.Event
	lost  atomic.Int64 // events left out since the last one that was printed
	quit  chan struct{}
	ended sync.WaitGroup
}

// NewTracer makes a tracer that has not begun to print.
func NewTracer(c *Console) *Tracer {
	return &Tracer{c: c, queue: make(chan torrent.Event, maxTraced), quit: make(chan struct{})}
}

// Add takes an event from any goroutine. It never waits.
func (t *Tracer) Add(e torrent.Event) {
	select {
	case t.queue <- e:
	default:
		t.lost.Add(1)
	}
}

// Start begins to print.
func (t *Tracer) Start() {
	if t != nil {
		t.ended.Go(t.run)
	}
}

// Stop prints what was told until now, and ends.
func (t *Tracer) Stop() {
	if t != nil {
		close(t.quit)
		t.ended.Wait()
	}
}

func (t *Tracer) run() {
	for {
		select {
		case e := <-t.queue:
			t.show(e)
			continue
		case <-t.quit:
		}
		// Nobody adds any more: the client has ended before.
		for len(t.queue) > 0 {
			t.show(<-t.queue)
		}
		return
	}
}

// show prints an event, and before it how many are missing.
func (t *Tracer) show(e torrent.Event) {
	if n := t.lost.Swap(0); n > 0 {
		t.c.Warn(Count(int(n), "event") + " left out: they came faster than they could be printed")
	}
	t.c.trace(record.NewTrace(e))
}
