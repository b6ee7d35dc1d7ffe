package torrent

import (
	"net"
	"net/netip"
	"sync"
)

// lobby holds the incoming connections that have not said yet which torrent they
// want (threat: slowloris). It is bounded by turning out whoever waited longest,
// not by refusing newcomers: those who flood us are silent, and a good peer says
// what it wants within a round trip.
type lobby struct {
	mu     sync.Mutex
	guests []guest // oldest first
}

// guest is one connection that waits.
type guest struct {
	conn net.Conn
	ip   netip.Addr
}

// enter takes a connection in. When its address has too many there already, or
// there are too many in all, the oldest of the address that has most is closed.
func (l *lobby) enter(conn net.Conn, ip netip.Addr) {
	ip = hostOf(ip)
	l.mu.Lock()
	out := -1
	if !private(ip) && l.count(ip) >= maxPerIP {
		out = l.oldest(ip)
	} else if len(l.guests) >= maxHandshakes {
		out = l.oldest(l.greediest())
	}
	var victim net.Conn
	if out >= 0 {
		victim = l.guests[out].conn
		l.guests = append(l.guests[:out], l.guests[out+1:]...)
	}
	l.guests = append(l.guests, guest{conn, ip})
	l.mu.Unlock()
	if victim != nil {
		victim.Close()
	}
}

// leave forgets a connection; it may have been turned out before.
func (l *lobby) leave(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, g := range l.guests {
		if g.conn == conn {
			l.guests = append(l.guests[:i], l.guests[i+1:]...)
			return
		}
	}
}

func (l *lobby) count(ip netip.Addr) (n int) {
	for _, g := range l.guests {
		if g.ip == ip {
			n++
		}
	}
	return n
}

func (l *lobby) oldest(ip netip.Addr) int {
	for i, g := range l.guests {
		if g.ip == ip {
			return i
		}
	}
	return -1
}

// greediest is the address with most guests; of several, the one that came first.
func (l *lobby) greediest() (ip netip.Addr) {
	counts := make(map[netip.Addr]int, len(l.guests))
	for _, g := range l.guests {
		counts[g.ip]++
	}
	for _, g := range l.guests {
		if counts[g.ip] > counts[ip] {
			ip = g.ip
		}
	}
	return ip
}
