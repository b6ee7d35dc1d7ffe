package torrent

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"gotor/peer/wire"
	"gotor/torrent/swarm"
)

// fakeConn notes that it was closed.
type fakeConn struct {
	net.Conn
	closed bool
}

func (c *fakeConn) Close() error { c.closed = true; return nil }

func (c *fakeConn) from(l *lobby, ip netip.Addr) *guest {
	return l.enter(c, netip.AddrPortFrom(ip, 1))
}

func TestLobbyTurnsOutTheGreediest(t *testing.T) {
	flooder, good := netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("10.0.0.1")
	l := lobby{most: maxHandshakes}
	first := new(fakeConn)
	first.from(&l, good)
	var flood []*fakeConn
	for range maxHandshakes {
		c := new(fakeConn)
		flood = append(flood, c)
		c.from(&l, flooder)
	}
	second := new(fakeConn)
	second.from(&l, good)
	if first.closed || second.closed {
		t.Error("a peer with one connection was turned out for one with a hundred")
	}
	if !flood[0].closed || !flood[1].closed || flood[2].closed {
		t.Error("not the two oldest connections of the flood were closed")
	}
	if len(l.guests) != maxHandshakes {
		t.Errorf("%d wait, at most %d may", len(l.guests), maxHandshakes)
	}
}

func TestLobbyPublicAddress(t *testing.T) {
	ip := netip.MustParseAddr("203.0.113.5")
	mapped := netip.AddrFrom16(ip.As16())
	l := lobby{most: maxHandshakes}
	conns := make([]*fakeConn, swarm.MaxPerHost+1)
	for i := range conns {
		conns[i] = new(fakeConn)
		from := ip
		if i%2 == 1 {
			from = mapped // the same host through a dual-stack socket
		}
		conns[i].from(&l, from)
	}
	if !conns[0].closed || conns[1].closed {
		t.Error("the oldest connection of a public address did not make room")
	}
	if l.count(ip) != swarm.MaxPerHost {
		t.Errorf("%d connections wait, at most %d may", l.count(ip), swarm.MaxPerHost)
	}
}

func TestLobbyLeave(t *testing.T) {
	l := lobby{most: maxHandshakes}
	a, b := new(fakeConn), new(fakeConn)
	g := a.from(&l, netip.MustParseAddr("10.0.0.1"))
	l.leave(&guest{conn: b})
	l.leave(g)
	l.leave(g)
	if len(l.guests) != 0 || a.closed {
		t.Errorf("%d wait, closed: %v", len(l.guests), a.closed)
	}
}

// Who has said what it wants counts until its torrent takes it, and stays rather
// than one that has said nothing.
func TestLobbyArrival(t *testing.T) {
	l := lobby{most: 3}
	tor, hs := new(core), wire.Handshake{PeerID: [20]byte{1}}
	conns := make([]*fakeConn, 4)
	var guests []*guest
	for i := range conns {
		conns[i] = new(fakeConn)
		guests = append(guests, conns[i].from(&l, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})))
		if i == 0 && !l.arrive(guests[0], tor, hs) {
			t.Error("a guest is said to have been turned out")
		}
	}
	if conns[0].closed || !conns[1].closed {
		t.Error("one that has arrived made room for one that has not")
	}
	if l.arrive(guests[1], tor, hs) {
		t.Error("one that was turned out has arrived")
	}
	l.arrive(guests[3], new(core), hs)
	if got := l.collect(tor); !slices.Equal(got, guests[:1]) || got[0].hs != hs {
		t.Errorf("handed over %v", got)
	}
	if len(l.guests) != 2 || len(l.collect(tor)) != 0 {
		t.Errorf("%d are left of two", len(l.guests))
	}
	if !l.turnOut() || !conns[2].closed || conns[3].closed {
		t.Error("one that is silent was not turned out first")
	}
}
