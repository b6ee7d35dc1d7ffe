package torrent

import (
	"net"
	"net/netip"
	"testing"
)

// fakeConn notes that it was closed.
type fakeConn struct {
	net.Conn
	closed bool
}

func (c *fakeConn) Close() error { c.closed = true; return nil }

func TestLobbyTurnsOutTheGreediest(t *testing.T) {
	flooder, good := netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("10.0.0.1")
	var l lobby
	first := new(fakeConn)
	l.enter(first, good)
	var flood []*fakeConn
	for range maxHandshakes {
		c := new(fakeConn)
		flood = append(flood, c)
		l.enter(c, flooder)
	}
	second := new(fakeConn)
	l.enter(second, good)
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
	var l lobby
	conns := make([]*fakeConn, maxPerIP+1)
	for i := range conns {
		conns[i] = new(fakeConn)
		from := ip
		if i%2 == 1 {
			from = mapped // the same host through a dual-stack socket
		}
		l.enter(conns[i], from)
	}
	if !conns[0].closed || conns[1].closed {
		t.Error("the oldest connection of a public address did not make room")
	}
	if l.count(ip) != maxPerIP {
		t.Errorf("%d connections wait, at most %d may", l.count(ip), maxPerIP)
	}
}

func TestLobbyLeave(t *testing.T) {
	var l lobby
	a, b := new(fakeConn), new(fakeConn)
	l.enter(a, netip.MustParseAddr("10.0.0.1"))
	l.leave(b)
	l.leave(a)
	l.leave(a)
	if len(l.guests) != 0 || a.closed {
		t.Errorf("%d wait, closed: %v", len(l.guests), a.closed)
	}
}
