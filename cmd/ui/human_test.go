package ui

import (
	"math"
	"os"
	"testing"
	"time"
)

func TestBytes(t *testing.T) {
	for _, c := range []struct {
		n    int64
		want string
	}{
		{0, "0 B"}, {1, "1 B"}, {1023, "1023 B"}, {1024, "1.0 KiB"}, {1536, "1.5 KiB"},
		{1<<20 - 1, "1.0 MiB"}, {1 << 20, "1.0 MiB"}, {5 << 30, "5.0 GiB"},
		{math.MaxInt64, "8.0 EiB"}, {-2048, "-2.0 KiB"},
	} {
		if got := Bytes(c.n); got != c.want {
			t.Errorf("Bytes(%d) = %q, want %q", c.n, got, c.want)
		}
	}
	if got := Rate(1 << 20); got != "1.0 MiB/s" {
		t.Errorf("Rate(1 MiB) = %q", got)
	}
}

func TestDuration(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{0, "0s"}, {-time.Second, "0s"}, {20 * time.Millisecond, "20ms"}, {1990 * time.Millisecond, "1.9s"},
		{42 * time.Second, "42s"}, {90 * time.Second, "1m30s"}, {2*time.Hour + 5*time.Minute, "2h05m"},
		{76 * time.Hour, "3d04h"},
	} {
		if got := Duration(c.d); got != c.want {
			t.Errorf("Duration(%v) = %q, want %q", c.d, got, c.want)
		}
	}
}

func TestParseRate(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int64
	}{
		{"0", 0}, {"0Mbit", 0}, {"1", 1}, {"500K", 500 << 10}, {"1.5M", 3 << 19}, {"2MB", 2_000_000}, {"1MiB/s", 1 << 20}, {"1 MB/s", 1_000_000},
		{"10Mbit", 1_250_000}, {"10mbit/s", 1_250_000}, {"800kbit", 100_000}, {"8bit", 1}, {"1bit", 1}, {"0.3", 1}, {"1Gbit", 125_000_000}, {"8Kibit", 1024}, {"1 Mibit", 131_072},
	} {
		if got, err := ParseRate(c.in); err != nil || got != c.want {
			t.Errorf("ParseRate(%q) = %d, %v; want %d", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{"", "bit", "Mbit", "x", "-1", "10Mbps", "10Mb", "10kb/s", "10MBit/min", "1bbit", "1e400", "9999999999999999999Gbit"} {
		if got, err := ParseRate(in); err == nil {
			t.Errorf("ParseRate(%q) = %d, want an error", in, got)
		}
	}
}

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int64
	}{
		{"0", 0}, {"65536", 65536}, {"1k", 1024}, {"64MiB", 64 << 20}, {"64 mib", 64 << 20}, {"1.5G", 3 << 29},
		{"2GB", 2e9}, {"10kB", 10000}, {"7B", 7}, {"1t", 1 << 40}, {".5K", 512}, {"4096P", 1 << 62},
	} {
		if got, err := ParseSize(c.in); err != nil || got != c.want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{"", "x", "-1", "+1", "1e3", "0x10", "1_000", "1.2.3", "M", "10Q", "10Mi", "8E", "99999999999999999999", "inf", "nan", "."} {
		if got, err := ParseSize(in); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", in, got)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for _, c := range []struct {
		in   string
		want time.Duration
	}{
		{"0", 0}, {"90", 90 * time.Second}, {"1.5", 1500 * time.Millisecond}, {"90s", 90 * time.Second}, {"5m", 5 * time.Minute},
		{"1h30m", 90 * time.Minute}, {"2d", 48 * time.Hour}, {"250ms", 250 * time.Millisecond}, {" 1H ", time.Hour},
	} {
		if got, err := ParseDuration(c.in); err != nil || got != c.want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{"", "-1", "-5s", "s", "5 m 3", "5x", "1e3", "9999999999999", "1h30", "."} {
		if got, err := ParseDuration(in); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", in, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1.5G", "64MiB", "1h30m", "250ms", "..", "9e9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := ParseSize(s); err == nil && n < 0 {
			t.Fatalf("ParseSize(%q) = %d", s, n)
		}
		if d, err := ParseDuration(s); err == nil && d < 0 {
			t.Fatalf("ParseDuration(%q) = %v", s, d)
		}
	})
}

func TestNotATerminal(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/x")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if IsTerminal(f) || IsTerminal(nil) {
		t.Error("a file is no terminal")
	}
	if Width(f) != 80 || Width(nil) != 80 {
		t.Error("without a terminal the width is 80")
	}
}
