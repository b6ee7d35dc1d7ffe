package ui

import (
	"testing"

	"gotor/cmd/record"
)

func TestClip(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"short", 10, "short"},
		{"exactly10!", 10, "exactly10!"},
		{"longer than that", 10, "longer ..."},
		{"日本語日本語", 8, "日本..."},
		{"anything", 3, ""},
		{"", 0, ""},
	} {
		if got := Clip(c.in, c.n); got != c.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

// What is clipped fits, and clipping makes nothing unsafe.
func FuzzClip(f *testing.F) {
	for _, s := range []string{"", "a\x1b[2J", "\u202e", "\xff\xfe", "日本語日本語日本語日本語", "x\U000e0001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := Clip(record.Safe(s), 20)
		if w := Columns(out); w > 20 {
			t.Fatalf("Clip(%q, 20) takes %d columns", s, w)
		}
		if record.Safe(out) != out {
			t.Fatalf("Clip(%q, 20) is not safe any more: %q", s, out)
		}
	})
}
