package daemon

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"gotor/cmd/record"
)

// keptLines is how many lines of the log can be read back, and maxLine how long one
// may be, in bytes: much of a line may come from strangers.
const (
	keptLines = 10_000
	maxLine   = 2000
)

// The levels of lines.
const (
	levelError = "error"
	levelWarn  = "warn"
	levelInfo  = "info"
	levelDebug = "debug"
)

// logbook is the log: the last lines, and whoever prints them. Its methods may be
// called from any goroutine.
type logbook struct {
	tell func(record.Log) // prints a line; nil: nobody does

	mu    sync.Mutex
	lines []record.Log // a ring: that with number s is at s % keptLines
	last  uint64       // number of the newest; they count from 1
	next  chan struct{}
}

func newLogbook(tell func(record.Log)) *logbook {
	return &logbook{tell: tell, next: make(chan struct{})}
}

// write adds a line about a torrent, or about none. URLs lose their secrets.
func (l *logbook) write(level, id, format string, args ...any) {
	text := record.Redact(fmt.Sprintf(format, args...))
	line := record.Log{Time: time.Now().UTC(), Level: level, ID: id, Text: strings.ToValidUTF8(text[:min(len(text), maxLine)], "")}
	l.mu.Lock()
	l.last++
	line.Seq = l.last
	if len(l.lines) < keptLines {
		l.lines = append(l.lines, line)
	} else {
		l.lines[(l.last-1)%keptLines] = line
	}
	close(l.next)
	l.next = make(chan struct{})
	l.mu.Unlock()
	if l.tell != nil {
		l.tell(line)
	}
}

// read returns at most so many lines with greater numbers, the oldest first, that
// are of a level or graver.
func (l *logbook) read(since uint64, level string, limit int) ([]record.Log, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := max(since+1, l.last-uint64(len(l.lines))+1)
	var out []record.Log
	for s := first; s <= l.last && (limit <= 0 || len(out) < limit); s++ {
		if line := l.lines[(s-1)%keptLines]; gravity(line.Level) >= gravity(level) {
			out = append(out, line)
		}
	}
	return out, l.next
}

// gravity orders levels; what is none is as the least grave.
func gravity(level string) int {
	return slices.Index([]string{levelDebug, levelInfo, levelWarn, levelError}, level)
}
