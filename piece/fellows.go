package piece

import (
	"encoding/binary"
	"math"
	"time"
)

// This file and fresh.go are how leechers share a seed. A file that only one seed
// has is in every leecher's hands no sooner than that seed can send it once. What
// it sends twice is time lost for all, and two leechers that pick at random pick
// alike often enough. So leechers that know each other's peer ids (Identify) share
// out among them what only seeds have:
//
//   - A seed is asked for pieces that no leecher has, as long as there are any.
//   - Each such piece ranks the leechers by a hash of both (rendezvous hashing),
//     and each leecher asks for those that rank it first. It takes them by
//     falling hash. One that has run out helps those that it comes second to,
//     then third, from the other end: by rising hash.
//   - Where others are in this order can be foreseen. The next three pieces of
//     a leecher that lately showed a piece nobody had are left to it.
//   - When nothing but such pieces is left, or so few that the seeds give them
//     within moments, a seed is left alone: its uplink is busy with others, and
//     what they get from it comes by way of them. That holds only as long as
//     they show new pieces, and leechers give us more than seeds do, so that no
//     seed is idle that could be of use.
//   - Nobody is asked for more than half a second of work beyond the round trip,
//     and a newcomer for 128 KiB: what stands in line at one leecher cannot come
//     from another that is idle.
//   - A leecher that others are asked for everything of, so that it would stand
//     idle, is asked for what a much slower one has not brought within a second.
//
// Of more than 16 leechers only those count that a seed is seen to feed: most
// are choked by it, and pieces reserved for them would mix up the rest. Leechers
// of another kind that ignore all this cost nothing but their own duplicates.

const (
	// fewFellows: up to so many leechers are all counted on to share the work,
	// of more only those that a seed is seen to feed.
	fewFellows = 16
	// maxFellows bounds the cost of rank.
	maxFellows = 32
	// fedFor is how long a leecher that showed a piece nobody else had is
	// taken for one that a seed feeds.
	fedFor = int64(5 * time.Second)
	// spreadMemory is over how many seconds fellows.spreading looks.
	spreadMemory = 2.0
)

// Identify tells by which peer ids the remote knows us and we know it. Leechers
// that know each other share out among them what only seeds have. It is optional
// and has no effect on a peer that is never identified.
func (m *Manager) Identify(p *Peer, ours, theirs [20]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !p.left {
		m.ledger.fellows.key, p.key = keyOf(ours), keyOf(theirs)
		m.ledger.fellows.add(p)
	}
}

// keyOf returns a hash of a peer id, never 0, that is the same for everybody.
func keyOf(id [20]byte) uint64 {
	k := mix(uint64(binary.LittleEndian.Uint32(id[16:])), 0)
	k = mix(k^binary.LittleEndian.Uint64(id[0:]), 0)
	k = mix(k^binary.LittleEndian.Uint64(id[8:]), 0)
	return k | 1
}

// mix is a hash of a leecher and a piece (the finalizer of SplitMix64).
func mix(key uint64, i uint32) uint64 {
	x := key ^ (uint64(i)+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// fellows are the leechers that fetch from the same seeds as we do, as far as
// they were identified and matter.
type fellows struct {
	key   uint64 // ours
	peers []*Peer

	shown float64 // fresh pieces, older ones counting less; see spreading
	fresh int64   // when the last one was shown
	fed   float64 // bytes per second that the seeds give us
	given float64 // and the leechers

	held  bool  // a seed is not asked because others are likely to be
	until int64 // when to look again
}

// add takes p among the fellows if it is one.
func (f *fellows) add(p *Peer) {
	if p.key != 0 && !p.seed && !p.fellow && len(f.peers) < maxFellows {
		p.fellow = true
		f.peers = append(f.peers, p)
	}
}

// drop takes p off the fellows.
func (f *fellows) drop(p *Peer) {
	if !p.fellow {
		return
	}
	p.fellow = false
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
func (f *fellows) noteFresh(p *Peer, now int64) {
	f.shown = 1 + f.shown*fade(now-f.fresh)
	f.fresh = now
	p.fed = now + 1
	f.add(p)
}

// fade is how much of a count is left after d nanoseconds.
func fade(d int64) float64 { return math.Exp(-float64(d) / 1e9 / spreadMemory) }

// spreading returns how many pieces a second others get from the seeds.
func (f *fellows) spreading(now int64) float64 {
	return f.shown * fade(now-f.fresh) / spreadMemory
}

// count chooses the fellows anew and adds up who gives what.
func (f *fellows) count(peers []*Peer, now int64) {
	f.fed, f.given = 0, 0
	leechers := 0
	for _, p := range peers {
		p.fellow = false
		if p.seed {
			f.fed += p.meter.rate
			continue
		}
		f.given += p.meter.rate
		if p.key != 0 {
			leechers++
		}
	}
	clear(f.peers)
	f.peers = f.peers[:0]
	for _, p := range peers {
		if leechers <= fewFellows || p.fed > 0 && now-p.fed < fedFor {
			f.add(p)
		}
	}
}

// rank returns how many fellows come before us for piece i, and who comes first
// (an index of peers, below zero is us) with which hash.
func (f *fellows) rank(i uint32) (rank, first int, top uint64) {
	ours := mix(f.key, i)
	first, top = -1, ours
	for k, p := range f.peers {
		h := mix(p.key, i)
		if h > ours {
			rank++
		}
		if h > top {
			first, top = k, h
		}
	}
	return rank, first, top
}
