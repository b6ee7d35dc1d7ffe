package simnet

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

const ms = time.Millisecond

// A message of n bytes takes n/up + both latencies + n/down.
func TestLatencyIsExact(t *testing.T) {
	simulate(t, func(w *world) {
		a := w.host(1, HostOptions{Up: 1000_000, Latency: 10 * ms})
		b := w.host(2, HostOptions{Down: 500_000, Latency: 25 * ms})
		l := w.listen(b, ":6881")
		w.start = time.Now()
		c := w.dial(a, "10.0.0.2:6881")
		w.wantElapsed("dialed", 70*ms)
		s, err := l.Accept()
		w.ok(err)
		w.wantElapsed("accepted", 105*ms)

		w.start = time.Now()
		w.write(c, string(make([]byte, 1000)))
		w.wantElapsed("written", 0)
		w.wantRead(s, string(make([]byte, 1000)))
		w.wantElapsed("read", 1*ms+35*ms+2*ms)
		w.start = time.Now()
		w.write(s, "x") // b has no limit up, nor a down
		w.wantRead(c, "x")
		w.wantElapsed("answer", 35*ms)
	})
}

func TestThroughputIsTheBandwidth(t *testing.T) {
	const size = 8 << 20
	for _, tt := range []struct {
		name       string
		up, down   int64
		windowSize int
		latency    time.Duration
		want       int64
	}{
		{"uplink", 2_500_000, 0, 0, 5 * ms, 2_500_000},
		{"downlink", 0, 1_250_000, 0, 5 * ms, 1_250_000},
		{"the narrower", 3_000_000, 1_000_000, 0, 20 * ms, 1_000_000},
		{"slow", 20_000, 0, 0, 50 * ms, 20_000},
		{"fast", 1_250_000_000, 1_250_000_000, 4 << 20, 100 * time.Microsecond, 1_250_000_000},
		{"odd", 2_718_281, 3_141_592, 0, 3 * ms, 2_718_281},
		{"window over delay", 0, 0, 100_000, 50 * ms, 1_000_000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			simulate(t, func(w *world) {
				a := w.host(1, HostOptions{Up: tt.up, Latency: tt.latency})
				b := w.host(2, HostOptions{Down: tt.down, Latency: tt.latency, Window: tt.windowSize})
				c, s := w.connect(a, b)
				var wg sync.WaitGroup
				w.pump(&wg, c, size)
				w.drain(&wg, s, func(n int) {
					want := time.Duration(size * int64(time.Second) / tt.want)
					if got := w.elapsed() - 2*tt.latency; n != size || !near(got, want) {
						w.Errorf("%d bytes in %v, want %d in %v", n, got, size, want)
					}
				})
				wg.Wait()
				if got := a.Stats().Sent; got != size {
					w.Errorf("sent %d", got)
				}
				if got := b.Stats().Received; got != size {
					w.Errorf("received %d", got)
				}
			})
		})
	}
}

// Streams over one uplink get equal shares, and what one leaves goes to the rest.
func TestUplinkIsShared(t *testing.T) {
	simulate(t, func(w *world) {
		a := w.host(0, HostOptions{Up: 1_000_000, Latency: ms})
		var wg sync.WaitGroup
		var conns [4][2]*conn
		for i := range conns {
			conns[i][0], conns[i][1] = w.connect(a, w.host(1+i, HostOptions{Latency: ms}))
		}
		// 1, 2, 3 and 4 MB: ends at 4, 7, 9 and 10 s.
		for i, end := range []time.Duration{4, 7, 9, 10} {
			w.pump(&wg, conns[i][0], (i+1)*1_000_000)
			w.drain(&wg, conns[i][1], func(int) {
				if got := w.elapsed(); !near(got, end*time.Second) {
					w.Errorf("stream %d finished after %v, want %v s", i, got, end)
				}
			})
		}
		wg.Wait()
	})
}

// The shares are max-min fair: the sender that cannot use a third of the
// downlink leaves more to the others.
func TestDownlinkIsShared(t *testing.T) {
	simulate(t, func(w *world) {
		b := w.host(0, HostOptions{Down: 1_000_000})
		var wg sync.WaitGroup
		var conns [3][2]*conn
		for i, rate := range []int64{100_000, 5_000_000, 0} {
			conns[i][0], conns[i][1] = w.connect(w.host(1+i, HostOptions{Up: rate, Latency: 2 * ms}), b)
		}
		for i := range conns {
			c, s := conns[i][0], conns[i][1]
			wg.Go(func() {
				c.SetWriteDeadline(w.start.Add(20 * time.Second))
				for err := error(nil); err == nil; {
					_, err = c.Write(make([]byte, 10_000))
				}
			})
			wg.Go(func() {
				s.SetReadDeadline(w.start.Add(20 * time.Second))
				n, _ := io.Copy(io.Discard, s)
				if want := []int64{100_000, 450_000, 450_000}[i] * 20; n < want*98/100 || n > want*102/100 {
					w.Errorf("stream %d got %d bytes, want %d", i, n, want)
				}
			})
		}
		wg.Wait()
	})
}

func TestBytesArriveAsWritten(t *testing.T) {
	simulate(t, func(w *world) {
		a := w.host(1, HostOptions{Up: 1_000_000, Latency: 3 * ms, Window: 10_000})
		b := w.host(2, HostOptions{Down: 900_000, Latency: 3 * ms, Window: 20_000})
		c, s := w.connect(a, b)
		rng := rand.New(rand.NewPCG(1, 2))
		sent := make([]byte, 300_000)
		for i := range sent {
			sent[i] = byte(rng.Uint32())
		}
		go func() {
			for rest := sent; len(rest) > 0; {
				n := min(len(rest), 1+rng.IntN(30_000))
				w.write(c, string(rest[:n]))
				rest = rest[n:]
			}
			w.ok(c.Close())
		}()
		var got []byte
		for buf, n, err := make([]byte, 9999), 0, error(nil); err == nil; {
			n, err = s.Read(buf[:1+len(got)%len(buf)])
			got = append(got, buf[:n]...)
		}
		if !bytes.Equal(got, sent) {
			w.Errorf("%d bytes arrived, not the %d sent", len(got), len(sent))
		}
	})
}

func TestWriterWaitsForReader(t *testing.T) {
	simulate(t, func(w *world) {
		c, s := w.connect(w.host(1, HostOptions{}), w.host(2, HostOptions{Latency: ms, Window: 1000}))
		wrote := 0
		go func() {
			for range 4 {
				n, _ := c.Write(make([]byte, 500))
				wrote += n
			}
		}()
		time.Sleep(time.Hour)
		synctest.Wait()
		if wrote != 1000 {
			w.Errorf("%d bytes were taken, want the window of 1000", wrote)
		}
		w.wantRead(s, string(make([]byte, 500)))
		synctest.Wait()
		if wrote != 1500 {
			w.Errorf("%d bytes were taken after reading 500, want 1500", wrote)
		}
		w.wantRead(s, string(make([]byte, 1500)))
	})
}

func TestWritesDoNotMix(t *testing.T) {
	simulate(t, func(w *world) {
		c, s := w.connect(w.host(1, HostOptions{}), w.host(2, HostOptions{Window: 100}))
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() { w.write(c, string(bytes.Repeat([]byte{byte(i)}, 350))) })
		}
		for range 4 {
			b := make([]byte, 350)
			io.ReadFull(s, b)
			if !bytes.Equal(b, bytes.Repeat(b[:1], 350)) {
				w.Error("two writes are mixed")
			}
		}
		wg.Wait()
	})
}

func TestHalfClose(t *testing.T) {
	simulate(t, func(w *world) {
		c, s := w.connect(w.host(1, HostOptions{Up: 1000, Latency: ms}), w.host(2, HostOptions{Latency: ms}))
		w.write(c, "question")
		w.ok(c.CloseWrite())
		w.ok(c.CloseWrite())
		_, err := c.Write([]byte("more"))
		w.wantErr(err, syscall.EPIPE)
		w.wantRead(s, "question")
		w.wantEOF(s)
		w.wantElapsed("end", 8*ms+2*ms)
		w.wantEOF(s)
		w.write(s, "answer")
		w.ok(s.Close())
		w.wantRead(c, "answer")
		w.wantEOF(c)
		w.ok(c.Close())
	})
}

func TestEndComesAfterAllData(t *testing.T) {
	simulate(t, func(w *world) {
		c, s := w.connect(w.host(1, HostOptions{Up: 1_000_000}), w.host(2, HostOptions{Down: 100_000}))
		w.write(c, string(make([]byte, 200_000)))
		w.ok(c.Close())
		n, err := io.Copy(io.Discard, s)
		w.ok(err)
		if n != 200_000 || !near(w.elapsed(), 2*time.Second) {
			w.Errorf("%d bytes in %v, want 200000 in 2 s", n, w.elapsed())
		}
	})
}

func TestCloseUnblocks(t *testing.T) {
	simulate(t, func(w *world) {
		c, _ := w.connect(w.host(1, HostOptions{}), w.host(2, HostOptions{Latency: ms, Window: 10}))
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Read(make([]byte, 1))
			w.wantErr(err, net.ErrClosed)
		})
		for range 2 { // one waits for room, one for the other
			wg.Go(func() {
				_, err := c.Write(make([]byte, 100))
				w.wantErr(err, net.ErrClosed)
			})
		}
		synctest.Wait()
		w.ok(c.Close())
		wg.Wait()
		w.wantErr(c.Close(), net.ErrClosed)
		w.wantErr(c.SetDeadline(time.Now()), net.ErrClosed)
		_, err := c.Write(nil)
		w.wantErr(err, net.ErrClosed)
	})
}

func TestWritingToAClosedConnIsReset(t *testing.T) {
	for _, unread := range []bool{false, true} {
		simulate(t, func(w *world) {
			c, s := w.connect(w.host(1, HostOptions{}), w.host(2, HostOptions{Latency: 5 * ms, Window: 1000}))
			if unread {
				w.write(c, string(make([]byte, 1000)))
				time.Sleep(10 * ms)
			}
			w.write(s, "last words")
			w.ok(s.Close())
			var err error
			for n := 0; err == nil && n < 10_000; n++ {
				_, err = c.Write(make([]byte, 100))
			}
			w.wantErr(err, syscall.ECONNRESET)
			w.wantRead(c, "last words") // not lost by the reset
			w.wantEOF(c)
		})
	}
}

func TestDeadlines(t *testing.T) {
	simulate(t, func(w *world) {
		c, s := w.connect(w.host(1, HostOptions{}), w.host(2, HostOptions{Latency: ms, Window: 10}))
		read := func() error { _, err := c.Read(make([]byte, 1)); return err }

		w.ok(c.SetReadDeadline(w.start.Add(20 * ms)))
		w.wantErr(read(), os.ErrDeadlineExceeded)
		w.wantElapsed("read", 20*ms)
		w.wantErr(read(), os.ErrDeadlineExceeded)

		w.ok(c.SetReadDeadline(time.Time{}))
		w.write(s, "x")
		w.ok(read())

		// A deadline that moves while a read waits, forth and back.
		w.start = time.Now()
		w.ok(c.SetReadDeadline(w.start.Add(10 * ms)))
		time.AfterFunc(5*ms, func() { c.SetReadDeadline(w.start.Add(40 * ms)) })
		time.AfterFunc(15*ms, func() { c.SetReadDeadline(w.start.Add(30 * ms)) })
		w.wantErr(read(), os.ErrDeadlineExceeded)
		w.wantElapsed("read", 30*ms)

		w.start = time.Now()
		w.ok(c.SetWriteDeadline(w.start.Add(7 * ms)))
		n, err := c.Write(make([]byte, 25))
		w.wantErr(err, os.ErrDeadlineExceeded)
		w.wantElapsed("write", 7*ms)
		if n != 10 {
			w.Errorf("%d bytes written before the deadline, want the window of 10", n)
		}
		var ne net.Error
		if ne, _ = err.(net.Error); ne == nil || !ne.Timeout() {
			w.Errorf("%v is no timeout", err)
		}
		w.ok(c.SetDeadline(time.Time{}))
		w.wantRead(s, string(make([]byte, 10)))
		w.write(c, "y")
	})
}

func TestCut(t *testing.T) {
	simulate(t, func(w *world) {
		a, b, other := w.host(1, HostOptions{Up: 1000}), w.host(2, HostOptions{Latency: ms}), w.host(3, HostOptions{})
		c, s := w.connect(a, b)
		c2, s2 := w.connect(a, other)
		w.write(s, "there")
		time.Sleep(2 * ms)
		w.write(c, "under way")
		time.AfterFunc(5*ms, func() {
			if n := a.Cut(b.Addr()); n != 1 {
				w.Errorf("%d connections cut", n)
			}
		})
		_, err := s.Read(make([]byte, 100))
		w.wantErr(err, syscall.ECONNRESET)
		w.wantElapsed("cut", 7*ms)
		w.wantRead(c, "there")
		_, err = c.Read(make([]byte, 1))
		w.wantErr(err, syscall.ECONNRESET)
		_, err = c.Write([]byte("x"))
		w.wantErr(err, syscall.ECONNRESET)
		w.ok(c.Close())

		w.write(c2, "ok") // the uplink works on
		w.wantRead(s2, "ok")
		if n := a.Cut(netIPZero); n != 1 {
			w.Errorf("%d connections cut, want the one left", n)
		}
		if n := other.Cut(netIPZero); n != 0 {
			w.Errorf("%d connections cut twice", n)
		}
	})
}

func TestHostDown(t *testing.T) {
	simulate(t, func(w *world) {
		a, b := w.host(1, HostOptions{Up: 1_000_000, Latency: ms}), w.host(2, HostOptions{Latency: ms})
		c, s := w.connect(a, b)
		l := w.listen(b, ":1")
		defer l.Close()
		var wg sync.WaitGroup
		w.pump(&wg, c, 1_000_000)
		w.drain(&wg, s, func(n int) {
			if n != 1_000_000 || !near(w.elapsed(), 11*time.Second) {
				w.Errorf("%d bytes in %v, want all, 10 s late", n, w.elapsed())
			}
		})
		time.Sleep(500 * ms)
		b.SetDown(true)
		_, err := b.DialContext(w.Context(), "tcp", "10.0.0.1:1")
		w.wantErr(err, syscall.ENETUNREACH)
		ctx, cancel := context.WithTimeout(w.Context(), 3*time.Second)
		defer cancel()
		_, err = a.DialContext(ctx, "tcp", "10.0.0.2:1")
		w.wantErr(err, context.DeadlineExceeded)
		w.wantElapsed("dialed", 3500*ms)
		time.AfterFunc(7*time.Second, func() { b.SetDown(false) })
		w.dial(a, "10.0.0.2:1") // sent at 3.5, 4.5, 6.5, 10.5 s
		w.wantElapsed("dialed", 10_504*ms)
		wg.Wait()
	})
}

// What a host sends to itself takes no time, and passes no line, even a dead one.
func TestLoopback(t *testing.T) {
	simulate(t, func(w *world) {
		h := w.host(1, HostOptions{Up: 1, Down: 1, Latency: time.Hour})
		l := w.listen(h, ":1")
		defer l.Close()
		h.SetDown(true)
		for _, at := range []string{"127.0.0.1:1", "10.0.0.1:1", "[::1]:1", ":1"} {
			c := w.dial(h, at)
			s, err := l.Accept()
			w.ok(err)
			w.write(c, "hello")
			w.wantRead(s, "hello")
			w.ok(c.Close())
			w.wantEOF(s)
			w.ok(s.Close())
		}
		w.wantElapsed("end", 0)
		if h.Stats() != (Stats{}) {
			w.Errorf("stats %+v", h.Stats())
		}
	})
}

// Two runs of the same swarm take the same virtual time and send the same.
func TestSameRunSameTime(t *testing.T) {
	if a, b := ring(t, 20, 3, 300_000), ring(t, 20, 3, 300_000); a != b {
		t.Errorf("one run took %v, the same again %v", a, b)
	}
}

// Random traffic between random hosts arrives complete and in order, and ends
// no sooner than the lines allow.
func TestRandomTraffic(t *testing.T) {
	for seed := range uint64(20) {
		simulate(t, func(w *world) {
			rng := rand.New(rand.NewPCG(seed, 0))
			hosts := make([]*Host, 2+rng.IntN(5))
			for i := range hosts {
				o := HostOptions{Latency: time.Duration(rng.IntN(100)) * ms, Window: 1 + rng.IntN(1<<18)}
				if rng.IntN(3) > 0 {
					o.Up = 10_000 + rng.Int64N(1e7)
				}
				if rng.IntN(3) > 0 {
					o.Down = 10_000 + rng.Int64N(1e7)
				}
				hosts[i] = w.host(i, o)
			}
			var wg sync.WaitGroup
			sent, got := make([]int64, len(hosts)), make([]int64, len(hosts))
			for range 1 + rng.IntN(10) {
				from := rng.IntN(len(hosts))
				to := (from + 1 + rng.IntN(len(hosts)-1)) % len(hosts)
				n := rng.IntN(1 << 20)
				sent[from] += int64(n)
				got[to] += int64(n)
				c, s := w.connect(hosts[from], hosts[to])
				w.pump(&wg, c, n)
				w.drain(&wg, s, func(m int) {
					if m != n {
						w.Errorf("%d bytes arrived, sent %d", m, n)
					}
				})
			}
			wg.Wait()
			for i, h := range hosts {
				if s := h.Stats(); s.Sent != sent[i] || s.Received != got[i] {
					w.Errorf("seed %d, host %d: %+v, want %d and %d", seed, i, s, sent[i], got[i])
				}
				for _, l := range []*link{h.up, h.down} {
					if l.rate > 0 && time.Since(w.epoch) < time.Duration(float64(l.passed)/float64(l.rate)*1e9)-1 {
						w.Errorf("seed %d, host %d: %d bytes in %v at %d bytes/s", seed, i, l.passed, time.Since(w.epoch), l.rate)
					}
				}
			}
		})
	}
}
