package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"gotor/bencode"
	"gotor/tracker"
)

// running is a tracker on loopback sockets.
type running struct {
	*Server
	t    testing.TB
	host string // with the port
	end  func() error
}

// start runs a tracker on an address until the test ends.
func start(t testing.TB, cfg Config, host string) *running {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Skip(err) // no IPv6 here
	}
	pc, err := net.ListenPacket("udp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	r := &running{Server: New(cfg), t: t, host: l.Addr().String()}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx, l, pc) }()
	r.end = func() error {
		cancel()
		err := <-done
		done <- err
		return err
	}
	t.Cleanup(func() {
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *running) url(scheme string) string { return scheme + "://" + r.host + "/announce" }

func newClient(t testing.TB) *tracker.Client {
	c := tracker.New(tracker.Config{
		DialContext: new(net.Dialer).DialContext, ListenPacket: new(net.ListenConfig).ListenPacket, LookupNetIP: net.DefaultResolver.LookupNetIP,
	})
	t.Cleanup(c.Close)
	return c
}

// request is an announce for our own client.
func request(port uint16, left int64, event tracker.Event) tracker.Request {
	return tracker.Request{InfoHash: hashOf('x'), PeerID: idOf(fmt.Sprintf("-GT0001-%d", port)), Port: port, Left: left, Event: event}
}

// Our own client, over each transport and family.
func TestOwnClient(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		for _, scheme := range []string{"http", "udp"} {
			t.Run(scheme+" "+host, func(t *testing.T) {
				r, c, ctx := start(t, Config{Interval: 3 * time.Minute}, host), newClient(t), t.Context()
				announce := func(req tracker.Request) tracker.Response {
					t.Helper()
					got, err := c.Announce(ctx, nil, r.url(scheme), req)
					if err != nil {
						t.Fatal(err)
					}
					return got
				}
				announce(request(1000, 0, tracker.EventStarted))
				got := announce(request(2000, 5, tracker.EventStarted))
				want := []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr(host), 1000)}
				if got.Interval != 3*time.Minute || got.Seeders != 1 || got.Leechers != 1 || !slices.Equal(got.Peers, want) {
					t.Errorf("%+v", got)
				}
				announce(request(2000, 0, tracker.EventCompleted))
				announce(request(1000, 0, tracker.EventStopped))
				results, err := c.Scrape(ctx, nil, r.url(scheme), [][20]byte{hashOf('y'), hashOf('x')})
				if err != nil || results[1].Seeders != 1 || results[1].Leechers != 0 || results[1].Completed != 1 {
					t.Errorf("%+v, %v", results, err)
				}
				if unknown := results[0]; scheme == "http" && unknown.Seeders != -1 || scheme == "udp" && unknown.Seeders != 0 {
					t.Errorf("a torrent that is not known: %+v", unknown)
				}
			})
		}
	}
}

// Both transports lead to one book.
func TestOneBook(t *testing.T) {
	r, c := start(t, Config{}, "127.0.0.1"), newClient(t)
	if _, err := c.Announce(t.Context(), nil, r.url("udp"), request(1000, 0, tracker.EventStarted)); err != nil {
		t.Fatal(err)
	}
	got, err := c.Announce(t.Context(), nil, r.url("http"), request(2000, 9, tracker.EventStarted))
	if err != nil || len(got.Peers) != 1 || got.Peers[0].Port() != 1000 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOwnClientRefused(t *testing.T) {
	r, c := start(t, Config{Allow: [][20]byte{}}, "127.0.0.1"), newClient(t)
	for _, scheme := range []string{"http", "udp"} {
		_, err := c.Announce(t.Context(), nil, r.url(scheme), request(1000, 0, tracker.EventStarted))
		var refused *tracker.Failure
		if !errors.As(err, &refused) || refused.Reason != errNotAllowed.Error() {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}

// get fetches a path with a bare HTTP client.
func (r *running) get(path string) (int, string) {
	r.t.Helper()
	resp, err := http.Get("http://" + r.host + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if !resp.Close || resp.ContentLength != int64(len(b)) {
		r.t.Errorf("%s: close %v, length %d of %d", path, resp.Close, resp.ContentLength, len(b))
	}
	return resp.StatusCode, string(b)
}

// announcePath is an announce of torrent x.
func announcePath(id string, port int, more string) string {
	h := hashOf('x')
	return fmt.Sprintf("/announce?info_hash=%s&peer_id=%s&port=%d%s", url.QueryEscape(string(h[:])), id, port, more)
}

// The exact bytes, which other clients' parsers have to take.
func TestHTTPAnswers(t *testing.T) {
	r := start(t, Config{}, "127.0.0.1")
	const seed, leech = "-GT0001-aaaaaaaaaaaa", "-GT0001-bbbbbbbbbbbb"
	h := hashOf('x')
	numbers := func(s, l, done int) string {
		return fmt.Sprintf("d8:completei%de10:downloadedi%de10:incompletei%de8:intervali120e12:min intervali60e", s, done, l)
	}
	for _, c := range []struct{ path, want string }{
		{announcePath(seed, 258, "&left=0"), numbers(1, 0, 0) + "5:peers0:e"},
		{announcePath(leech, 515, "&left=9&compact=1"), numbers(1, 1, 0) + "5:peers6:\x7f\x00\x00\x01\x01\x02e"},
		{announcePath(leech, 515, "&left=9&compact=0"), numbers(1, 1, 0) + "5:peersld2:ip9:127.0.0.17:peer id20:" + seed + "4:porti258eeee"},
		{announcePath(leech, 515, "&left=9&compact=0&no_peer_id=1"), numbers(1, 1, 0) + "5:peersld2:ip9:127.0.0.14:porti258eeee"},
		{announcePath(leech, 515, "&left=9&numwant=0"), numbers(1, 1, 0) + "5:peers0:e"},
		{announcePath(leech, 515, "&left=0&event=completed"), numbers(2, 0, 1) + "5:peers0:e"},
		{announcePath(seed, 258, "&left=0&event=stopped"), numbers(1, 0, 1) + "5:peers0:e"},
		{"/scrape?info_hash=" + url.QueryEscape(string(h[:])), "d5:filesd20:" + string(h[:]) + "d8:completei1e10:downloadedi1e10:incompletei0eeee"},
		{"/scrape?info_hash=aaaaaaaaaaaaaaaaaaaa", "d5:filesdee"},
		{"/scrape", "d14:failure reason20:info_hash is missinge"},
		{"/announce", "d14:failure reason20:info_hash is missinge"},
		{"/announce?info_hash=%zz", "d14:failure reason27:info_hash has a bad % in ite"},
		{"/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&info_hash=aaaaaaaaaaaaaaaaaaaa", "d14:failure reason24:info_hash is given twicee"},
		{"/", greeting},
	} {
		if code, got := r.get(c.path); code != 200 || got != c.want {
			t.Errorf("%s: %d %q, want %q", c.path, code, got, c.want)
		}
	}
	for _, path := range []string{"/x", "/announce/", "/announce/passkey", "//announce", "/../etc/passwd", "/%61nnounce/x"} {
		if code, _ := r.get(path); code != 404 {
			t.Errorf("%s: %d", path, code)
		}
	}
}

// Keys of a scrape are in order and come once, in whatever order they were
// asked for: bencode wants it so.
func TestScrapeIsSorted(t *testing.T) {
	r, c := start(t, Config{}, "127.0.0.1"), newClient(t)
	path := "/scrape?"
	for _, h := range []byte{'c', 'a', 'b', 'a', 'c'} {
		req := request(1000, 0, tracker.EventStarted)
		req.InfoHash = hashOf(h)
		if _, err := c.Announce(t.Context(), nil, r.url("http"), req); err != nil {
			t.Fatal(err)
		}
		path += "&info_hash=" + url.QueryEscape(string(req.InfoHash[:]))
	}
	_, body := r.get(path)
	v, err := bencode.Parse([]byte(body), bencode.Limits{})
	if err != nil || !v.Sorted() {
		t.Fatalf("%v: %q", err, body)
	}
	n := 0
	for range v.Get("files").Entries() {
		n++
	}
	if n != 3 {
		t.Errorf("%d torrents", n)
	}
}

// Peers of both families come in two strings.
func TestHTTPBothFamilies(t *testing.T) {
	r := start(t, Config{}, "127.0.0.1")
	r.get(announcePath("-GT0001-aaaaaaaaaaaa", 1, "&ip=10.1.2.3"))
	r.get(announcePath("-GT0001-bbbbbbbbbbbb", 2, "&ip=fd00::7"))
	_, got := r.get(announcePath("-GT0001-cccccccccccc", 3, ""))
	for _, want := range []string{"5:peers6:\x0a\x01\x02\x03\x00\x01", "6:peers618:\xfd" + strings.Repeat("\x00", 14) + "\x07\x00\x02"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	_, got = r.get(announcePath("-GT0001-cccccccccccc", 3, "&compact=0"))
	for _, want := range []string{"2:ip8:10.1.2.37:peer id", "2:ip7:fd00::77:peer id"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

// raw sends text over a connection of its own and returns the first line of
// the answer.
func (r *running) raw(text string) string {
	r.t.Helper()
	c, err := net.Dial("tcp", r.host)
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	go io.WriteString(c, text) // the server may stop reading
	line, _ := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(line)
}

// What no client sends.
func TestHTTPHostile(t *testing.T) {
	r := start(t, Config{}, "127.0.0.1")
	for name, c := range map[string]struct{ text, want string }{
		"post":         {"POST /announce HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 405"},
		"head":         {"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405"},
		"long query":   {"GET /announce?x=" + strings.Repeat("y", 20_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 431"},
		"long header":  {"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", 20_000) + "\r\n\r\n", "HTTP/1.1 431"},
		"no HTTP":      {"\x13BitTorrent protocol\r\n\r\n", "HTTP/1.1 400"},
		"old HTTP":     {"GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 200"},
		"absolute URL": {"GET http://other.example/announce HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200"},
	} {
		if got := r.raw(c.text); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// When one half fails, Serve ends the other and says why.
func TestServeFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pc.Close()
	if err := New(Config{}).Serve(t.Context(), l, pc); err == nil {
		t.Error("no error from a closed socket")
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener was left open: %v", err)
	}
	if err := New(Config{}).Serve(t.Context(), nil, broken{}); err == nil || !strings.Contains(err.Error(), "fails to read") {
		t.Errorf("a socket that fails all the time: %v", err)
	}
}

// broken is a socket that cannot be read.
type broken struct{ net.PacketConn }

func (broken) ReadFrom([]byte) (int, net.Addr, error) { return 0, nil, io.ErrUnexpectedEOF }
func (broken) LocalAddr() net.Addr                    { return nil }
func (broken) Close() error                           { return nil }

func TestConfigBounds(t *testing.T) {
	for _, c := range []struct {
		cfg    Config
		limits limits
	}{
		{Config{}, limits{360, 10_000, 100_000, 50_000, 6_250}},
		{Config{Interval: time.Nanosecond}, limits{360, 10_000, 100_000, 50_000, 6_250}},
		{Config{Interval: 24 * time.Hour}, limits{10_800, 10_000, 100_000, 50_000, 6_250}},
		{Config{MaxTorrents: 1, MaxPeers: 1}, limits{360, 1, 1, 1, 1}},
		{Config{MaxTorrents: -1, MaxPeers: 1500}, limits{360, 10_000, 1500, 1000, 1000}},
		{Config{MaxTorrents: 1, Allow: [][20]byte{hashOf('x'), hashOf('y')}}, limits{360, 2, 100_000, 50_000, 6_250}},
	} {
		if got := New(c.cfg).book.limits; got != c.limits {
			t.Errorf("%+v: %+v, want %+v", c.cfg, got, c.limits)
		}
	}
}

func TestLocalFor(t *testing.T) {
	s := New(Config{Addrs: []netip.Prefix{netip.MustParsePrefix("192.168.1.5/24"), netip.MustParsePrefix("10.0.0.5/8"), netip.MustParsePrefix("fd00::5/64")}})
	for from, want := range map[string]string{"10.1.1.1": "10.0.0.5", "192.168.1.9": "192.168.1.5", "8.8.8.8": "192.168.1.5", "2001:db8::1": "fd00::5"} {
		if got := s.localFor(netip.MustParseAddr(from)); got.String() != want {
			t.Errorf("%s reaches us at %v, want %s", from, got, want)
		}
	}
	if got := New(Config{}).localFor(netip.MustParseAddr("10.0.0.1")); got.IsValid() {
		t.Error(got)
	}
}

// Who has reached us under an address is told of peers on this machine by it,
// and of its own address (BEP 24).
func TestAddressesOfRequests(t *testing.T) {
	s := New(Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.7/8")}})
	ask := func(from, local string, port int) string {
		req := httptest.NewRequest(http.MethodGet, announcePath(fmt.Sprintf("-GT0001-%012d", port), port, ""), nil)
		req.RemoteAddr = from
		at := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(local))
		w := httptest.NewRecorder()
		s.handle(w, req.WithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, net.Addr(at))))
		return w.Body.String()
	}
	if got := ask("127.0.0.1:5", "127.0.0.1:6969", 258); strings.Contains(got, "external ip") {
		t.Errorf("a loopback address is told as an external one: %q", got)
	}
	got := ask("[::ffff:10.0.0.2]:5", "[::ffff:10.0.0.1]:6969", 515)
	for _, want := range []string{"11:external ip4:\x0a\x00\x00\x02", "5:peers6:\x0a\x00\x00\x01\x01\x02"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	// A UDP socket says which address it was reached under only when it has one.
	for bound, want := range map[string]string{"10.0.0.1": "\x0a\x00\x00\x01", "0.0.0.0": "\x0a\x00\x00\x07", "::": "\x0a\x00\x00\x07"} {
		u, from, now := s.newUDP(netip.MustParseAddr(bound)), netip.MustParseAddr("10.0.0.3"), time.Now()
		got := string(u.answer(now, udpAnnounce(u.tokens.make(now, from), 1, 'x', 5, 0, [4]byte{}, -1, 1000), from))
		if !strings.Contains(got[20:], want+"\x01\x02") {
			t.Errorf("bound to %s: no %q in %q", bound, want, got)
		}
	}
}
