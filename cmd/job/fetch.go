package job

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"gotor/cmd/record"
	"gotor/torrent/network"
	"gotor/tracker/redact"
)

const (
	// fetchTime bounds the download of a .torrent: a server may send one byte
	// a minute.
	fetchTime = 2 * time.Minute
	// dialTime and headerTime bound its parts, so that a dead server is noticed
	// early.
	dialTime   = 10 * time.Second
	headerTime = 30 * time.Second
	// maxRedirects bounds a chain of redirects: it may be a loop.
	maxRedirects = 5
	// maxHeader bounds the header of an answer, and maxServerText what an error
	// quotes of one.
	maxHeader     = 64 << 10
	maxServerText = 300
)

// fetch reads a source over HTTP. Everything about it is bounded: time, size,
// redirects, and where they may lead. Any failure is exit code 11, but what
// comes and is no torrent is 3.
func (l *Loader) fetch(ctx context.Context, arg string) (*Source, error) {
	return l.fetchFrom(ctx, arg, l.fetchRules(), l.Header)
}

// fetchFrom is fetch from where the rules allow. The header is for the origin of
// arg alone.
func (l *Loader) fetchFrom(ctx context.Context, arg string, r network.Rules, header http.Header) (*Source, error) {
	g := fetchGuard{network.NewExchange(l.Only.Of(l.Network), r)}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	client := &http.Client{CheckRedirect: func(req *http.Request, via []*http.Request) error {
		dropHeader(req, via, header, l.Agent)
		return g.redirect(req, via)
	}, Transport: &http.Transport{
		Proxy:                 network.HTTPProxy,
		DialContext:           g.dial,
		TLSClientConfig:       &tls.Config{InsecureSkipVerify: l.Insecure},
		TLSHandshakeTimeout:   dialTime,
		ResponseHeaderTimeout: headerTime,
		DisableKeepAlives:     true, // one answer, and nothing of it left behind
		ForceAttemptHTTP2:     true,

		MaxResponseHeaderBytes: maxHeader,
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, arg, nil)
	if err != nil {
		return nil, record.Usagef("%s: %v", record.Redact(arg), bareURLError(err))
	}
	if req.URL.Host == "" {
		return nil, record.Usagef("%s: the URL names no host", arg)
	}
	req.Header.Set("User-Agent", l.Agent)
	// Some servers have a web page and a torrent under one URL.
	req.Header.Set("Accept", "application/x-bittorrent, */*;q=0.5")
	setHeader(req, header)
	// The first request is judged as each redirect is.
	if err := g.visit(req); err != nil {
		return nil, fetchError(ctx, arg, err)
	}
	resp, err := client.Do(req)
	if to := (*linkRedirect)(nil); errors.As(err, &to) {
		link, err := l.parseLink(to.link)
		return &Source{Link: link, Local: !g.Public() && !proxied(req)}, err
	}
	if err != nil {
		return nil, fetchError(ctx, arg, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, record.Errorf(record.ExitFetch, "cannot fetch %s: %s", arg, refusalText(resp))
	}
	raw, err := ReadBounded(resp.Body)
	if err != nil {
		return nil, fetchError(ctx, arg, err)
	}
	return &Source{Raw: raw, Local: !g.Public() && !proxied(resp.Request)}, nil
}

// proxied reports whether a request went through a proxy, so that nobody here
// knows where the answer came from.
func proxied(req *http.Request) bool {
	p, err := network.HTTPProxy(req)
	return err != nil || p != nil
}

// fetchError says why a URL could not be fetched. The end of the command itself
// is no failure of the server.
func fetchError(ctx context.Context, arg string, err error) error {
	var coded record.Coded
	if errors.As(err, &coded) {
		return fmt.Errorf("%s: %w", arg, err)
	}
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return record.Errorf(record.ExitFetch, "cannot fetch %s: no complete answer within %v", arg, fetchTime)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return record.Errorf(record.ExitFetch, "cannot fetch %s: %w", arg, serverError{plainFetchError(err)})
}

// serverError is an error that may quote what a server sent: as much as one line
// takes.
type serverError struct{ err error }

func (e serverError) Error() string { return redact.Cut(e.err.Error(), maxServerText) }
func (e serverError) Unwrap() error { return e.err }

// bareURLError is err without the URL that net/http put before it: the message
// names it already.
func bareURLError(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// linkRedirect ends the fetching of a URL that redirects to a magnet link, as the
// download buttons of many sites do.
type linkRedirect struct{ link string }

func (*linkRedirect) Error() string { return "it redirects to a magnet link" }

// fetchRules are those for the URL of a .torrent that the user names.
func (l *Loader) fetchRules() network.Rules { return network.ByUser(l.Only.Suffix()).Rules(l.Ask) }

// fetchGuard is where one download of a .torrent may lead, and the door that it
// goes through.
type fetchGuard struct{ *network.Exchange }

// visit judges a request before it is made.
func (g fetchGuard) visit(req *http.Request) error {
	proxy, err := network.HTTPProxy(req)
	if err != nil {
		return err
	}
	return g.Visit(req.URL, proxy)
}

// dial connects for the request that was visited last.
func (g fetchGuard) dial(ctx context.Context, of, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	return g.DialContext(ctx, of, address)
}

// redirect is asked before each redirect is followed. Nobody is told where we come
// from: the URL of a .torrent often has a passkey in it.
func (g fetchGuard) redirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if IsMagnet(req.URL.String()) {
		return &linkRedirect{req.URL.String()}
	}
	if s := req.URL.Scheme; s != "http" && s != "https" {
		return fmt.Errorf("it redirects to %s, which is neither http nor https", Clip(record.Safe(s)))
	}
	req.Header.Del("Referer")
	return g.visit(req)
}
