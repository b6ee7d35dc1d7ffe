package torrent

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// origin says who told us of an address; the better known one wins.
type origin uint8

const (
	fromDHT   origin = iota
	fromPeer         // peer exchange
	fromLocal        // the local network
	fromTracker
	fromIncoming
	fromLink // a magnet link names it
	fromUser
)

// candidate is an address at which a peer may be. It is dialled when it is
// neither busy nor banned, and notBefore has come.
type candidate struct {
	addr      netip.AddrPort
	origin    origin
	teller    *teller
	busy      bool // being dialled, or connected
	dialling  bool // being dialled
	fails     int  // dials in a row that came to nothing
	useful    bool // gave us data once
	seed      bool // had everything when we last saw it
	rank      uint32
	notBefore time.Time
}

// book is the list of candidates of one swarm. It does no I/O and is told the
// time. The zero value is not usable; see newBook.
type book struct {
	rng     *rand.Rand
	known   map[netip.AddrPort]*candidate
	banned  map[netip.AddrPort]bool // see banKey
	tellers tellers
	waiting int // candidates that could be dialled when next was last called
}

func newBook(rng *rand.Rand) *book {
	return &book{rng: rng, known: make(map[netip.AddrPort]*candidate), banned: make(map[netip.AddrPort]bool)}
}

// add is addOf for addresses that nobody in particular told.
func (b *book) add(addr netip.AddrPort, from origin, now time.Time) bool {
	return b.addOf(addr, from, "", now)
}

// addOf notes an address and reports whether it is new. who has told it: a host,
// a tracker. When the book is full, whoever told most makes room.
func (b *book) addOf(addr netip.AddrPort, from origin, who string, now time.Time) bool {
	addr = netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
	if b.isBanned(addr) {
		return false
	}
	if c := b.known[addr]; c != nil {
		c.origin = max(c.origin, from)
		return false
	}
	t := b.tellers.get(from, who)
	if len(b.known) >= maxKnown && !b.evict(t, from) {
		b.tellers.drop(t)
		return false
	}
	t.known++
	b.known[addr] = &candidate{addr: addr, origin: from, teller: t, rank: b.rng.Uint32(), notBefore: now}
	return true
}

// evict makes room for an address that t tells: one of whoever has most goes,
// the one that failed most first. If that is t itself, it has to have failed.
func (b *book) evict(t *teller, from origin) bool {
	most := b.tellers.greediest()
	var worst *candidate
	for _, c := range b.known {
		switch {
		case c.busy || c.useful || c.origin == fromUser:
			continue
		case from == fromUser: // the user knows better than anybody
		case most.known > t.known && c.teller != most:
			continue
		case most.known <= t.known && (c.teller != t || c.fails == 0):
			continue
		}
		if worst == nil || c.fails > worst.fails || c.fails == worst.fails && c.rank > worst.rank {
			worst = c
		}
	}
	if worst != nil {
		b.remove(worst)
	}
	return worst != nil
}

// remove forgets a candidate.
func (b *book) remove(c *candidate) {
	delete(b.known, c.addr)
	b.undial(c)
	c.teller.known--
	b.tellers.drop(c.teller)
}

// undial notes that a candidate is not being dialled any more.
func (b *book) undial(c *candidate) {
	if c.dialling {
		c.dialling = false
		c.teller.dialling--
	}
}

// dialled notes that the dial of an address that next has returned is over.
func (b *book) dialled(addr netip.AddrPort) {
	if c := b.known[addr]; c != nil {
		b.undial(c)
	}
}

// next returns the best candidate to dial now, and marks it busy. A seed looks
// for leechers only. No teller may have more than share of its addresses dialled
// at a time.
func (b *book) next(now time.Time, seeding bool, share int) (netip.AddrPort, bool) {
	var best *candidate
	b.waiting = 0
	b.tellers.catchUp()
	for _, c := range b.known {
		if c.busy || c.notBefore.After(now) || seeding && c.seed {
			continue
		}
		b.waiting++
		if c.teller.dialling >= share && c.origin != fromUser {
			continue
		}
		if best == nil || c.before(best) {
			best = c
		}
	}
	if best == nil {
		return netip.AddrPort{}, false
	}
	best.busy, best.dialling = true, true
	b.tellers.serve(best.teller)
	return best.addr, true
}

// before ranks candidates: those the user named, those that gave data, those of
// a teller whose turn it is, those that failed less; well-known ports last
// (threat: peer lists aimed at other services); else at random.
func (c *candidate) before(d *candidate) bool {
	switch {
	case (c.origin == fromUser) != (d.origin == fromUser):
		return c.origin == fromUser
	case c.useful != d.useful:
		return c.useful
	case c.teller.turn != d.teller.turn:
		return c.teller.turn < d.teller.turn
	case c.fails != d.fails:
		return c.fails < d.fails
	case (c.addr.Port() < 1024) != (d.addr.Port() < 1024):
		return d.addr.Port() < 1024
	}
	return c.rank < d.rank
}

// wakeAt is when next may find a waiting candidate; zero when none waits for the
// time alone.
func (b *book) wakeAt(seeding bool, share int) time.Time {
	var at time.Time
	for _, c := range b.known {
		if !c.busy && !(seeding && c.seed) && (c.teller.dialling < share || c.origin == fromUser) && (at.IsZero() || c.notBefore.Before(at)) {
			at = c.notBefore
		}
	}
	return at
}

// hold marks an address as connected that was not dialled from the book. It
// reports false when the address is not known, or busy.
func (b *book) hold(addr netip.AddrPort) bool {
	c := b.known[addr]
	if c == nil || c.busy {
		return false
	}
	c.busy = true
	return true
}

// named reports whether the user gave this address.
func (b *book) named(addr netip.AddrPort) bool {
	c := b.known[addr]
	return c != nil && c.origin == fromUser
}

// seed notes whether the peer at an address has everything.
func (b *book) seed(addr netip.AddrPort, is bool) {
	if c := b.known[addr]; c != nil {
		c.seed = is
	}
}

// release gives a dialled candidate back. ok: it was connected and did no harm;
// useful: it gave us data.
func (b *book) release(addr netip.AddrPort, ok, useful bool, now time.Time) {
	c := b.known[addr]
	if c == nil {
		return
	}
	c.busy = false
	c.useful = c.useful || useful
	if useful {
		c.fails = 0
	}
	if !ok || !useful {
		c.fails++
	}
	c.notBefore = now.Add(b.backoff(c))
}

// delay keeps an address from being dialled before a time.
func (b *book) delay(addr netip.AddrPort, until time.Time) {
	if c := b.known[addr]; c != nil && c.notBefore.Before(until) {
		c.notBefore = until
	}
}

// backoff grows from 2 s by doubling to 15 minutes, with a quarter of jitter
// either way. A peer that was useful comes back sooner.
func (b *book) backoff(c *candidate) time.Duration {
	d := 2 * time.Second << min(c.fails, 9)
	if c.useful {
		d /= 2
	}
	d = min(d, 15*time.Minute)
	return d*3/4 + time.Duration(b.rng.Int64N(int64(d/2)+1))
}

// forget removes an address for good: it is our own.
func (b *book) forget(addr netip.AddrPort) {
	if c := b.known[addr]; c != nil {
		b.remove(c)
	}
}

// ban refuses a peer from now on: its whole address, but of a private one the
// port only, since many peers may share it (a machine with several seeders).
func (b *book) ban(addr netip.AddrPort) {
	b.banned[banKey(addr)] = true
	for a, c := range b.known {
		if banKey(a) == banKey(addr) {
			b.remove(c)
		}
	}
}

func (b *book) isBanned(addr netip.AddrPort) bool { return b.banned[banKey(addr)] }

// banKey is what ban remembers of an address.
func banKey(addr netip.AddrPort) netip.AddrPort {
	ip, port := addr.Addr().Unmap(), addr.Port()
	if !private(ip) {
		port = 0
	}
	return netip.AddrPortFrom(hostOf(ip), port)
}

// forgetStrangers removes the addresses that nobody better named than the DHT,
// other peers or the local network, and returns those that were in use.
func (b *book) forgetStrangers() (busy []netip.AddrPort) {
	for a, c := range b.known {
		if c.origin < fromTracker {
			b.remove(c)
			if c.busy {
				busy = append(busy, a)
			}
		}
	}
	return busy
}

// size is the number of known addresses.
func (b *book) size() int { return len(b.known) }
