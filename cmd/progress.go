package cmd

import (
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
	source   string // as the user wrote it
	snapshot func() torrent.Snapshot
}

// printer shows rows. It is called by one goroutine at a time.
type printer interface {
	// period is the time between two calls of tick; 0: tick is not wanted.
	period() time.Duration
	// tick shows how things stand. done of total rows have ended and are not
	// among rows any more.
	tick(rows []row, done, total int)
	// finished shows how one row ended; err is nil when it is complete.
	finished(r row, err error)
	// close leaves the screen tidy.
	close()
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
func (nonePrinter) tick([]row, int, int)  {}
func (nonePrinter) finished(row, error)   {}
func (nonePrinter) close()                {}

// updater feeds a printer from a ticker of its own.
type updater struct {
	p     printer
	total int
	quit  chan struct{}
	ended sync.WaitGroup

	mu   sync.Mutex // held while the printer is called
	rows []row
	done int
}

// startUpdater begins to show a command that has total rows to come.
func startUpdater(p printer, total int) *updater {
	u := &updater{p: p, total: total, quit: make(chan struct{})}
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
	if len(u.rows) > 0 {
		u.p.tick(u.rows, u.done, u.total)
	}
}

// add puts a row on display.
func (u *updater) add(r row) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.rows = append(u.rows, r)
}

// finished says how the download of a source ended. Its row stays: it may seed.
func (u *updater) finished(source string, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if i := u.find(source); i >= 0 {
		u.p.finished(u.rows[i], err)
	}
}

// remove takes the row of a source off the display.
func (u *updater) remove(source string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if i := u.find(source); i >= 0 {
		u.rows = append(u.rows[:i:i], u.rows[i+1:]...)
		u.done++
	}
}

func (u *updater) find(source string) int {
	return slices.IndexFunc(u.rows, func(r row) bool { return r.source == source })
}

// stop ends the display and waits for it.
func (u *updater) stop() {
	close(u.quit)
	u.ended.Wait()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.p.close()
}
