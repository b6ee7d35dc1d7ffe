package term

import (
	"net/url"
	"strings"
)

// hidden stands where a secret was.
const hidden = "***"

// Redact returns the URL, or a text with URLs in it, without its secrets: user
// names and passwords, values of query keys that name a key, and the long
// random words that private trackers put into their paths to know who asks.
// The result is made safe as by [Safe]. URLs within magnet links count, too.
func Redact(text string) string {
	var b strings.Builder
	for {
		i := afterMagnet(text)
		if i < 0 {
			break
		}
		end := strings.IndexAny(text[i:], " \t\r\n\"'<>")
		if end < 0 {
			end = len(text) - i
		}
		b.WriteString(redactURLs(text[:i]))
		b.WriteString(redactMagnet(text[i : i+end]))
		text = text[i+end:]
	}
	b.WriteString(redactURLs(text))
	return Safe(b.String())
}

// afterMagnet is where the parameters of the first magnet link begin, or -1.
func afterMagnet(text string) int {
	const scheme = "magnet:?"
	for i := len(scheme); i <= len(text); i++ {
		if text[i-1] == '?' && strings.EqualFold(text[i-len(scheme):i], scheme) {
			return i
		}
	}
	return -1
}

// redactMagnet hides the secrets in the URLs of a link's parameters. What is
// badly escaped, perhaps because the link was cut, is hidden as a whole.
func redactMagnet(query string) string {
	params := strings.Split(query, "&")
	for i, p := range params {
		key, escaped, _ := strings.Cut(p, "=")
		value, err := url.QueryUnescape(escaped)
		if err != nil {
			params[i] = key + "=" + hidden
		} else if clean := redactURLs(value); clean != value {
			params[i] = key + "=" + strings.ReplaceAll(url.QueryEscape(clean), url.QueryEscape(hidden), hidden)
		}
	}
	return strings.Join(params, "&")
}

// redactURLs is Redact for a text without magnet links.
func redactURLs(text string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, "://")
		if i < 0 {
			break
		}
		i += len("://")
		end := strings.IndexAny(text[i:], " \t\r\n\"'<>")
		if end < 0 {
			end = len(text) - i
		}
		end = len(strings.TrimRight(text[i:i+end], ".,:;)")) // of the sentence, not of the URL
		b.WriteString(text[:i])
		b.WriteString(redactRest(text[i : i+end]))
		text = text[i+end:]
	}
	b.WriteString(text)
	return b.String()
}

// redactRest hides the secrets of what follows scheme://.
func redactRest(u string) string {
	rest, query, hasQuery := strings.Cut(u, "?")
	host, path, hasPath := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = hidden + host[at:]
	}
	var b strings.Builder
	b.WriteString(host)
	if hasPath {
		for part := range strings.SplitSeq(path, "/") {
			b.WriteByte('/')
			b.WriteString(redactWord(part))
		}
	}
	if hasQuery {
		sep := byte('?')
		for pair := range strings.SplitSeq(query, "&") {
			b.WriteByte(sep)
			b.WriteString(redactPair(pair))
			sep = '&'
		}
	}
	return b.String()
}

// redactPair hides the value of a key=value pair where the key, or its own looks,
// make it a secret.
func redactPair(pair string) string {
	key, value, ok := strings.Cut(pair, "=")
	if !ok {
		return redactWord(pair)
	}
	if secretKey(key) {
		return key + "=" + hidden
	}
	return key + "=" + redactWord(value)
}

// secretKey reports whether a query key says that its value is a secret.
func secretKey(key string) bool {
	key = strings.ToLower(key)
	switch key {
	case "sig", "uid", "pid", "uk", "sid":
		return true
	}
	for _, s := range []string{"key", "pass", "token", "secret", "auth", "signature", "credential"} {
		if strings.Contains(key, s) {
			return true
		}
	}
	return false
}

// redactWord hides a word that looks drawn at random: 20 or more letters and
// digits with both among them. File names keep their looks by having dots,
// dashes or underscores.
func redactWord(w string) string {
	if len(w) < 20 {
		return w
	}
	letters, digits := false, false
	for i := 0; i < len(w); i++ {
		switch c := w[i] | 0x20; {
		case c >= 'a' && c <= 'z':
			letters = true
		case w[i] >= '0' && w[i] <= '9':
			digits = true
		default:
			return w
		}
	}
	if letters && digits {
		return hidden
	}
	return w
}
