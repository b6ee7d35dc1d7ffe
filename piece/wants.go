package piece

import "math/rand/v2"

// wants is which pieces are ours, which are to be fetched, and in what order.
type wants struct {
	layout     *Layout
	n          int  // pieces
	sequential bool // always in index order

	order     order
	ours      Bitset // verified and readable
	wanted    Bitset // priority above 0 and not verified
	known     Bitset // their digest is known; nil: all are
	startable Bitset // wanted, known and not active: what order lists
	supply    uint32 // raised when startable grows or the window moves
	kinds     kinds
	lo, hi    int // the window
	haveCount int
	copies    copies
	verified  int // pieces verified since the start or resumed, forgotten ones too

	leftPieces int
	leftBytes  int64
}

// newWants returns that of a torrent of which we have nothing and want all.
func newWants(l *Layout, known func(int) bool, sequential bool, rng *rand.Rand) wants {
	n := l.Pieces()
	w := wants{
		layout: l, n: n, sequential: sequential, order: newOrder(n, rng),
		ours: NewBitset(n), wanted: NewBitset(n), startable: NewBitset(n),
		hi: n, supply: 1, kinds: newKinds(), leftPieces: n, leftBytes: l.Total(),
	}
	for i := range w.order.prio {
		w.order.prio[i] = uint8(Normal)
	}
	w.wanted.fill(n)
	w.startable.fill(n)
	if known != nil {
		w.hide(known)
	}
	w.order.reset(w.startable)
	return w
}

// hide leaves only the pieces that can be verified startable.
func (w *wants) hide(known func(int) bool) {
	w.known = NewBitset(w.n)
	for i := range w.n {
		if known(i) {
			w.known.Set(uint32(i))
		}
	}
	copy(w.startable, w.known)
}

// verifiable reports whether it is known what piece i must hash to.
func (w *wants) verifiable(i uint32) bool { return w.known == nil || w.known.Has(i) }

// inWindow reports whether piece i may be picked now.
func (w *wants) inWindow(i uint32) bool { return int(i) >= w.lo && int(i) < w.hi }

// inOrder reports whether pieces are picked by index.
func (w *wants) inOrder() bool { return w.sequential || w.lo > 0 || w.hi < w.n }

// streaming reports whether there is a window.
func (w *wants) streaming() bool { return w.lo > 0 || w.hi < w.n }

// windowFull reports whether there is more to come behind the window. Then peers
// that find nothing in it had better wait for it to move than bring what others
// are asked for.
func (w *wants) windowFull() bool {
	_, more := w.startable.next(uint32(w.hi))
	return w.hi < w.n && more
}

// setWindow limits picking to lo <= i < hi, as far as such pieces exist, and
// reports whether that is a change.
func (w *wants) setWindow(lo, hi int) bool {
	lo = min(max(lo, 0), w.n)
	hi = min(max(hi, lo), w.n)
	if lo == w.lo && hi == w.hi {
		return false
	}
	w.lo, w.hi = lo, hi
	w.supply++
	return true
}

// nextStartable returns the first startable piece of p at or after i.
func (w *wants) nextStartable(p *Peer, i uint32) (uint32, bool) {
	if p.bits == nil {
		return w.startable.next(i)
	}
	return w.startable.nextBoth(p.bits, i)
}

// list makes piece i startable again if it is still wanted, and reports whether
// it is.
func (w *wants) list(i uint32) bool {
	if !w.wanted.Has(i) || !w.verifiable(i) {
		return false
	}
	w.startable.Set(i)
	w.order.insert(i)
	w.kinds.startable(i)
	w.supply++
	return true
}

// unlist takes a startable piece off the list and leaves mark in its place.
func (w *wants) unlist(i, mark uint32) {
	w.order.remove(i, mark)
	w.startable.Clear(i)
}

// got books a verified piece and reports whether it was wanted.
func (w *wants) got(i uint32) bool {
	w.ours.Set(i)
	w.haveCount++
	w.order.news++
	w.verified++
	if !w.wanted.Has(i) {
		return false // deselected on the way
	}
	w.wanted.Clear(i)
	w.leftPieces--
	w.leftBytes -= w.layout.PieceLen(int(i))
	return true
}

// gone books that the bytes of a verified piece are no longer there, and reports
// whether there was such a piece.
func (w *wants) gone(i uint32) bool {
	if !w.ours.Has(i) {
		return false
	}
	w.ours.Clear(i)
	w.haveCount--
	w.order.news++
	return true
}

// want adds piece i, which is not ours, to those that are wanted.
func (w *wants) want(i uint32) {
	w.wanted.Set(i)
	w.leftPieces++
	w.leftBytes += w.layout.PieceLen(int(i))
}

// recount derives everything that follows from priorities and verified pieces.
// Of the pieces that are wanted, active tells which are begun.
func (w *wants) recount(active func(i uint32) bool) {
	w.order.news++
	w.leftPieces, w.leftBytes = 0, 0
	clear(w.wanted)
	clear(w.startable)
	for i := range uint32(w.n) {
		if w.ours.Has(i) || w.order.prio[i] == uint8(Skip) {
			continue
		}
		w.want(i)
		if !active(i) && w.verifiable(i) {
			w.startable.Set(i)
		}
	}
	w.order.reset(w.startable)
	w.kinds.sort(w.order.prio)
	w.supply++
}
