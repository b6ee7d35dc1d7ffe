package torrent

import (
	"errors"
	"net/netip"
	"time"
)

// What becomes of peers that sent wrong data. Who is not needed is banned at
// once. Who alone has some pieces is asked again, since a bad piece may be an
// accident and without it nothing is left: some times at once, and then on
// parole, after pauses that grow. As soon as somebody else has its pieces, the
// next bad one bans it.

const (
	// paroleFirst is the first pause, paroleMost the longest.
	paroleFirst = 2 * time.Second
	paroleMost  = time.Minute
)

var errParole = errors.New("it sent wrong data, and is asked again later: nobody else has its pieces")

// blame deals with peers that sent wrong data.
func (p *peers) blame(guilty []netip.AddrPort, now time.Time) {
	for _, a := range guilty {
		key := hosts.Key(a)
		p.strikes[key]++
		switch {
		case !p.onlySource(key):
			p.book.Ban(a)
			delete(p.paroled, key)
			p.core.tell(EventBanned, a.String(), "%v", errBanned)
			p.expel(key, errBanned)
		case p.strikes[key] >= strikesForLast:
			pause := min(paroleFirst<<min(p.strikes[key]-strikesForLast, 10), paroleMost)
			p.paroled[key] = now.Add(pause)
			p.book.Delay(a, p.paroled[key])
			p.core.tell(EventBanned, a.String(), "%v", errParole)
			p.expel(key, errParole)
		}
	}
}

// expel closes the connections of a swarm.Hosts.Key.
func (p *peers) expel(key netip.AddrPort, why error) {
	for _, m := range p.members {
		if hosts.Key(m.addr) == key {
			m.conn.Close(why)
			p.core.failed(m.addr, why)
		}
	}
}

// onlySource reports whether nobody but the swarm.Hosts.Key given has some piece that we
// want.
func (p *peers) onlySource(key netip.AddrPort) bool {
	return p.data.mgr != nil && p.data.mgr.Sole(func(a netip.AddrPort) bool { return hosts.Key(a) == key })
}
