package ui

import (
	"slices"
	"sync"
	"time"

	"gotor/torrent"
)

// Row is one download, or one other long job, on display. Its functions are called
// from the display's goroutine, and must not wait.
type Row struct {
	ID       int    // of its task; no two on display have the same
	Source   string // as the user wrote it, with its secrets
	Snapshot func() torrent.Snapshot
	Givers   func() int // peers that gave something; nil: it is no download
}

// board is what there is to show.
type board struct {
	rows     []Row // on display
	total    int   // rows in all, also those to come
	complete int   // of total; not on display any more
	failed   int   // of total; not on display any more
	bytes    int64 // of those that are complete
	begun    time.Time
}

// Printer shows rows in one of the ways of [Mode]. It belongs to a [Display], which
// calls it from one goroutine at a time.
type Printer interface {
	// period is the time between two calls of tick; 0: tick is not wanted.
	period() time.Duration
	// tick shows how things stand; there is a row at least.
	tick(t board)
	// finished shows how one row ended; err is nil when it is complete.
	finished(r Row, err error)
	// close leaves the screen tidy, and says how several rows ended.
	close(t board)
}

// Screen is where a person looks: the console, and what is known of the device
// behind it.
type Screen struct {
	Console *Console
	Width   func() int       // columns of the device
	Redraws func() bool      // whether it is a terminal on which a line can be drawn anew
	Now     func() time.Time // the clock of events, and of what is not said too often
}

// NewPrinter chooses the printer and tells the console what may be printed beside
// it; quiet is nothing but errors, whatever the mode.
func NewPrinter(sc *Screen, mode Mode, quiet bool) Printer {
	if quiet {
		mode = ModeNone
	}
	if mode == ModeAuto {
		mode = ModePlain
		if sc.Redraws() {
			mode = ModeBar
		}
	}
	switch {
	case quiet:
		sc.Console.set(talkErrors)
	case mode == ModeJSON:
		sc.Console.set(talkEvents)
	default:
		sc.Console.set(talkAll)
	}
	switch mode {
	case ModeBar:
		return &barPrinter{s: sc}
	case ModeJSON:
		return &jsonPrinter{s: sc}
	case ModePlain:
		return &plainPrinter{s: sc}
	}
	return nonePrinter{}
}

// nonePrinter shows nothing.
type nonePrinter struct{}

func (nonePrinter) period() time.Duration { return 0 }
func (nonePrinter) tick(board)            {}
func (nonePrinter) finished(Row, error)   {}
func (nonePrinter) close(board)           {}

// Display feeds a printer from a ticker of its own, in a goroutine that begins with
// [StartDisplay] and ends with Stop. All methods may be called from any goroutine.
type Display struct {
	p     Printer
	quit  chan struct{}
	ended sync.WaitGroup

	mu sync.Mutex // held while the printer is called
	t  board      // guarded by mu
}

// StartDisplay begins to show a command that has total rows to come.
func StartDisplay(p Printer, total int) *Display {
	u := &Display{p: p, quit: make(chan struct{}), t: board{total: total, begun: time.Now()}}
	if d := p.period(); d > 0 { // nothing to show costs no goroutine
		u.ended.Go(func() { u.run(d) })
	}
	return u
}

func (u *Display) run(d time.Duration) {
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

func (u *Display) tick() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.t.rows) > 0 {
		u.p.tick(u.t)
	}
}

// Add puts a row on display.
func (u *Display) Add(r Row) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.t.rows = append(u.t.rows, r)
}

// Remove takes the row of a task off the display, for another to come.
func (u *Display) Remove(id int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if i := u.find(id); i >= 0 {
		u.t.rows = slices.Delete(u.t.rows, i, i+1)
	}
}

// Finished says how the download of a task ended. Its row stays: it may seed.
func (u *Display) Finished(id int, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if i := u.find(id); i >= 0 {
		u.p.finished(u.t.rows[i], err)
	}
}

// Ending is how a task ended.
type Ending uint8

// The ways to end.
const (
	EndedWell Ending = iota
	EndedBadly
	EndedEarly // somebody stopped it: it is neither complete nor failed
)

// Over says that a task has ended, which is called once for each; its row, if
// it had one, goes off the display.
func (u *Display) Over(id int, how Ending) {
	u.mu.Lock()
	defer u.mu.Unlock()
	i := u.find(id)
	switch {
	case how == EndedEarly:
	case how == EndedBadly:
		u.t.failed++
	case i >= 0:
		u.t.complete++
		u.t.bytes += u.t.rows[i].Snapshot().Wanted
	}
	if i >= 0 {
		u.t.rows = slices.Delete(u.t.rows, i, i+1)
	}
}

// find is the place of a row, or -1. The caller holds the lock.
func (u *Display) find(id int) int {
	return slices.IndexFunc(u.t.rows, func(r Row) bool { return r.ID == id })
}

// Stop ends the display, waits for its goroutine, and leaves the screen tidy. It is
// called once.
func (u *Display) Stop() {
	// First the ticker, so that nothing is drawn after the screen was left tidy.
	close(u.quit)
	u.ended.Wait()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.p.close(u.t)
}
