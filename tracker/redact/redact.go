// Package redact takes the secrets out of URLs, and of texts with URLs in them,
// before people see them. It is the one place that knows what a secret looks like;
// whatever is printed, logged or put into an error passes here. It starts no
// goroutines.
//
// What is hidden: user and password; the values of queries; fragments; and of paths
// what stands behind announce, or looks as if it was drawn at random: hexadecimal
// digits, UUIDs, base64, web tokens. Better a harmless word too many than a passkey.
package redact

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

const (
	// hidden stands where a secret was.
	hidden = "***"
	// maxURL is how much of a single URL is shown, and maxText how much of a text is
	// looked at: servers put megabytes into what becomes an error.
	maxURL  = 512
	maxText = 64 << 10
)

// URL returns a single URL without its secrets. It takes whatever it is given, also
// what is not a URL, and returns at most 512 bytes and a few dots; of what is longer
// than 64 KiB it shows nothing.
func URL(raw string) string {
	if len(raw) > maxText {
		return hidden
	}
	s := whole(raw)
	if t := Cut(s, maxURL); len(t) < len(s) {
		return t + "..."
	}
	return s
}

// Text returns a text without the secrets of the URLs in it, and without those
// that say themselves what they are. What is beyond 64 KiB is cut off.
func Text(text string) string {
	cut := len(text) > maxText
	if cut {
		text = Cut(text, maxText)
		text = text[:strings.LastIndexAny(text, blanks)+1] // half a secret does not look like one
	}
	var b strings.Builder
	for {
		i, n := find(text)
		if n == 0 {
			break
		}
		b.WriteString(words(text[:i]))
		b.WriteString(whole(text[i : i+n]))
		text = text[i+n:]
	}
	b.WriteString(words(text))
	if cut {
		b.WriteString("...")
	}
	return b.String()
}

// Cut shortens s to n bytes at most, not inside a character.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for k := n; k > n-utf8.UTFMax; k-- {
		if utf8.RuneStart(s[k]) {
			return strings.Clone(s[:k])
		}
	}
	return strings.Clone(s[:n])
}

// blanks and ends are what no URL in a text goes on behind.
const (
	blanks = " \t\r\n"
	ends   = blanks + "\"'<>`"
)

// find returns where the first URL or magnet link of a text is and how long it is;
// 0: there is none.
func find(text string) (at, n int) {
	at = -1
	if i := strings.Index(text, "://"); i >= 0 {
		for at = i; at > 0 && schemeByte(text[at-1]); at-- {
		}
	}
	if i := magnet(text); i >= 0 && (at < 0 || i < at) {
		at = i
	}
	if at < 0 {
		return 0, 0
	}
	n = strings.IndexAny(text[at:], ends)
	if n < 0 {
		n = len(text) - at
	}
	return at, len(strings.TrimRight(text[at:at+n], ".,:;)")) // of the sentence, not of the URL
}

const magnetScheme = "magnet:?"

// magnet is where the first magnet link begins, or -1.
func magnet(text string) int {
	for i := 0; ; i++ {
		k := strings.IndexByte(text[i:], '?')
		if k < 0 {
			return -1
		}
		if i += k; i+1 >= len(magnetScheme) && strings.EqualFold(text[i+1-len(magnetScheme):i+1], magnetScheme) {
			return i + 1 - len(magnetScheme)
		}
	}
}

func schemeByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'
}

// words hides what says itself that it is a secret: web tokens, and the values of
// keys and headers that are called so.
func words(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		n := strings.IndexAny(text, blanks)
		if n < 0 {
			n = len(text)
		}
		word := text[:n]
		rest := strings.TrimLeft(text[n:], blanks)
		b.WriteString(secretWord(word))
		b.WriteString(text[n : len(text)-len(rest)])
		if text = rest; strings.EqualFold(word, "bearer") || strings.EqualFold(word, "basic") {
			if n = strings.IndexAny(text, ends); n < 0 {
				n = len(text)
			}
			if n >= leastKey {
				b.WriteString(hidden)
				text = text[n:]
			}
		}
	}
	return b.String()
}

// secretWord is a word of a text without what is a secret in it.
func secretWord(w string) string {
	if key, value, ok := strings.Cut(w, "="); ok && value != "" && secretKey(key) {
		return key + "=" + hidden
	}
	if token := strings.Trim(w, "\"'`.,:;()<>"); isToken(token) {
		return strings.Replace(w, token, hidden, 1)
	}
	return w
}

// secretKey reports whether a key says that its value is a secret.
func secretKey(key string) bool {
	key = strings.ToLower(key)
	for _, s := range []string{"key", "pass", "token", "secret", "auth", "signature", "credential"} {
		if strings.HasSuffix(key, s) || strings.HasPrefix(key[strings.LastIndexAny(key, "?&;")+1:], s) {
			return true
		}
	}
	return false
}

// magnetParam returns the value of a parameter of a magnet link. What is badly
// escaped, perhaps because the link was cut, is hidden as a whole.
func magnetParam(key, escaped string) string {
	key, _, _ = strings.Cut(strings.ToLower(key), ".") // tr.1
	value, err := url.QueryUnescape(escaped)
	switch {
	case err != nil:
	case key == "xt", key == "dn", key == "xl", key == "so", key == "x", key == "s", key == "kt":
		return escaped
	case key == "tr", key == "ws", key == "xs", key == "as":
		if clean := whole(value); clean != value {
			return strings.ReplaceAll(url.QueryEscape(clean), url.QueryEscape(hidden), hidden)
		}
		return escaped
	}
	return hidden
}
