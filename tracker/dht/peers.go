package dht

import (
	"container/list"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

// Limits of the peer store.
const (
	maxSwarms    = 2000
	maxSwarm     = 500
	maxPeers     = 100_000
	swarmsShare  = maxSwarms / 4    // torrents of one source; see shares
	networkShare = 4                // peers of a torrent from one /64; from an IPv4 address it is one
	peerLife     = 30 * time.Minute // clients announce again after 15 minutes or less
	evictionPool = 8                // of so many oldest torrents the smallest makes room

	sampleSize  = 20 // info-hashes of a sample (BEP 51): 400 bytes
	sampleEvery = 5 * time.Minute
)

// peer is an announced peer. There is one for each address (BEP 33).
type peer struct {
	addr netip.AddrPort
	seed bool
	at   time.Time
}

// swarm is what is stored for an info-hash, for both families.
type swarm struct {
	id    ID
	peers []peer
	owner netip.AddrPort // the source whom it counts for
	last  time.Time      // newest announce
	place *list.Element
}

// peerStore holds announced peers. The list has the swarms in the order of
// their last announce: what expires is at its front, so that nothing is ever
// scanned but the swarm in question.
type peerStore struct {
	rules  addressRules
	swarms map[ID]*swarm
	order  list.List
	total  int
	shares shares // of the swarms

	sample   []ID
	sampleAt time.Time // end of the sample's life
}

func newPeerStore(rules addressRules) *peerStore {
	return &peerStore{rules: rules, swarms: make(map[ID]*swarm), shares: newShares(swarmsShare)}
}

// announce stores a peer, and reports whether there was room.
func (s *peerStore) announce(now time.Time, infoHash ID, p peer) bool {
	s.expire(now)
	source := s.rules.source(p.addr)
	w := s.swarms[infoHash]
	switch {
	case w != nil:
		s.own(w, s.shares.keeper(w.owner, source))
	case s.total >= maxPeers: // nobody makes way for a torrent without peers
		return false
	default:
		s.makeRoom(source)
		w = &swarm{id: infoHash, owner: source}
		w.place = s.order.PushBack(w)
		s.swarms[infoHash] = w
		s.shares.add(source)
	}
	w.last, p.at = now, now
	s.order.MoveToBack(w.place)
	return s.add(w, p, now)
}

// add stores a peer of a swarm, over what is stored of it. A full swarm makes
// room by what has expired only: newcomers do not push out those who are there.
func (s *peerStore) add(w *swarm, p peer, now time.Time) bool {
	if i := s.known(w, p.addr); i >= 0 {
		w.peers[i] = p
		return true
	}
	if len(w.peers) >= maxSwarm {
		s.trim(w, now)
	}
	if len(w.peers) >= maxSwarm || s.total >= maxPeers {
		return false
	}
	w.peers = append(w.peers, p)
	s.total++
	return true
}

// known returns the index of the peer whose place an announce takes, -1 if it has
// one of its own: the same peer, or the one of its IPv6 network that has been
// silent longest, when that has its share.
func (s *peerStore) known(w *swarm, addr netip.AddrPort) int {
	shared := addr.Addr().Is6() && !s.rules.exempt(addr.Addr())
	network := s.rules.source(addr)
	oldest, n := -1, 0
	for i := range w.peers {
		p := &w.peers[i]
		if s.same(p.addr, addr) {
			return i
		}
		if !shared || s.rules.source(p.addr) != network {
			continue
		}
		if n++; oldest < 0 || p.at.Before(w.peers[oldest].at) {
			oldest = i
		}
	}
	if n < networkShare {
		return -1
	}
	return oldest
}

// same reports whether two announces are of one peer: those of one address,
// which may change its port (BEP 33), but not where many share an address.
func (s *peerStore) same(a, b netip.AddrPort) bool {
	return a == b || a.Addr() == b.Addr() && !s.rules.exempt(a.Addr())
}

// own makes a swarm count for a source.
func (s *peerStore) own(w *swarm, source netip.AddrPort) {
	s.shares.remove(w.owner)
	w.owner = source
	s.shares.add(source)
}

// makeRoom sees to it that a source may bring a new torrent.
func (s *peerStore) makeRoom(source netip.AddrPort) {
	switch {
	case s.shares.full(s.rules, source):
		s.evict(func(other netip.AddrPort) bool { return other == source })
	case len(s.swarms) >= maxSwarms:
		s.evict(s.shares.payer(source))
	}
}

// evict removes a torrent of the sources that pay: of those that nobody has
// announced for longest, the smallest, so that a flood of new ones pushes out its
// own kind before real swarms.
func (s *peerStore) evict(pays func(netip.AddrPort) bool) {
	var victim *swarm
	for i, e := 0, s.order.Front(); i < evictionPool && e != nil; e = e.Next() {
		w := e.Value.(*swarm)
		if !pays(w.owner) {
			continue
		}
		if i++; victim == nil || len(w.peers) < len(victim.peers) {
			victim = w
		}
	}
	if victim != nil {
		s.remove(victim)
	}
}

func (s *peerStore) remove(w *swarm) {
	s.shares.remove(w.owner)
	s.order.Remove(w.place)
	delete(s.swarms, w.id)
	s.total -= len(w.peers)
}

// expire removes the swarms whose last announce is too old.
func (s *peerStore) expire(now time.Time) {
	for e := s.order.Front(); e != nil; e = s.order.Front() {
		w := e.Value.(*swarm)
		if now.Sub(w.last) < peerLife {
			return
		}
		s.remove(w)
	}
}

// trim removes the expired peers of a swarm.
func (s *peerStore) trim(w *swarm, now time.Time) {
	before := len(w.peers)
	w.peers = slices.DeleteFunc(w.peers, func(p peer) bool { return now.Sub(p.at) >= peerLife })
	s.total -= before - len(w.peers)
}

// get returns the swarm without what has expired, nil if there is none.
func (s *peerStore) get(now time.Time, infoHash ID) *swarm {
	w := s.swarms[infoHash]
	if w == nil {
		return nil
	}
	s.trim(w, now)
	if len(w.peers) == 0 {
		s.remove(w)
		return nil
	}
	return w
}

// pick appends up to most random peers of a family, those that are no seeds
// first if noSeed is set.
func (w *swarm) pick(dst []netip.AddrPort, v6 bool, most int, noSeed bool, random *rand.Rand) []netip.AddrPort {
	start := random.IntN(len(w.peers))
	for _, seeds := range [2]bool{false, true} {
		for i := range w.peers {
			p := &w.peers[(start+i)%len(w.peers)]
			if len(dst) == most {
				return dst
			}
			// Without noSeed all are taken in the first round.
			if p.addr.Addr().Is6() == v6 && seeds == (noSeed && p.seed) {
				dst = append(dst, p.addr)
			}
		}
	}
	return dst
}

// filters returns the seeds and the other peers of the swarm as bloom filters.
func (w *swarm) filters() (seeds, peers *bloom) {
	seeds, peers = new(bloom), new(bloom)
	for i := range w.peers {
		if w.peers[i].seed {
			seeds.insert(w.peers[i].addr.Addr())
		} else {
			peers.insert(w.peers[i].addr.Addr())
		}
	}
	return seeds, peers
}

// samples returns random info-hashes and for how long they stay the same.
func (s *peerStore) samples(now time.Time, random *rand.Rand) ([]ID, time.Duration) {
	s.expire(now)
	if now.Before(s.sampleAt) && len(s.sample) > 0 {
		return s.sample, s.sampleAt.Sub(now)
	}
	s.sample = s.sample[:0]
	seen := 0
	for e := s.order.Front(); e != nil; e = e.Next() {
		seen++
		if id := e.Value.(*swarm).id; len(s.sample) < sampleSize {
			s.sample = append(s.sample, id)
		} else if i := random.IntN(seen); i < sampleSize {
			s.sample[i] = id
		}
	}
	s.sampleAt = now.Add(sampleEvery)
	return s.sample, sampleEvery
}
