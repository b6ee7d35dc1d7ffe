package server

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"gotor/tracker"
)

// A socket on all addresses answers from the one that was asked, and knows it.
func TestUDPAnswersFromWhereItWasAsked(t *testing.T) {
	for _, wildcard := range []struct{ network, addr string }{{"udp4", "0.0.0.0:0"}, {"udp", ":0"}} {
		pc, err := net.ListenPacket(wildcard.network, wildcard.addr)
		if err != nil {
			t.Skip(err)
		}
		s := New(Config{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Serve(ctx, nil, pc) }()
		port := pc.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		c := newClient(t)
		hosts := []string{"127.0.0.1", "127.0.0.2", "127.9.9.9"} // the kernel itself would answer from the first
		if wildcard.network == "udp" {
			hosts = append(hosts, "::1")
		}
		for i, host := range hosts {
			u := "udp://" + netip.AddrPortFrom(netip.MustParseAddr(host), port).String() + "/announce"
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if _, err := c.Announce(ctx, nil, u, request(uint16(1000+i), 5, tracker.EventStarted)); err != nil {
				t.Errorf("%s: %v", u, err)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestTakeSource(t *testing.T) {
	pc, err := net.ListenPacket("udp", ":0")
	if err != nil {
		t.Skip(err)
	}
	defer pc.Close()
	s := newSocket(pc, netip.Addr{})
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), pc.LocalAddr().(*net.UDPAddr).AddrPort().Port())
	c, err := net.Dial("udp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if n, from, err := s.read(make([]byte, 10)); n != 1 || err != nil || from.Addr().Unmap() != netip.MustParseAddr("127.0.0.1") || s.local != to.Addr() {
		t.Errorf("%d bytes from %v to %v, %v", n, from, s.local, err)
	}
	for n := range s.n { // cut anywhere, it is no address
		if got := takeSource(make([]byte, n)); got.IsValid() {
			t.Errorf("%d zeros are taken for %v", n, got)
		}
	}
}
