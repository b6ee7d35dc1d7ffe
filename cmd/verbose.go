package cmd

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spf13/pflag"

	"gotor/cmd/record"
	"gotor/torrent"
)

// verbosity is how much is told while a download goes on: 0 is nothing but its
// progress, 1 events, 2 messages of peers, too. As a flag it counts.
type verbosity int

const (
	showEvents   verbosity = 1
	showMessages verbosity = 2
)

// onceMore is what the flag is set to each time that it is given without a value.
const onceMore = "+1"

func (v *verbosity) addFlag(f *pflag.FlagSet) {
	// The empty name in the text keeps the help from showing one for a value, which
	// only settings need.
	f.VarP(v, "verbose", "v", "``tell of connections, announces and bad pieces; -vv: of messages of peers, too")
	f.Lookup("verbose").NoOptDefVal = onceMore
}

func (v *verbosity) Set(s string) error {
	if s == onceMore {
		*v++
		return nil
	}
	n, err := strconv.ParseUint(s, 10, 8)
	if err != nil {
		return errors.New("not a number; 1 tells of events, 2 of messages, too")
	}
	*v = verbosity(n)
	return nil
}

func (v *verbosity) String() string { return strconv.Itoa(int(*v)) }
func (*verbosity) Type() string     { return "count" }

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

// tracer prints the events of torrents, in a goroutine of its own. A nil one does
// nothing.
type tracer struct {
	c     *console
	queue chan torrent.Event
	lost  atomic.Int64 // events left out since the last one that was printed
	quit  chan struct{}
	ended sync.WaitGroup
}

// newTracer returns nil if nobody wants to know.
func newTracer(c *console, v verbosity) *tracer {
	if v < showEvents {
		return nil
	}
	return &tracer{c: c, queue: make(chan torrent.Event, maxTraced), quit: make(chan struct{})}
}

// configure has the torrents of a client tell their events.
func (t *tracer) configure(cfg *torrent.Config, v verbosity) {
	if t != nil {
		cfg.Trace, cfg.TraceMessages = t.add, v >= showMessages
	}
}

// add takes an event from any goroutine. It never waits.
func (t *tracer) add(e torrent.Event) {
	select {
	case t.queue <- e:
	default:
		t.lost.Add(1)
	}
}

// start begins to print.
func (t *tracer) start() {
	if t != nil {
		t.ended.Go(t.run)
	}
}

// stop prints what was told until now, and ends.
func (t *tracer) stop() {
	if t != nil {
		close(t.quit)
		t.ended.Wait()
	}
}

func (t *tracer) run() {
	for {
		select {
		case e := <-t.queue:
			t.show(e)
			continue
		case <-t.quit:
		}
		for len(t.queue) > 0 {
			t.show(<-t.queue)
		}
		return
	}
}

// show prints an event, and before it how many are missing.
func (t *tracer) show(e torrent.Event) {
	if n := t.lost.Swap(0); n > 0 {
		t.c.warn(count(int(n), "event") + " left out: they came faster than they could be printed")
	}
	t.c.trace(record.NewTrace(e))
}
