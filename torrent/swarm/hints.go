package swarm

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

// hoard is how many pieces a peer may have that it was given and nobody else was
// seen with; what is on its way to it is not counted (docs/measured.md, swarm).
const hoard = 2

// Hints decides what a seed that hides nothing suggests (BEP 6), so that peers who
// do not know of each other are not all given the same pieces. The rules, for pieces
// that no other peer is known to have, beside those of stock:
//
//   - Only those that have a slot are suggested any, and of two at least: else
//     nobody could be given the same.
//   - Whoever asks for its piece, or says that it has it, gets the next one: nothing
//     is lost if it lies.
//   - One that has hoard pieces that nobody else was seen with is suggested no more,
//     and is to lose its slot, until it has passed one on: what a peer with a slow
//     uplink is given is as good as hidden for a while.
//   - When every piece is known, or somebody else has them all, it is over.
type Hints struct {
	stock
	peers  []*HintPeer
	takers int // peers that have a slot
	over   bool

	alone  map[int]*HintPeer // who was given each piece that nobody else has been seen with since
	turned []*HintPeer       // whose hoarding has changed
}

// HintPeer is what Hints knows of one connection. The zero value, with Addr, is ready
// for Hints.Join.
type HintPeer struct {
	Addr netip.AddrPort // names the connection to the caller

	share
	index int
	alone int // pieces in Hints.alone
}

// Hint is one SUGGEST to send.
type Hint struct {
	Peer  *HintPeer
	Piece int
}

// NewHints starts for a torrent of pieces pieces of pieceLen bytes.
func NewHints(rng *rand.Rand, pieces int, pieceLen int64) *Hints {
	return &Hints{stock: newStock(rng, pieces, pieceLen), alone: make(map[int]*HintPeer)}
}

// Finished reports that there is nothing to suggest any more; it stays so.
func (h *Hints) Finished() bool { return h.over }

// Join adds a peer that has no slot, and nothing so far; see Field.
func (h *Hints) Join(p *HintPeer, now time.Time) {
	if h.over {
		return
	}
	h.join(&p.share, now)
	p.index, p.quiet = len(h.peers), true
	h.peers = append(h.peers, p)
}

// Leave forgets a peer. What only it had, or was suggested, is suggested to others.
func (h *Hints) Leave(p *HintPeer, now time.Time, dst []Hint) []Hint {
	if !p.joined() {
		return dst
	}
	h.hush(p)
	last := len(h.peers) - 1
	h.peers[p.index] = h.peers[last]
	h.peers[p.index].index = p.index
	h.peers[last] = nil
	h.peers = h.peers[:last]
	h.leave(&p.share)
	maps.DeleteFunc(h.alone, func(_ int, q *HintPeer) bool { return q == p })
	return h.fillWaiting(now, dst)
}

// Slot is told whether a peer has a slot.
func (h *Hints) Slot(p *HintPeer, has bool, now time.Time, dst []Hint) []Hint {
	if !p.joined() || p.quiet != has {
		return dst
	}
	if !has {
		h.hush(p)
		return h.fillWaiting(now, dst)
	}
	p.quiet, p.moved = false, now
	h.takers++
	return h.fillWaiting(now, h.fill(p, now, dst))
}

// hush takes a peer out of those that are suggested pieces.
func (h *Hints) hush(p *HintPeer) {
	h.empty(&p.share)
	if !p.quiet {
		p.quiet, p.waiting = true, false
		h.takers--
	}
}

// Field is told what a peer has, as a bitfield message says it (BEP 3).
func (h *Hints) Field(p *HintPeer, bitfield []byte, now time.Time, dst []Hint) []Hint {
	for i := range pieces(bitfield, len(h.known)) {
		if p.joined() && h.drop(&p.share, i) {
			p.moved = now // suggested in vain
		}
		dst = h.Announced(p, i, now, dst)
	}
	if !p.joined() {
		return dst
	}
	return h.fill(p, now, dst)
}

// Announced is told that a peer has a piece.
func (h *Hints) Announced(p *HintPeer, piece int, now time.Time, dst []Hint) []Hint {
	if !h.news(&p.share, piece) {
		return dst
	}
	switch h.learn(&p.share, piece, now) {
	case 1:
		h.gave(p, piece)
	case 2:
		dst = h.passedOn(piece, now, dst)
	}
	if h.spent(&p.share) {
		h.finish()
		return dst
	}
	if h.open[piece] == 0 {
		return dst
	}
	for _, q := range h.peers {
		if h.drop(&q.share, piece) {
			dst = h.earned(q, now, dst)
		}
	}
	return dst
}

// Requested is told that a peer asks for a piece. One that was suggested is as good
// as taken: it is suggested the next.
func (h *Hints) Requested(p *HintPeer, piece int, now time.Time, dst []Hint) []Hint {
	if !p.ask(piece) {
		return dst
	}
	return h.earned(p, now, dst)
}

// Turned returns the peers that have begun to hoard, or ceased to, since it was
// called last.
func (h *Hints) Turned() []*HintPeer {
	turned := h.turned
	h.turned = nil
	return turned
}

// Hoards reports whether a peer has so many pieces alone that others should have its
// slot.
func (p *HintPeer) Hoards() bool { return p.alone >= hoard }

// Step does what has become due: it empties the windows whose patience is over.
func (h *Hints) Step(now time.Time, dst []Hint) []Hint {
	if at := h.Next(); at.IsZero() || now.Before(at) {
		return dst
	}
	for _, p := range h.peers {
		h.expire(&p.share, now)
	}
	return h.fillWaiting(now, dst)
}

// Next is when Step has something to do; zero: nothing to wait for.
func (h *Hints) Next() (at time.Time) {
	for _, p := range h.peers {
		if t := h.expiry(&p.share); !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at
}

// gave notes that a peer has a piece from us that nobody else has.
func (h *Hints) gave(p *HintPeer, piece int) {
	if !slices.ContainsFunc(p.window, func(w shownPiece) bool { return w.piece == piece }) {
		return
	}
	h.alone[piece] = p
	if p.alone++; p.alone == hoard {
		h.turned = append(h.turned, p)
	}
}

// passedOn notes that somebody else has such a piece, too.
func (h *Hints) passedOn(piece int, now time.Time, dst []Hint) []Hint {
	p := h.alone[piece]
	if p == nil {
		return dst
	}
	delete(h.alone, piece)
	if p.alone--; p.alone == hoard-1 {
		h.turned = append(h.turned, p)
	}
	if p.waiting {
		dst = h.fill(p, now, dst)
	}
	return dst
}

// earned moves a window on: a piece of it was asked for, or has come.
func (h *Hints) earned(p *HintPeer, now time.Time, dst []Hint) []Hint {
	p.moved, p.failed = now, 0
	return h.fill(p, now, dst)
}

// fillWaiting fills the windows for which there was nothing.
func (h *Hints) fillWaiting(now time.Time, dst []Hint) []Hint {
	for _, p := range h.peers {
		if p.waiting {
			dst = h.fill(p, now, dst)
		}
	}
	return dst
}

// fill suggests pieces to a peer until its window is full, of which what it has asked
// for takes no room.
func (h *Hints) fill(p *HintPeer, now time.Time, dst []Hint) []Hint {
	if p.waiting = h.takers < 2; p.waiting {
		return dst
	}
	for !p.quiet && p.unasked() < h.window && len(p.window) < maxShown {
		piece, ok := 0, false
		if !p.Hoards() {
			piece, ok = h.take(nil)
		}
		if !ok {
			p.waiting = true
			break
		}
		h.show(&p.share, piece, now)
		dst = append(dst, Hint{p, piece})
	}
	return dst
}

// finish ends it and frees what is not needed any more.
func (h *Hints) finish() {
	for _, p := range h.peers {
		p.has, p.window = nil, nil
	}
	h.over, h.peers, h.stock, h.alone = true, nil, stock{}, nil
}
