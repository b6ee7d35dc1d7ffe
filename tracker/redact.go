package tracker

import (
	"net/url"
	"strings"
)

const (
	hidden    = "***"
	maxRedact = 64 << 10
)

// Redact returns a URL for people to see: without user and password, query
// values, fragment, and path components that look like passkeys. Of a magnet
// link, hashes, names and numbers stay. It takes whatever it is given, also
// what is not a URL, and returns at most 512 bytes and a few dots; of what is
// longer than 64 KiB it shows nothing.
func Redact(raw string) string {
	if len(raw) > maxRedact {
		return hidden
	}
	if rest, ok := strings.CutPrefix(raw, "magnet:?"); ok {
		return "magnet:?" + redactQuery(rest, true)
	}
	scheme, rest := splitScheme(raw)
	rest, fragment, _ := strings.Cut(rest, "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	host, path := "", rest
	if scheme != "" {
		host, path = rest, ""
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			host, path = rest[:i], rest[i:]
		}
		if i := strings.LastIndexByte(host, '@'); i >= 0 {
			host = hidden + host[i:]
		}
		if !plausibleHost(host) { // a password with a slash in it, perhaps
			return shorten(scheme + hidden)
		}
	}
	out := scheme + host + redactPath(path)
	if hasQuery {
		out += "?" + redactQuery(query, false)
	}
	if fragment != "" {
		out += "#" + hidden
	}
	return shorten(out)
}

// splitScheme cuts off a scheme with its two slashes.
func splitScheme(s string) (scheme, rest string) {
	i := strings.Index(s, "://")
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789+-."
	if i <= 0 || strings.Trim(strings.ToLower(s[:i]), letters) != "" {
		return "", s
	}
	return s[:i+3], s[i+3:]
}

// plausibleHost reports whether a port, if there is one, is a number.
func plausibleHost(host string) bool {
	port := host[strings.LastIndexByte(host, ':')+1:]
	if port == host || strings.HasSuffix(host, "]") {
		return true // no port
	}
	return strings.Trim(port, "0123456789") == ""
}

// shorten is cut that shows that it did.
func shorten(s string) string {
	if t := cut(s); len(t) < len(s) {
		return t + "..."
	}
	return s
}

// redactPath hides the components that look like keys.
func redactPath(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		words := strings.Split(part, ".")
		for j, w := range words {
			if looksSecret(w) {
				words[j] = hidden
			}
		}
		parts[i] = strings.Join(words, ".")
	}
	return strings.Join(parts, "/")
}

// looksSecret guesses whether a word of a path is a key: 16 or more hex
// digits, perhaps grouped; 20 or more letters and digits mixed; or 32 of the
// base64 alphabet in which digits and both cases occur.
func looksSecret(w string) bool {
	var digits, lower, upper, hex, dashes, other int
	for _, c := range []byte(w) {
		switch {
		case '0' <= c && c <= '9':
			digits++
			hex++
		case 'a' <= c && c <= 'z':
			lower++
			if c <= 'f' {
				hex++
			}
		case 'A' <= c && c <= 'Z':
			upper++
			if c <= 'F' {
				hex++
			}
		case c == '-' || c == '_' || c == '%' || c == '=' || c == '+':
			dashes++
		default:
			other++
		}
	}
	switch n := len(w); {
	case other > 0 || digits == 0:
		return false
	case hex >= 16 && hex+dashes == n:
		return true
	case n >= 20 && dashes == 0 && lower+upper > 0:
		return true
	default:
		return n >= 32 && lower > 0 && upper > 0
	}
}

// redactQuery hides the values of a query, and words that have no value. In a
// magnet link those that are not private stay, and URLs are redacted.
func redactQuery(query string, magnet bool) string {
	pairs := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	for i, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok:
			pairs[i] = hidden
			continue
		case magnet:
			value = redactMagnet(key, value)
		case value != "":
			value = hidden
		}
		pairs[i] = key + "=" + value
	}
	return shorten(strings.Join(pairs, "&"))
}

func redactMagnet(key, value string) string {
	key, _, _ = strings.Cut(key, ".") // tr.1
	switch key {
	case "xt", "dn", "xl", "so", "x":
		return value
	case "tr", "ws", "xs", "as":
		if u, err := url.QueryUnescape(value); err == nil {
			return Redact(u)
		}
	}
	return hidden
}
