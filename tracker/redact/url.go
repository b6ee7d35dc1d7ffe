package redact

import (
	"net/url"
	"strings"
)

// whole is a URL or a magnet link without its secrets.
func whole(raw string) string {
	if n := len(magnetScheme); len(raw) >= n && strings.EqualFold(raw[:n], magnetScheme) {
		return raw[:n] + query(raw[n:], magnetParam)
	}
	scheme, rest := splitScheme(raw)
	rest, fragment, _ := strings.Cut(rest, "#")
	rest, q, hasQuery := strings.Cut(rest, "?")
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
			return scheme + hidden
		}
	}
	out := scheme + host + redactPath(path)
	if hasQuery {
		out += "?" + query(q, func(_, value string) string { return hide(value) })
	}
	return out + strings.Repeat("#"+hidden, min(len(fragment), 1))
}

func hide(value string) string { return strings.Repeat(hidden, min(len(value), 1)) }

// splitScheme cuts off a scheme with its slashes. People write too few of them, and
// what they meant has its secrets all the same.
func splitScheme(s string) (scheme, rest string) {
	if i := strings.Index(s, "://"); i > 0 && strings.TrimFunc(s[:i], func(r rune) bool { return r < 0x80 && schemeByte(byte(r)) }) == "" {
		return s[:i+3], s[i+3:]
	}
	name, rest, ok := strings.Cut(s, ":")
	switch strings.ToLower(name) {
	case "http", "https", "udp", "ws", "wss", "ftp", "socks5":
		if slashes := len(rest) - len(strings.TrimLeft(rest, "/")); ok {
			return s[:len(name)+1+slashes], rest[slashes:]
		}
	}
	return "", s
}

// plausibleHost reports whether a port, if there is one, is a number.
func plausibleHost(host string) bool {
	port := host[strings.LastIndexByte(host, ':')+1:]
	if port == host || strings.HasSuffix(host, "]") {
		return true // no port
	}
	return strings.Trim(port, "0123456789") == ""
}

// query hides what show does not let through, and words that have no value.
func query(q string, show func(key, value string) string) string {
	pairs := strings.FieldsFunc(q, func(r rune) bool { return r == '&' || r == ';' })
	for i, pair := range pairs {
		if key, value, ok := strings.Cut(pair, "="); ok {
			pairs[i] = key + "=" + show(key, value)
		} else {
			pairs[i] = hidden
		}
	}
	return strings.Join(pairs, "&")
}

// redactPath hides the components that are keys, by their looks or their place.
func redactPath(path string) string {
	parts := strings.Split(path, "/")
	announce := false
	for i, part := range parts {
		switch {
		case part == "" || part == hidden:
		case announce:
			parts[i] = hidden
		default:
			parts[i] = component(part)
		}
		announce = announce || i > 0 && (part == "announce" || strings.HasPrefix(part, "announce."))
	}
	return strings.Join(parts, "/")
}

// component hides what looks like a key in one component of a path.
func component(part string) string {
	if plain, err := url.PathUnescape(part); isToken(part) || err == nil && (strings.Contains(plain, "://") || strings.Contains(plain, "@") && plain != part) {
		return hidden
	}
	words := strings.Split(part, ".")
	for j, w := range words {
		if looksSecret(w) {
			words[j] = hidden
		}
	}
	return strings.Join(words, ".")
}

// isToken reports whether w is a JSON web token (RFC 7519): base64 of {" and dots.
func isToken(w string) bool {
	return strings.HasPrefix(w, "eyJ") && len(w) >= leastKey && strings.Contains(w, ".") && strings.Trim(w, wordBytes+".") == ""
}

const wordBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_="

// leastKey is how short a key may be that is known by its looks: 16 hexadecimal
// digits. longKey is for other alphabets.
const (
	leastKey = 16
	longKey  = 20
)

// looksSecret guesses whether a word of a path was drawn at random: 16 or more hex
// digits, perhaps grouped (UUID); 20 or more letters and digits mixed; as many of
// the base64 alphabet among which the kind changes at every third; or 32 of it.
func looksSecret(w string) bool {
	var digits, lower, upper, hex, dashes, changes int
	last := byte(0)
	for _, c := range []byte(w) {
		kind := byte('-')
		switch {
		case '0' <= c && c <= '9':
			kind = '0'
			digits++
			hex++
		case 'a' <= c && c <= 'z':
			kind = 'a'
			lower++
			hex += b2i(c <= 'f')
		case 'A' <= c && c <= 'Z':
			kind = 'A'
			upper++
			hex += b2i(c <= 'F')
		case strings.IndexByte("-_%=+~", c) >= 0:
			dashes++
		default:
			return false
		}
		changes += b2i(last != 0 && kind != last && kind != '-' && last != '-')
		last = kind
	}
	mixed := lower > 0 && upper > 0
	switch n := len(w); {
	case hex >= leastKey && hex+dashes == n && digits > 0:
		return true
	case n >= longKey && mixed && changes*3 >= n:
		return true
	case n >= longKey && dashes == 0 && digits > 0 && lower+upper > 0:
		return true
	default:
		return n >= 32 && mixed && digits > 0
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
