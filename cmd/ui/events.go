package ui

import (
	"time"

	"gotor/cmd/record"
)

// jsonPeriod is the time between two progress events of a download.
const jsonPeriod = time.Second

// jsonPrinter writes one event per row and second.
type jsonPrinter struct{ s *Screen }

func (p *jsonPrinter) period() time.Duration { return jsonPeriod }
func (p *jsonPrinter) close(board)           {}

func (p *jsonPrinter) tick(t board) {
	for _, r := range t.rows {
		p.show(r)
	}
}

// Finished shows the last state, which no tick may have seen.
func (p *jsonPrinter) finished(r Row, _ error) { p.show(r) }

func (p *jsonPrinter) show(r Row) {
	sn := r.Snapshot()
	p.s.Console.Event(record.NewProgress(r.Source, &sn, p.s.Now()))
}
