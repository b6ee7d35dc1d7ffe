package cmd

import (
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/spf13/pflag"

	"gotor/cmd/record"
	"gotor/torrent"
)

// mirrorOptions are the flags about web servers that have the data.
type mirrorOptions struct {
	mirrors    []string // http and https URLs
	headers    []string // "NAME: VALUE", secrets perhaps: never shown
	noWebSeeds bool
}

// addFlags describes the flags.
func (o *mirrorOptions) addFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.mirrors, "mirror", nil, "download from the web server at `URL` too; may be repeated")
	f.StringArrayVar(&o.headers, "header", nil, "send `'NAME: VALUE'` to the servers of SOURCE and --mirror, to nobody else; may be repeated")
	f.BoolVar(&o.noWebSeeds, "no-web-seeds", false, "do not use the web servers that the torrent names")
}

// check refuses values that cannot work. No message shows a header, nor what a
// URL has of passwords. sources are those of the command.
func (o *mirrorOptions) check(sources []string) error {
	for _, m := range o.mirrors {
		u, err := url.Parse(m)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return record.Usagef("--mirror %s: not an http or https URL", record.Redact(m))
		}
	}
	if _, err := parseHeaders(o.headers); err != nil {
		return err
	}
	if len(o.headers) == 0 {
		return nil
	}
	if urls := filterURLs(sources); len(urls) > 0 {
		return oneOrigin(urls, o.mirrors)
	}
	if len(o.mirrors) == 0 {
		return record.Usagef("--header is for the servers of --mirror, and of a SOURCE that is a URL, and there is none")
	}
	return nil
}

// apply sets what the flags say about one torrent.
func (o *mirrorOptions) apply(src *torrent.Source) {
	header, _ := parseHeaders(o.headers) // checked before
	for _, m := range o.mirrors {
		src.Mirrors = append(src.Mirrors, torrent.Mirror{URL: m, Header: header})
	}
	src.NoWebSeeds = o.noWebSeeds
}

// parseHeaders reads lines of a header as curl takes them.
func parseHeaders(lines []string) (http.Header, error) {
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
