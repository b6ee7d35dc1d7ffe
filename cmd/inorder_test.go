package cmd

import (
	"errors"
	"strings"
	"testing"
)

// Links come out in the order of the arguments, whoever is ready first.
func TestInOrder(t *testing.T) {
	var b strings.Builder
	q := newInOrder(&b)
	for _, c := range []struct {
		number     int
		text, want string
	}{{2, "c", ""}, {1, "", ""}, {2, "", ""}, {0, "a", "ac"}, {0, "again", "ac"}, {3, "d", "acd"}, {3, "", "acd"}} {
		if err := q.put(c.number, c.text); err != nil || b.String() != c.want {
			t.Errorf("after %d %q: %q, %v; want %q", c.number, c.text, b.String(), err, c.want)
		}
	}
	if err := newInOrder(goneReader{}).put(0, "a"); !errors.Is(err, errStdoutGone) {
		t.Errorf("nobody reads: %v", err)
	}
}

// goneReader is stdout whose reader has gone.
type goneReader struct{}

func (goneReader) Write([]byte) (int, error) { return 0, errStdoutGone }
