package ui

import (
	"io"
	"strings"
	"sync"
	"time"

	"gotor/cmd/record"
)

// Console is standard error: lines of talk and, on a terminal, one status line
// below them. All methods may be called from any goroutine.
type Console struct {
	w   io.Writer        // immutable
	now func() time.Time // immutable; for the events

	mu     sync.Mutex
	talk   talk
	status int // columns of the status line on the screen; 0: none
}

// talk is how much is said, and to whom.
type talk uint8

const (
	talkAll    talk = iota
	talkErrors      // no warnings and notes
	talkEvents      // every line is an event in JSON
)

// NewConsole makes a console that prints on w, which from now on nobody else writes
// to; now is the clock of events. A write that fails is nobody's loss: there is no
// other place to tell it.
func NewConsole(w io.Writer, now func() time.Time) *Console { return &Console{w: w, now: now} }

// Error prints what went wrong. URLs in it lose their secrets.
func (c *Console) Error(err error) { c.say("error", err.Error(), record.CodeOf(err)) }

// Warn prints what the user should know although it is not an error.
func (c *Console) Warn(text string) { c.say("warning", text, 0) }

// Note prints how something ended or goes on.
func (c *Console) Note(text string) { c.say("note", text, 0) }

// Tell prints a line that belongs to an error, so quiet does not hide it.
func (c *Console) Tell(text string) { c.say("detail", text, 0) }

// say prints one line, or one event. Every text that is not ours by the letter
// comes through here and is made safe.
func (c *Console) say(kind, text string, code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Details belong to an error, and stay with it.
	if c.talk == talkErrors && (kind == "warning" || kind == "note") {
		return
	}
	if c.talk == talkEvents {
		c.write(record.NewMessage(kind, text, code, c.now()))
		return
	}
	text = record.Redact(text)
	switch kind {
	case "error", "detail":
		text = "gotor: " + text
	case "warning":
		text = "gotor: warning: " + text
	}
	io.WriteString(c.w, c.wipe()+text+"\n")
}

// Event prints a record as one line of JSON, in one write.
func (c *Console) Event(v any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(v)
}

// write is Event with the lock held.
func (c *Console) write(v any) {
	if line, err := record.Line(v); err == nil {
		c.w.Write(line)
	}
}

// trace prints what has happened to a torrent.
func (c *Console) trace(e record.Trace) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.talk == talkEvents {
		c.write(e)
		return
	}
	io.WriteString(c.w, c.wipe()+traceLine(&e)+"\n")
}

// Pass writes what a program of the user's prints, as it is: raw bytes, or the text
// of an event.
func (c *Console) Pass(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.talk == talkEvents {
		c.write(record.NewHook(strings.TrimRight(string(p), "\n"), c.now()))
		return len(p), nil
	}
	io.WriteString(c.w, c.wipe())
	return c.w.Write(p)
}

// draw shows line as the status line in place of the last one. It must be safe
// and fit into the terminal's width.
func (c *Console) draw(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Written over, not erased first, which would flicker; and without escape codes, which
	// not every terminal knows.
	n := Columns(line)
	io.WriteString(c.w, "\r"+line+strings.Repeat(" ", max(0, c.status-n)))
	c.status = max(n, 1)
}

// wipe is the text that removes the status line. The caller holds the lock and
// writes it.
func (c *Console) wipe() string {
	if c.status == 0 {
		return ""
	}
	n := c.status
	c.status = 0
	return "\r" + strings.Repeat(" ", n) + "\r"
}

// Clear removes the status line.
func (c *Console) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	io.WriteString(c.w, c.wipe())
}

// set chooses what is printed, once the flags are known.
func (c *Console) set(t talk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.talk = t
}
