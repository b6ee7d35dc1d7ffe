package daemon

import (
	"strings"
	"testing"

	"gotor/cmd/record"
)

// Of the log the last lines are kept, none is longer than it may be, and whoever waits
// is told of a new one.
func TestLogbook(t *testing.T) {
	var told []record.Log
	l := newLogbook(func(line record.Log) { told = append(told, line) })
	_, next := l.read(0, levelDebug, 0)
	l.write(levelInfo, "", "%s", strings.Repeat("é", maxLine))
	select {
	case <-next:
	default:
		t.Error("nobody is told of a line")
	}
	if n := len(told[0].Text); n > maxLine || n < maxLine-1 {
		t.Errorf("a line of %d bytes", n)
	}
	for range keptLines {
		l.write(levelInfo, "", "x")
	}
	l.write(levelWarn, "id", "last")
	lines, _ := l.read(0, levelDebug, 0)
	if first, last := lines[0], lines[len(lines)-1]; len(lines) != keptLines || first.Seq != 3 || last.Seq != keptLines+2 || last.Text != "last" {
		t.Errorf("%d lines, from %+v to %+v", len(lines), first, last)
	}
	if grave, _ := l.read(0, levelWarn, 0); len(grave) != 1 || grave[0].ID != "id" {
		t.Errorf("warnings %+v", grave)
	}
	if some, _ := l.read(5, levelInfo, 2); len(some) != 2 || some[0].Seq != 6 {
		t.Errorf("two lines after 5: %+v", some)
	}
}
