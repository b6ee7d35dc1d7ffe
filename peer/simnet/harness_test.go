package simnet

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// world is a Net in a bubble, with verbs that fail the test.
type world struct {
	*testing.T
	*Net
	start time.Time
}

// simulate runs f in a bubble with an empty internet.
func simulate(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(&world{T: t, Net: New(Options{Seed: 1}), start: time.Now()})
	})
}

// addr returns the address of the i'th host.
func addr(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// host adds the host with address addr(i).
func (w *world) host(i int, o HostOptions) *Host { return w.Net.Host(addr(i), o) }

// elapsed is the virtual time since the start.
func (w *world) elapsed() time.Duration { return time.Since(w.start) }

func (w *world) wantElapsed(what string, want time.Duration) {
	w.Helper()
	if got := w.elapsed(); got != want {
		w.Errorf("%s at %v, want %v", what, got, want)
	}
}

func (w *world) listen(h *Host, address string) net.Listener {
	w.Helper()
	l, err := h.Listen(w.Context(), "tcp", address)
	w.ok(err)
	return l
}

func (w *world) socket(h *Host, address string) *packetConn {
	w.Helper()
	s, err := h.ListenPacket(w.Context(), "udp", address)
	w.ok(err)
	return s.(*packetConn)
}

func (w *world) dial(h *Host, address string) *conn {
	w.Helper()
	c, err := h.DialContext(w.Context(), "tcp", address)
	w.ok(err)
	return c.(*conn)
}

// connect returns both ends of a connection from a to b.
func (w *world) connect(a, b *Host) (*conn, *conn) {
	w.Helper()
	l := w.listen(b, ":0")
	c := w.dial(a, fmt.Sprint(netip.AddrPortFrom(b.Addr(), l.(*listener).addr.Port())))
	s, err := l.Accept()
	w.ok(err)
	w.ok(l.Close())
	w.start = time.Now()
	return c, s.(*conn)
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) wantErr(err, want error) {
	w.Helper()
	if !errors.Is(err, want) {
		w.Errorf("error %v, want %v", err, want)
	}
}

func (w *world) write(c net.Conn, s string) {
	w.Helper()
	n, err := c.Write([]byte(s))
	if err != nil || n != len(s) {
		w.Fatalf("write: %d, %v", n, err)
	}
}

func (w *world) wantRead(c net.Conn, want string) {
	w.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		w.Fatalf("read %q, %v; want %q", b, err, want)
	}
}

func (w *world) wantEOF(c net.Conn) {
	w.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		w.Fatalf("read: %d, %v; want EOF", n, err)
	}
}

// pump writes n bytes to c and half-closes it; errors are the test's.
func (w *world) pump(wg *sync.WaitGroup, c *conn, n int) {
	wg.Go(func() {
		b := make([]byte, 64<<10)
		for n > 0 {
			m, err := c.Write(b[:min(n, len(b))])
			if err != nil {
				w.Error(err)
				return
			}
			n -= m
		}
		c.CloseWrite()
	})
}

// drain reads c to its end and calls done with the number of bytes.
func (w *world) drain(wg *sync.WaitGroup, c *conn, done func(n int)) {
	wg.Go(func() {
		b := make([]byte, 16<<10)
		total := 0
		for {
			n, err := c.Read(b)
			total += n
			if err == io.EOF {
				done(total)
				return
			}
			if err != nil {
				w.Error(err)
				return
			}
		}
	})
}

// near reports whether got is within 2 % of want.
func near(got, want time.Duration) bool {
	d := got - want
	return max(d, -d) <= want/50
}
