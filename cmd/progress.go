package cmd

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gotor/torrent"
)

// progressOptions are the flags of every command that takes time.
type progressOptions struct {
	mode  progressMode
	quiet bool
}

func (o *progressOptions) addFlags(c *cobra.Command) {
	o.mode = progressAuto
	f := c.Flags()
	f.Var(&o.mode, "progress", "how to show progress on stderr: auto, bar, plain, json or none")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but errors on stderr")
	_ = c.RegisterFlagCompletionFunc("progress", cobra.FixedCompletions(
		[]string{"auto", "bar", "plain", "json", "none"}, cobra.ShellCompDirectiveNoFileComp))
}

// row is one download, or one other long job, on display.
type row struct {
	id       int    // of its task
	source   string // as the user wrote it
	snapshot func() torrent.Snapshot
	givers   func() int // peers that gave something; nil: it is no download
}

// board is what there is to show.
type board struct {
	rows     []row // on display
	total    int   // rows in all, also those to come
	complete int   // of total; not on display any more
	failed   int   // of total; not on display any more
	bytes    int64 // of those that are complete
	begun    time.Time
}

// printer shows rows. It is called by one goroutine at a time.
type printer interface {
	// period is the time between two calls of tick; 0: tick is not wanted.
	period() time.Duration
	// tick shows how things stand; there is a row at least.
	tick(t board)
	// finished shows how one row ended; err is nil when it is complete.
	finished(r row, err error)
	// close leaves the screen tidy, and says how several rows ended.
	close(t board)
}

// newPrinter chooses the printer and tells the console what may be printed
// beside it.
func newPrinter(s *streams, o progressOptions) printer {
	mode := o.mode
	if o.quiet {
		mode = progressNone
	}
	if mode == progressAuto {
		mode = progressPlain
		if term, _ := s.getenv("TERM"); s.errTTY() && term != "dumb" {
			mode = progressBar
		}
	}
	s.console.set(o.quiet, mode == progressJSON)
	switch mode {
	case progressBar:
		return &barPrinter{s: s}
	case progressJSON:
		return &jsonPrinter{s: s}
	case progressPlain:
		return &plainPrinter{s: s}
	}
	return nonePrinter{}
}

// nonePrinter shows nothing.
type nonePrinter struct{}

func (nonePrinter) period() time.Duration { return 0 }
func (nonePrinter) tick(board)            {}
func (nonePrinter) finished(row, error)   {}
func (nonePrinter) close(board)           {}

// updater feeds a printer from a ticker of its own.
type updater struct {
	p     printer
	quit  chan struct{}
	ended sync.WaitGroup

	mu sync.Mutex // held while the printer is called
	t  board      // guarded by mu
}

// startUpdater begins to show a command that has total rows to come.
func startUpdater(p printer, total int) *updater {
	u := &updater{p: p, quit: make(chan struct{}), t: board{total: total, begun: time.Now()}}
	if d := p.period(); d > 0 {
		u.ended.Go(func() { u.run(d) })
	}
	return u
}

func (u *updater) run(d time.Duration) {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			u.tick()
		case <-u.quit:
			return
		}
	}
}

func (u *updater) tick() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.t.rows) > 0 {
		u.p.tick(u.t)
	}
}

// add puts a row on display.
func (u *updater) add(r row) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.t.rows = append(u.t.rows, r)
}

// remove takes the row of a task off the display, for another to come.
func (u *updater) remove(id int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if i := u.find(id); i >= 0 {
		u.t.rows = slices.Delete(u.t.rows, i, i+1)
	}
}

// finished says how the download of a task ended. Its row stays: it may seed.
func (u *updater) finished(id int, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if i := u.find(id); i >= 0 {
		u.p.finished(u.t.rows[i], err)
	}
}

// over says that a task has ended, which is called once for each; its row, if
// it had one, goes off the display.
func (u *updater) over(id int, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	i := u.find(id)
	var sig interrupted
	switch {
	case errors.As(err, &sig): // neither
	case err != nil:
		u.t.failed++
	case i >= 0:
		u.t.complete++
		u.t.bytes += u.t.rows[i].snapshot().Wanted
	}
	if i >= 0 {
		u.t.rows = slices.Delete(u.t.rows, i, i+1)
	}
}

// find is the place of a row, or -1. The caller holds the lock.
func (u *updater) find(id int) int {
	return slices.IndexFunc(u.t.rows, func(r row) bool { return r.id == id })
}

// stop ends the display and waits for it.
func (u *updater) stop() {
	close(u.quit)
	u.ended.Wait()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.p.close(u.t)
}
