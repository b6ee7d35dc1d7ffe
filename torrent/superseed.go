package torrent

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"gotor/piece"
)

// superSeed decides which pieces a seed admits to have, and to whom (BEP 16).
// It plays a peer that has nothing yet and gets a piece now and then; a peer
// that is told of a piece can ask for that one only. So what we send is what
// nobody else has, and the first copy of a torrent costs little more than its
// size where a plain seed sends half as much again or more.
//
// The rules, for pieces that no other peer is known to have (unknown ones):
//
//   - Each peer is shown a few at a time, its window, each of them to nobody
//     else: two, so that the line does not idle between them, or more if pieces
//     are small.
//   - A shown piece is done with when another peer announces it: it was passed
//     on, and the window moves. Where there is no other peer, its own word does.
//   - A window that did not move for its patience is emptied: what is still
//     unknown in it may be shown to others, and it is filled again, so that a
//     peer that never passes on delays nobody and one that is slow is not stuck.
//     Patience is four times what a piece usually takes, and doubles each time in
//     vain: who gives nothing soon gets next to nothing. What was shown once is
//     served as long as the connection lasts.
//   - While our line is not full more is shown, see superLine.
//   - When every piece is known, or somebody else has them all, it is over: from
//     then on everything is shown to everybody.
//
// A peer that lies about what it has can only bring that end about sooner, and
// then we are a plain seed.
//
// All methods but mayRequest belong to one goroutine. State is two bits per
// piece and peer and about ten bytes per piece.
type superSeed struct {
	window int
	// trusting: a peer's own word moves its window, see newHints.
	trusting bool
	peers    []*superPeer
	takers   int // peers that are shown pieces
	over     atomic.Bool

	known  []uint16 // per piece: peers that have it
	spread int      // pieces that somebody has
	open   []uint16 // per piece: windows that it is in
	// queue has every piece that is unknown and in no window, and perhaps some
	// that no longer are, each once. It starts in random order; what comes back
	// goes to its end, so that what was never shown goes first.
	queue  ring
	queued piece.Bitset

	// only has who was given each piece that nobody else has been seen with since,
	// and turned whose hoarding has changed, for the caller; only newHints has these.
	only   map[int]*superPeer
	turned []*superPeer

	line    superLine
	typical time.Duration // from showing a piece to its first announcement; 0: not seen yet
}

const (
	// superWindow is how many bytes a window has, unless that makes less than
	// superLeast or more than superMost pieces.
	superWindow = 512 << 10
	superLeast  = 2
	superMost   = 8

	firstPatience = time.Minute
	leastPatience = 5 * time.Second
	mostPatience  = 10 * time.Minute

	// maxShown bounds a window together with what of it is on its way.
	maxShown = 64

	// superProbes bounds how many pieces are looked at to find one for a peer.
	superProbes = 64

	// hoard is how many pieces a peer may have that it was given and nobody else
	// was seen with; what is on its way to it is not counted. With two or four of
	// them a crowd of 100 with equal lines takes as long as without such a limit,
	// 1.18 and 1.19 times the bound; with four that counted what was on its way
	// 1.25 times. Of 200 with mixed lines the uplinks carried 84 % from the 6th to
	// the 12th second with two, 71 % with four.
	hoard = 2
)

// superPeer is what superSeed knows of one connection.
type superPeer struct {
	member *member // whom it is about; for the caller

	index   int
	quiet   bool // it wants nothing: it is shown nothing
	slot    bool // it may ask for what it is shown; these two only newSuperSeed has
	busy    bool // it has asked for something that is not sent yet
	has     piece.Bitset
	count   int // pieces it has
	shown   []atomic.Uint64
	window  []shownPiece
	moved   time.Time // when its window last moved
	failed  int       // how often in a row the window was emptied
	waiting bool      // its window has room, and there was nothing to show
	only    int       // pieces in superSeed.only
}

type shownPiece struct {
	piece int
	at    time.Time
	asked bool // it is on its way
}

// superReveal is one HAVE to send.
type superReveal struct {
	peer  *superPeer
	piece int
}

// newSuperSeed starts for a torrent of pieces pieces of pieceLen bytes.
func newSuperSeed(rng *rand.Rand, pieces int, pieceLen int64) *superSeed {
	s := &superSeed{
		window: int(min(max(superWindow/max(pieceLen, 1), superLeast), superMost)),
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

// newHints is the same machine for a seed that hides nothing: what it would show
// it suggests (BEP 6), so that peers who do not know of each other are not all
// given the same pieces. Only those that have a slot are suggested any, and
// whoever says that it has its piece gets the next one: nothing is lost if it
// lies. But one that has hoard pieces that nobody else was seen with is suggested
// no more, and is to lose its slot, until it has passed one on: what a peer with a
// slow uplink is given is as good as hidden for a while. In a simulated swarm of
// 200 with mixed lines the uplinks carried 67 % from the 10th to the 20th second
// without that, 94 % with it: fast peers had nothing that others had not.
func newHints(rng *rand.Rand, pieces int, pieceLen int64) *superSeed {
	s := newSuperSeed(rng, pieces, pieceLen)
	s.trusting, s.only = true, make(map[int]*superPeer)
	return s
}

// rest and resume are told that a peer is not to be shown anything for a while,
// and that it is again.
func (s *superSeed) rest(p *superPeer, now time.Time, dst []superReveal) []superReveal {
	if s.finished() || !s.knows(p) || p.quiet {
		return dst
	}
	s.hush(p)
	return s.fillWaiting(now, dst)
}

func (s *superSeed) resume(p *superPeer, now time.Time, dst []superReveal) []superReveal {
	if s.finished() || !s.knows(p) || !p.quiet {
		return dst
	}
	p.quiet, p.moved = false, now
	s.takers++
	return s.fillWaiting(now, s.fill(p, now, dst))
}

// mayRequest reports whether a peer is served a piece. It may be called from
// any goroutine, after join.
func (s *superSeed) mayRequest(p *superPeer, piece int) bool {
	return s.over.Load() || s.revealed(p, piece)
}

// revealed reports whether p was told that we have piece; when finished, the
// caller tells it of all others.
func (s *superSeed) revealed(p *superPeer, piece int) bool {
	return piece >= 0 && piece/64 < len(p.shown) && p.shown[piece/64].Load()&(1<<(piece%64)) != 0
}

// finished reports that all pieces are to be shown to everybody; it stays so.
func (s *superSeed) finished() bool { return s.over.Load() }

// join adds a peer that has nothing so far, best after its bitfield came but
// told to field next, and appends what it is shown.
func (s *superSeed) join(p *superPeer, now time.Time, dst []superReveal) []superReveal {
	if s.finished() {
		return dst
	}
	p.index, p.moved = len(s.peers), now
	p.has, p.shown = piece.NewBitset(len(s.known)), make([]atomic.Uint64, (len(s.known)+63)/64)
	s.peers = append(s.peers, p)
	if !p.quiet {
		s.takers++
	}
	return s.fill(p, now, dst)
}

// leave forgets a peer. What only it had, or was shown, is shown to others.
func (s *superSeed) leave(p *superPeer, now time.Time, dst []superReveal) []superReveal {
	if !s.knows(p) {
		return dst
	}
	s.hush(p)
	last := len(s.peers) - 1
	s.peers[p.index] = s.peers[last]
	s.peers[p.index].index = p.index
	s.peers[last] = nil
	s.peers = s.peers[:last]
	for i := range s.known {
		if p.has.Has(uint32(i)) {
			if s.known[i]--; s.known[i] == 0 {
				s.spread--
				s.offer(i)
			}
		}
	}
	p.has = nil
	maps.DeleteFunc(s.only, func(_ int, q *superPeer) bool { return q == p })
	return s.fillWaiting(now, s.settleAlone(now, dst))
}

// uploadOnly is told that a peer wants nothing (BEP 21).
func (s *superSeed) uploadOnly(p *superPeer, now time.Time, dst []superReveal) []superReveal {
	if p.quiet || !s.knows(p) {
		p.quiet = true
		return dst
	}
	s.hush(p)
	return s.fillWaiting(now, s.settleAlone(now, dst))
}

// hush takes a peer out of those that are shown pieces.
func (s *superSeed) hush(p *superPeer) {
	s.empty(p)
	if !p.quiet {
		p.quiet, p.waiting = true, false
		s.takers--
	}
}

// seed is told that a peer has everything: it is over.
func (s *superSeed) seed(*superPeer) { s.finish() }

// field is told what a peer has, as a bitfield message says it (BEP 3).
func (s *superSeed) field(p *superPeer, bitfield []byte, now time.Time, dst []superReveal) []superReveal {
	for i := 0; i < len(s.known) && i/8 < len(bitfield); i++ {
		if bitfield[i/8]&(0x80>>(i%8)) == 0 {
			continue
		}
		if !s.finished() && s.knows(p) && s.drop(p, i) {
			p.moved = now // shown in vain, to our loss alone
		}
		dst = s.announced(p, i, now, dst)
	}
	if s.finished() || !s.knows(p) {
		return dst
	}
	return s.fill(p, now, dst)
}

// announced is told that a peer has a piece.
func (s *superSeed) announced(p *superPeer, piece int, now time.Time, dst []superReveal) []superReveal {
	if s.finished() || !s.knows(p) || piece < 0 || piece >= len(s.known) || p.has.Has(uint32(piece)) {
		return dst
	}
	p.has.Set(uint32(piece))
	p.count++
	switch s.known[piece]++; s.known[piece] {
	case 1:
		s.spread++
		s.learn(p, piece, now)
		s.gave(p, piece)
	case 2:
		dst = s.passedOn(piece, now, dst)
	}
	if p.count == len(s.known) || s.spread == len(s.known) {
		s.finish()
		return dst
	}
	if s.open[piece] == 0 {
		return dst
	}
	for _, q := range s.peers {
		if (q != p || s.takers == 1 || s.trusting) && s.drop(q, piece) {
			dst = s.earned(q, now, dst)
		}
	}
	return dst
}

// tick empties the windows whose patience is over; call it at next.
func (s *superSeed) tick(now time.Time, dst []superReveal) []superReveal {
	if s.finished() {
		return dst
	}
	for _, p := range s.peers {
		if len(p.window) > 0 && !now.Before(p.moved.Add(s.patience(p))) {
			s.empty(p)
			p.failed, p.moved, p.waiting = p.failed+1, now, true
		}
	}
	return s.fillWaiting(now, dst)
}

// next is when tick is to be called, zero if there is nothing to wait for.
func (s *superSeed) next() (at time.Time) {
	if s.finished() {
		return at
	}
	for _, p := range s.peers {
		if len(p.window) == 0 {
			continue
		}
		if t := p.moved.Add(s.patience(p)); at.IsZero() || t.Before(at) {
			at = t
		}
	}
	return at
}

func (s *superSeed) patience(p *superPeer) time.Duration {
	d := firstPatience
	if s.typical > 0 {
		d = max(4*s.typical, leastPatience)
	}
	return min(d<<min(p.failed, 8), mostPatience)
}

// gave notes that a peer has a piece from us that nobody else has.
func (s *superSeed) gave(p *superPeer, piece int) {
	if s.only == nil || !slices.ContainsFunc(p.window, func(w shownPiece) bool { return w.piece == piece }) {
		return
	}
	s.only[piece] = p
	if p.only++; p.only == hoard {
		s.turned = append(s.turned, p)
	}
}

// passedOn notes that somebody else has such a piece, too.
func (s *superSeed) passedOn(piece int, now time.Time, dst []superReveal) []superReveal {
	p := s.only[piece]
	if p == nil {
		return dst
	}
	delete(s.only, piece)
	if p.only--; p.only == hoard-1 {
		s.turned = append(s.turned, p)
	}
	if p.waiting {
		dst = s.fill(p, now, dst)
	}
	return dst
}

// learn notes how long the first announcement of a piece took.
func (s *superSeed) learn(p *superPeer, piece int, now time.Time) {
	for _, w := range p.window {
		if w.piece != piece {
			continue
		}
		took := max(min(now.Sub(w.at), mostPatience), time.Millisecond)
		if s.typical == 0 {
			s.typical = took
		}
		s.typical += (took - s.typical) / 8
	}
}

// knows reports whether p joined and has not left.
func (s *superSeed) knows(p *superPeer) bool { return p.has != nil }

// earned moves a window on: a piece of it was passed on.
func (s *superSeed) earned(p *superPeer, now time.Time, dst []superReveal) []superReveal {
	p.moved, p.failed = now, 0
	return s.fill(p, now, dst)
}

// settleAlone takes the last peer's own word for what it has: there is nobody
// left to pass it on to.
func (s *superSeed) settleAlone(now time.Time, dst []superReveal) []superReveal {
	if s.takers != 1 {
		return dst
	}
	for _, p := range s.peers {
		for i := len(p.window) - 1; i >= 0; i-- {
			if piece := p.window[i].piece; p.has.Has(uint32(piece)) {
				s.drop(p, piece)
				dst = s.earned(p, now, dst)
			}
		}
	}
	return dst
}

// drop takes a piece out of a window and reports whether it was there.
func (s *superSeed) drop(p *superPeer, piece int) bool {
	for i, w := range p.window {
		if w.piece == piece {
			p.window = append(p.window[:i], p.window[i+1:]...)
			s.open[piece]--
			s.offer(piece)
			return true
		}
	}
	return false
}

func (s *superSeed) empty(p *superPeer) {
	for len(p.window) > 0 {
		s.drop(p, p.window[0].piece)
	}
}

// offer puts a piece into the queue if it belongs there.
func (s *superSeed) offer(piece int) {
	if s.known[piece] == 0 && s.open[piece] == 0 && !s.queued.Has(uint32(piece)) {
		s.queued.Set(uint32(piece))
		s.queue.push(uint32(piece))
	}
}

// fillWaiting fills the windows for which there was nothing.
func (s *superSeed) fillWaiting(now time.Time, dst []superReveal) []superReveal {
	for _, p := range s.peers {
		if p.waiting {
			dst = s.fill(p, now, dst)
		}
	}
	return dst
}

// fill shows a peer pieces until its window is full.
func (s *superSeed) fill(p *superPeer, now time.Time, dst []superReveal) []superReveal {
	p.waiting = false
	if s.trusting && s.takers < 2 { // nobody else could be given the same
		p.waiting = true
		return dst
	}
	for !p.quiet && s.taken(p) < s.window && len(p.window) < maxShown {
		if s.trusting && p.only >= hoard {
			p.waiting = true
			break
		}
		piece, ok := s.take(p)
		if !ok {
			p.waiting = true
			break
		}
		dst = s.show(p, piece, now, dst)
	}
	return dst
}

// show puts a piece into a window.
func (s *superSeed) show(p *superPeer, piece int, now time.Time, dst []superReveal) []superReveal {
	if len(p.window) == 0 {
		p.moved = now
	}
	p.shown[piece/64].Or(1 << (piece % 64))
	p.window = append(p.window, shownPiece{piece: piece, at: now})
	s.open[piece]++
	return append(dst, superReveal{p, piece})
}

// taken is how much of a window is in use, as fill counts it.
func (s *superSeed) taken(p *superPeer) int {
	if s.trusting {
		return s.unasked(p)
	}
	return len(p.window)
}

// unasked is how much of a window the peer has not asked for yet.
func (s *superSeed) unasked(p *superPeer) (n int) {
	for _, w := range p.window {
		if !w.asked {
			n++
		}
	}
	return n
}

// requested is told that a peer asks for a piece. One that was suggested is as
// good as taken: it is suggested the next.
func (s *superSeed) requested(p *superPeer, piece int, now time.Time, dst []superReveal) []superReveal {
	if s.finished() || !s.knows(p) {
		return dst
	}
	for i := range p.window {
		if w := &p.window[i]; w.piece == piece && !w.asked {
			if w.asked = true; s.trusting {
				return s.earned(p, now, dst)
			}
		}
	}
	return dst
}

// take removes the first piece from the queue that can be shown to p.
func (s *superSeed) take(p *superPeer) (int, bool) {
	for range min(s.queue.len(), superProbes) {
		piece := int(s.queue.pop())
		if s.known[piece] > 0 || s.open[piece] > 0 {
			s.queued.Clear(uint32(piece)) // offer puts it back
			continue
		}
		if s.revealed(p, piece) && !s.trusting { // it can ask for it already
			s.queue.push(uint32(piece))
			continue
		}
		s.queued.Clear(uint32(piece))
		return piece, true
	}
	return 0, false
}

// finish ends it and frees what is not needed any more.
func (s *superSeed) finish() {
	s.over.Store(true)
	for _, p := range s.peers {
		p.has, p.window = nil, nil
	}
	s.peers, s.known, s.open, s.queue, s.queued, s.only = nil, nil, nil, ring{}, nil, nil
}

// ring is a queue of bounded size.
type ring struct {
	items   []uint32
	head, n int
}

func newRing(size int) ring { return ring{items: make([]uint32, size)} }

func (r *ring) len() int         { return r.n }
func (r *ring) at(i int) *uint32 { return &r.items[(r.head+i)%len(r.items)] }
func (r *ring) swap(i, j int)    { *r.at(i), *r.at(j) = *r.at(j), *r.at(i) }

// push adds an item at the end; the caller knows that there is room.
func (r *ring) push(v uint32) {
	*r.at(r.n) = v
	r.n++
}

// pop removes the first item of a ring that is not empty.
func (r *ring) pop() uint32 {
	v := *r.at(0)
	r.head, r.n = (r.head+1)%len(r.items), r.n-1
	return v
}
