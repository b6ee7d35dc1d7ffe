package webseed

import (
	"testing"
	"time"
)

func TestContentRange(t *testing.T) {
	for _, c := range []struct {
		in                string
		first, last, size int64
		ok                bool
	}{
		{"bytes 0-4/5", 0, 4, 5, true},
		{"bytes 3-3/*", 3, 3, -1, true},
		{"BYTES 1-2/10", 1, 2, 10, true},
		{"bytes 0-5/5", 0, 0, 0, false},
		{"bytes 4-3/9", 0, 0, 0, false},
		{"bytes -1-3/9", 0, 0, 0, false},
		{"bytes +1-3/9", 0, 0, 0, false},
		{"bytes 0-18446744073709551615/*", 0, 0, 0, false},
		{"bytes */5", 0, 0, 0, false},
		{"items 0-4/5", 0, 0, 0, false},
		{"bytes 0-4", 0, 4, -1, true},
		{"bytes 0-4/ 5", 0, 4, 5, true},
		{"bytes  0 - 4 / 5 ", 0, 4, 5, true},
		{"bytes=0-4/5", 0, 4, 5, true},
		{"bytes: 0-4/5", 0, 4, 5, true},
		{"bytes0-4/5", 0, 0, 0, false},
		{"bytes 0-4/", 0, 0, 0, false},
		{"bytes 4", 0, 0, 0, false},
		{"", 0, 0, 0, false},
	} {
		first, last, size, ok := parseContentRange(c.in)
		if ok != c.ok || ok && (first != c.first || last != c.last || size != c.size) {
			t.Errorf("%q: %d-%d/%d, %v", c.in, first, last, size, ok)
		}
	}
}

func FuzzContentRange(f *testing.F) {
	f.Add("bytes 0-4/5")
	f.Add("bytes */*")
	f.Fuzz(func(t *testing.T, s string) {
		first, last, size, ok := parseContentRange(s)
		if ok && (first < 0 || last < first || size >= 0 && last >= size) {
			t.Errorf("%q: %d-%d/%d", s, first, last, size)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for in, want := range map[string]time.Duration{
		"":                              0,
		"soon":                          0,
		"-5":                            0,
		"0":                             minRetry,
		"90":                            90 * time.Second,
		"99999999999":                   0,
		"2000000000":                    maxRetry,
		"Fri, 02 Jan 2026 03:05:05 GMT": time.Minute,
		"Fri, 02 Jan 2015 03:05:05 GMT": minRetry,
		"Fri, 02 Jan 2099 03:05:05 GMT": maxRetry,
	} {
		if got := retryAfter(in, now); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}

// Whatever a server says, it is asked again after a time that makes sense, or the
// client decides.
func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "0", "90", "-5", "+5", "1e9", "4294967296", "Fri, 02 Jan 2026 03:05:05 GMT", "Friday, 02-Jan-26 03:05:05 GMT",
		"Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"} {
		f.Add(s, int64(1_800_000_000))
	}
	f.Fuzz(func(t *testing.T, s string, now int64) {
		if d := retryAfter(s, time.Unix(now, 0)); d != 0 && (d < minRetry || d > maxRetry) {
			t.Errorf("%q: %v", s, d)
		}
	})
}
