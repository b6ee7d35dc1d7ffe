package server

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"time"

	"gotor/tracker"
)

// Why an announce is refused.
var (
	errNotAllowed = errors.New("this tracker does not serve that torrent")
	errShare      = errors.New("too many peers from your address")
)

// announce is what a peer said, by either transport.
type announce struct {
	hash, id [20]byte
	port     uint16 // 0: it takes no connections
	seed     bool
	event    tracker.Event
	want     int        // peers to return at most
	family   int        // 4 or 6: the answer has room for one family only; 0: for both
	from     netip.Addr // where it came from: unmapped, without zone
	named    netip.Addr // where it says that it is; may be invalid
	local    netip.Addr // our address that it came to; invalid if not known
}

// counts are the numbers of a torrent.
type counts struct{ seeders, leechers, completed int }

// contact is a peer in an answer.
type contact struct {
	addr netip.AddrPort
	id   [20]byte
}

// book is what the tracker knows: which peer is at work on what. It is a plain
// structure without clock, lock or I/O; the caller tells the time.
//
// A peer is an address with a port: announces from there replace each other,
// whatever id they carry. All peers live equally long after their last word, so
// a list of them in the order of that word is also the order in which they
// expire, and each call takes off its front what is due.
type book struct {
	limits
	allow map[[20]byte]bool // nil: all torrents; immutable
	rng   *rand.Rand
	start time.Time
	now   uint32 // seconds since start, at the last call; never goes back

	torrents map[[20]byte]*torrent
	recent   torrent           // of a ring of all torrents: next is the one announced least recently
	entries  []entry           // by index; 0 is of a ring of all peers: next is the one silent longest
	free     uint32            // first of the unused entries, linked by next; 0: none
	peers    int               // entries in use
	sources  map[uint64]uint32 // peers by source
	alone    map[uint64]uint32 // torrents by the source that all their peers are of; see shares.go
}

// limits bound a book.
type limits struct {
	ttl      uint32 // seconds that a peer lives after its last word
	torrents int
	peers    int // of all torrents
	swarm    int // of one torrent
	share    int // from one source: an IPv4 address, an IPv6 /64; not from this machine
}

// kind says in which list of its torrent a peer is: what decides who may be
// told of it.
type kind uint8

const (
	v6       kind = 1 << iota
	loopback      // on the tracker's own machine
	seeding
	kinds
)

// endpoint is where a peer is: the address as 16 bytes, IPv4 mapped.
type endpoint struct {
	addr [16]byte
	port uint16
}

// entry is a peer of a torrent: 64 bytes.
type entry struct {
	id         [20]byte
	at         endpoint
	kind       kind
	torrent    *torrent
	source     uint64 // whom it is counted for: who announced it, wherever that says it is
	pos        uint32 // in torrent.lists[kind]
	seen       uint32 // when it spoke last
	prev, next uint32 // peers that spoke before and after
}

// torrent is one swarm.
type torrent struct {
	hash       [20]byte
	completed  int
	byAddr     map[endpoint]uint32 // to entries
	sources    map[uint64]uint32   // peers by source
	lists      [kinds][]uint32     // entries by kind, in no order
	prev, next *torrent            // torrents announced before and after
}

// newBook returns an empty book. allow is not copied.
func newBook(start time.Time, l limits, allow map[[20]byte]bool, rng *rand.Rand) *book {
	b := &book{
		limits: l, allow: allow, rng: rng, start: start,
		torrents: make(map[[20]byte]*torrent), sources: make(map[uint64]uint32), alone: make(map[uint64]uint32),
		entries: make([]entry, 1),
	}
	b.recent.prev, b.recent.next = &b.recent, &b.recent
	return b
}

// announce notes down what a peer says and appends to dst who else is there:
// chosen at random, never the peer itself under whatever address, and no
// seeders for a seeder.
func (b *book) announce(now time.Time, a *announce, dst []contact) (counts, []contact, error) {
	b.expire(now)
	if b.allow != nil && !b.allow[a.hash] {
		return counts{}, dst, errNotAllowed
	}
	at, listed := a.place()
	t := b.torrents[a.hash]
	if a.event == tracker.EventStopped {
		if t != nil && listed && t.byAddr[at] != 0 {
			b.drop(t.byAddr[at])
		}
		return t.counts(), dst, nil
	}
	if listed {
		var err error
		if t, err = b.enter(t, a, at); err != nil {
			return counts{}, dst, err
		}
	}
	return t.counts(), b.pick(t, a, dst), nil
}

// scrape returns the numbers of a torrent; false: it is not known.
func (b *book) scrape(now time.Time, hash [20]byte) (counts, bool) {
	b.expire(now)
	t := b.torrents[hash]
	return t.counts(), t != nil || b.allow[hash]
}

// expire drops the peers that have been silent for too long.
func (b *book) expire(now time.Time) {
	b.now = max(b.now, uint32(max(now.Sub(b.start), 0)/time.Second))
	for i := b.entries[0].next; i != 0 && b.now-b.entries[i].seen >= b.ttl; i = b.entries[0].next {
		b.drop(i)
	}
}

// enter notes that a peer is there, and returns its torrent, t or a new one.
func (b *book) enter(t *torrent, a *announce, at endpoint) (*torrent, error) {
	k := at.kind()
	if a.seed {
		k |= seeding
	}
	var i uint32
	if t != nil {
		i = t.byAddr[at]
	}
	known := i != 0
	if !known {
		var err error
		if i, t, err = b.add(t, a, at); err != nil {
			return nil, err
		}
	}
	e := &b.entries[i]
	// Whoever says twice that it is complete counts once.
	if a.event == tracker.EventCompleted && a.seed && e.kind&seeding == 0 {
		t.completed++
	}
	if known {
		b.unlink(i)
	}
	if known && e.kind != k {
		b.leaveList(i)
	}
	if !known || e.kind != k {
		e.kind = k
		b.joinList(i)
	}
	e.id, e.seen = a.id, b.now
	b.link(i)
	t.unlink()
	t.link(&b.recent)
	return t, nil
}

// add makes an entry, without list and place in the ring, for a peer that has
// none. Something else makes way if the book is full; see the package comment.
func (b *book) add(t *torrent, a *announce, at endpoint) (uint32, *torrent, error) {
	hash, source := a.hash, endpoint{addr: a.from.As16()}.source()
	if int(b.sources[source]) >= b.share && !a.from.IsLoopback() {
		return 0, nil, errShare
	}
	if t != nil && len(t.byAddr) >= b.swarm {
		if err := b.makeWayInSwarm(t, source); err != nil {
			return 0, nil, err
		}
	}
	if b.peers >= b.limits.peers {
		if err := b.makeWay(source); err != nil {
			return 0, nil, err
		}
	}
	if t = b.torrents[hash]; t == nil { // it may have gone just now, too
		if len(b.torrents) >= b.limits.torrents {
			if err := b.makeWayForTorrent(source); err != nil {
				return 0, nil, err
			}
		}
		t = &torrent{hash: hash, byAddr: make(map[endpoint]uint32), sources: make(map[uint64]uint32)}
		t.link(&b.recent)
		b.torrents[hash] = t
	}
	return b.newEntry(t, at, source), t, nil
}

// newEntry makes an entry of a torrent, for which there is room.
func (b *book) newEntry(t *torrent, at endpoint, source uint64) uint32 {
	i := b.free
	if i == 0 {
		i = uint32(len(b.entries))
		b.entries = append(b.entries, entry{})
	} else {
		b.free = b.entries[i].next
	}
	b.entries[i] = entry{at: at, torrent: t, source: source}
	t.byAddr[at] = i
	b.count(t, source, true)
	b.peers++
	return i
}

// drop removes a peer, and its torrent if that was the last one. A torrent of
// the list of allowed ones stays, with its count of downloads.
func (b *book) drop(i uint32) {
	b.leaveList(i)
	b.unlink(i)
	at, t := b.entries[i].at, b.entries[i].torrent
	delete(t.byAddr, at)
	b.count(t, b.entries[i].source, false)
	b.entries[i] = entry{next: b.free}
	b.free = i
	b.peers--
	if len(t.byAddr) > 0 {
		return
	}
	if b.allow != nil {
		t.byAddr, t.sources = make(map[endpoint]uint32), make(map[uint64]uint32) // the old ones may be large
		return
	}
	t.unlink()
	delete(b.torrents, t.hash)
}

// forget removes a torrent with all its peers.
func (b *book) forget(t *torrent) {
	for _, i := range t.byAddr {
		b.drop(i)
	}
}
