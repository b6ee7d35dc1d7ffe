package swarm

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"gotor/piece"
)

// SuperSeed decides which pieces a seed admits to have, and to whom (BEP 16).
// It plays a peer that has nothing yet and gets a piece now and then; a peer
// that is told of a piece can ask for that one only. So what we send is what
// nobody else has, and the first copy of a torrent costs little more than its
// size where a plain seed sends half as much again or more.
//
// The rules, for pieces that no other peer is known to have, beside those of stock:
//
//   - Each peer is shown two at a time, so that the line does not idle between
//     them, or more if pieces are small.
//   - A shown piece is done with when another peer announces it: it was passed
//     on, and the window moves. Where there is no other peer, its own word does.
//   - What was shown once is served as long as the connection lasts.
//   - While our line is not full more is shown, see superLine.
//   - When every piece is known, or somebody else has them all, it is over: from
//     then on everything is shown to everybody.
//
// A peer that lies about what it has can only bring that end about sooner, and
// then we are a plain seed.
type SuperSeed struct {
	stock
	peers  []*SuperPeer
	takers int // peers that are shown pieces
	over   bool
	line   superLine
}

// SuperPeer is what a SuperSeed knows of one connection. The zero value, with Addr,
// is ready for SuperSeed.Join.
type SuperPeer struct {
	Addr netip.AddrPort // names the connection to the caller

	share
	index   int
	shown   piece.Bitset // all that it was ever told of
	serving Serving
}

// Reveal is one HAVE to send.
type Reveal struct {
	Peer  *SuperPeer
	Piece int
}

// NewSuperSeed starts for a torrent of pieces pieces of pieceLen bytes.
func NewSuperSeed(rng *rand.Rand, pieces int, pieceLen int64) *SuperSeed {
	return &SuperSeed{stock: newStock(rng, pieces, pieceLen)}
}

// Finished reports that all pieces are to be shown to everybody; it stays so.
func (s *SuperSeed) Finished() bool { return s.over }

// Join adds a peer that has nothing so far, best after its bitfield came but
// told to Field next, and appends what it is shown.
func (s *SuperSeed) Join(p *SuperPeer, now time.Time, dst []Reveal) []Reveal {
	if s.over {
		return dst
	}
	s.join(&p.share, now)
	p.index, p.shown = len(s.peers), piece.NewBitset(len(s.known))
	s.peers = append(s.peers, p)
	if !p.quiet {
		s.takers++
	}
	return s.fill(p, now, dst)
}

// Leave forgets a peer. What only it had, or was shown, is shown to others.
func (s *SuperSeed) Leave(p *SuperPeer, now time.Time, dst []Reveal) []Reveal {
	if !p.joined() {
		return dst
	}
	s.hush(p)
	last := len(s.peers) - 1
	s.peers[p.index] = s.peers[last]
	s.peers[p.index].index = p.index
	s.peers[last] = nil
	s.peers = s.peers[:last]
	s.leave(&p.share)
	return s.fillWaiting(now, s.settleAlone(now, dst))
}

// UploadOnly is told that a peer wants nothing (BEP 21).
func (s *SuperSeed) UploadOnly(p *SuperPeer, now time.Time, dst []Reveal) []Reveal {
	if p.quiet || !p.joined() {
		p.quiet = true
		return dst
	}
	s.hush(p)
	return s.fillWaiting(now, s.settleAlone(now, dst))
}

// hush takes a peer out of those that are shown pieces.
func (s *SuperSeed) hush(p *SuperPeer) {
	s.empty(&p.share)
	if !p.quiet {
		p.quiet, p.waiting = true, false
		s.takers--
	}
}

// Seed is told that somebody else has everything: it is over.
func (s *SuperSeed) Seed() { s.finish() }

// Field is told what a peer has, as a bitfield message says it (BEP 3).
func (s *SuperSeed) Field(p *SuperPeer, bitfield []byte, now time.Time, dst []Reveal) []Reveal {
	for i := range pieces(bitfield, len(s.known)) {
		if p.joined() && s.drop(&p.share, i) {
			p.moved = now // shown in vain, to our loss alone
		}
		dst = s.Announced(p, i, now, dst)
	}
	if !p.joined() {
		return dst
	}
	return s.fill(p, now, dst)
}

// Announced is told that a peer has a piece.
func (s *SuperSeed) Announced(p *SuperPeer, piece int, now time.Time, dst []Reveal) []Reveal {
	if !s.news(&p.share, piece) {
		return dst
	}
	s.learn(&p.share, piece, now)
	if s.spent(&p.share) {
		s.finish()
		return dst
	}
	if s.open[piece] == 0 {
		return dst
	}
	for _, q := range s.peers {
		if (q != p || s.takers == 1) && s.drop(&q.share, piece) {
			dst = s.earned(q, now, dst)
		}
	}
	return dst
}

// Requested is told that a peer asks for a piece.
func (s *SuperSeed) Requested(p *SuperPeer, piece int) { p.ask(piece) }

// RequestedAll is told that a peer has asked for very much.
func (s *SuperSeed) RequestedAll(p *SuperPeer) {
	for i := range p.window {
		p.window[i].asked = true
	}
}

// Step does what has become due. sent tells how much was sent to all so far, in
// bytes.
func (s *SuperSeed) Step(sent func() int64, now time.Time, dst []Reveal) []Reveal {
	if at := s.nextTick(); !at.IsZero() && !now.Before(at) {
		dst = s.tick(now, dst)
	}
	return s.useLine(sent, now, dst) // whatever changed since
}

// Next is when Step has something to do; zero: nothing to wait for.
func (s *SuperSeed) Next() time.Time {
	at := s.nextTick()
	if look := s.lookDue(); at.IsZero() || !look.IsZero() && look.Before(at) {
		return look
	}
	return at
}

// tick empties the windows whose patience is over.
func (s *SuperSeed) tick(now time.Time, dst []Reveal) []Reveal {
	for _, p := range s.peers {
		s.expire(&p.share, now)
	}
	return s.fillWaiting(now, dst)
}

// nextTick is when tick has something to do; zero: never.
func (s *SuperSeed) nextTick() (at time.Time) {
	for _, p := range s.peers {
		if t := s.expiry(&p.share); !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at
}

// earned moves a window on: a piece of it was passed on.
func (s *SuperSeed) earned(p *SuperPeer, now time.Time, dst []Reveal) []Reveal {
	p.moved, p.failed = now, 0
	return s.fill(p, now, dst)
}

// settleAlone takes the last peer's own word for what it has: there is nobody
// left to pass it on to.
func (s *SuperSeed) settleAlone(now time.Time, dst []Reveal) []Reveal {
	if s.takers != 1 {
		return dst
	}
	for _, p := range s.peers {
		for i := len(p.window) - 1; i >= 0; i-- {
			if piece := p.window[i].piece; p.has.Has(uint32(piece)) {
				s.drop(&p.share, piece)
				dst = s.earned(p, now, dst)
			}
		}
	}
	return dst
}

// fillWaiting fills the windows for which there was nothing.
func (s *SuperSeed) fillWaiting(now time.Time, dst []Reveal) []Reveal {
	for _, p := range s.peers {
		if p.waiting {
			dst = s.fill(p, now, dst)
		}
	}
	return dst
}

// fill shows a peer pieces until its window is full.
func (s *SuperSeed) fill(p *SuperPeer, now time.Time, dst []Reveal) []Reveal {
	p.waiting = false
	for !p.quiet && len(p.window) < s.window {
		piece, ok := s.take(p.revealed)
		if !ok {
			p.waiting = true
			break
		}
		dst = s.reveal(p, piece, now, dst)
	}
	return dst
}

// reveal shows a peer a piece.
func (s *SuperSeed) reveal(p *SuperPeer, piece int, now time.Time, dst []Reveal) []Reveal {
	p.shown.Set(uint32(piece))
	s.show(&p.share, piece, now)
	return append(dst, Reveal{p, piece})
}

// revealed reports whether a peer was told that we have piece, so that it can ask
// for it already.
func (p *SuperPeer) revealed(piece int) bool { return p.shown.Has(uint32(piece)) }

// finish ends it and frees what is not needed any more.
func (s *SuperSeed) finish() {
	for _, p := range s.peers {
		p.has, p.window = nil, nil
	}
	s.over, s.peers, s.stock = true, nil, stock{}
}

// pieces are those of a bitfield message that a torrent of n pieces has.
func pieces(bitfield []byte, n int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := 0; i < n && i/8 < len(bitfield); i++ {
			if bitfield[i/8]&(0x80>>(i%8)) != 0 && !yield(i) {
				return
			}
		}
	}
}
