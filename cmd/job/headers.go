package job

import (
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/tracker"
)

// OneOrigin refuses a header for servers that are not the same: it would tell each
// what may be meant for the other. Mirrors alone are named beside it, one by one.
func OneOrigin(sources, mirrors []string) error {
	var first *url.URL
	for _, s := range append(filterURLs(sources), mirrors...) {
		u, err := url.Parse(s)
		switch {
		case err != nil:
			return nil // it will be refused for that
		case first == nil:
			first = u
		case !tracker.SameOrigin(first, u):
			return record.Usagef("--header would go to %s and to %s: fetch the .torrent of one of them first, or do one after the other", first.Host, u.Host)
		}
	}
	return nil
}

// filterURLs are those of the sources that are fetched from a server.
func filterURLs(sources []string) (urls []string) {
	for _, s := range sources {
		if IsURL(s) {
			urls = append(urls, s)
		}
	}
	return urls
}

// setHeader adds the user's header to the request for a source.
func setHeader(req *http.Request, h http.Header) {
	for name, values := range h {
		req.Header[name] = values
	}
	if host := h.Get("Host"); host != "" {
		req.Host = host
		req.Header.Del("Host")
	}
}

// dropHeader takes the user's header from a redirect that has left the origin of
// the first request, also for good: whoever we were sent to may send us back. agent
// stands where the user had another name.
func dropHeader(req *http.Request, via []*http.Request, h http.Header, agent string) {
	away := !tracker.SameOrigin(req.URL, via[0].URL)
	for _, r := range via {
		away = away || !tracker.SameOrigin(r.URL, via[0].URL)
	}
	if !away || len(h) == 0 {
		return
	}
	for name := range h {
		req.Header.Del(name)
	}
	req.Host = req.URL.Host
	req.Header.Set("User-Agent", agent)
}

// ParseHeaders reads lines of a header as curl takes them.
func ParseHeaders(lines []string) (http.Header, error) {
	h := make(http.Header, len(lines))
	for i, l := range lines {
		name, value, ok := strings.Cut(l, ":")
		value = strings.TrimSpace(value)
		switch {
		case !ok || !isToken(name):
			return nil, record.Usagef("--header %d is not of the form 'NAME: VALUE'", i+1)
		case strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }):
			return nil, record.Usagef("--header %s: the value has control characters", name)
		}
		switch name = textproto.CanonicalMIMEHeaderKey(name); name {
		case "Range", "Accept-Encoding", "Connection", "Content-Length", "Transfer-Encoding", "Te", "Trailer", "Upgrade":
			return nil, record.Usagef("--header %s: this one is gotor's own business", name)
		}
		h.Add(name, value)
	}
	return h, nil
}

// isToken reports whether s can be the name of a header (RFC 9110, 5.6.2).
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// CheckMirrors refuses what can be no web server. No message shows what a URL has of
// passwords.
func CheckMirrors(urls []string) error {
	for _, m := range urls {
		u, err := url.Parse(m)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return record.Usagef("--mirror %s: not an http or https URL", record.Redact(m))
		}
	}
	return nil
}

// Mirrors are web servers that have the data of a torrent, each of which gets the
// header.
func Mirrors(urls []string, header http.Header) (list []torrent.Mirror) {
	for _, u := range urls {
		list = append(list, torrent.Mirror{URL: u, Header: header})
	}
	return list
}
