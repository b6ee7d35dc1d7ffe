package swarm

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

// MaxKnown bounds the addresses kept of one swarm (threat: peer lists as a memory
// bomb).
const MaxKnown = 2000

// Origin says who told us of an address; the better known one wins.
type Origin uint8

// The origins, the least known first.
const (
	FromDHT   Origin = iota
	FromPeer         // peer exchange
	FromLocal        // the local network
	FromTracker
	FromUserTracker // a tracker that the user named
	FromIncoming
	FromLink // a magnet link names it
	FromUser
)

// String is a word for an origin; that a tracker was the user's is not told.
func (o Origin) String() string {
	switch o {
	case FromDHT:
		return "dht"
	case FromPeer:
		return "pex"
	case FromLocal:
		return "lsd"
	case FromTracker, FromUserTracker:
		return "tracker"
	case FromLink:
		return "link"
	case FromUser:
		return "user"
	}
	return "incoming"
}

// trusted reports whether an address is the user's own word, wherever it lies and
// whatever becomes of the torrent: they named it or who told it, or it is where a
// packet came from.
func (o Origin) trusted() bool {
	return o == FromUser || o == FromUserTracker || o == FromIncoming || o == FromLocal
}

// candidate is an address at which a peer may be. It is dialled when it is
// neither busy nor banned, and notBefore has come.
type candidate struct {
	addr      netip.AddrPort
	origin    Origin
	trusted   bool // somebody named it whose word counts: see Origin.trusted
	teller    *teller
	busy      bool // being dialled, or connected
	dialling  bool // being dialled
	fails     int  // dials in a row that came to nothing
	useful    bool // gave us data once
	seed      bool // had everything when we last saw it
	rank      uint32
	notBefore time.Time
}

// Outcome is what came of a dial, or of the connection that it led to.
type Outcome uint8

// The outcomes.
const (
	GaveNothing Outcome = iota // nobody answered, or it had no use
	GaveData
	GaveAndOffended // it gave us data, and broke the protocol
)

// Book is the list of candidates of one swarm: addresses, at most MaxKnown, that
// are dialled one after the other and again. The zero value is not usable; see
// NewBook.
type Book struct {
	rng     *rand.Rand
	hosts   Hosts
	known   map[netip.AddrPort]*candidate
	banned  map[netip.AddrPort]bool // by Hosts.Key
	tellers tellers
	waiting int // candidates that could be dialled when Next was last called
}

// NewBook makes an empty book. rng decides where nothing else does.
func NewBook(rng *rand.Rand, hosts Hosts) *Book {
	return &Book{rng: rng, hosts: hosts, known: make(map[netip.AddrPort]*candidate), banned: make(map[netip.AddrPort]bool)}
}

// Add is AddOf for addresses that nobody in particular told.
func (b *Book) Add(addr netip.AddrPort, from Origin, now time.Time) bool {
	return b.AddOf(addr, from, "", now)
}

// AddOf notes an address and reports whether it is new. who has told it: a host,
// a tracker. When the book is full, whoever told most makes room.
func (b *Book) AddOf(addr netip.AddrPort, from Origin, who string, now time.Time) bool {
	addr = Unmapped(addr)
	if b.Banned(addr) {
		return false
	}
	if c := b.known[addr]; c != nil {
		c.origin, c.trusted = max(c.origin, from), c.trusted || from.trusted()
		return false
	}
	t := b.tellers.get(from, who)
	if len(b.known) >= MaxKnown && !b.evict(t, from) {
		b.tellers.drop(t)
		return false
	}
	t.known++
	b.known[addr] = &candidate{addr: addr, origin: from, trusted: from.trusted(), teller: t, rank: b.rng.Uint32(), notBefore: now}
	return true
}

// evict makes room for an address that t tells: one of whoever has most goes,
// the one that failed most first. If that is t itself, it has to have failed.
func (b *Book) evict(t *teller, from Origin) bool {
	most := b.tellers.greediest()
	var worst *candidate
	for _, c := range b.known {
		switch {
		case c.busy || c.useful || c.origin == FromUser:
			continue
		case from == FromUser: // the user knows better than anybody
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
func (b *Book) remove(c *candidate) {
	delete(b.known, c.addr)
	b.undial(c)
	c.teller.known--
	b.tellers.drop(c.teller)
}

// undial notes that a candidate is not being dialled any more.
func (b *Book) undial(c *candidate) {
	if c.dialling {
		c.dialling = false
		c.teller.dialling--
	}
}

// Dialled notes that the dial of an address that Next has returned is over.
func (b *Book) Dialled(addr netip.AddrPort) {
	if c := b.known[addr]; c != nil {
		b.undial(c)
	}
}

// Next returns the best candidate to dial now, and marks it busy. A seed looks
// for leechers only. No teller may have more than share of its addresses dialled
// at a time.
func (b *Book) Next(now time.Time, seeding bool, share int) (netip.AddrPort, bool) {
	var best *candidate
	b.waiting = 0
	b.tellers.catchUp()
	for _, c := range b.known {
		if c.busy || c.notBefore.After(now) || seeding && c.seed {
			continue
		}
		b.waiting++
		if c.teller.dialling >= share && c.origin != FromUser {
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
	case (c.origin == FromUser) != (d.origin == FromUser):
		return c.origin == FromUser
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

// WakeAt is when Next may find a waiting candidate; zero when none waits for the
// time alone.
func (b *Book) WakeAt(seeding bool, share int) time.Time {
	var at time.Time
	for _, c := range b.known {
		if !c.busy && !(seeding && c.seed) && (c.teller.dialling < share || c.origin == FromUser) && (at.IsZero() || c.notBefore.Before(at)) {
			at = c.notBefore
		}
	}
	return at
}

// Hold marks an address as connected that was not dialled from the book. It
// reports false when the address is not known, or busy.
func (b *Book) Hold(addr netip.AddrPort) bool {
	c := b.known[addr]
	if c == nil || c.busy {
		return false
	}
	c.busy = true
	return true
}

// Named reports whether the user gave this address.
func (b *Book) Named(addr netip.AddrPort) bool {
	c := b.known[addr]
	return c != nil && c.origin == FromUser
}

// Trusted reports whether somebody named this address whose word counts wherever it
// lies: the user, a tracker of theirs, or the peer at it itself.
func (b *Book) Trusted(addr netip.AddrPort) bool {
	c := b.known[addr]
	return c != nil && c.trusted
}

// Seed notes whether the peer at an address has everything.
func (b *Book) Seed(addr netip.AddrPort, is bool) {
	if c := b.known[addr]; c != nil {
		c.seed = is
	}
}

// Release gives back an address that Next or Hold made busy. It may be dialled
// again, after a pause that grows with each time that it came to nothing.
func (b *Book) Release(addr netip.AddrPort, o Outcome, now time.Time) {
	c := b.known[addr]
	if c == nil {
		return
	}
	c.busy = false
	if o != GaveNothing {
		c.useful, c.fails = true, 0
	}
	if o != GaveData {
		c.fails++
	}
	c.notBefore = now.Add(b.backoff(c))
}

// Delay keeps an address from being dialled before a time.
func (b *Book) Delay(addr netip.AddrPort, until time.Time) {
	if c := b.known[addr]; c != nil && c.notBefore.Before(until) {
		c.notBefore = until
	}
}

// backoff grows from 2 s by doubling to 15 minutes, with a quarter of jitter
// either way. A peer that was useful comes back sooner.
func (b *Book) backoff(c *candidate) time.Duration {
	d := 2 * time.Second << min(c.fails, 9)
	if c.useful {
		d /= 2
	}
	d = min(d, 15*time.Minute)
	return d*3/4 + time.Duration(b.rng.Int64N(int64(d/2)+1))
}

// Forget removes an address for good: it is our own.
func (b *Book) Forget(addr netip.AddrPort) {
	if c := b.known[addr]; c != nil {
		b.remove(c)
	}
}

// Ban refuses a peer from now on, see Hosts.Key.
func (b *Book) Ban(addr netip.AddrPort) {
	key := b.hosts.Key(addr)
	b.banned[key] = true
	for a, c := range b.known {
		if b.hosts.Key(a) == key {
			b.remove(c)
		}
	}
}

// Banned reports whether a peer is refused.
func (b *Book) Banned(addr netip.AddrPort) bool { return b.banned[b.hosts.Key(addr)] }

// ForgetStrangers removes the addresses that nobody better named than the DHT,
// other peers or the local network, and returns those that were in use.
func (b *Book) ForgetStrangers() (busy []netip.AddrPort) {
	for a, c := range b.known {
		if c.origin < FromTracker {
			b.remove(c)
			if c.busy {
				busy = append(busy, a)
			}
		}
	}
	return busy
}

// ForgetTold removes the addresses that nobody but trackers on some hosts has named,
// as far as is remembered, and returns those that were in use.
func (b *Book) ForgetTold(trackers []string) (busy []netip.AddrPort) {
	for a, c := range b.known {
		if (c.origin == FromTracker || c.origin == FromUserTracker) && slices.Contains(trackers, c.teller.key.who) {
			b.remove(c)
			if c.busy {
				busy = append(busy, a)
			}
		}
	}
	return busy
}

// Origin is who has named an address, the best known of several; false: nobody has.
func (b *Book) Origin(addr netip.AddrPort) (Origin, bool) {
	c := b.known[Unmapped(addr)]
	if c == nil {
		return 0, false
	}
	return c.origin, true
}

// Size is the number of known addresses.
func (b *Book) Size() int { return len(b.known) }

// Waiting is how many addresses could be dialled when Next was last called.
func (b *Book) Waiting() int { return b.waiting }

// Knows reports whether an address is in the book.
func (b *Book) Knows(addr netip.AddrPort) bool { return b.known[addr] != nil }

// Busy reports whether an address is being dialled, or connected.
func (b *Book) Busy(addr netip.AddrPort) bool { c := b.known[addr]; return c != nil && c.busy }
