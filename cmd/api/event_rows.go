package api

import (
	"encoding/json"
	"reflect"

	"gotor/cmd/record"
)

// toldRows is what one stream was told of the list: for each torrent the row that it
// saw last. Rows are shared by all streams and the session, so that it costs a
// pointer for each, and at most one old row for each where the reader is slow. There
// is no queue: what a reader missed is found by asking what has changed since.
type toldRows struct {
	differ   *differ[record.Torrent]
	rows     map[string]*record.Torrent
	counts   *record.Counts
	revision uint64 // up to which everything was told
}

// rowsPerEvent bounds an event, and with it the buffer of a stream: about 128 KiB.
const rowsPerEvent = 100

// begin starts after a revision at which the reader knows the list. known: it has
// the rows in full. Otherwise each is told in full when it first changes, so that
// what the reader knows of it does not matter.
func (t *toldRows) begin(s Session, revision uint64, known bool) {
	t.rows, t.revision = make(map[string]*record.Torrent), revision
	if !known {
		return
	}
	for _, row := range s.List().Torrents {
		if row.Revision <= revision {
			t.rows[row.ID] = row
		}
	}
}

// next are the events for what has changed, none if nothing has. false: too much has
// happened to say what went.
func (t *toldRows) next(s Session) (events []record.RowsEvent, ok bool) {
	d, ok := s.Since(t.revision)
	if !ok {
		return nil, false
	}
	t.revision = d.Revision
	var ev record.RowsEvent
	for _, id := range d.Removed {
		delete(t.rows, id)
	}
	ev.Removed = d.Removed
	if d.Counts != nil && (t.counts == nil || d.Counts != t.counts && !reflect.DeepEqual(d.Counts, t.counts)) {
		ev.Counts = d.Counts
	}
	t.counts = d.Counts
	for _, row := range d.Changed {
		if b, differs := t.differ.append(nil, t.rows[row.ID], row); differs {
			ev.Rows = append(ev.Rows, b)
		}
		t.rows[row.ID] = row
		if len(ev.Rows) == rowsPerEvent {
			events = append(events, withRevision(ev, d.Revision))
			ev = record.RowsEvent{}
		}
	}
	if len(ev.Rows)+len(ev.Removed) > 0 || ev.Counts != nil {
		events = append(events, withRevision(ev, d.Revision))
	}
	return events, true
}

// withRevision makes an event whole.
func withRevision(ev record.RowsEvent, revision uint64) record.RowsEvent {
	ev.Revision = revision
	if ev.Rows == nil {
		ev.Rows = []json.RawMessage{}
	}
	if ev.Removed == nil {
		ev.Removed = []string{}
	}
	return ev
}
