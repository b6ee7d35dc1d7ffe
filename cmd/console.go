package cmd

import (
	"io"
	"strings"
	"sync"
	"time"

	"gotor/cmd/record"
	"gotor/cmd/term"
)

// console is standard error: lines of talk and, on a terminal, one status line
// below them. All methods may be called from any goroutine.
type console struct {
	w io.Writer // immutable

	mu     sync.Mutex
	quiet  bool             // no warnings and notes, only errors
	json   bool             // every line is an event
	now    func() time.Time // for the events
	status int              // columns of the status line on the screen; 0: none
}

func newConsole(w io.Writer) *console { return &console{w: w, now: time.Now} }

// error prints what went wrong. URLs in it lose their secrets.
func (c *console) error(err error) { c.say("error", err.Error(), record.CodeOf(err)) }

// warn prints what the user should know although it is not an error.
func (c *console) warn(text string) { c.say("warning", text, 0) }

// note prints how something ended or goes on.
func (c *console) note(text string) { c.say("note", text, 0) }

// tell prints a line that belongs to an error, so quiet does not hide it.
func (c *console) tell(text string) { c.say("detail", text, 0) }

// say prints one line, or one event. Every text that is not ours by the letter
// comes through here and is made safe.
func (c *console) say(kind, text string, code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.quiet && (kind == "warning" || kind == "note") {
		return
	}
	if c.json {
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

// event prints one JSON line.
func (c *console) event(v any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(v)
}

// write is event with the lock held. A failed write to stderr has nobody to be
// told to.
func (c *console) write(v any) {
	if line, err := record.Line(v); err == nil {
		c.w.Write(line)
	}
}

// trace prints what has happened to a torrent.
func (c *console) trace(e record.Trace) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.json {
		c.write(e)
		return
	}
	io.WriteString(c.w, c.wipe()+traceLine(&e)+"\n")
}

// pass writes what a program of the user's prints.
func (c *console) pass(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.json {
		c.write(record.NewHook(strings.TrimRight(string(p), "\n"), c.now()))
		return len(p), nil
	}
	io.WriteString(c.w, c.wipe())
	return c.w.Write(p)
}

// draw shows line as the status line in place of the last one. It must be safe
// and fit into the terminal's width.
func (c *console) draw(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := term.Columns(line)
	io.WriteString(c.w, "\r"+line+strings.Repeat(" ", max(0, c.status-n)))
	c.status = max(n, 1)
}

// wipe is the text that removes the status line. The caller holds the lock and
// writes it.
func (c *console) wipe() string {
	if c.status == 0 {
		return ""
	}
	n := c.status
	c.status = 0
	return "\r" + strings.Repeat(" ", n) + "\r"
}

// clear removes the status line.
func (c *console) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	io.WriteString(c.w, c.wipe())
}

// set chooses what is printed, once the flags are known.
func (c *console) set(quiet, json bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quiet, c.json = quiet, json
}
