package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gotor/cmd/record"
)

const (
	maxAnswer  = 64 << 20
	maxProblem = 1 << 20
	callTime   = time.Minute
	fetchTime  = 3 * time.Minute // of what takes long: the daemon gives a URL two
)

// base is where the routes of the API begin, below the URL of a daemon.
const base = "/api/v1"

// Config says where a daemon is. One of Socket and URL is set.
type Config struct {
	Socket string // path of its unix socket
	URL    string // http or https, perhaps with a path before that of the API
	Token  string // for a URL; the socket needs none
	Agent  string // how we are called
	// Dial connects; network is "unix" for the socket.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Proxy is asked for the proxy of a request to a URL; nil: none is used.
	Proxy func(*http.Request) (*url.URL, error)
}

// Client talks to one daemon.
type Client struct {
	http  *http.Client
	root  string // URL before /api/v1
	where string // for messages: the socket, or the URL without its secrets
	agent string
	token string
}

// New makes a client. It connects to nothing yet; what it refuses is wrong usage.
func New(c Config) (*Client, error) {
	t := &http.Transport{DialContext: c.Dial, Proxy: c.Proxy, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute}
	made := &Client{agent: c.Agent, token: c.Token, root: "http://localhost", where: c.Socket}
	if c.URL != "" {
		u, err := url.Parse(c.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return nil, record.Usagef("%q is not the URL of a daemon; write it like http://127.0.0.1:7470", record.Redact(c.URL))
		}
		made.root = strings.TrimSuffix(strings.TrimSuffix(u.String(), "/"), base)
		made.where = made.root
	} else {
		t.DisableCompression = true // it would cost more than it saves
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return c.Dial(ctx, "unix", c.Socket) }
		t.Proxy = nil
	}
	made.http = &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return made, nil
}

// Close ends the connections that are not in use.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Where is what the daemon's place is called in messages.
func (c *Client) Where() string { return c.where }

// request is one call.
type request struct {
	method, path string // path below the API
	query        url.Values
	kind         string // media type of body
	body         []byte
	header       http.Header
	limit        time.Duration // of the whole call; 0: callTime
}

// call makes a request and reads its answer into out, unless that is nil.
func (c *Client) call(ctx context.Context, r request, out any) (*http.Response, error) {
	if r.limit == 0 {
		r.limit = callTime
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.limit, errSlow)
	defer cancel()
	resp, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if out == nil {
		return resp, nil
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, c.unreachable(ctx, err)
	case len(b) > maxAnswer:
		return nil, fmt.Errorf("the daemon at %s answers more than %d MiB", c.where, maxAnswer>>20)
	}
	if err := json.Unmarshal(b, out); err != nil {
		return nil, fmt.Errorf("what answers at %s is no daemon of gotor: %w", c.where, err)
	}
	return resp, nil
}

// errSlow says that a daemon has had a request and gives no answer.
var errSlow = errors.New("it does not answer in time")

// send makes a request and returns its answer with the body still to be read, or the
// problem that it is.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	return c.sendTo(ctx, c.root+base+r.path, r)
}

// sendTo is send for any URL of the daemon.
func (c *Client) sendTo(ctx context.Context, to string, r request) (*http.Response, error) {
	if len(r.query) > 0 {
		to += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, to, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	if r.header != nil {
		req.Header = r.header
	}
	req.Header.Set("User-Agent", c.agent)
	if r.kind != "" {
		req.Header.Set("Content-Type", r.kind)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		return nil, c.refusal(resp)
	}
	return resp, nil
}

// unreachable says why there is no answer. That our own context has ended is no
// fault of the daemon.
func (c *Client) unreachable(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errSlow):
		err = errSlow
	case cause != nil:
		return cause
	}
	// The URL and the method are in our sentence, or of no interest.
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return record.Errorf(record.ExitFetch, "no daemon at %s (%w); start one with gotor serve", c.where, op.Err)
	}
	return record.Errorf(record.ExitFetch, "the daemon at %s: %w", c.where, err)
}

// refusal is the problem in an answer, or one made of its status.
func (c *Client) refusal(resp *http.Response) error {
	b, _ := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	p := new(record.Problem)
	if kind != "application/problem+json" || json.Unmarshal(b, p) != nil || p.Code == "" {
		return record.Errorf(record.ExitFetch, "what answers at %s is no daemon of gotor: HTTP status %s", c.where, resp.Status)
	}
	for _, e := range p.Errors {
		p.Detail += fmt.Sprintf("; %s: %s", e.Location, e.Message)
	}
	if p.Detail == "" {
		p.Detail = p.Title
	}
	if p.Code == record.CodeUnauthorized {
		p.Detail += "; name the file of its token with --token-file"
	}
	return p
}
