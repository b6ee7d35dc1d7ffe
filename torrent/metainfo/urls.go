package metainfo

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"gotor/bencode"
)

// The schemes gotor speaks. Others, wss of browsers above all, are left out with
// a warning; file and the like are an attack on whoever fetches them.
func trackerSchemes() []string { return []string{"http", "https", "udp"} }
func webSchemes() []string     { return []string{"http", "https"} }

// trackers fills Trackers. BEP 12: where there is an announce-list, announce
// is not looked at.
func (p *parser) trackers(list, announce bencode.Value) {
	if k := list.Kind(); k != bencode.List && k != bencode.Invalid {
		p.warn("announce-list is %v, not a list: left out", k)
	}
	c := p.collect("tracker", trackerSchemes())
	for tier := range list.Items() {
		var urls []string
		switch tier.Kind() {
		case bencode.List:
			for v := range tier.Items() {
				urls = c.add(urls, v)
			}
		default:
			// A flat list, as some makers write it: each its own tier.
			urls = c.add(urls, tier)
		}
		if len(urls) > 0 {
			p.t.Trackers = append(p.t.Trackers, urls)
		}
		if c.full() {
			break
		}
	}
	if len(p.t.Trackers) == 0 && announce.Kind() != bencode.Invalid {
		if urls := c.add(nil, announce); len(urls) > 0 {
			p.t.Trackers = [][]string{urls}
		}
	}
}

// urls reads a string or a list of strings with http and https URLs.
func (p *parser) urls(key string, v bencode.Value) (urls []string) {
	c := p.collect(key, webSchemes())
	switch v.Kind() {
	case bencode.Invalid:
	case bencode.List:
		for item := range v.Items() {
			urls = c.add(urls, item)
			if c.full() {
				break
			}
		}
	default:
		urls = c.add(nil, v)
	}
	return urls
}

// collector gathers URLs: each once, with a scheme we speak, and not too many.
type collector struct {
	p       *parser
	what    string
	schemes []string
	seen    map[string]bool
	looked  int
}

func (p *parser) collect(what string, schemes []string) *collector {
	return &collector{p: p, what: what, schemes: schemes, seen: make(map[string]bool)}
}

// full reports, once with a warning, that no more URLs are taken.
func (c *collector) full() bool { return c.looked > maxURLs }

// add appends the URL in v. Warnings do not quote it: it may hold a passkey.
func (c *collector) add(urls []string, v bencode.Value) []string {
	b, ok := v.Str()
	if ok && len(b) == 0 {
		return urls // "no URL", as some makers write it
	}
	if c.full() {
		return urls
	}
	if c.looked++; c.full() {
		c.p.warn("more than %d entries in %s: the rest is left out", maxURLs, c.what)
		return urls
	}
	if !ok {
		c.p.warn("%s %d is %v, not a string: left out", c.what, c.looked, v.Kind())
		return urls
	}
	s := escapeStray(strings.TrimSpace(string(b[:min(len(b), maxURL+1)])))
	if err := checkURL(s, c.schemes); err != nil {
		c.p.warn("%s %d left out: %v", c.what, c.looked, err)
		return urls
	}
	if c.seen[s] {
		return urls
	}
	c.seen[s] = true
	return append(urls, s)
}

// escapeStray escapes what must not stand in a URL and does in many: blanks, and
// percent signs that begin no code.
func escapeStray(s string) string {
	if !strings.ContainsAny(s, "% ") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ':
			b.WriteString("%20")
		case c == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])):
			b.WriteString("%25")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// checkURL reports what is wrong with an absolute URL, without quoting it.
func checkURL(s string, schemes []string) error {
	if len(s) > maxURL {
		return fmt.Errorf("the URL is longer than %d bytes", maxURL)
	}
	u, err := url.Parse(s)
	if err != nil || !utf8.ValidString(s) {
		return fmt.Errorf("not a URL")
	}
	known := false
	for _, scheme := range schemes {
		known = known || strings.EqualFold(u.Scheme, scheme)
	}
	switch {
	case u.Scheme == "":
		return fmt.Errorf("not an absolute URL")
	case !known:
		return fmt.Errorf("scheme %s is not one of %s", quote(u.Scheme), strings.Join(schemes, ", "))
	case u.Hostname() == "":
		return fmt.Errorf("the URL has no host")
	case u.Port() != "" && !validPort(u.Port()):
		return fmt.Errorf("the URL has a bad port")
	}
	return nil
}

// validPort reports whether s is a port that can be dialled.
func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// nodes reads the DHT nodes of BEP 5: a list of [host, port].
func (p *parser) nodes(v bencode.Value) {
	if k := v.Kind(); k != bencode.List && k != bencode.Invalid {
		p.warn("nodes is %v, not a list: left out", k)
	}
	for item := range v.Items() {
		if len(p.t.Nodes) == maxURLs {
			p.warn("more than %d nodes: the rest is left out", maxURLs)
			return
		}
		var (
			host string
			port int64
			n    int
		)
		for e := range item.Items() {
			if b, ok := e.Str(); ok && n == 0 && validHost(b) {
				host = string(b)
			}
			if i, ok := e.Int(); ok && n == 1 && i > 0 && i <= 65535 {
				port = i
			}
			if n++; n > 2 {
				break
			}
		}
		if host == "" || port == 0 || n != 2 {
			p.warn("a node is not a pair of host and port: left out")
			continue
		}
		p.t.Nodes = append(p.t.Nodes, net.JoinHostPort(host, strconv.FormatInt(port, 10)))
	}
}

// validHost reports whether b may be a host name or an IP address, and is safe
// to be joined with a port and printed. Whether it resolves is seen later.
func validHost(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`/\@[]"<>#?`, c) >= 0 {
			return false
		}
	}
	return len(b) > 0 && len(b) <= 253
}
