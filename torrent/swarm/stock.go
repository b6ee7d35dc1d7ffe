package swarm

import (
	"math/rand/v2"
	"time"

	"gotor/piece"
)

// stock is what SuperSeed and Hints have in common: of the pieces of a seed those
// that no other peer is known to have (unknown ones), and which of them are shown to
// whom. It takes two bits per piece and peer and about ten bytes per piece.
//
// Each peer is shown a few unknown pieces at a time, its window, each of them to
// nobody else. A window that did not move for its patience is emptied: what is still
// unknown in it may be shown to others, and it is filled again, so that a peer that
// never passes on delays nobody and one that is slow is not stuck. Patience is four
// times what a piece usually takes, and doubles each time in vain: who gives nothing
// soon gets next to nothing.
type stock struct {
	window int      // pieces in a window, as a rule
	known  []uint16 // per piece: peers that have it
	spread int      // pieces that somebody has
	open   []uint16 // per piece: windows that it is in
	// queue has every piece that is unknown and in no window, and perhaps some
	// that no longer are, each once. It starts in random order; what comes back
	// goes to its end, so that what was never shown goes first.
	queue   ring
	queued  piece.Bitset
	typical time.Duration // from showing a piece to its first announcement; 0: not seen yet
}

const (
	// windowBytes is how many bytes a window has, unless that makes less than
	// leastWindow or more than mostWindow pieces.
	windowBytes = 512 << 10
	leastWindow = 2
	mostWindow  = 8

	firstPatience = time.Minute
	leastPatience = 5 * time.Second
	mostPatience  = 10 * time.Minute

	// maxShown bounds a window together with what of it is on its way.
	maxShown = 64

	// stockProbes bounds how many pieces are looked at to find one for a peer.
	stockProbes = 64
)

// share is one peer's part in a stock.
type share struct {
	has     piece.Bitset // nil: the peer has not joined, or has left
	count   int          // pieces it has
	window  []shownPiece
	moved   time.Time // when its window last moved
	failed  int       // how often in a row the window was emptied
	quiet   bool      // it is shown nothing
	waiting bool      // its window has room, and there was nothing to show
}

type shownPiece struct {
	piece int
	at    time.Time
	asked bool // it is on its way
}

// newStock is that of a torrent of pieces pieces of pieceLen bytes.
func newStock(rng *rand.Rand, pieces int, pieceLen int64) stock {
	s := stock{
		window: int(min(max(windowBytes/max(pieceLen, 1), leastWindow), mostWindow)),
		known:  make([]uint16, pieces), open: make([]uint16, pieces),
		queue: newRing(pieces), queued: piece.NewBitset(pieces),
	}
	for i := range pieces {
		s.queue.push(uint32(i))
		s.queued.Set(uint32(i))
	}
	rng.Shuffle(pieces, s.queue.swap)
	return s
}

// join begins the share of a peer that has nothing so far.
func (s *stock) join(w *share, now time.Time) {
	w.moved, w.has = now, piece.NewBitset(len(s.known))
}

// joined reports whether a peer joined and has not left.
func (w *share) joined() bool { return w.has != nil }

// leave ends a share whose window is empty. What only it had is unknown again.
func (s *stock) leave(w *share) {
	for i := range s.known {
		if w.has.Has(uint32(i)) {
			if s.known[i]--; s.known[i] == 0 {
				s.spread--
				s.offer(i)
			}
		}
	}
	w.has = nil
}

// news reports whether it is new that a peer has a piece.
func (s *stock) news(w *share, piece int) bool {
	return w.joined() && piece >= 0 && piece < len(s.known) && !w.has.Has(uint32(piece))
}

// learn notes that a peer has a piece, which is news, and returns how many have it
// now.
func (s *stock) learn(w *share, piece int, now time.Time) int {
	w.has.Set(uint32(piece))
	w.count++
	s.known[piece]++
	if s.known[piece] == 1 {
		s.spread++
		s.time(w, piece, now)
	}
	return int(s.known[piece])
}

// time notes how long the first announcement of a piece took.
func (s *stock) time(w *share, piece int, now time.Time) {
	for _, p := range w.window {
		if p.piece != piece {
			continue
		}
		took := max(min(now.Sub(p.at), mostPatience), time.Millisecond)
		if s.typical == 0 {
			s.typical = took
		}
		s.typical += (took - s.typical) / 8
	}
}

// spent reports whether nothing is left to show, of which the peer that has
// announced something last may be the reason.
func (s *stock) spent(w *share) bool { return w.count == len(s.known) || s.spread == len(s.known) }

// take removes the first piece from the queue that is still unknown and in no
// window, and that again does not say of that it would be shown again; nil: of none.
func (s *stock) take(again func(piece int) bool) (int, bool) {
	for range min(s.queue.len(), stockProbes) {
		piece := int(s.queue.pop())
		if s.known[piece] > 0 || s.open[piece] > 0 {
			s.queued.Clear(uint32(piece)) // offer puts it back
			continue
		}
		if again != nil && again(piece) {
			s.queue.push(uint32(piece))
			continue
		}
		s.queued.Clear(uint32(piece))
		return piece, true
	}
	return 0, false
}

// offer puts a piece into the queue if it belongs there.
func (s *stock) offer(piece int) {
	if s.known[piece] == 0 && s.open[piece] == 0 && !s.queued.Has(uint32(piece)) {
		s.queued.Set(uint32(piece))
		s.queue.push(uint32(piece))
	}
}

// show puts a piece into a window.
func (s *stock) show(w *share, piece int, now time.Time) {
	if len(w.window) == 0 {
		w.moved = now
	}
	w.window = append(w.window, shownPiece{piece: piece, at: now})
	s.open[piece]++
}

// drop takes a piece out of a window and reports whether it was there.
func (s *stock) drop(w *share, piece int) bool {
	for i, p := range w.window {
		if p.piece == piece {
			w.window = append(w.window[:i], w.window[i+1:]...)
			s.open[piece]--
			s.offer(piece)
			return true
		}
	}
	return false
}

// empty takes everything out of a window.
func (s *stock) empty(w *share) {
	for len(w.window) > 0 {
		s.drop(w, w.window[0].piece)
	}
}

// expire empties a window whose patience is over.
func (s *stock) expire(w *share, now time.Time) {
	if at := s.expiry(w); at.IsZero() || now.Before(at) {
		return
	}
	s.empty(w)
	w.failed, w.moved, w.waiting = w.failed+1, now, true
}

// expiry is when expire has something to do; zero: never.
func (s *stock) expiry(w *share) (at time.Time) {
	if len(w.window) > 0 {
		at = w.moved.Add(s.patience(w))
	}
	return at
}

func (s *stock) patience(w *share) time.Duration {
	d := firstPatience
	if s.typical > 0 {
		d = max(4*s.typical, leastPatience)
	}
	return min(d<<min(w.failed, 8), mostPatience)
}

// unasked is how much of a window the peer has not asked for yet.
func (w *share) unasked() (n int) {
	for _, p := range w.window {
		if !p.asked {
			n++
		}
	}
	return n
}

// ask notes that the peer asks for a piece, and reports whether it is the first
// time.
func (w *share) ask(piece int) (first bool) {
	for i := range w.window {
		if p := &w.window[i]; p.piece == piece && !p.asked {
			p.asked, first = true, true
		}
	}
	return first
}
