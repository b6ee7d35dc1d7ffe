package lsd

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// ownInterface is an interface that a person may make for these tests, in a
// namespace, since loopback seldom carries multicast over IPv6:
//
//	ip link add gotor0 type veth peer name gotor1 && ip link set gotor1 up
//	ip addr add fd00:88::1/64 dev gotor0 nodad && ip link set gotor0 up
const ownInterface = "gotor0"

// loopbackOnly keeps the tests on this machine.
func loopbackOnly(ifi net.Interface) bool {
	if _, err := net.InterfaceByName(ownInterface); err == nil {
		return ifi.Name == ownInterface
	}
	return ifi.Flags&net.FlagLoopback != 0
}

// Two runners on real sockets find each other on one machine, in each family.
func TestListenOnLoopback(t *testing.T) {
	for _, c := range []struct {
		name string
		o    ListenOptions
	}{
		{"IPv4", ListenOptions{IPv4: true, Interface: loopbackOnly}},
		{"IPv6", ListenOptions{IPv6: true, Interface: loopbackOnly}},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := make(chan netip.AddrPort, 16)
			start := func(port uint16) *Runner {
				conns, err := Listen(c.o)
				if err != nil {
					t.Skip("cannot join groups on loopback here: ", err)
				}
				if len(conns) != 1 || isV6(conns[0]) != c.o.IPv6 {
					t.Errorf("got %d sockets", len(conns))
				}
				probe(t, conns[0])
				r := NewRunner(Config{Port: port, Local: OnLink(), Found: func(_ [20]byte, peer netip.AddrPort) {
					if port == 7001 {
						found <- peer
					}
				}}, conns...)
				t.Cleanup(r.Close)
				r.Announce(hash(0x5d))
				return r
			}
			start(7001)
			start(7002)
			select {
			case peer := <-found:
				if peer.Port() != 7002 || !ours(t, peer.Addr()) {
					t.Errorf("found %v", peer)
				}
			case <-time.After(20 * time.Second):
				t.Error("the second program was not heard")
			}
		})
	}
}

// ours reports whether ip is one of this machine: not of loopback always, since the
// system chooses an address of wider scope if there is any.
func ours(t *testing.T, ip netip.Addr) bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(prefixes(addrs), func(p netip.Prefix) bool { return p.Addr() == ip.WithZone("") })
}

// probe skips the test where loopback does not carry multicast.
func probe(t *testing.T, c net.PacketConn) {
	t.Helper()
	if _, err := c.WriteTo([]byte("probe"), net.UDPAddrFromAddrPort(group(isV6(c)))); err != nil {
		c.Close()
		t.Skip("loopback does not carry multicast here: ", err)
	}
	c.SetReadDeadline(time.Now().Add(2 * time.Second))
	_, from, err := c.ReadFrom(make([]byte, 16))
	if err != nil {
		c.Close()
		t.Skip("loopback does not carry multicast here: ", err)
	}
	if udp := from.(*net.UDPAddr); udp.IP.IsUnspecified() {
		c.Close()
		t.Skip("loopback has no address that multicast can come from")
	}
	c.SetReadDeadline(time.Time{})
}

func TestListenWithoutInterfaces(t *testing.T) {
	for _, o := range []ListenOptions{
		{IPv4: true, IPv6: true, Interface: func(net.Interface) bool { return false }},
		{Interface: loopbackOnly}, // no family
	} {
		conns, err := Listen(o)
		if len(conns) != 0 || err == nil || !strings.HasPrefix(err.Error(), "local discovery: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %d sockets, %v", len(conns), err)
		}
	}
}

func TestUsualInterfaces(t *testing.T) {
	const up, multicast, loopback = net.FlagUp, net.FlagMulticast, net.FlagLoopback
	for flags, want := range map[net.Flags]bool{
		up | multicast: true, up | multicast | net.FlagBroadcast | net.FlagRunning: true,
		up: false, multicast: false, up | multicast | loopback: false,
	} {
		if got := usual(net.Interface{Flags: flags}); got != want {
			t.Errorf("an interface that is %v is used: %v", flags, got)
		}
	}
}

func TestPrefixes(t *testing.T) {
	_, six, _ := net.ParseCIDR("2001:db8::/64")
	list := prefixes([]net.Addr{
		&net.IPNet{IP: net.IPv4(192, 168, 1, 7), Mask: net.CIDRMask(24, 32)}, // 16 bytes, as the system may give it
		six, &net.TCPAddr{}, &net.IPNet{},
	})
	if len(list) != 2 || list[0] != netip.MustParsePrefix("192.168.1.7/24") || list[1] != netip.MustParsePrefix("2001:db8::/64") {
		t.Errorf("got %v", list)
	}
	if local := OnLink(); !local(netip.MustParseAddr("127.0.0.1")) || local(netip.MustParseAddr("203.0.113.77")) {
		t.Error("loopback is not local, or a documentation address is")
	}
}
