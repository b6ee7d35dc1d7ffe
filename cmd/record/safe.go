package record

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Safe returns s with everything that a terminal or a log might act upon
// replaced by a visible escape: C0 and C1 controls, DEL, format characters
// (Unicode category Cf, which holds the marks that reorder text), line and
// paragraph separators, and bytes that are not UTF-8. A newline becomes \n, a
// tab \t, other bytes \xNN and other runes \uNNNN. Text without any of these is
// returned as it is. Backslashes are left alone: the result is for the eye and
// cannot be turned back.
func Safe(s string) string {
	i := unsafeAt(s)
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i >= 0 {
		b.WriteString(s[:i])
		r, n := utf8.DecodeRuneInString(s[i:])
		writeEscape(&b, r, s[i:i+n])
		s = s[i+n:]
		i = unsafeAt(s)
	}
	b.WriteString(s)
	return b.String()
}

// unsafeAt is the index of the first byte of s that must not be printed, or -1.
func unsafeAt(s string) int {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' || c == 0x7f {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if unsafeRune(r, n) {
			return i
		}
		i += n
	}
	return -1
}

// unsafeRune judges a rune that is not ASCII and was decoded from n bytes.
func unsafeRune(r rune, n int) bool {
	switch {
	case r == utf8.RuneError && n == 1: // not UTF-8
		return true
	case r < 0xa0: // C1: 0x9b alone is CSI for some terminals
		return true
	case r == '\u2028', r == '\u2029':
		return true
	}
	return unicode.Is(unicode.Cf, r)
}

// writeEscape writes the visible stand-in of one rune, whose bytes are raw.
func writeEscape(b *strings.Builder, r rune, raw string) {
	const hex = "0123456789abcdef"
	switch {
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r == '\t':
		b.WriteString(`\t`)
	case len(raw) == 1:
		b.WriteString(`\x`)
		b.WriteByte(hex[raw[0]>>4])
		b.WriteByte(hex[raw[0]&15])
	case r > 0xffff:
		b.WriteString(`\U`)
		b.WriteString(pad(strconv.FormatInt(int64(r), 16), 8))
	default:
		b.WriteString(`\u`)
		b.WriteString(pad(strconv.FormatInt(int64(r), 16), 4))
	}
}

func pad(s string, n int) string {
	return strings.Repeat("0", max(0, n-len(s))) + s
}

// EscapeJSON appends to dst a JSON text in which every rune that [Safe] would
// replace is written as a \u escape. The value stays exactly the same: in valid
// JSON such runes occur inside strings only, except for whitespace between
// tokens, and src must have none but a newline at its end.
func EscapeJSON(dst, src []byte) []byte {
	const hex = "0123456789abcdef"
	unit := func(u rune) {
		dst = append(dst, '\\', 'u', hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15])
	}
	for i := 0; i < len(src); {
		c := src[i]
		if c < utf8.RuneSelf && c != 0x7f {
			dst = append(dst, c)
			i++
			continue
		}
		r, n := utf8.DecodeRune(src[i:])
		switch {
		case c != 0x7f && !unsafeRune(r, n):
			dst = append(dst, src[i:i+n]...)
		case r > 0xffff:
			r -= 0x10000
			unit(0xd800 + r>>10)
			unit(0xdc00 + r&0x3ff)
		default:
			unit(r)
		}
		i += n
	}
	return dst
}
