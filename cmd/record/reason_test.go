package record

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// The table is in order, and each code has a meaning of its own and a word.
func TestCodes(t *testing.T) {
	last := -1
	for _, c := range Codes() {
		if c.Code <= last {
			t.Errorf("%d stands after %d", c.Code, last)
		}
		last = c.Code
		if c.Text == "" || strings.HasSuffix(c.Text, ".") {
			t.Errorf("%d: text %q", c.Code, c.Text)
		}
	}
	if n := len(Codes()); n != 18 {
		t.Errorf("%d codes are explained, the interface has 18", n)
	}
}

// The words never change, for people count them.
func TestReason(t *testing.T) {
	for code, want := range map[int]string{
		0: "ok", 1: "other", 2: "usage", 3: "malformed", 4: "no_metadata", 5: "no_peers", 6: "stalled", 7: "timeout", 8: "mismatch",
		9: "no_space", 10: "file", 11: "fetch", 12: "locked", 13: "hook", 129: "interrupted", 130: "interrupted", 141: "pipe",
		143: "interrupted", 14: "other", -1: "other",
	} {
		if got := Reason(code); got != want {
			t.Errorf("Reason(%d) = %q, want %q", code, got, want)
		}
	}
}

// An error keeps its code however it is wrapped, and the outermost code counts.
func TestCoded(t *testing.T) {
	inner := Errorf(ExitFetch, "x: %w", errors.ErrUnsupported)
	outer := WithCode(ExitFile, fmt.Errorf("y: %w", inner))
	if got := CodeOf(fmt.Errorf("z: %w", outer)); got != ExitFile {
		t.Errorf("code %d", got)
	}
	if got := CodeOf(fmt.Errorf("z: %w", inner)); got != ExitFetch || !errors.Is(outer, errors.ErrUnsupported) {
		t.Errorf("code %d of %v", got, outer)
	}
}
