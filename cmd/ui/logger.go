package ui

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"gotor/cmd/record"
)

// maxLogged is how many lines may wait to be printed. More are left out: whoever does
// not read our log must not stop the daemon.
const maxLogged = 1024

// Logger prints the log of a daemon, in a goroutine of its own.
type Logger struct {
	c      *Console
	level  string // and graver ones
	system bool   // for the journal: a mark for the level, and no time

	queue chan record.Log
	lost  atomic.Int64 // lines left out since the last one that was printed
	quit  chan struct{}
	ended sync.WaitGroup
}

// StartLogger begins to print lines of a level (error, warn, info, debug) and graver
// ones. system: systemd's journal reads them.
func StartLogger(c *Console, level string, system bool) *Logger {
	l := &Logger{c: c, level: level, system: system, queue: make(chan record.Log, maxLogged), quit: make(chan struct{})}
	l.ended.Go(l.run)
	return l
}

// Add takes a line from any goroutine. It never waits.
func (l *Logger) Add(line record.Log) {
	if severity(line.Level) > severity(l.level) {
		return
	}
	select {
	case l.queue <- line:
	default:
		l.lost.Add(1)
	}
}

// Stop prints what was told until now, and ends.
func (l *Logger) Stop() {
	close(l.quit)
	l.ended.Wait()
}

func (l *Logger) run() {
	for {
		select {
		case line := <-l.queue:
			l.show(line)
			continue
		case <-l.quit:
		}
		for len(l.queue) > 0 {
			l.show(<-l.queue)
		}
		return
	}
}

// show prints a line, and before it how many are missing.
func (l *Logger) show(line record.Log) {
	if n := l.lost.Swap(0); n > 0 {
		l.c.log(l.text(record.Log{Time: line.Time, Level: "warn", Text: fmt.Sprintf("%d lines are missing here", n)}))
	}
	l.c.log(l.text(line))
}

// text is a line as it is printed.
func (l *Logger) text(line record.Log) string {
	text := record.Redact(line.Text)
	if l.system {
		return fmt.Sprintf("<%d>%s", severity(line.Level), text)
	}
	return fmt.Sprintf("%s %-5s %s", line.Time.Local().Format(time.DateTime), line.Level, text)
}

// severity is that of syslog (RFC 5424, 6.2.1).
func severity(level string) int {
	switch level {
	case "error":
		return 3
	case "warn":
		return 4
	case "info":
		return 6
	}
	return 7
}

// log prints a line that is safe.
func (c *Console) log(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	io.WriteString(c.w, c.wipe()+line+"\n")
}
