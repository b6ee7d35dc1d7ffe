package ui

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Bytes writes a number of bytes with binary units and at most four digits:
// "0 B", "1023 B", "1.5 MiB", "20.0 GiB".
func Bytes(n int64) string {
	if n < 1024 && n > -1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, i := float64(n), -1
	for i < 5 && math.Abs(v) >= 1023.95 {
		v /= 1024
		i++
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + " " + "KMGTPE"[i:i+1] + "iB"
}

// Rate writes bytes per second: "1.5 MiB/s".
func Rate(bytesPerSecond int64) string { return Bytes(bytesPerSecond) + "/s" }

// Duration writes a time span with its two largest units, rounded down: "42s",
// "1m30s", "2h05m", "3d04h". Below ten seconds one decimal is kept if it says
// something: "1.3s"; below one, milliseconds are written: "20ms".
func Duration(d time.Duration) string {
	d = max(d, 0)
	s := int64(d / time.Second)
	switch {
	case d == 0:
		return "0s"
	case s == 0:
		return fmt.Sprintf("%dms", d/time.Millisecond)
	case s < 10 && d%time.Second != 0:
		return strconv.FormatFloat(math.Floor(d.Seconds()*10)/10, 'f', 1, 64) + "s"
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%02dh", s/86400, s/3600%24)
}

var (
	errSize     = errors.New("not a size; write it like 65536, 64MiB or 1.5G")
	errRate     = errors.New("not a rate; write it like 500K, 1.5M (bytes per second) or 10Mbit")
	errDuration = errors.New("not a duration; write it like 90, 90s, 5m or 1h30m")
)

// ParseSize reads a number of bytes: digits, perhaps with a decimal point,
// followed by B, K, M, G, T, P (powers of 1024, also as KiB, MiB...) or kB, MB,
// GB... (powers of 1000). Case does not matter. The value must fit in an int64.
func ParseSize(s string) (int64, error) {
	num, unit := splitNumber(strings.TrimSpace(s))
	v, ok := parseNumber(num)
	if !ok {
		return 0, errSize
	}
	mul, ok := sizeUnit(strings.ToLower(strings.TrimSpace(unit)))
	if !ok {
		return 0, errSize
	}
	v *= mul
	if v >= math.MaxInt64 {
		return 0, errors.New("too large")
	}
	return int64(v), nil
}

// sizeUnit is the factor of a unit in lower case. As with dd, a bare letter and
// one with "ib" are powers of 1024, one with "b" powers of 1000.
func sizeUnit(u string) (float64, bool) {
	if u == "" || u == "b" {
		return 1, true
	}
	power := strings.IndexByte("kmgtpe", u[0]) + 1
	if power == 0 {
		return 0, false
	}
	switch u[1:] {
	case "", "ib":
		return math.Pow(1024, float64(power)), true
	case "b":
		return math.Pow(1000, float64(power)), true
	}
	return 0, false
}

// ParseRate reads a number of bytes per second: a size as ParseSize reads it, or a
// number of bits with the unit bit, kbit, Mbit, Gbit (powers of 1000) or Kibit,
// Mibit, Gibit (powers of 1024); "/s" may follow. Case does not matter, but 10Mb, of
// which nobody knows what it means, is refused. A rate that is not 0 is at least 1,
// because 0 means no limit.
func ParseRate(s string) (int64, error) {
	s = strings.TrimSpace(s)
	s = strings.TrimSpace(strings.TrimSuffix(s, "/s"))
	if strings.HasSuffix(s, "b") { // 10Mb: 10MB to some, 10Mbit to others, eight times less
		return 0, errRate
	}
	s = strings.ToLower(s)
	size, bits := strings.CutSuffix(s, "bit")
	num, unit := splitNumber(size)
	v, ok := parseNumber(num)
	if !ok {
		return 0, errRate
	}
	unit = strings.TrimSpace(unit)
	if bits && len(unit) > 0 { // M is 10^6 bits, Mi 2^20
		unit += "b"
	}
	mul, ok := sizeUnit(unit)
	if !ok {
		return 0, errRate
	}
	if v *= mul; bits {
		v /= 8
	}
	switch {
	case v >= math.MaxInt64:
		return 0, errors.New("too large")
	case v > 0:
		return max(1, int64(v)), nil
	}
	return 0, nil
}

// ParseDuration reads a time span: a plain number is seconds; otherwise numbers
// with the units ms, s, m, h and d, from the largest to the smallest or not.
// "0" is zero. Negative spans are refused; the largest is about 290 years.
func ParseDuration(s string) (time.Duration, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if v, ok := parseNumber(s); ok {
		return seconds(v)
	}
	if s == "" {
		return 0, errDuration
	}
	total := 0.0
	for s != "" {
		num, rest := splitNumber(s)
		n := strings.IndexAny(rest, ".0123456789")
		if n < 0 {
			n = len(rest)
		}
		v, ok := parseNumber(num)
		mul := durationUnit(rest[:n])
		if !ok || mul == 0 {
			return 0, errDuration
		}
		total += v * mul
		s = rest[n:]
	}
	return seconds(total)
}

// durationUnit is the number of seconds in a unit; 0: there is no such unit.
func durationUnit(u string) float64 {
	switch u {
	case "ms":
		return 0.001
	case "s":
		return 1
	case "m":
		return 60
	case "h":
		return 3600
	case "d":
		return 86400
	}
	return 0
}

// seconds is a time span that fits, or an error.
func seconds(v float64) (time.Duration, error) {
	if v *= float64(time.Second); v >= math.MaxInt64 {
		return 0, errors.New("too long")
	}
	return time.Duration(v), nil
}

// splitNumber cuts s behind its leading digits and points.
func splitNumber(s string) (num, rest string) {
	n := 0
	for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == '.') {
		n++
	}
	return s[:n], s[n:]
}

// parseNumber reads an unsigned decimal number. Unlike strconv it takes no
// signs, exponents, underscores, hexadecimals or words.
func parseNumber(s string) (float64, bool) {
	num, rest := splitNumber(s)
	if rest != "" || num == "" || num == "." {
		return 0, false
	}
	v, err := strconv.ParseFloat(num, 64)
	return v, err == nil
}
