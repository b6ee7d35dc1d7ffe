package torrent

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"gotor/peer/simnet"
	"gotor/torrent/network"
)

// noUDP is a Network without datagrams.
type noUDP struct{ network.Network }

func (noUDP) ListenPacket(context.Context, string, string) (net.PacketConn, error) {
	return nil, errors.New("no datagrams here")
}

// noListen is a Network where nobody may listen.
type noListen struct{ noUDP }

func (noListen) Listen(context.Context, string, string) (net.Listener, error) {
	return nil, errors.New("nobody listens here")
}

func TestEndpointPort(t *testing.T) {
	for name, c := range map[string]struct {
		port     int
		udp      bool
		tcpTaken []int
		udpTaken []int
		change   func(network.Network) network.Network

		want     uint16 // 0: none; 1: any
		wantUDP  uint16 // 1: any other than want
		wantSame bool   // both are the same, whatever it is
		fails    bool
		udpFails bool
	}{
		"the first":                {udp: true, want: 6881, wantUDP: 6881},
		"no datagrams wanted":      {udpTaken: []int{6881}, want: 6881},
		"TCP taken":                {udp: true, tcpTaken: []int{6881, 6882}, want: 6883, wantUDP: 6883},
		"UDP taken":                {udp: true, udpTaken: []int{6881}, want: 6882, wantUDP: 6882},
		"all taken":                {udp: true, tcpTaken: []int{6881, 6882, 6883, 6884, 6885, 6886, 6887, 6888, 6889}, want: 1, wantSame: true},
		"all taken by others' UDP": {udp: true, udpTaken: []int{6881, 6882, 6883, 6884, 6885, 6886, 6887, 6888, 6889}, want: 1, wantSame: true},
		"given":                    {port: 7000, udp: true, want: 7000, wantUDP: 7000},
		"given, its UDP taken":     {port: 7000, udp: true, udpTaken: []int{7000}, want: 7000, wantUDP: 1},
		"given and taken":          {port: 7000, udp: true, tcpTaken: []int{7000}, fails: true},
		"none":                     {port: -1, udp: true, wantUDP: 1},
		"none at all":              {port: -1},
		"no UDP to be had":         {udp: true, change: func(n network.Network) network.Network { return noUDP{n} }, want: 6881, udpFails: true},
		"nobody may listen":        {udp: true, change: func(n network.Network) network.Network { return noListen{noUDP{n}} }, udpFails: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := simnet.New(simnet.Options{Seed: 1}).Host(netip.MustParseAddr("192.0.2.1"), simnet.HostOptions{})
				for _, p := range c.tcpTaken {
					l, err := h.Listen(t.Context(), "tcp", ":"+strconv.Itoa(p))
					if err != nil {
						t.Fatal(err)
					}
					defer l.Close()
				}
				for _, p := range c.udpTaken {
					s, err := h.ListenPacket(t.Context(), "udp", ":"+strconv.Itoa(p))
					if err != nil {
						t.Fatal(err)
					}
					defer s.Close()
				}
				var network network.Network = h
				if c.change != nil {
					network = c.change(h)
				}
				e, err := openEndpoint(t.Context(), network, c.port, c.udp)
				if (err != nil) != c.fails {
					t.Fatal(err)
				}
				if err != nil {
					return
				}
				defer e.closeListener()
				defer e.closeUDP()
				if (e.udpErr != nil) != c.udpFails {
					t.Errorf("UDP: %v", e.udpErr)
				}
				got, udp := e.port(), e.udpPort()
				if c.want != 1 && got != c.want || c.want == 1 && got == 0 {
					t.Errorf("port %d, want %d", got, c.want)
				}
				if c.wantSame && udp != got || !c.wantSame && c.wantUDP != 1 && udp != c.wantUDP || c.wantUDP == 1 && (udp == 0 || udp == got) {
					t.Errorf("UDP port %d beside %d", udp, got)
				}
				for p := 6881; p <= 6889; p++ { // what was tried is let go of
					if l, err := h.Listen(t.Context(), "tcp", ":"+strconv.Itoa(p)); err == nil {
						l.Close()
					} else if uint16(p) != got && !slices.Contains(c.tcpTaken, p) {
						t.Errorf("port %d is held: %v", p, err)
					}
				}
			})
		})
	}
}

func TestDemux(t *testing.T) {
	stun := make([]byte, 20)
	binary.BigEndian.PutUint16(stun, 0x0101) // a success, and a uTP packet by its first byte
	binary.BigEndian.PutUint32(stun[4:], stunMagic)
	utp := func(first, ext byte) []byte { return append([]byte{first, ext}, make([]byte, 18)...) }
	for name, c := range map[string]struct {
		p      []byte
		denied map[protocol]bool // which says that it is not its own
		want   []protocol        // who is asked, in order
	}{
		"empty":                       {},
		"a dictionary":                {p: []byte("d1:q4:pinge"), want: []protocol{protoDHT}},
		"one byte":                    {p: []byte("d"), want: []protocol{protoDHT}},
		"STUN":                        {p: stun, want: []protocol{protoSTUN}},
		"STUN of somebody else":       {p: stun, denied: map[protocol]bool{protoSTUN: true}, want: []protocol{protoSTUN, protoUTP}},
		"STUN, cut":                   {p: stun[:19]},
		"SYN":                         {p: utp(0x41, 0), want: []protocol{protoUTP}},
		"STATE with a selective ack":  {p: utp(0x21, 1), want: []protocol{protoUTP}},
		"a private extension first":   {p: utp(0x21, 3)},
		"a type beyond SYN":           {p: utp(0x51, 0)},
		"another version":             {p: utp(0x42, 0)},
		"uTP, cut":                    {p: utp(0x41, 0)[:19]},
		"a tracker's answer":          {p: []byte{0, 0, 0, 1, 9, 9, 9, 9, 1, 2}, want: []protocol{protoTracker}},
		"an action that there is not": {p: []byte{0, 0, 0, 4, 9, 9, 9, 9, 1, 2}},
		"DHT that nobody claims":      {p: []byte("d1:q"), denied: map[protocol]bool{protoDHT: true}, want: []protocol{protoDHT}},
	} {
		var d demux
		from := netip.MustParseAddrPort("198.51.100.1:7")
		d.deliver(c.p, from) // nobody is there yet
		var got []protocol
		for proto := range protocols {
			d.register(proto, func(p []byte, a netip.AddrPort) bool {
				if string(p) != string(c.p) || a != from {
					t.Errorf("%s: %x from %v", name, p, a)
				}
				got = append(got, proto)
				return !c.denied[proto]
			})
		}
		d.deliver(c.p, from)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: asked %v, want %v", name, got, c.want)
		}
	}
}

// A packet costs no allocation, in either direction.
func TestDatagramsAllocateNothing(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := newDatagrams(conn)
	took, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		d.run(func([]byte, netip.AddrPort) { took <- struct{}{} })
	}()
	at, p := d.addr(), []byte("d")
	round := func() { d.send(p, at); <-took }
	round()
	if n := testing.AllocsPerRun(100, round); n > 0.5 {
		t.Errorf("%v allocations for a packet", n)
	}
	conn.Close()
	<-done
}

// outsideWorld is a host behind a NAT whom others tell what they see.
func outsideWorld(t *testing.T, story func(l *lab, nat netip.Addr, c *Client)) {
	inLab(t, func(l *lab) {
		nat := l.net.NAT(netip.MustParseAddr("203.0.113.7"), simnet.PortRestricted)
		a := netip.MustParseAddr("192.168.1.5")
		h := l.net.Host(a, simnet.HostOptions{NAT: nat, Latency: time.Millisecond})
		c, err := NewClient(Config{Network: h, Name: "gotor/test"})
		if err != nil {
			l.Fatal(err)
		}
		l.Cleanup(func() { c.Close() })
		l.addrs[c] = a
		story(l, nat.Addr(), c)
	})
}

// at is a host on the simulated internet.
func (l *lab) at(addr string) (netip.Addr, *simnet.Host) {
	a := netip.MustParseAddr(addr)
	return a, l.net.Host(a, simnet.HostOptions{Latency: 5 * time.Millisecond})
}

// What two peers, one peer, or two trackers see us as is what BEP 40 goes by.
func TestOutsideAddress(t *testing.T) {
	for name, c := range map[string]struct {
		seeds, trackers int
		known           bool
	}{
		"two peers": {seeds: 2, known: true}, "one peer": {seeds: 1},
		"two trackers": {seeds: 1, trackers: 1, known: true},
	} {
		t.Run(name, func(t *testing.T) {
			outsideWorld(t, func(l *lab, nat netip.Addr, leech *Client) {
				payload := blastPayload(2_000_000)
				spec := l.seedSpec(payload)
				m := lonely(spec.Meta)
				spec.Meta = m
				for i := range c.trackers {
					a, h := l.at("198.51.100." + strconv.Itoa(10+i))
					listener, err := h.Listen(l.Context(), "tcp", ":80")
					if err != nil {
						l.Fatal(err)
					}
					tr := startTracker(l, listener)
					tr.external = true
					m.Trackers = append(m.Trackers, []string{"http://" + a.String() + "/announce"})
				}
				var peers []netip.AddrPort
				for i := range c.seeds {
					a, h := l.at("198.51.100." + strconv.Itoa(20+i))
					seed, err := NewClient(Config{Network: h, Name: "gotor/test"})
					if err != nil {
						l.Fatal(err)
					}
					l.Cleanup(func() { seed.Close() })
					l.addrs[seed] = a
					s := spec
					s.Meta = lonely(m)
					l.mustGet(seed, s)
					peers = append(peers, l.addr(seed))
				}
				tor := l.add(leech, order{Source: Source{Meta: m, Peers: peers}, Spec: Spec{Seeding: Seeding{Seed: true}}})
				<-tor.Done()
				if err := tor.Err(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				local := &net.TCPAddr{IP: net.IP{192, 168, 1, 5}, Port: 50_000}
				want := netip.MustParseAddr("192.168.1.5")
				if c.known {
					want = nat
				}
				if got := leech.endpoint.us(peers[0].Addr(), local); got.V4 != netip.AddrPortFrom(want, leech.Port()) {
					t.Errorf("the internet sees us as %v, want %v", got.V4, want)
				}
				if got := leech.endpoint.us(netip.MustParseAddr("192.168.1.6"), local).V4.Addr(); got != l.addrs[leech] {
					t.Errorf("the own network sees us as %v", got)
				}
				if got := leech.endpoint.public(); (len(got) == 1) != c.known {
					t.Errorf("public addresses %v", got)
				}
				tor.Stop()
				<-tor.Stopped()
			})
		})
	}
}
