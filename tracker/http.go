package tracker

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"gotor/bencode"
)

// maxScrape is how many torrents one scrape asks for: what BEP 15 says fits
// into a packet. HTTP is held to the same.
const maxScrape = 74

// httpTarget is an HTTP or HTTPS tracker. Without addrs, whoever connects
// finds them: a proxy is used, or the name is not ASCII.
type httpTarget struct {
	url   *url.URL
	addrs []netip.Addr
	by    Judge
}

func (t httpTarget) judge() Judge { return t.by }

func (t httpTarget) announce(ctx context.Context, c *Client, r Request) (Response, error) {
	if r.sent != nil {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(w httptrace.WroteRequestInfo) {
			if w.Err == nil {
				r.sent()
			}
		}})
	}
	v, server, err := c.getDict(ctx, t, t.url, appendAnnounce(nil, r))
	if err != nil {
		return Response{}, err
	}
	answer, named, err := parseAnnounce(v)
	answer.Server = server
	if err == nil && r.Event != EventStopped {
		answer.Peers = c.appendNamed(ctx, answer.Peers, named)
	}
	return answer, err
}

func (t httpTarget) scrape(ctx context.Context, c *Client, hashes [][20]byte) ([]ScrapeResult, error) {
	u, ok := scrapeURL(t.url)
	if !ok {
		return nil, fmt.Errorf("%w: it cannot be scraped: no announce in its path", ErrURL)
	}
	var query []byte
	for _, h := range hashes {
		query = appendParam(query, "info_hash", h[:])
	}
	v, _, err := c.getDict(ctx, t, u, query)
	if err != nil {
		return nil, err
	}
	return parseScrape(v, hashes)
}

// scrapeURL derives where to scrape: the string announce in the path becomes
// scrape (BEP 48); the last one, as a host may be mounted below another.
func scrapeURL(announce *url.URL) (*url.URL, bool) {
	path := announce.EscapedPath()
	i := strings.LastIndex(path, "announce")
	if i < 0 {
		return nil, false
	}
	path = path[:i] + "scrape" + path[i+len("announce"):]
	u := *announce
	u.Path, _ = url.PathUnescape(path) // was escaped well before
	u.RawPath = path
	return &u, true
}

// appendAnnounce appends the query of an announce (BEP 3, 7, 23). Hash, id
// and tracker id are escaped byte by byte; a space is %20, never a plus.
func appendAnnounce(b []byte, r Request) []byte {
	b = appendParam(b, "info_hash", r.InfoHash[:])
	b = appendParam(b, "peer_id", r.PeerID[:])
	b = fmt.Appendf(b, "&port=%d&uploaded=%d&downloaded=%d&left=%d&compact=1&key=%08x",
		r.Port, max(r.Uploaded, 0), max(r.Downloaded, 0), left(r), r.Key)
	if n, ok := numWant(r); ok {
		b = strconv.AppendInt(append(b, "&numwant="...), int64(n), 10)
	}
	if e := r.Event.String(); e != "" {
		b = append(append(b, "&event="...), e...)
	}
	if r.TrackerID != "" {
		b = appendParam(b, "trackerid", []byte(r.TrackerID))
	}
	return b
}

// left is what r is said to lack. While that is not known it is something:
// nothing would mean a seed, and trackers may store what is absurd as -1.
func left(r Request) int64 {
	if r.Left < 0 {
		return 16 << 10
	}
	return r.Left
}

// numWant is how many peers r asks for, if it says so: none when it stops.
func numWant(r Request) (int, bool) {
	if r.Event == EventStopped {
		return 0, true
	}
	return min(r.NumWant, maxPeers), r.NumWant > 0
}

// appendParam appends key=value to a query. Everything in value that RFC 3986
// does not list as unreserved becomes %XX.
func appendParam(b []byte, key string, value []byte) []byte {
	const hex = "0123456789ABCDEF"
	if len(b) > 0 {
		b = append(b, '&')
	}
	b = append(append(b, key...), '=')
	for _, c := range value {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
			b = append(b, c)
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

// getDict fetches u with query added to its own and returns the dictionary
// that comes back, unless it is a failure, and who has sent it: see reply.
func (c *Client) getDict(ctx context.Context, t httpTarget, u *url.URL, query []byte) (bencode.Value, netip.Addr, error) {
	full := *u
	if full.RawQuery != "" { // a passkey, often
		full.RawQuery += "&"
	}
	full.RawQuery += string(query)
	answer, cutShort := c.get(ctx, t, &full)
	if cutShort != nil && answer.body == nil {
		return bencode.Value{}, netip.Addr{}, cutShort
	}
	v, err := parseBody(answer.body)
	switch {
	case err != nil && cutShort != nil:
		err = cutShort
	case err == nil:
		// Some trackers refuse with a status of their own: the reason says more.
		err = failureOf(v)
	}
	if answer.status/100 != 2 && !errors.As(err, new(*Failure)) {
		err = &unreachable{statusError(answer.status)}
	}
	return v, answer.server, err
}

// reply is what an HTTP server has sent.
type reply struct {
	body   []byte
	status int
	server netip.Addr // invalid: a proxy is between
}

// get fetches u, following redirects. t has the addresses of u's host if they are
// known. With an error there may be the beginning of a body.
func (c *Client) get(ctx context.Context, t httpTarget, u *url.URL) (answer reply, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // whatever is still under way
	var remote net.Addr
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { remote = i.Conn.RemoteAddr() }})
	for range maxRedirects + 1 {
		h, err := c.hop(ctx, t, u)
		if err != nil {
			return reply{}, networkError(ctx, err)
		}
		req := h.request(traced)
		req.Header.Set("User-Agent", c.cfg.UserAgent)
		req.Header.Set("Accept-Encoding", "gzip") // undone by us: see inflate
		resp, err := c.transport().RoundTrip(req)
		if err != nil {
			return reply{}, networkError(ctx, err)
		}
		location := resp.Header.Get("Location")
		if !isRedirect(resp.StatusCode) || location == "" {
			answer.status = resp.StatusCode
			if at, e := netip.ParseAddrPort(remote.String()); e == nil && h.proxy == nil {
				answer.server = at.Addr().Unmap()
			}
			answer.body, err = c.readBody(ctx, resp)
			return answer, err
		}
		resp.Body.Close()
		if u, err = c.redirect(t.by, u, location); err != nil {
			return reply{}, &unreachable{ours{err}}
		}
	}
	return reply{}, &unreachable{ours{fmt.Errorf("more than %d redirects", maxRedirects)}}
}

// hop prepares the request of a URL that was visited.
func (c *Client) hop(ctx context.Context, t httpTarget, u *url.URL) (h *hop, err error) {
	h = &hop{ctx: ctx, url: u, judge: t.by, only: t.addrs}
	if h.proxy, err = c.proxyOf(u); err != nil || h.proxy != nil {
		return h, err
	}
	switch {
	case t.addrs != nil && u.Hostname() == t.url.Hostname():
		h.addrs = t.addrs
	case isASCII(u.Host):
		h.addrs, err = c.judged(h, u.Hostname())
	}
	return h, err
}

// newRequest returns a GET of u.
func newRequest(u *url.URL) *http.Request {
	req := &http.Request{
		Method: http.MethodGet, URL: u, Host: u.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: make(http.Header, 3),
	}
	if u.User != nil {
		password, _ := u.User.Password()
		req.SetBasicAuth(u.User.Username(), password)
	}
	return req
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// redirect returns where a tracker sends us, if we are willing to go there.
func (c *Client) redirect(judge Judge, from *url.URL, location string) (*url.URL, error) {
	if len(location) > maxURL+len(from.RawQuery) {
		return nil, errors.New("redirect to a URL that is too long")
	}
	to, err := from.Parse(location)
	switch {
	case err != nil:
		return nil, errors.New("redirect to what is not a URL")
	case to.Scheme != "http" && to.Scheme != "https":
		return nil, fmt.Errorf("redirect to scheme %q", cut(to.Scheme))
	case checkHost(to) != nil:
		return nil, errors.New("redirect to what is not a URL of a host")
	case from.Scheme == "https" && to.Scheme == "http":
		return nil, errors.New("redirect from https to http")
	}
	to.User = nil
	if SameOrigin(from, to) {
		to.User = from.User
	}
	proxy, err := c.proxyOf(to)
	if err == nil {
		err = judge.Visit(to, proxy)
	}
	if err != nil {
		return nil, fmt.Errorf("redirect to %s: %w", Redact(to.String()), err)
	}
	return to, nil
}

// readBody returns the body, at most maxBody bytes of it after inflation. A
// hundred hostile trackers are as many megabytes, but not at the same time. A
// body that ends too soon, for its length, its chunks or its checksum, is
// returned with the error: the dictionary in it may be whole all the same.
func (c *Client) readBody(ctx context.Context, resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	r, err := inflate(resp.Body)
	if err != nil {
		return nil, networkError(ctx, err)
	}
	body, err := io.ReadAll(io.LimitReader(r, smallBody))
	if err == nil && len(body) == smallBody {
		select {
		case c.large <- struct{}{}:
			defer func() { <-c.large }()
		case <-ctx.Done():
			return nil, networkError(ctx, ctx.Err())
		}
		var rest []byte
		rest, err = io.ReadAll(io.LimitReader(r, maxBody-smallBody+1))
		body = append(body, rest...)
	}
	if len(body) > maxBody {
		return nil, malformed("longer than %d bytes", maxBody)
	}
	if err != nil {
		err = networkError(ctx, err)
	}
	return body, err
}

// inflate undoes gzip where it is seen, whatever the header says or not: a
// dictionary never begins like that. What is behind the compressed data is not
// looked at; a checksum that is wrong or missing is an error of the last Read.
func inflate(body io.Reader) (io.Reader, error) {
	b := bufio.NewReader(body)
	if head, _ := b.Peek(2); string(head) != "\x1f\x8b" {
		return b, nil
	}
	z, err := gzip.NewReader(b)
	if err == nil {
		z.Multistream(false)
	}
	return z, err
}
