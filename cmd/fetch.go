package cmd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"
	"syscall"
	"time"

	"gotor/cmd/term"
	"gotor/torrent"
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
)

// errForbidden is a connection that our address policy refuses.
var errForbidden = errors.New("address not allowed: it names no host, is link-local, or is a private one that a public server sent us to")

// fetch reads a source over HTTP. Everything about it is bounded: time, size,
// redirects, and where they may lead. Any failure is exit code 11, but what
// comes and is no torrent is 3.
func (l *loader) fetch(ctx context.Context, arg string) (*source, error) {
	return l.fetchFrom(ctx, arg, &guard{only: l.only.suffix()})
}

// fetchFrom is fetch from where the guard allows.
func (l *loader) fetchFrom(ctx context.Context, arg string, g *guard) (*source, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	client := &http.Client{CheckRedirect: checkRedirect, Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           g.dial,
		TLSClientConfig:       &tls.Config{InsecureSkipVerify: l.insecure},
		TLSHandshakeTimeout:   dialTime,
		ResponseHeaderTimeout: headerTime,
		DisableKeepAlives:     true,
		ForceAttemptHTTP2:     true,
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, arg, nil)
	if err != nil {
		return nil, usagef("%s: %v", term.Redact(arg), bareURLError(err))
	}
	req.Header.Set("User-Agent", userAgent())
	req.Header.Set("Accept", "application/x-bittorrent, */*;q=0.5")
	resp, err := client.Do(req)
	if to := (*linkRedirect)(nil); errors.As(err, &to) {
		link, err := l.parseLink(to.link)
		return &source{link: link, local: !g.public.Load() && !proxied(req)}, err
	}
	if err != nil {
		return nil, fetchError(ctx, arg, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, codef(exitFetch, "cannot fetch %s: the server answers %s", arg, resp.Status)
	}
	raw, err := readBounded(resp.Body)
	if err != nil {
		return nil, fetchError(ctx, arg, err)
	}
	return &source{raw: raw, local: !g.public.Load() && !proxied(resp.Request)}, nil
}

// proxied reports whether a request went through a proxy, so that nobody here
// knows where the answer came from.
func proxied(req *http.Request) bool {
	p, err := http.ProxyFromEnvironment(req)
	return err != nil || p != nil
}

// fetchError says why a URL could not be fetched. The end of the command itself
// is no failure of the server.
func fetchError(ctx context.Context, arg string, err error) error {
	var coded *codedError
	if errors.As(err, &coded) {
		return fmt.Errorf("%s: %w", arg, err)
	}
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return codef(exitFetch, "cannot fetch %s: no complete answer within %v", arg, fetchTime)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return codef(exitFetch, "cannot fetch %s: %w", arg, bareURLError(err))
}

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

// checkRedirect is asked before each redirect is followed. Addresses are judged
// later, when they are dialled. Nobody is told where we come from: the URL of a
// .torrent often has a passkey in it.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if isMagnet(req.URL.String()) {
		return &linkRedirect{req.URL.String()}
	}
	if s := req.URL.Scheme; s != "http" && s != "https" {
		return fmt.Errorf("it redirects to %s, which is neither http nor https", term.Safe(s))
	}
	req.Header.Del("Referer")
	return nil
}

// guard keeps what the internet sends us to out of our own network: once a
// public server was asked, no private address is dialled; the rest of the policy
// is that of torrent.Reachable. It looks at addresses at dial time, so that no
// name can be made to point elsewhere in between.
type guard struct {
	public  atomic.Bool
	only    string // the family of addresses to use, "4" or "6"; "": both
	harmful bool   // what is asked for must not be asked of our own network
}

// dial connects like net.Dialer, through the guard.
func (g *guard) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTime, ControlContext: g.control}
	return d.DialContext(ctx, network+g.only, addr)
}

// control is called by package net for each address, with its number.
func (g *guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	return g.check(ap.Addr())
}

// check judges an address before it is dialled.
func (g *guard) check(ip netip.Addr) error {
	if !torrent.Reachable(ip, !g.public.Load() && !g.harmful) {
		return fmt.Errorf("%v: %w", ip.Unmap(), errForbidden)
	}
	if torrent.Reachable(ip, false) {
		g.public.Store(true)
	}
	return nil
}
