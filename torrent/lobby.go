package torrent

import (
	"net"
	"net/netip"
	"slices"
	"sync"

	"gotor/peer/wire"
	"gotor/torrent/swarm"
)

// lobby holds the incoming connections that no torrent has taken yet: those that
// have not said which one they want (threat: slowloris), and those that wait for
// its loop (threat: floods of handshakes). It is bounded by turning out whoever
// waited longest, not by refusing newcomers: those who flood us are silent, and a
// good peer says what it wants within a round trip.
type lobby struct {
	most int // how many there may be; immutable

	mu     sync.Mutex
	guests []*guest // oldest first
}

// guest is one connection that waits.
type guest struct {
	conn   net.Conn
	remote netip.AddrPort
	host   netip.Addr // see swarm.Hosts

	// Set by arrive.
	wants *core // nil: it has not said yet
	hs    wire.Handshake
}

// enter takes a connection in. When its host has too many there already, or
// there are too many in all, one of the host that has most is closed.
func (l *lobby) enter(conn net.Conn, remote netip.AddrPort) *guest {
	g := &guest{conn: conn, remote: remote, host: hosts.Of(remote.Addr())}
	l.mu.Lock()
	var victim *guest
	if !private(g.host) && l.count(g.host) >= swarm.MaxPerHost {
		victim = l.first(g.host)
	} else if len(l.guests) >= l.most {
		victim = l.first(l.greediest())
	}
	l.drop(victim)
	l.guests = append(l.guests, g)
	l.mu.Unlock()
	if victim != nil {
		victim.conn.Close()
	}
	return g
}

// arrive notes which torrent a guest wants. It reports false when the guest was
// turned out before, or too many wait for that torrent: it may take none for long,
// while it looks at its files.
func (l *lobby) arrive(g *guest, t *core, hs wire.Handshake) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, o := range l.guests {
		if o.wants == t {
			n++
		}
	}
	if n >= max(2, l.most/4) {
		return false
	}
	g.wants, g.hs = t, hs
	return slices.Contains(l.guests, g)
}

// collect hands over those that want a torrent, oldest first: they are its
// members or closed now.
func (l *lobby) collect(t *core) (ready []*guest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.guests = slices.DeleteFunc(l.guests, func(g *guest) bool {
		if g.wants == t {
			ready = append(ready, g)
		}
		return g.wants == t
	})
	return ready
}

// leave forgets a guest; it may have been turned out before.
func (l *lobby) leave(g *guest) {
	l.mu.Lock()
	l.drop(g)
	l.mu.Unlock()
}

// turnOut closes one guest and reports whether there was one: descriptors are
// wanted for something better.
func (l *lobby) turnOut() bool {
	l.mu.Lock()
	victim := l.first(l.greediest())
	l.drop(victim)
	l.mu.Unlock()
	if victim != nil {
		victim.conn.Close()
	}
	return victim != nil
}

func (l *lobby) drop(g *guest) {
	if i := slices.Index(l.guests, g); i >= 0 {
		l.guests = slices.Delete(l.guests, i, i+1)
	}
}

func (l *lobby) count(host netip.Addr) (n int) {
	for _, g := range l.guests {
		if g.host == host {
			n++
		}
	}
	return n
}

// first is the guest of a host to be turned out first: the oldest of those that
// have said nothing, else the oldest.
func (l *lobby) first(host netip.Addr) (oldest *guest) {
	for _, g := range l.guests {
		if g.host == host && (oldest == nil || oldest.wants != nil && g.wants == nil) {
			oldest = g
		}
	}
	return oldest
}

// greediest is the host with most guests; of several, the one of which a guest
// has waited longest, best without a word.
func (l *lobby) greediest() (host netip.Addr) {
	counts := make(map[netip.Addr]int, len(l.guests))
	for _, g := range l.guests {
		counts[g.host]++
	}
	silent := false
	for _, g := range l.guests {
		n, most := counts[g.host], counts[host]
		if n > most || n == most && !silent && g.wants == nil {
			host, silent = g.host, g.wants == nil
		}
	}
	return host
}
