package piece

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// View is what the swarm has of a torrent, and what is under way. It is a copy.
type View struct {
	Partial []Partial // in the order of the pieces

	seeds int      // peers that have everything
	avail []uint16 // by piece: other peers that have it
}

// Partial is a piece of which some blocks are here or asked for.
type Partial struct {
	Piece  int
	Blocks int
	Got    int // of Blocks, those that are here
}

// Alike is a number of neighbouring pieces that as many peers have.
type Alike struct{ Length, Peers int }

// ViewOf looks at a manager. Under its lock things are only copied.
func ViewOf(m *Manager) View {
	v := View{avail: make([]uint16, m.layout.Pieces())}
	m.mu.Lock()
	v.seeds = m.ledger.seeds - len(m.ledger.webs)
	copy(v.avail, m.ledger.wants.order.avail)
	v.Partial = make([]Partial, 0, len(m.ledger.begun.active))
	for _, a := range m.ledger.begun.active {
		v.Partial = append(v.Partial, Partial{int(a.index), a.n, a.have})
	}
	m.mu.Unlock()
	slices.SortFunc(v.Partial, func(a, b Partial) int { return cmp.Compare(a.Piece, b.Piece) })
	return v
}

// Runs yields how many peers have which pieces, from piece 0 on, in at most most
// runs: of more pieces than that, as many neighbours as needed are taken together,
// and the least of them counts.
func (v *View) Runs(most int) iter.Seq[Alike] {
	return func(yield func(Alike) bool) {
		group := max(1, (len(v.avail)+most-1)/most)
		var r Alike
		for rest := v.avail; len(rest) > 0; {
			n := min(group, len(rest))
			peers := int(slices.Min(rest[:n])) + v.seeds
			if rest = rest[n:]; r.Length > 0 && r.Peers != peers {
				if !yield(r) {
					return
				}
				r.Length = 0
			}
			r.Length, r.Peers = r.Length+n, peers
		}
		if r.Length > 0 {
			yield(r)
		}
	}
}

// CopiesOf is how many whole copies of the torrent there are among the peers and us;
// the fraction is the part of the pieces of which there is one more. It costs a walk
// over all pieces if something has changed since it was asked last.
func CopiesOf(m *Manager) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := &m.ledger
	if c := &l.wants.copies; c.asOf != l.wants.order.news {
		*c = l.wants.countCopies()
	}
	return float64(l.seeds-len(l.webs)) + l.wants.copies.n
}

// copies is how many copies there are beside those of seeds, as of some news.
type copies struct {
	asOf uint64 // order.news; 0: never counted
	n    float64
}

// countCopies counts what we have, too.
func (w *wants) countCopies() copies {
	least, more := math.MaxInt, 0 // pieces that have more than the least
	for i, a := range w.order.avail {
		n := int(a)
		if w.ours.Has(uint32(i)) {
			n++
		}
		switch {
		case n < least:
			least, more = n, i
		case n > least:
			more++
		}
	}
	if w.n == 0 {
		return copies{asOf: w.order.news}
	}
	return copies{w.order.news, float64(least) + float64(more)/float64(w.n)}
}
