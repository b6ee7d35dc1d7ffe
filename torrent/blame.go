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

// blame deals with the peers that sent wrong data.
func (t *Torrent) blame(guilty []netip.AddrPort, now time.Time) {
	for _, a := range t.blameWeb(guilty) {
		key := hosts.Key(a)
		t.strikes[key]++
		switch {
		case !t.onlySource(key):
			t.book.Ban(a)
			delete(t.paroled, key)
			t.core.tell(EventBanned, a.String(), "%v", errBanned)
			t.expel(key, errBanned)
		case t.strikes[key] >= strikesForLast:
			pause := min(paroleFirst<<min(t.strikes[key]-strikesForLast, 10), paroleMost)
			t.paroled[key] = now.Add(pause)
			t.book.Delay(a, t.paroled[key])
			t.core.tell(EventBanned, a.String(), "%v", errParole)
			t.expel(key, errParole)
		}
	}
}

// expel closes the connections of a banKey.
func (t *Torrent) expel(key netip.AddrPort, why error) {
	for _, m := range t.members {
		if hosts.Key(m.addr) == key {
			m.conn.Close(why)
			t.core.failed(m.addr, why)
		}
	}
}

// onlySource reports whether nobody but the banKey given has some piece that we
// want.
func (t *Torrent) onlySource(key netip.AddrPort) bool {
	return t.mgr != nil && t.mgr.Sole(func(a netip.AddrPort) bool { return hosts.Key(a) == key })
}
