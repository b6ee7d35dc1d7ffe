package simnet

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var netIPZero netip.Addr

// network is network.Network, written down again because packages below
// torrent do not import it.
type network interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
	Listen(ctx context.Context, network, address string) (net.Listener, error)
	ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

var _ network = (*Host)(nil)

func TestDialErrors(t *testing.T) {
	for _, tt := range []struct {
		name, network, address string
		want                   error
		after                  time.Duration
	}{
		{"nobody listens", "tcp", "10.0.0.2:1", syscall.ECONNREFUSED, 30 * ms},
		{"listens elsewhere", "tcp", "10.0.0.2:80", syscall.ECONNREFUSED, 30 * ms},
		{"nobody listens here", "tcp", "127.0.0.1:1", syscall.ECONNREFUSED, 0},
		{"no such host", "tcp", "10.9.9.9:1", syscall.EHOSTUNREACH, 10 * ms},
		{"host is down", "tcp", "10.0.0.3:1", syscall.ETIMEDOUT, 127 * time.Second},
		{"no IPv6", "tcp", "[2001:db8::2]:1", syscall.ENETUNREACH, 0},
		{"second address works not", "tcp", "both.example:1", syscall.EHOSTUNREACH, 40 * ms},
		{"canceled", "tcp", "canceled:1", context.Canceled, 0},
		{"canceled before", "tcp", "canceled:1", context.Canceled, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			simulate(t, func(w *world) {
				a := w.host(1, HostOptions{Latency: 5 * ms})
				b := w.host(2, HostOptions{Latency: 10 * ms, Addrs: []netip.Addr{netip.MustParseAddr("10.0.1.2")}})
				w.host(3, HostOptions{}).SetDown(true)
				defer w.listen(b, "127.0.0.1:1").Close()
				defer w.listen(b, "10.0.1.2:80").Close()
				w.SetName("both.example", netip.MustParseAddr("10.9.9.9"), b.Addr())
				ctx, cancel := context.WithCancel(w.Context())
				defer cancel()
				w.SetName("canceled", netip.MustParseAddr("10.0.0.3"))
				switch tt.name {
				case "canceled":
					go cancel()
				case "canceled before":
					cancel()
				}
				_, err := a.DialContext(ctx, tt.network, tt.address)
				w.wantErr(err, tt.want)
				w.wantElapsed("error", tt.after)
			})
		})
	}
}

func TestBadArguments(t *testing.T) {
	simulate(t, func(w *world) {
		h := w.host(1, HostOptions{})
		for _, a := range []string{"", "10.0.0.1", "10.0.0.1:http", "10.0.0.1:65536", "nowhere:1", "[::1:1"} {
			if _, err := h.DialContext(w.Context(), "tcp", a); err == nil {
				w.Errorf("dialed %q", a)
			}
		}
		for _, nw := range []string{"", "udp", "tcp5", "unix"} {
			if _, err := h.DialContext(w.Context(), nw, "10.0.0.1:1"); err == nil {
				w.Errorf("dialed network %q", nw)
			}
			if _, err := h.Listen(w.Context(), nw, ":0"); err == nil {
				w.Errorf("listened on network %q", nw)
			}
		}
		if _, err := h.ListenPacket(w.Context(), "tcp", ":0"); err == nil {
			w.Error("datagrams over tcp")
		}
		for _, a := range []netip.Addr{{}, addr(1), netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("224.0.0.1")} {
			func() {
				defer func() {
					if recover() == nil {
						w.Errorf("made a host %v", a)
					}
				}()
				w.Net.Host(a, HostOptions{})
			}()
		}
	})
}

func TestListenAddresses(t *testing.T) {
	simulate(t, func(w *world) {
		h := w.host(1, HostOptions{Addrs: []netip.Addr{netip.MustParseAddr("2001:db8::1")}})
		for _, tt := range []struct {
			network, address, shown string
			v4, v6                  bool
		}{
			{"tcp", ":1", "[::]:1", true, true},
			{"tcp", "[::]:2", "[::]:2", true, true},
			{"tcp", "0.0.0.0:3", "0.0.0.0:3", true, false},
			{"tcp4", ":4", "0.0.0.0:4", true, false},
			{"tcp6", ":5", "[::]:5", false, true},
			{"tcp", "10.0.0.1:6", "10.0.0.1:6", true, false},
			{"tcp", "[2001:db8::1]:7", "[2001:db8::1]:7", false, true},
		} {
			l, err := h.Listen(w.Context(), tt.network, tt.address)
			w.ok(err)
			if got := l.Addr().String(); got != tt.shown {
				w.Errorf("listening on %s, want %s", got, tt.shown)
			}
			port := l.(*listener).addr.Port()
			for at, want := range map[string]bool{"10.0.0.1": tt.v4, "2001:db8::1": tt.v6} {
				c, err := h.DialContext(w.Context(), "tcp", net.JoinHostPort(at, fmt.Sprint(port)))
				if (err == nil) != want {
					w.Errorf("%s %s, dialed %s: %v", tt.network, tt.address, at, err)
				}
				if err == nil {
					w.ok(c.Close())
				}
			}
			for _, again := range []string{fmt.Sprint(":", port), fmt.Sprint("10.0.0.1:", port)} {
				_, err := h.Listen(w.Context(), "tcp", again)
				if (err == nil) != (again[0] != ':' && !tt.v4) {
					w.Errorf("%s beside %s: %v", again, tt.address, err)
				}
			}
			w.ok(l.Close())
			w.wantErr(l.Close(), net.ErrClosed)
		}
		_, err := h.Listen(w.Context(), "tcp", "10.0.0.2:1")
		w.wantErr(err, syscall.EADDRNOTAVAIL)
	})
}

func TestPortsAreHandedOut(t *testing.T) {
	simulate(t, func(w *world) {
		h := w.host(1, HostOptions{})
		seen := make(map[string]bool)
		for range 1 << 14 {
			seen[w.listen(h, ":0").Addr().String()] = true
		}
		if len(seen) != 1<<14 {
			w.Errorf("%d different ports", len(seen))
		}
		_, err := h.Listen(w.Context(), "tcp", ":0")
		w.wantErr(err, syscall.EADDRINUSE)
	})
}

func TestAddressesOfBothEnds(t *testing.T) {
	simulate(t, func(w *world) {
		a := w.host(1, HostOptions{Addrs: []netip.Addr{netip.MustParseAddr("2001:db8::1")}})
		b := w.host(2, HostOptions{Addrs: []netip.Addr{netip.MustParseAddr("2001:db8::2")}})
		l := w.listen(b, ":6881")
		defer l.Close()
		for at, from := range map[string]string{"10.0.0.2": "10.0.0.1", "2001:db8::2": "2001:db8::1", "::ffff:10.0.0.2": "10.0.0.1"} {
			c := w.dial(a, net.JoinHostPort(at, "6881"))
			s, err := l.Accept()
			w.ok(err)
			if got := c.LocalAddr().(*net.TCPAddr).IP.String(); got != from {
				w.Errorf("dialed %s from %s", at, got)
			}
			if c.LocalAddr().String() != s.RemoteAddr().String() || c.RemoteAddr().String() != s.LocalAddr().String() {
				w.Errorf("%v-%v and %v-%v do not agree", c.LocalAddr(), c.RemoteAddr(), s.LocalAddr(), s.RemoteAddr())
			}
		}
	})
}

func TestAcceptAndClose(t *testing.T) {
	simulate(t, func(w *world) {
		a, b := w.host(1, HostOptions{Latency: ms}), w.host(2, HostOptions{})
		l := w.listen(b, ":1")
		first := w.dial(a, "10.0.0.2:1")
		s, err := l.Accept()
		w.ok(err)
		late := w.dial(a, "10.0.0.2:1")
		go func() {
			_, err := l.Accept()
			w.wantErr(err, net.ErrClosed)
		}()
		synctest.Wait()
		w.ok(l.Close())
		w.write(first, "ok")
		w.wantRead(s, "ok")
		_, err = late.Read(make([]byte, 1)) // its third packet finds the listener closed
		w.wantErr(err, syscall.ECONNRESET)
		_, err = a.DialContext(w.Context(), "tcp", "10.0.0.2:1")
		w.wantErr(err, syscall.ECONNREFUSED)
	})
}

func TestClosedListenerResetsItsQueue(t *testing.T) {
	simulate(t, func(w *world) {
		a, b := w.host(1, HostOptions{Latency: ms}), w.host(2, HostOptions{})
		l := w.listen(b, ":1")
		c := w.dial(a, "10.0.0.2:1")
		time.Sleep(time.Second)
		w.ok(l.Close())
		_, err := c.Write([]byte("x"))
		w.wantErr(err, syscall.ECONNRESET)
		if n := b.Cut(netIPZero); n != 0 {
			w.Errorf("%d connections left", n)
		}
	})
}

func TestFullBacklogDelays(t *testing.T) {
	simulate(t, func(w *world) {
		a, b := w.host(1, HostOptions{Latency: ms}), w.host(2, HostOptions{})
		l := w.listen(b, ":1")
		defer l.Close()
		for range backlog {
			w.dial(a, "10.0.0.2:1")
		}
		w.start = time.Now()
		time.AfterFunc(500*ms, func() { l.Accept() })
		w.dial(a, "10.0.0.2:1")
		w.wantElapsed("dialed", 1002*ms)
	})
}

func TestGivenUpDialLeavesNothing(t *testing.T) {
	simulate(t, func(w *world) {
		a, b := w.host(1, HostOptions{Latency: 10 * ms}), w.host(2, HostOptions{})
		l := w.listen(b, ":1")
		for _, after := range []time.Duration{5, 15} { // before and after the packet got there
			ctx, cancel := context.WithTimeout(w.Context(), after*ms)
			_, err := a.DialContext(ctx, "tcp", "10.0.0.2:1")
			w.wantErr(err, context.DeadlineExceeded)
			cancel()
		}
		time.Sleep(time.Second)
		w.mu.Lock()
		defer w.mu.Unlock()
		if l := l.(*listener); l.full() || l.pending != 0 || len(l.queue) != 0 || len(b.conns) != 0 {
			w.Errorf("%d pending, %d in the queue, %d connections", l.pending, len(l.queue), len(b.conns))
		}
	})
}

func TestLookup(t *testing.T) {
	simulate(t, func(w *world) {
		h := w.host(1, HostOptions{})
		w.SetName("dual.example", netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1"))
		w.SetName("gone.example", netip.MustParseAddr("192.0.2.1"))
		w.SetName("gone.example")
		for _, tt := range []struct{ network, host, want string }{
			{"ip", "dual.example", "[192.0.2.1 2001:db8::1]"},
			{"ip4", "dual.example", "[192.0.2.1]"},
			{"ip6", "dual.example", "[2001:db8::1]"},
			{"ip", "::ffff:192.0.2.7", "[192.0.2.7]"},
			{"ip6", "192.0.2.7", "[]"},
			{"ip", "gone.example", "[]"},
			{"ip", "never.example", "[]"},
		} {
			got, err := h.LookupNetIP(w.Context(), tt.network, tt.host)
			if fmt.Sprint(got) != tt.want {
				w.Errorf("%s %s: %v, want %s", tt.network, tt.host, got, tt.want)
			}
			if dns, _ := err.(*net.DNSError); len(got) == 0 && (dns == nil || !dns.IsNotFound) {
				w.Errorf("%s %s: %v is not \"not found\"", tt.network, tt.host, err)
			}
		}
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		if _, err := h.LookupNetIP(ctx, "ip", "dual.example"); err == nil {
			w.Error("looked up after cancel")
		}
	})
}

// The standard library's own client and server are the hardest users at hand.
func TestHTTP(t *testing.T) {
	simulate(t, func(w *world) {
		a := w.host(1, HostOptions{Latency: 10 * ms})
		b := w.host(2, HostOptions{Up: 1_000_000, Latency: 10 * ms})
		w.SetName("tracker.example", b.Addr())
		srv := http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rw.Write(make([]byte, 1_000_000))
		})}
		var wg sync.WaitGroup
		l := w.listen(b, ":80")
		wg.Go(func() { srv.Serve(l) })
		tr := &http.Transport{DialContext: a.DialContext}
		for range 2 {
			resp, err := (&http.Client{Transport: tr, Timeout: time.Minute}).Get("http://tracker.example/announce")
			w.ok(err)
			n, err := io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if err != nil || n != 1_000_000 || !near(w.elapsed(), time.Second+40*ms) && !near(w.elapsed(), time.Second+80*ms) {
				w.Errorf("%d bytes in %v: %v", n, w.elapsed(), err)
			}
			w.start = time.Now()
		}
		tr.CloseIdleConnections()
		w.ok(srv.Close())
		wg.Wait()
	})
}
