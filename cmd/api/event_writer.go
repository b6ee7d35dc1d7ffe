package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"gotor/cmd/record"
)

// eventWriter writes server-sent events (WHATWG HTML, section 9.2). What it is given
// is sent with flush, or before when much has come together. After an error it
// takes everything and sends nothing.
type eventWriter struct {
	to   *steady
	buf  []byte
	err  error
	last time.Time // when something was sent
}

// eventBuffer is how much is gathered before it is sent.
const eventBuffer = 32 << 10

func newEventWriter(w http.ResponseWriter) *eventWriter {
	return &eventWriter{to: newSteady(w), last: time.Now()}
}

// event adds an event; id 0 is none. data is JSON without line ends. Runes in it that a
// terminal would act upon are escaped.
func (e *eventWriter) event(name string, id uint64, data []byte) {
	e.buf = append(append(e.buf, "event: "...), name...)
	if id != 0 {
		e.buf = strconv.AppendUint(append(e.buf, "\nid: "...), id, 10)
	}
	e.buf = record.EscapeJSON(append(e.buf, "\ndata: "...), data)
	e.buf = append(e.buf, "\n\n"...)
	if len(e.buf) >= eventBuffer {
		e.send()
	}
}

// value adds an event with a value as its data.
func (e *eventWriter) value(name string, id uint64, v any) {
	data, err := json.Marshal(v)
	if err != nil && e.err == nil {
		e.err = err
	}
	e.event(name, id, data)
}

// retry tells the reader when to come back after the connection has ended.
func (e *eventWriter) retry(after time.Duration) {
	e.buf = strconv.AppendInt(append(e.buf, "retry: "...), after.Milliseconds(), 10)
	e.buf = append(e.buf, "\n\n"...)
}

// comment keeps alive what lies between us and the reader.
func (e *eventWriter) comment() { e.buf = append(e.buf, ":\n\n"...) }

func (e *eventWriter) send() {
	if e.err == nil && len(e.buf) > 0 {
		_, e.err = e.to.Write(e.buf)
		e.last = time.Now()
	}
	e.buf = e.buf[:0]
	if cap(e.buf) > 4*eventBuffer { // one large event is no reason to keep so much for each stream
		e.buf = nil
	}
}

// flush sends what was added.
func (e *eventWriter) flush() error {
	if len(e.buf) == 0 && e.err == nil {
		return nil
	}
	e.send()
	if e.err == nil {
		e.err = e.to.Flush()
	}
	return e.err
}
