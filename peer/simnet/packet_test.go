package simnet

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func (w *world) send(s *packetConn, data, to string) {
	w.Helper()
	if _, err := s.WriteTo([]byte(data), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to))); err != nil {
		w.Fatal(err)
	}
}

func (w *world) wantPacket(s *packetConn, data, from string) {
	w.Helper()
	b := make([]byte, maxDatagram)
	s.SetReadDeadline(time.Now().Add(time.Minute))
	n, addr, err := s.ReadFrom(b)
	if err != nil || string(b[:n]) != data || addr.String() != from {
		w.Fatalf("got %q from %v, %v; want %q from %s", b[:n], addr, err, data, from)
	}
}

// count reads datagrams until none comes for a second.
func (w *world) count(s *packetConn) (packets, bytes int) {
	b := make([]byte, maxDatagram)
	for {
		s.SetReadDeadline(time.Now().Add(time.Second))
		n, _, err := s.ReadFrom(b)
		if err != nil {
			w.wantErr(err, os.ErrDeadlineExceeded)
			return packets, bytes
		}
		packets++
		bytes += n
	}
}

func TestDatagrams(t *testing.T) {
	simulate(t, func(w *world) {
		a := w.host(1, HostOptions{Up: 1000, Latency: 5 * ms, Addrs: []netip.Addr{netip.MustParseAddr("2001:db8::1")}})
		b := w.host(2, HostOptions{Down: 2000, Latency: 10 * ms, Addrs: []netip.Addr{netip.MustParseAddr("2001:db8::2")}})
		s, r := w.socket(a, ":1"), w.socket(b, ":2")
		w.send(s, "ping", "10.0.0.2:2")
		w.wantPacket(r, "ping", "10.0.0.1:1")
		w.wantElapsed("ping", 4*ms+15*ms+2*ms)
		w.send(r, "pong", "10.0.0.1:1")
		w.wantPacket(s, "pong", "10.0.0.2:2")
		w.send(s, "", "[2001:db8::2]:2")
		w.wantPacket(r, "", "[2001:db8::1]:1")
		w.send(s, "mapped", "[::ffff:10.0.0.2]:2")
		w.wantPacket(r, "mapped", "10.0.0.1:1")

		w.start = time.Now()
		w.send(s, "to myself", "127.0.0.1:1")
		w.wantPacket(s, "to myself", "127.0.0.1:1")
		w.wantElapsed("to myself", 0)

		w.send(s, "lost", "10.0.0.3:1")
		w.send(s, "lost", "10.0.0.2:3")
		if n, _ := w.count(r); n != 0 {
			w.Errorf("%d datagrams for others", n)
		}
	})
}

func TestDatagramErrors(t *testing.T) {
	simulate(t, func(w *world) {
		h := w.host(1, HostOptions{})
		s := w.socket(h, "10.0.0.1:0")
		_, err := h.ListenPacket(w.Context(), "udp", s.LocalAddr().String())
		w.wantErr(err, syscall.EADDRINUSE)
		_, err = s.WriteTo(make([]byte, maxDatagram+1), s.LocalAddr())
		w.wantErr(err, syscall.EMSGSIZE)
		_, err = s.WriteTo(nil, &net.UDPAddr{IP: net.ParseIP("2001:db8::1"), Port: 1})
		w.wantErr(err, syscall.ENETUNREACH)
		if _, err = s.WriteTo(nil, &net.TCPAddr{}); err == nil {
			w.Error("sent to a TCP address")
		}
		w.ok(s.SetDeadline(w.start.Add(ms)))
		w.ok(s.SetWriteDeadline(w.start))
		_, _, err = s.ReadFrom(nil)
		w.wantErr(err, os.ErrDeadlineExceeded)
		w.wantElapsed("read", ms)

		w.ok(s.SetDeadline(time.Time{}))
		go func() {
			time.Sleep(ms)
			w.ok(s.Close())
		}()
		_, _, err = s.ReadFrom(nil)
		w.wantErr(err, net.ErrClosed)
		w.wantErr(s.Close(), net.ErrClosed)
		w.wantErr(s.SetDeadline(time.Time{}), net.ErrClosed)
		_, err = s.WriteTo(nil, s.LocalAddr())
		w.wantErr(err, net.ErrClosed)
		w.socket(h, s.LocalAddr().String()) // free again
	})
}

func TestFullQueuesDrop(t *testing.T) {
	simulate(t, func(w *world) {
		a, b := w.host(1, HostOptions{Up: 1_000_000}), w.host(2, HostOptions{})
		s, r := w.socket(a, ":1"), w.socket(b, ":2")
		data := string(make([]byte, 1024))
		for range 1000 { // more than the uplink's queue
			w.send(s, data, "10.0.0.2:2")
		}
		if n, _ := w.count(r); n != maxQueue/1024 {
			w.Errorf("%d datagrams passed the uplink, want %d", n, maxQueue/1024)
		}
		for range 10 { // more than the socket's queue
			for range 100 {
				w.send(s, data, "10.0.0.2:2")
			}
			time.Sleep(time.Second)
		}
		if n, _ := w.count(r); n != maxQueue/1024 {
			w.Errorf("%d datagrams in the socket, want %d", n, maxQueue/1024)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(a.flows)+len(b.flows) != 0 {
			w.Errorf("%d flows left", len(a.flows)+len(b.flows))
		}
	})
}

// lost sends 2,000 datagrams between hosts with the given losses and returns
// which were lost.
func lost(t *testing.T, seed uint64, from, to float64) (which string) {
	simulate(t, func(w *world) {
		w.Net = New(Options{Seed: seed})
		a, b := w.host(1, HostOptions{Loss: from}), w.host(2, HostOptions{Loss: to})
		s, r := w.socket(a, ":1"), w.socket(b, ":2")
		for i := range 2000 {
			w.send(s, "x", "10.0.0.2:2")
			r.SetReadDeadline(time.Now())
			if r.waiting() == 0 {
				which += fmt.Sprint(i, " ")
				continue
			}
			r.SetReadDeadline(time.Time{})
			w.wantPacket(r, "x", "10.0.0.1:1")
		}
		if got, want := 1-float64(strings.Count(which, " "))/2000, (1-from)*(1-to); got < want-.03 || got > want+.03 {
			w.Errorf("%.1f%% arrived, want %.1f%%", 100*got, 100*want)
		}
	})
	return which
}

// waiting returns how many datagrams are in the socket when all is quiet.
func (s *packetConn) waiting() int {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

func TestLossFollowsTheSeed(t *testing.T) {
	lost(t, 1, 0, 0)
	lost(t, 1, 0, 1)
	one, same, other := lost(t, 1, .1, .2), lost(t, 1, .1, .2), lost(t, 2, .1, .2)
	if one != same {
		t.Error("the same seed lost other datagrams")
	}
	if one == other {
		t.Error("another seed lost the same datagrams")
	}
}

func TestDownHostLosesDatagrams(t *testing.T) {
	simulate(t, func(w *world) {
		a, b := w.host(1, HostOptions{}), w.host(2, HostOptions{Latency: ms})
		s, r := w.socket(a, ":1"), w.socket(b, ":2")
		b.SetDown(true)
		w.send(s, "lost", "10.0.0.2:2")
		time.Sleep(time.Second)
		b.SetDown(false)
		w.send(s, "late", "10.0.0.2:2")
		w.wantPacket(r, "late", "10.0.0.1:1")
		a.SetDown(true)
		_, err := s.WriteTo(nil, &net.UDPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 2})
		w.wantErr(err, syscall.ENETUNREACH)
	})
}

// One flow of small datagrams gets the same share of bytes as a stream.
func TestDatagramsShareWithStreams(t *testing.T) {
	simulate(t, func(w *world) {
		a, b := w.host(1, HostOptions{Up: 1_000_000}), w.host(2, HostOptions{Latency: ms})
		c, s := w.connect(a, b)
		from, to := w.socket(a, ":1"), w.socket(b, ":2")
		var wg sync.WaitGroup
		w.pump(&wg, c, 5_000_000)
		w.drain(&wg, s, func(int) {
			if !near(w.elapsed(), 10*time.Second) {
				w.Errorf("half the uplink took %v for 5 MB, want 10 s", w.elapsed())
			}
		})
		wg.Go(func() { // 800 kB/s
			for range 10_000 {
				w.send(from, string(make([]byte, 800)), "10.0.0.2:2")
				time.Sleep(ms)
			}
		})
		wg.Go(func() {
			if _, n := w.count(to); n < 5_000_000 || n > 5_400_000 { // with the queue
				w.Errorf("%d bytes in datagrams, want 5 MB and the queue", n)
			}
		})
		wg.Wait()
	})
}
