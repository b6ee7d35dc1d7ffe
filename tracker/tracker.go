package tracker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Limits on what a tracker can make us do (see the package comment).
const (
	maxURL       = 2048     // bytes of a tracker URL, redirects included
	maxPeers     = 500      // peers taken from one answer
	maxText      = 512      // bytes of a failure reason, a warning or an error
	maxTrackerID = 256      // bytes; a longer id is ignored
	minInterval  = 60       // seconds
	maxInterval  = 3600     // seconds
	stdInterval  = 30 * 60  // seconds, when the tracker names none
	maxBody      = 2 << 20  // bytes of an HTTP answer after inflation
	smallBody    = 64 << 10 // what most answers fit in; of longer ones
	maxLarge     = 4        // only so many are read at a time
	maxHeader    = 64 << 10 // bytes of HTTP headers
	maxRedirects = 5
	httpTimeout  = 10 * time.Second // a whole HTTP exchange, redirects included
)

// standInPort is announced when nobody can connect to us and the tracker refuses
// port 0, as some do. Nobody takes connections there, tcpmux being as good as
// gone, so whoever is told of it wastes no more than a dial.
const standInPort = 1

// Event is why an announce is made. The numbers are those of BEP 15.
type Event uint8

// The events of BEP 3, and the one of BEP 21 for partial seeds.
const (
	EventNone      Event = iota // a regular announce
	EventCompleted              // the download has just become complete
	EventStarted                // the first announce
	EventStopped                // the last announce
	EventPaused                 // regular, from a partial seed; UDP has no number for it
)

// String returns the event as HTTP announces carry it; empty for EventNone.
func (e Event) String() string {
	if e > EventPaused {
		return ""
	}
	return [...]string{"", "completed", "started", "stopped", "paused"}[e]
}

// Request is what an announce tells the tracker.
type Request struct {
	InfoHash [20]byte
	PeerID   [20]byte
	Port     uint16 // on which we take connections; 0: on none, another is said to trackers that refuse it
	// Bytes since the start; Left is what is still to be downloaded, -1 if
	// that is not known yet (no metadata).
	Uploaded, Downloaded, Left int64
	Event                      Event
	NumWant                    int    // how many peers to send; 0: as many as the tracker likes
	Key                        uint32 // stays the same while the process runs: tells a tracker that we are we from another address
	TrackerID                  string // as last received from this tracker

	// sent, if not nil, is called when the request has left us: from then on
	// the tracker may know us, whether its answer comes or not.
	sent func()
}

// Response is a tracker's answer to an announce. Strings are raw.
type Response struct {
	Interval    time.Duration // until the next regular announce: 1 min to 1 h
	MinInterval time.Duration // announce no sooner: 1 min to Interval
	Seeders     int           // -1: not told
	Leechers    int           // -1: not told
	Peers       []netip.AddrPort
	ExternalIP  netip.Addr // ours, as the tracker sees it (BEP 24); may be invalid
	Warning     string
	TrackerID   string
	Server      netip.Addr // who said ExternalIP; invalid: it came through a proxy, or over UDP
}

// ScrapeResult is what a tracker knows about one torrent; -1 is unknown, and
// all four are if the tracker does not know the torrent.
type ScrapeResult struct {
	Seeders     int // peers that have everything
	Leechers    int // the others
	Completed   int // downloads ever finished
	Downloaders int // of Leechers, those that still download (BEP 21)
}

// Config is where a Client's connections come from.
type Config struct {
	// DialContext, ListenPacket and LookupNetIP are the only way to the network,
	// and must be there. Networks are "tcp", "udp4", "udp6" and "ip"; names are
	// resolved by LookupNetIP, so DialContext gets addresses only.
	DialContext  func(ctx context.Context, network, addr string) (net.Conn, error)
	ListenPacket func(ctx context.Context, network, addr string) (net.PacketConn, error)
	LookupNetIP  func(ctx context.Context, network, host string) ([]netip.Addr, error)

	UserAgent string // of HTTP requests; empty: gotor
	// Proxy chooses the proxy of an HTTP request as http.Transport.Proxy does; nil:
	// there is none. UDP knows no proxies.
	Proxy    func(*http.Request) (*url.URL, error)
	RootCAs  *x509.CertPool // whom HTTPS trusts; nil: whom the system trusts
	Insecure bool           // do not verify HTTPS certificates
}

// Client makes the announces and scrapes of a process. It may be used by several
// goroutines.
type Client struct {
	cfg Config // immutable, without nil functions

	ctx    context.Context // done when Close is called
	cancel context.CancelFunc
	wg     sync.WaitGroup // calls, sockets' readers and HTTP connections
	large  chan struct{}  // holds a token for each body being read beyond smallBody
	turns  turns          // of the announces of Announcers

	mu     sync.Mutex
	closed bool
	http   *http.Transport
	udp    [2]*udpSocket // by family
}

// New returns a Client. It does nothing yet: sockets are opened when needed.
func New(cfg Config) *Client {
	if cfg.Proxy == nil {
		cfg.Proxy = http.ProxyURL(nil)
	}
	cfg.Proxy = quietProxy(cfg.Proxy)
	if cfg.UserAgent == "" {
		cfg.UserAgent = "gotor"
	}
	c := &Client{cfg: cfg, large: make(chan struct{}, maxLarge)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// quietProxy returns proxy with errors that do not quote its address, which
// may have a password in it.
func quietProxy(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		u, err := proxy(r)
		if err != nil {
			return nil, errors.New("the HTTP proxy that is set is not a URL")
		}
		return u, nil
	}
}

// Close ends whatever is in progress, which then fails with net.ErrClosed,
// and waits for it. It may be called again.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	sockets := c.udp
	c.mu.Unlock()
	c.cancel()
	c.turns.close()
	for _, s := range sockets {
		if s != nil {
			s.pc.Close()
		}
	}
	c.wg.Wait()
}

// enter begins a call: the context it returns also ends when the Client is
// closed. The caller calls the function when done.
func (c *Client) enter(ctx context.Context) (context.Context, func(), error) {
	if !c.hold() {
		return nil, nil, net.ErrClosed
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.ctx, func() { cancel(net.ErrClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
		c.wg.Done()
	}, nil
}

// hold makes Close wait until c.wg.Done; false: it is closed already.
func (c *Client) hold() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.wg.Add(1)
	}
	return !c.closed
}

// transport returns what HTTP exchanges go through, made on first use.
func (c *Client) transport() *http.Transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.http == nil {
		c.http = &http.Transport{
			DialContext:    c.dialHTTP,
			DialTLSContext: c.dialTLS,
			// Who that is was found by the URL as it was given: see hop.request.
			Proxy:                  func(req *http.Request) (*url.URL, error) { return req.Context().Value(dialKey{}).(*hop).proxy, nil },
			IdleConnTimeout:        idleTime,
			MaxIdleConns:           maxIdle,
			MaxIdleConnsPerHost:    maxIdle,
			MaxResponseHeaderBytes: maxHeader,
			TLSClientConfig:        &tls.Config{RootCAs: c.cfg.RootCAs, InsecureSkipVerify: c.cfg.Insecure},
		}
	}
	return c.http
}

// Announce announces r to a tracker (http, https or udp) and returns its
// answer. The judge is for this exchange alone, with its redirects; nil: everything
// is allowed. If the tracker has addresses of both families, both are announced
// to and the answers become one. HTTP takes 10 s at most; UDP repeats its
// questions as BEP 15 says until ctx is done, or for over two hours.
//
// Errors: [*Failure] if the tracker refuses, [ErrURL] if the URL can never be
// used, [ErrMalformed] if the answer is nonsense, else [ErrUnreachable].
func (c *Client) Announce(ctx context.Context, judge Judge, rawURL string, r Request) (Response, error) {
	return c.announce(ctx, judge, rawURL, r, nil)
}

// announce is Announce which also hands each family's answer to each as soon
// as it is there; the calls do not overlap.
func (c *Client) announce(ctx context.Context, judge Judge, rawURL string, r Request, each func(Response)) (Response, error) {
	var mu sync.Mutex
	got, some := Response{Seeders: -1, Leechers: -1}, false
	err := c.ask(ctx, judge, rawURL, announceGrace(r.Event), func(ctx context.Context, t target) error {
		answer, err := t.announce(ctx, c, r)
		if r.Port == 0 && errors.As(err, new(*Failure)) {
			again := r
			again.Port = standInPort
			answer, err = t.announce(ctx, c, again)
		}
		if err != nil {
			return err
		}
		answer.Peers = slices.DeleteFunc(answer.Peers, func(a netip.AddrPort) bool { return !t.judge().Peer(a) })
		mu.Lock()
		defer mu.Unlock()
		if some {
			got = merge(got, answer)
		} else {
			got, some = answer, true
		}
		if each != nil {
			each(answer)
		}
		return nil
	})
	if err != nil {
		return Response{}, err
	}
	return got, nil
}

// merge makes one answer of those of two families.
func merge(a, b Response) Response {
	a.Interval = max(a.Interval, b.Interval)
	a.MinInterval = max(a.MinInterval, b.MinInterval)
	a.Seeders = max(a.Seeders, b.Seeders)
	a.Leechers = max(a.Leechers, b.Leechers)
	a.Peers = append(a.Peers, b.Peers...)
	if !a.ExternalIP.IsValid() {
		a.ExternalIP, a.Server = b.ExternalIP, b.Server
	}
	if a.Warning == "" {
		a.Warning = b.Warning
	}
	if a.TrackerID == "" {
		a.TrackerID = b.TrackerID
	}
	return a
}

// Scrape asks a tracker about torrents and returns one result for each hash,
// in their order. The scrape address of an HTTP tracker is derived from its
// announce URL (BEP 48); not every tracker has one. Many hashes are asked for
// in several exchanges. Judge and errors are those of Announce.
func (c *Client) Scrape(ctx context.Context, judge Judge, rawURL string, hashes [][20]byte) ([]ScrapeResult, error) {
	var mu sync.Mutex
	var got []ScrapeResult
	err := c.ask(ctx, judge, rawURL, scrapeGrace, func(ctx context.Context, t target) error {
		results := make([]ScrapeResult, 0, len(hashes))
		for rest := hashes; len(rest) > 0; {
			n := min(len(rest), maxScrape)
			part, err := t.scrape(ctx, c, rest[:n])
			if err != nil {
				return err
			}
			results, rest = append(results, part...), rest[n:]
		}
		mu.Lock()
		defer mu.Unlock()
		got = results
		return nil
	})
	return got, err
}
