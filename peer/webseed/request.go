package webseed

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	maxRedirects = 5
	// dialTime, tlsTime and headerTime are how long a server may take until its
	// answer begins.
	dialTime   = 10 * time.Second
	tlsTime    = 10 * time.Second
	headerTime = 30 * time.Second
	// idleTime is how long a connection is kept without a request.
	idleTime = 90 * time.Second
	// maxHeader bounds the header of an answer.
	maxHeader = 64 << 10
)

// newTransport returns what requests of one Seed go over: one connection.
func newTransport(c *Config) *http.Transport {
	return &http.Transport{
		Proxy: c.Proxy,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, dialTime)
			defer cancel()
			return c.Dial(ctx, network, address)
		},
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: c.Insecure},
		TLSHandshakeTimeout:    tlsTime,
		ResponseHeaderTimeout:  headerTime,
		IdleConnTimeout:        idleTime,
		MaxIdleConns:           2, // a redirect leads to another host
		MaxIdleConnsPerHost:    1,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
	}
}

// get sends a request and returns the answer, whatever its status, with all
// redirects followed. Where they led is remembered for the next request, until
// the server there fails or refuses.
func (s *Seed) get(st *stream, a ask) (*http.Response, error) {
	origin, err := url.Parse(s.url(a))
	if err != nil || origin.Host == "" {
		return nil, gone("not a URL")
	}
	if to := s.moved[a.seg.id]; to != nil {
		r, err := s.follow(st, origin, to, a)
		if err == nil && r.StatusCode < 400 || st.ctx.Err() != nil {
			return r, err
		}
		if err == nil {
			r.Body.Close()
		}
		s.movedBack(a.seg.id)
	}
	return s.follow(st, origin, origin, a)
}

// follow begins at one URL of those that origin led to.
func (s *Seed) follow(st *stream, origin, at *url.URL, a ask) (*http.Response, error) {
	begun := at
	for n := 0; ; n++ {
		q := s.request(st.ctx, origin, at, a)
		if err := s.visit(q); err != nil {
			return nil, err
		}
		r, err := s.transport.RoundTrip(q)
		if err != nil {
			return nil, roundTripError(st.ctx, err)
		}
		if !isRedirect(r.StatusCode) {
			if at != begun && r.StatusCode < 300 && !s.script() {
				s.movedTo(a.seg.id, at)
			}
			return r, nil
		}
		next, err := r.Location()
		st.drain(r.Body, 4<<10) // or the connection cannot be used again
		r.Body.Close()
		switch {
		case err != nil:
			return nil, gone("the server redirects to something that is no URL")
		case next.Scheme != "http" && next.Scheme != "https" || next.Host == "":
			return nil, gone("the server redirects to something that is neither http nor https")
		case n == maxRedirects:
			return nil, gone("more than %d redirects", maxRedirects)
		}
		next.Fragment, next.User = "", nil
		at = next
	}
}

// visit asks whether a request may be made.
func (s *Seed) visit(q *http.Request) error {
	if s.cfg.Visit == nil {
		return nil
	}
	var proxy *url.URL
	if s.cfg.Proxy != nil {
		var err error
		if proxy, err = s.cfg.Proxy(q); err != nil {
			return gone("the HTTP proxy that is set is not a URL") // err may quote a password
		}
	}
	if err := s.cfg.Visit(q.URL, proxy); err != nil {
		return &Error{Gone: true, Err: err}
	}
	return nil
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// request makes the request for one URL. The user's own headers and password go
// to the origin only.
func (s *Seed) request(ctx context.Context, origin, at *url.URL, a ask) *http.Request {
	r := (&http.Request{
		Method: http.MethodGet, URL: at, Host: at.Host, Header: make(http.Header),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if sameOrigin(origin, at) {
		for k, v := range s.cfg.Header {
			r.Header[k] = v
		}
		if h := r.Header.Get("Host"); h != "" {
			r.Host = h
			r.Header.Del("Host")
		}
		if u := origin.User; u != nil && r.Header.Get("Authorization") == "" {
			password, _ := u.Password()
			r.SetBasicAuth(u.Username(), password)
		}
	}
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", s.cfg.UserAgent)
	}
	r.Header.Set("Accept-Encoding", "identity")
	if !a.whole && !s.script() {
		b := appendInt([]byte("bytes="), a.off-a.seg.start)
		r.Header.Set("Range", string(appendInt(append(b, '-'), a.end-a.seg.start-1)))
	}
	return r
}

// sameOrigin reports whether two URLs have scheme, host and port in common.
func sameOrigin(a, b *url.URL) bool {
	usual := map[string]string{"http": "80", "https": "443"}[a.Scheme]
	port := func(u *url.URL) string { return cmp.Or(u.Port(), usual) }
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

// roundTripError says why there was no answer.
func roundTripError(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil {
		return c
	}
	var op *net.OpError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &cert):
		return &Error{Gone: true, Err: cert}
	case errors.As(err, &op) && op.Op == "dial" && op.Err != nil:
		return &Error{Err: op.Err}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Err: errors.New("no connection within " + dialTime.String())}
	}
	return &Error{Err: err}
}
