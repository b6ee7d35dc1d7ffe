package cmd

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/pflag"

	"gotor/cmd/record"
)

// headerOption is --header of the commands that have no mirrors.
type headerOption struct {
	headers []string // "NAME: VALUE", secrets perhaps: never shown
}

func (o *headerOption) addFlag(f *pflag.FlagSet) {
	f.StringArrayVar(&o.headers, "header", nil, "send `'NAME: VALUE'` to the server of SOURCE, to nobody else; may be repeated")
}

// check refuses what cannot work. That the source is no URL is wrong only if the
// header was given here: the environment is for all commands.
func (o *headerOption) check(f *pflag.FlagSet, source string) error {
	if _, err := parseHeaders(o.headers); err != nil || len(o.headers) == 0 || isURL(source) {
		return err
	}
	if h := f.Lookup("header"); h.Annotations[originKey] == nil {
		return record.Usagef("--header is for the server of a SOURCE that is a URL, and this is none")
	}
	return nil
}

// header is what the flags say.
func (o *headerOption) header() http.Header {
	h, _ := parseHeaders(o.headers) // checked before
	return h
}

// sameOrigin says whether two URLs have one origin: then what is secret to one
// server is no secret to the other.
func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b)
}

// portOf is the port that a URL leads to.
func portOf(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case strings.EqualFold(u.Scheme, "https"):
		return "443"
	}
	return "80"
}

// oneOrigin refuses a header for servers that are not the same: it would tell each
// what may be meant for the other. Mirrors alone are named beside it, one by one.
func oneOrigin(sources, mirrors []string) error {
	var first *url.URL
	for _, s := range append(filterURLs(sources), mirrors...) {
		u, err := url.Parse(s)
		switch {
		case err != nil:
			return nil // it will be refused for that
		case first == nil:
			first = u
		case !sameOrigin(first, u):
			return record.Usagef("--header would go to %s and to %s: fetch the .torrent of one of them first, or do one after the other", first.Host, u.Host)
		}
	}
	return nil
}

// filterURLs are those of the sources that are fetched from a server.
func filterURLs(sources []string) (urls []string) {
	for _, s := range sources {
		if isURL(s) {
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
// the first request, also for good: whoever we were sent to may send us back.
func dropHeader(req *http.Request, via []*http.Request, h http.Header) {
	away := !sameOrigin(req.URL, via[0].URL)
	for _, r := range via {
		away = away || !sameOrigin(r.URL, via[0].URL)
	}
	if !away || len(h) == 0 {
		return
	}
	for name := range h {
		req.Header.Del(name)
	}
	req.Host = req.URL.Host
	req.Header.Set("User-Agent", userAgent())
}
