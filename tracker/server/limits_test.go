package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"gotor/peer/simnet"
	"gotor/tracker"
)

// virtual is a tracker at 10.0.0.1:6969 of an internet in memory.
type virtual struct {
	*Server
	t     *testing.T
	net   *simnet.Net
	hosts map[string]*simnet.Host
}

const virtualAddr = "10.0.0.1:6969"

// simulate runs f in a bubble with a tracker in it, which must end in order.
func simulate(t *testing.T, cfg Config, f func(v *virtual)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		n := simnet.New(simnet.Options{Seed: 1})
		v := &virtual{New(cfg), t, n, make(map[string]*simnet.Host)}
		l, err := v.host("10.0.0.1").Listen(ctx, "tcp", virtualAddr)
		if err != nil {
			t.Fatal(err)
		}
		pc, err := v.host("10.0.0.1").ListenPacket(ctx, "udp4", virtualAddr)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- v.Serve(ctx, l, pc) }()
		f(v)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// host is the machine with an address, made on first use.
func (v *virtual) host(addr string) *simnet.Host {
	if v.hosts[addr] == nil {
		v.hosts[addr] = v.net.Host(netip.MustParseAddr(addr), simnet.HostOptions{})
	}
	return v.hosts[addr]
}

// client is our own client on a host of its own.
func (v *virtual) client(addr string) *tracker.Client {
	h := v.host(addr)
	return tracker.New(tracker.Config{DialContext: h.DialContext, ListenPacket: h.ListenPacket, LookupNetIP: h.LookupNetIP})
}

// announce makes an announce, which must succeed, and returns how long it took
// and how many peers it brought.
func (v *virtual) announce(c *tracker.Client, scheme string, r tracker.Request) (time.Duration, int) {
	v.t.Helper()
	begin := time.Now()
	got, err := c.Announce(v.t.Context(), nil, scheme+"://"+virtualAddr+"/announce", r)
	if err != nil {
		v.t.Fatalf("%s: %v", scheme, err)
	}
	return time.Since(begin), len(got.Peers)
}

// open makes connections that say nothing and returns those that were taken, and
// how many were closed at once.
func (v *virtual) open(from string, n int) (open []net.Conn, closed int) {
	v.t.Helper()
	for range n {
		c, err := v.host(from).DialContext(v.t.Context(), "tcp", virtualAddr)
		if err != nil {
			v.t.Fatal(err)
		}
		v.t.Cleanup(func() { c.Close() })
		open = append(open, c)
	}
	synctest.Wait()
	for _, c := range open {
		c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); err == io.EOF {
			closed++
		}
		c.SetReadDeadline(time.Time{})
	}
	return open, closed
}

// Silent connections are closed by the clock, and one source has so many only:
// others are served all the while.
func TestSilentConnections(t *testing.T) {
	simulate(t, Config{}, func(v *virtual) {
		c := v.client("10.0.0.3")
		defer c.Close()
		silent, closed := v.open("10.0.0.2", maxPerHost+50)
		if closed != 50 {
			t.Errorf("%d connections were closed at once, want 50", closed)
		}
		if d, _ := v.announce(c, "http", request(1000, 0, tracker.EventStarted)); d > time.Second {
			t.Errorf("a good client waits %v", d)
		}
		time.Sleep(readTime)
		synctest.Wait()
		for _, s := range silent {
			if _, err := io.ReadAll(s); err != nil {
				t.Fatalf("a silent connection is still open: %v", err)
			}
		}
		if _, closed := v.open("10.0.0.2", maxPerHost); closed != 0 {
			t.Errorf("the places of closed connections are not free: %d were refused", closed)
		}
	})
}

// Many sources together hold all connections there may be; a good client waits
// until the first of them is closed, not for all of them.
func TestAllConnectionsTaken(t *testing.T) {
	simulate(t, Config{}, func(v *virtual) {
		c := v.client("10.0.0.3")
		defer c.Close()
		for i := range maxConns / maxPerHost {
			v.open(fmt.Sprintf("10.0.1.%d", i+1), maxPerHost)
		}
		if d, _ := v.announce(c, "http", request(1000, 0, tracker.EventStarted)); d > readTime+time.Second {
			t.Errorf("a good client waits %v", d)
		}
		if d, n := v.announce(c, "udp", request(2000, 5, tracker.EventStarted)); d > time.Second || n != 1 {
			t.Errorf("UDP takes %v and finds %d peers", d, n)
		}
	})
}

// A connection that drips its request is closed like a silent one.
func TestDrip(t *testing.T) {
	simulate(t, Config{}, func(v *virtual) {
		open, _ := v.open("10.0.0.2", 1)
		begin := time.Now()
		for _, b := range []byte("GET /announce?info_hash=aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n") {
			if _, err := open[0].Write([]byte{b}); err != nil {
				break
			}
			time.Sleep(500 * time.Millisecond)
		}
		if d := time.Since(begin); d > readTime+time.Second {
			t.Errorf("a drip is listened to for %v", d)
		}
	})
}

// A peer that is silent for three intervals is gone, one that announces is not.
func TestLifeOfPeers(t *testing.T) {
	simulate(t, Config{Interval: 4 * time.Minute}, func(v *virtual) {
		a, b := v.client("10.0.0.2"), v.client("10.0.0.3")
		defer a.Close()
		defer b.Close()
		v.announce(a, "udp", request(1000, 0, tracker.EventStarted))
		v.announce(b, "http", request(2000, 5, tracker.EventStarted))
		for i, want := range []int{1, 1, 0} {
			time.Sleep(4 * time.Minute)
			if _, n := v.announce(b, "http", request(2000, 5, tracker.EventNone)); n != want {
				t.Errorf("after %d intervals: %d peers, want %d", i+1, n, want)
			}
		}
		if st := v.Stats(); st.Peers != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// Serve ends with requests in the middle and connections open.
func TestServeEnds(t *testing.T) {
	simulate(t, Config{}, func(v *virtual) {
		open, _ := v.open("10.0.0.2", 3)
		io.WriteString(open[0], "GET /announce?")
		synctest.Wait()
	})
}
