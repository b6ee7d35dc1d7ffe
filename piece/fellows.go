package piece

import (
	"encoding/binary"
	"time"
)

const (
	// fewFellows: up to so many leechers are all counted on to share the work,
	// of more only those that a seed is seen to feed.
	fewFellows = 16
	// maxFellows bounds the cost of rank.
	maxFellows = 32
	// fedFor is how long a leecher that showed a piece nobody else had is
	// taken for one that a seed feeds.
	fedFor = int64(15 * time.Second)
	// flight is how much work a leecher is thought to have asked of a seed.
	flight = int64(2 * time.Second)
	// maxFlight is the same in blocks.
	maxFlight = 256
)

// Identify tells by which peer ids the remote knows us and we know it. Leechers
// that know each other share out among them what only seeds have. It is optional
// and has no effect on a peer that is never identified.
func (m *Manager) Identify(p *Peer, ours, theirs [20]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !p.left {
		m.fellows.key, p.key = keyOf(ours), keyOf(theirs)
		m.addFellow(p)
	}
}

// keyOf returns a hash of a peer id, never 0, that is the same for everybody.
func keyOf(id [20]byte) uint64 {
	k := uint64(binary.LittleEndian.Uint32(id[16:]))
	for _, b := range []int{0, 8} {
		k = mix(k^binary.LittleEndian.Uint64(id[b:]), 0)
	}
	return k | 1
}

// fellows are the leechers that fetch from the same seeds as we do.
//
// A seed's uplink is what a new torrent waits for, and a piece that two
// leechers fetch from it is time lost for all. Without a word between them they
// share the work by rendezvous hashing: each piece ranks the leechers by a hash
// of the piece and their key, and each leecher begins with the pieces that rank
// it first.
type fellows struct {
	key   uint64 // ours, 0: we do not take part
	peers []*Peer
	all   int   // leechers with a key
	fresh int64 // when one of them last showed a piece that nobody else had
	fed   float64
	given float64
}

// addFellow takes p among the fellows if it is one.
func (m *Manager) addFellow(p *Peer) {
	f := &m.fellows
	if f.key == 0 || p.key == 0 || p.seed || p.fellow || len(f.peers) >= maxFellows {
		return
	}
	p.fellow = true
	f.peers = append(f.peers, p)
}

// dropFellow takes p off the fellows.
func (m *Manager) dropFellow(p *Peer) {
	if !p.fellow {
		return
	}
	p.fellow = false
	f := &m.fellows
	for k, q := range f.peers {
		if q == p {
			end := len(f.peers) - 1
			f.peers[k], f.peers[end] = f.peers[end], nil
			f.peers = f.peers[:end]
			return
		}
	}
}

// noteFresh follows a have message for a piece that no leecher had and that we
// have not: a seed feeds p.
func (m *Manager) noteFresh(p *Peer) {
	p.fed = m.lastTime + 1
	m.fellows.fresh = m.lastTime + 1
	m.addFellow(p)
}

// countFellows chooses the fellows anew.
func (m *Manager) countFellows(now int64) {
	f := &m.fellows
	if f.key == 0 {
		return
	}
	all := 0
	f.fed, f.given = 0, 0
	for _, p := range m.peers {
		if p.seed {
			f.fed += p.meter.rate
		} else {
			f.given += p.meter.rate
		}
		if p.key != 0 && !p.seed {
			all++
		}
	}
	f.all = all
	for _, p := range f.peers {
		p.fellow = false
	}
	clear(f.peers)
	f.peers = f.peers[:0]
	for _, p := range m.peers {
		if all <= fewFellows || p.fed > 0 && now-p.fed < fedFor {
			m.addFellow(p)
		}
	}
}

// mix is a hash of a leecher and a piece.
func mix(key uint64, i uint32) uint64 {
	x := key ^ (uint64(i)+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// rank returns how many fellows come before us for piece i, and the hash of
// whoever is first.
func (m *Manager) rank(i uint32) (rank int, top uint64) {
	f := &m.fellows
	ours := mix(f.key, i)
	top = ours
	for _, p := range f.peers {
		if h := mix(p.key, i); h > ours {
			rank++
			top = max(top, h)
		}
	}
	return rank, top
}

// freshPiece returns the piece to ask a seed for among those that no leecher
// has: the one where we come first, or else where fewest come before us. Who is
// first takes its pieces by falling hash, the others by rising hash, so that
// they meet as late as possible. wait means that all that are left are likely
// to be on the way to others.
func (m *Manager) freshPiece(p *Peer, now int64) (best uint32, ok, wait bool) {
	o := &m.order
	o.sort()
	if len(o.list) == 0 || o.avail[o.list[0]] > 0 {
		return 0, false, false
	}
	end := int(o.start[(priorities-int(o.prio[o.list[0]]))*o.levels+1])
	bestRank, bestTop := -1, uint64(0)
	for _, i := range o.list[:min(end, maxProbes)] {
		if !m.may(p, i) {
			continue
		}
		r, top := m.rank(i)
		if bestRank < 0 || r < bestRank || r == bestRank && (r == 0) == (top > bestTop) {
			best, bestRank, bestTop = i, r, top
		}
	}
	if bestRank < 0 {
		return 0, false, false
	}
	return best, true, bestRank > 0 && m.onTheWay(p, end, now)
}

// onTheWay reports whether n pieces are so few that others are likely to be
// fetching them all.
func (m *Manager) onTheWay(p *Peer, n int, now int64) bool {
	f := &m.fellows
	if f.fed >= f.given {
		return false
	}
	blocks := min(p.meter.perSecond(now)*float64(flight)/1e9/BlockSize, maxFlight)
	each := 1 + int(blocks)/m.layout.maxBlocks()
	return n <= each*len(f.peers) && now-f.fresh < flight
}

// chooseFresh returns a piece that only seeds have, begun or new, for a seed to
// give.
func (m *Manager) chooseFresh(p *Peer, now int64, share int, after *after) (a *active, wait bool) {
	for _, o := range m.open {
		if o.workers == 0 && m.order.avail[o.index] == 0 && m.offers(o, p, now) && (a == nil || m.before(o, a)) {
			a = o
		}
	}
	if a != nil || m.planned+m.layout.maxBlocks() > share/2 {
		return a, false
	}
	i, ok, wait := m.freshPiece(p, now)
	if ok && !wait && m.makeState(int(i), after) {
		return m.activate(i), false
	}
	return nil, wait
}
