package simnet

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"
)

// natWorld is a host behind a NAT, at 192.168.0.1, and two hosts outside with
// two sockets each.
type natWorld struct {
	*world
	nat     *NAT
	inside  *packetConn
	outside [2][2]*packetConn
}

func simulateNAT(t *testing.T, kind NATKind, f func(w *natWorld)) {
	t.Helper()
	simulate(t, func(w *world) {
		nw := &natWorld{world: w, nat: w.Net.NAT(addr(1000), kind)}
		h := w.Net.Host(private(1), HostOptions{Latency: 5 * ms, NAT: nw.nat})
		nw.inside = w.socket(h, ":6881")
		for i := range nw.outside {
			o := w.host(i, HostOptions{Latency: 5 * ms})
			nw.outside[i] = [2]*packetConn{w.socket(o, ":1"), w.socket(o, ":2")}
		}
		f(nw)
	})
}

func private(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 168, 0, byte(i)}) }

// at is where the j'th socket of the i'th host outside is.
func (w *natWorld) at(i, j int) netip.AddrPort { return netip.AddrPortFrom(addr(i), uint16(1+j)) }

func (w *world) knock(s *packetConn, to netip.AddrPort) {
	w.Helper()
	_, err := s.WriteToUDPAddrPort([]byte("x"), to)
	w.ok(err)
}

// heard returns where the next datagram to s came from; the zero AddrPort when
// none comes within a second.
func (w *world) heard(s *packetConn) netip.AddrPort {
	w.Helper()
	s.SetReadDeadline(time.Now().Add(time.Second))
	_, from, err := s.ReadFromUDPAddrPort(make([]byte, 10))
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		w.Fatal(err)
	}
	return from
}

// What each kind lets in after the host inside has sent to one socket outside.
func TestNATFilters(t *testing.T) {
	for _, tt := range []struct {
		kind                          NATKind
		same, otherPort, otherAddress bool
	}{
		{FullCone, true, true, true},
		{AddressRestricted, true, true, false},
		{PortRestricted, true, false, false},
		{Symmetric, true, false, false},
	} {
		t.Run(fmt.Sprint(tt.kind), func(t *testing.T) {
			simulateNAT(t, tt.kind, func(w *natWorld) {
				w.knock(w.outside[0][0], netip.AddrPortFrom(w.nat.Addr(), 6881))
				if from := w.heard(w.inside); from.IsValid() {
					t.Fatal("a datagram from", from, "came in before one went out")
				}
				w.knock(w.inside, w.at(0, 0))
				mapped := w.heard(w.outside[0][0])
				if mapped.Addr() != w.nat.Addr() {
					t.Fatalf("it comes from %v, want the NAT", mapped)
				}
				for _, try := range []struct {
					i, j int
					want bool
				}{{0, 0, tt.same}, {0, 1, tt.otherPort}, {1, 0, tt.otherAddress}} {
					w.knock(w.outside[try.i][try.j], mapped)
					if from := w.heard(w.inside); from.IsValid() != try.want || try.want && from != w.at(try.i, try.j) {
						t.Errorf("from %v: came from %v, want %v", w.at(try.i, try.j), from, try.want)
					}
				}
			})
		})
	}
}

// Cones have one port for everybody, which symmetric NATs have not.
func TestNATMaps(t *testing.T) {
	for _, kind := range []NATKind{FullCone, AddressRestricted, PortRestricted, Symmetric} {
		simulateNAT(t, kind, func(w *natWorld) {
			ports := make(map[netip.AddrPort]bool)
			for i := range 2 {
				for j := range 2 {
					w.knock(w.inside, w.at(i, j))
					ports[w.heard(w.outside[i][j])] = true
				}
			}
			want := 1
			if kind == Symmetric {
				want = 4
			}
			if len(ports) != want {
				t.Errorf("kind %d: seen as %v, want %d addresses", kind, ports, want)
			}
		})
	}
}

func TestNATMappingEnds(t *testing.T) {
	for _, forget := range []bool{false, true} {
		simulateNAT(t, FullCone, func(w *natWorld) {
			w.knock(w.inside, w.at(0, 0))
			mapped := w.heard(w.outside[0][0])
			if forget {
				w.nat.Forget()
			} else {
				time.Sleep(natLifetime - 20*ms)
				w.knock(w.outside[0][0], mapped)
				if !w.heard(w.inside).IsValid() {
					t.Error("the mapping ended before its time")
				}
				time.Sleep(20 * ms)
			}
			w.knock(w.outside[0][0], mapped)
			if from := w.heard(w.inside); from.IsValid() {
				t.Error("the mapping is there still for", from)
			}
		})
	}
}

// Two hosts behind NATs of the given kinds send to what a third has seen of the
// other: that makes holes, unless a port is not where it was seen.
func TestHolePunch(t *testing.T) {
	for _, tt := range []struct {
		a, b NATKind
		want bool
	}{
		{PortRestricted, PortRestricted, true},
		{FullCone, Symmetric, true},
		{AddressRestricted, Symmetric, true},
		{PortRestricted, Symmetric, false},
		{Symmetric, Symmetric, false},
	} {
		simulate(t, func(w *world) {
			third := w.socket(w.host(1, HostOptions{}), ":1")
			var socks [2]*packetConn
			var seen [2]netip.AddrPort
			for i, kind := range []NATKind{tt.a, tt.b} {
				h := w.Net.Host(private(1), HostOptions{Latency: 10 * ms, NAT: w.Net.NAT(addr(100+i), kind)})
				socks[i] = w.socket(h, ":6881")
				w.knock(socks[i], netip.AddrPortFrom(addr(1), 1))
				seen[i] = w.heard(third)
			}
			for range 2 { // what came too early is sent again
				w.knock(socks[0], seen[1])
				w.knock(socks[1], seen[0])
				time.Sleep(100 * ms)
			}
			// An answer goes to where the datagram came from.
			if from := w.heard(socks[0]); from.IsValid() {
				w.knock(socks[0], from)
			}
			if got := w.heard(socks[1]).IsValid(); got != tt.want {
				t.Errorf("kinds %d and %d: connected %v, want %v", tt.a, tt.b, got, tt.want)
			}
		})
	}
}

func TestNATStreams(t *testing.T) {
	simulateNAT(t, FullCone, func(w *natWorld) {
		in := w.inside.host
		friend := w.Net.Host(private(2), HostOptions{NAT: w.nat})
		out := w.outside[0][0].host
		l := w.listen(in, ":80")

		// Out, with the address of the NAT.
		public := w.listen(out, "10.0.0.0:80")
		c := w.dial(in, public.Addr().String())
		s, err := public.Accept()
		w.ok(err)
		if got := netip.MustParseAddrPort(s.RemoteAddr().String()); got.Addr() != w.nat.Addr() || got.Port() == 0 {
			t.Errorf("seen as %v", got)
		}
		w.write(c, "out")
		w.wantRead(s, "out")
		w.write(s, "back")
		w.wantRead(c, "back")

		// Between neighbours, with their own addresses.
		w.dial(friend, "192.168.0.1:80")
		s, err = l.Accept()
		w.ok(err)
		if got := netip.MustParseAddrPort(s.RemoteAddr().String()); got.Addr() != private(2) {
			t.Errorf("a neighbour is seen as %v", got)
		}

		// Not in: neither by the address inside, nor by that of the NAT.
		w.start = time.Now()
		_, err = out.DialContext(w.Context(), "tcp", "192.168.0.1:80")
		w.wantErr(err, syscall.EHOSTUNREACH)
		_, err = out.DialContext(w.Context(), "tcp", netip.AddrPortFrom(w.nat.Addr(), 80).String())
		w.wantErr(err, syscall.ETIMEDOUT)
		w.wantElapsed("refusal", 10*ms+127*time.Second)

		// Unless a port is forwarded.
		w.nat.Forward(8080, netip.AddrPortFrom(private(1), 80))
		c = w.dial(out, netip.AddrPortFrom(w.nat.Addr(), 8080).String())
		s, err = l.Accept()
		w.ok(err)
		w.write(c, "in")
		w.wantRead(s, "in")
		w.nat.Forward(8080, netip.AddrPort{})
		if _, err := out.DialContext(w.Context(), "tcp", netip.AddrPortFrom(w.nat.Addr(), 8080).String()); err == nil {
			t.Error("a forward that was taken back lets in")
		}
	})
}

// Forwarded ports take datagrams from everybody, whatever the kind, and what is
// sent from there has them as its source.
func TestNATForwardsDatagrams(t *testing.T) {
	simulateNAT(t, Symmetric, func(w *natWorld) {
		w.nat.Forward(7000, netip.AddrPortFrom(private(1), 6881))
		w.knock(w.outside[1][1], netip.AddrPortFrom(w.nat.Addr(), 7000))
		if from := w.heard(w.inside); from != w.at(1, 1) {
			t.Fatalf("from %v", from)
		}
		w.knock(w.inside, w.at(0, 0))
		if from := w.heard(w.outside[0][0]); from != netip.AddrPortFrom(w.nat.Addr(), 7000) {
			t.Errorf("the answer comes from %v", from)
		}
	})
}

func TestNATAddressTaken(t *testing.T) {
	simulate(t, func(w *world) {
		w.host(1, HostOptions{})
		w.Net.NAT(addr(2), FullCone)
		for i, f := range []func(){
			func() { w.Net.NAT(addr(1), FullCone) },
			func() { w.Net.NAT(addr(2), FullCone) },
			func() { w.host(2, HostOptions{}) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("case %d: no panic", i)
					}
				}()
				f()
			}()
		}
	})
}
