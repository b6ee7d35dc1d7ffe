package tracker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestUDPLoopback(t *testing.T) {
	for _, test := range []struct {
		network, addr, peer string
	}{
		{"udp4", "127.0.0.1:0", "1.2.3.4:5"},
		{"udp6", "[::1]:0", "[2001:db8::1]:5"},
	} {
		t.Run(test.network, func(t *testing.T) {
			tr := &udpTracker{peers: addrPorts(test.peer)}
			u := tr.listen(t, test.network, test.addr)
			c := newClient(t, Config{})
			for range 2 {
				got, err := c.Announce(t.Context(), nil, u+"/announce?key=geheim", testRequest())
				want := Response{30 * time.Minute, time.Minute, 3, 7, addrPorts(test.peer), netip.Addr{}, "", "", netip.Addr{}}
				if d := cmp.Diff(want, got, cmpAddrs); d != "" || err != nil {
					t.Fatalf("%v %s", err, d)
				}
			}
			results, err := c.Scrape(t.Context(), nil, u, make([][20]byte, 75))
			if err != nil || len(results) != 75 || results[73] != (ScrapeResult{83, 103, 93, -1}) || results[74] != (ScrapeResult{10, 30, 20, -1}) {
				t.Errorf("%v, %v", results, err)
			}
			if d := cmp.Diff([]uint32{actConnect, actAnnounce, actAnnounce, actScrape, actScrape}, tr.seen()); d != "" {
				t.Error(d)
			}
			if got := tr.requests[0]; string(got[98:]) != "\x02\x14/announce?key=geheim" {
				t.Errorf("options %q", got[98:])
			}
			if bytes.Equal(tr.requests[0][12:16], tr.requests[1][12:16]) {
				t.Error("transaction id used twice")
			}
		})
	}
}

func TestUDPFailure(t *testing.T) {
	tr := &udpTracker{refusal: "torrent not registered"}
	u := tr.listen(t, "udp4", "127.0.0.1:0")
	c := newClient(t, Config{})
	var f *Failure
	if _, err := c.Announce(t.Context(), nil, u, testRequest()); !errors.As(err, &f) || f.Reason != "torrent not registered" {
		t.Errorf("got %v", err)
	}
	// The id just got was not refused for its age: no second try.
	if d := cmp.Diff([]uint32{actConnect, actAnnounce}, tr.seen()); d != "" {
		t.Error(d)
	}
}

// A tracker that was started anew refuses ids that were good before.
func TestUDPRestartedTracker(t *testing.T) {
	tr := &udpTracker{}
	u := tr.listen(t, "udp4", "127.0.0.1:0")
	c := newClient(t, Config{})
	for range 2 {
		if _, err := c.Announce(t.Context(), nil, u, testRequest()); err != nil {
			t.Fatal(err)
		}
		tr.forgetIDs()
	}
	want := []uint32{actConnect, actAnnounce, actAnnounce, actConnect, actAnnounce}
	if d := cmp.Diff(want, tr.seen()); d != "" {
		t.Error(d)
	}
}

// "A client can use a connection ID until one minute after it has received it."
func TestConnectionIDAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := newFakeNet(), &udpTracker{}
		tr.at(n, "192.0.2.10:80")
		c := newClient(t, n.config())
		for range 5 { // at 0, 25, 50, 75 and 100 s
			if _, err := c.Announce(t.Context(), nil, "udp://192.0.2.10:80", testRequest()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(25 * time.Second)
		}
		want := []uint32{actConnect, actAnnounce, actAnnounce, actAnnounce, actConnect, actAnnounce, actAnnounce}
		if d := cmp.Diff(want, tr.seen()); d != "" {
			t.Error(d)
		}
	})
}

// The table "Announce times out" of BEP 15, from t = 0: connect at 0, announce
// at once, at 15 and 45, and, as the id has expired, connect at 105, 225, ...
func TestUDPRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := newFakeNet(), &udpTracker{}
		start := time.Now()
		var at []time.Duration
		tr.lost = func(n int) bool {
			at = append(at, time.Since(start))
			return n > 0
		}
		tr.at(n, "192.0.2.10:80")
		_, err := newClient(t, n.config()).Announce(t.Context(), nil, "udp://192.0.2.10:80", testRequest())
		if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "no answer in time") {
			t.Errorf("got %v", err)
		}
		s := time.Second
		want := []time.Duration{0, 0, 15 * s, 45 * s, 105 * s, 225 * s, 465 * s, 945 * s, 1905 * s, 3825 * s}
		if d := cmp.Diff(want, at); d != "" {
			t.Error(d)
		}
		actions := []uint32{0, 1, 1, 1, 0, 0, 0, 0, 0, 0}
		if d := cmp.Diff(actions, tr.seen()); d != "" {
			t.Error(d)
		}
		if took := time.Since(start); took != 511*15*s {
			t.Errorf("took %v", took)
		}
	})
}

func TestUDPLostPacket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := newFakeNet(), &udpTracker{lost: func(n int) bool { return n == 0 || n == 2 }}
		tr.at(n, "192.0.2.10:80")
		start := time.Now()
		if _, err := newClient(t, n.config()).Announce(t.Context(), nil, "udp://192.0.2.10:80", testRequest()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 45*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// When one address is silent, the next packet goes to another one.
func TestUDPOtherAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := newFakeNet(), &udpTracker{}
		n.names["tracker.example"] = addrs("192.0.2.9", "192.0.2.10")
		tr.at(n, "192.0.2.10:80")
		if _, err := newClient(t, n.config()).Announce(t.Context(), nil, "udp://tracker.example:80", testRequest()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestUDPBothFamilies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		v4, v6 := &udpTracker{peers: addrPorts("1.2.3.4:5")}, &udpTracker{peers: addrPorts("[2001:db8::5]:5")}
		n.names["tracker.example"] = addrs("192.0.2.10", "2001:db8::10")
		v4.at(n, "192.0.2.10:80")
		v6.at(n, "[2001:db8::10]:80")
		c := newClient(t, n.config())
		r, err := c.Announce(t.Context(), nil, "udp://tracker.example:80", testRequest())
		if err != nil || len(r.Peers) != 2 {
			t.Errorf("%v, %v", r, err)
		}
		// "should use the same key for both"
		if k4, k6 := v4.requests[0][88:92], v6.requests[0][88:92]; !bytes.Equal(k4, k6) {
			t.Errorf("keys %x, %x", k4, k6)
		}
		if got, err := c.Scrape(t.Context(), nil, "udp://tracker.example:80", make([][20]byte, 1)); err != nil || len(got) != 1 {
			t.Errorf("scrape: %v, %v", got, err)
		}
	})
}

// Whoever has not seen the question cannot answer it: neither from another
// address or port, nor with another transaction id.
func TestUDPSpoofing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, tr := newFakeNet(), &udpTracker{peers: addrPorts("1.2.3.4:5")}
		real := netip.MustParseAddrPort("192.0.2.10:80")
		evil := &udpTracker{peers: addrPorts("6.6.6.6:6")}
		n.udp[real] = func(_ netip.AddrPort, b []byte) []packet {
			fake := evil.answer(append([]byte(nil), b...))
			wrong := append([]byte(nil), fake...)
			wrong[4] ^= 1
			return []packet{
				{netip.MustParseAddrPort("192.0.2.10:81"), fake},
				{netip.MustParseAddrPort("192.0.2.11:80"), fake},
				{netip.MustParseAddrPort("[::ffff:192.0.2.11]:80"), fake},
				{real, wrong}, {real, fake[:7]}, {real, nil},
				{real, tr.answer(b)},
				{real, fake}, // too late
			}
		}
		r, err := newClient(t, n.config()).Announce(t.Context(), nil, "udp://192.0.2.10:80", testRequest())
		if d := cmp.Diff(tr.peers, r.Peers, cmpAddrs); d != "" || err != nil {
			t.Errorf("%v %s", err, d)
		}
	})
}

func TestUDPMalformedAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		for addr, build := range map[string]func(b []byte) []byte{
			"192.0.2.10:1": func(b []byte) []byte { return append([]byte{0, 0, 0, 9}, b[12:16]...) },
			"192.0.2.10:2": func(b []byte) []byte { return append([]byte{0, 0, 0, 0}, b[12:16]...) },
			"192.0.2.10:3": func(b []byte) []byte {
				return append(append(binary.BigEndian.AppendUint32(nil, binary.BigEndian.Uint32(b[8:])), b[12:16]...), make([]byte, 8)...)
			},
		} {
			a := netip.MustParseAddrPort(addr)
			n.udp[a] = func(_ netip.AddrPort, b []byte) []packet { return []packet{{a, build(b)}} }
			if _, err := newClient(t, n.config()).Announce(t.Context(), nil, "udp://"+addr, testRequest()); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: %v", addr, err)
			}
		}
	})
}

// Many announces through one socket get each its own answer.
func TestUDPConcurrent(t *testing.T) {
	var urls []string
	for i := range 20 {
		tr := &udpTracker{peers: []netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom4([4]byte{1, 2, 3, 4}), uint16(1000+i))}}
		urls = append(urls, tr.listen(t, "udp4", "127.0.0.1:0"))
	}
	c := newClient(t, Config{})
	var wg sync.WaitGroup
	for i, u := range urls {
		wg.Go(func() {
			for range 10 {
				r, err := c.Announce(t.Context(), nil, u, testRequest())
				if err != nil || len(r.Peers) != 1 || int(r.Peers[0].Port()) != 1000+i {
					t.Errorf("tracker %d: %v, %v", i, r, err)
				}
			}
		})
	}
	wg.Wait()
}
