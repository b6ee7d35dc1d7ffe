package ui

import (
	"fmt"
	"time"

	"gotor/torrent"
)

// plainPeriod is the time between two lines of plain progress: often enough to
// see that something moves, seldom enough for the log of a CI job. Between them,
// every plainLook, a line comes only when a download waits for another reason
// than it said last.
const (
	plainPeriod = 10 * time.Second
	plainLook   = time.Second
)

// whyLasts is how many looks a new reason must last before it is told out of
// turn. It doubles each time, up to a period, so that reasons that come and go
// do not fill the log.
const whyLasts = 3

// plainPrinter writes lines without escape codes.
type plainPrinter struct {
	s     *Screen
	seeds seedLog
	looks int
	why   map[int]*toldWhy // by row, of those that were on display at the last turn
	many  map[int]toldRow  // the same, while there are more than plainRows
}

// toldRow is what a row among many was last said to do.
type toldRow struct {
	does string // see doing
	turn int    // when
}

// toldWhy is what was said of the reasons why a row waits.
type toldWhy struct {
	told, seen string // see reasons
	since      int    // the look that saw it first
	lasts      int    // see whyLasts
}

func (p *plainPrinter) period() time.Duration { return plainLook }

// plainRows is how many rows get a line each, every period. Of more there is a line
// for all, and one for each that does something else than before, or of which
// nothing was said for plainMany periods: the log would be full of them.
const (
	plainRows = 4 // as many as get downloads at a time by default
	plainMany = 6
)

func (p *plainPrinter) tick(t board) {
	p.looks++
	turn := p.looks%int(plainPeriod/plainLook) == 0
	if len(t.rows) > plainRows {
		if turn {
			p.sum(t)
			p.changed(t)
		}
		return
	}
	p.many = nil
	still := make(map[int]*toldWhy, len(t.rows))
	for _, r := range t.rows {
		sn := r.Snapshot()
		w := p.why[r.ID]
		if w == nil {
			w = &toldWhy{lasts: whyLasts}
		}
		still[r.ID] = w
		if w.news(reasons(&sn), p.looks, turn) || turn && p.seeds.due(r.ID, &sn, p.s.Now()) {
			p.s.Console.Note(sn.Name + ": " + statusText(&sn))
		}
	}
	p.why = still
}

// changed prints a line for each of many rows of which there is something to say.
func (p *plainPrinter) changed(t board) {
	turn := p.looks / int(plainPeriod/plainLook)
	said := make(map[int]toldRow, len(t.rows))
	for _, r := range t.rows {
		sn := r.Snapshot()
		last, known := p.many[r.ID]
		does, seeds := doing(&sn), sn.State == torrent.StateSeeding
		switch {
		case known && does == last.does && (seeds || turn-last.turn < plainMany):
			said[r.ID] = last
			continue
		case known || !seeds: // that it seeds was said when it began to
			p.s.Console.Note(sn.Name + ": " + statusText(&sn))
		}
		said[r.ID] = toldRow{does, turn}
	}
	p.many = said
}

// doing is what a download does, without numbers.
func doing(sn *torrent.Snapshot) string {
	if waiting(sn) {
		return "waiting"
	}
	return string(sn.State)
}

// news is told the reasons at each look, and reports whether they are to be told
// now. In its turn they are told anyway.
func (w *toldWhy) news(now string, look int, turn bool) bool {
	if now != w.seen {
		w.seen, w.since = now, look
	}
	switch {
	case turn:
		if w.told = now; look-w.since >= int(plainPeriod/plainLook) {
			w.lasts = whyLasts
		}
	case now != "" && now != w.told && look-w.since >= w.lasts:
		w.told, w.lasts = now, min(2*w.lasts, int(plainPeriod/plainLook))
		return true
	}
	return false
}

// sum prints one line for all rows.
func (p *plainPrinter) sum(t board) {
	sn, guess := overall(t)
	text := statusText(&sn)
	if guess > 0 && sn.State == torrent.StateDownloading && !waiting(&sn) {
		text = fmt.Sprintf("%s, %s", Bytes(sn.Verified), transferText(&sn))
	}
	if p.seeds.due(sumRow, &sn, p.s.Now()) {
		p.s.Console.Note(sn.Name + ": " + text)
	}
}

func (p *plainPrinter) close(t board) { sayTotal(p.s.Console, t) }

func (p *plainPrinter) finished(r Row, err error) {
	if err == nil {
		sn := r.Snapshot()
		p.s.Console.Note(sn.Name + ": " + doneText(&sn, r.gave()))
	}
}
