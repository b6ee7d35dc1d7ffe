package torrent

import (
	"sync"
	"time"
)

// This file carries out what superSeed decides: what each peer is shown of a
// torrent that is super-seeded, or suggested of one that is seeded.

// beginSuper starts to hide what we have, or to suggest what to begin with.
func (t *Torrent) beginSuper() {
	if t.layout.Pieces() == 0 {
		return
	}
	if !t.spec.SuperSeed {
		if t.resumed == t.wantedB && t.files.everything() {
			t.super = newHints(t.rng, t.layout.Pieces(), t.meta.PieceLength)
		}
		return
	}
	t.super = newSuperSeed(t.rng, t.layout.Pieces(), t.meta.PieceLength)
	// Whoever is connected already knows what we have, and is of no use here.
	for _, m := range t.members {
		m.conn.Close(errUseless)
	}
}

// hides reports whether a new connection is to see nothing of what we have.
func (t *Torrent) hides() bool { return t.super != nil && t.spec.SuperSeed }

func (t *Torrent) superJoin(m *member, now time.Time) {
	if t.super != nil {
		m.shown.member, m.shown.quiet = m, !t.spec.SuperSeed
		t.reveal(t.super.join(&m.shown, now, nil))
	}
}

// hint follows a slot given or taken: who has one is suggested pieces, or is shown
// some when the line is not full.
func (t *Torrent) hint(m *member, now time.Time) {
	switch {
	case t.super == nil:
	case t.spec.SuperSeed:
		t.serves(m, now)
	case m.choking.Unchoked():
		t.reveal(t.super.resume(&m.shown, now, nil))
	default:
		t.reveal(t.super.rest(&m.shown, now, nil))
	}
}

func (t *Torrent) superLeave(m *member, now time.Time) {
	if t.super != nil {
		t.reveal(t.super.leave(&m.shown, now, nil))
	}
}

// asked follows a peer's request for another piece than before.
func (t *Torrent) asked(m *member, now time.Time) {
	piece := int(m.asking.Load())
	m.askTold.Store(false)
	if t.super != nil && t.members[m.addr] == m {
		t.reveal(t.super.requested(&m.shown, piece, now, nil))
	}
}

// superAsked does so for a remote from which our pieces are hidden, and misses none:
// when it has asked for all that it was shown, it may be shown more.
func (t *Torrent) superAsked(m *member, now time.Time) {
	pieces, all := m.asks.take()
	if t.super == nil || t.members[m.addr] != m {
		return
	}
	if all {
		t.super.requestedAll(&m.shown)
	}
	for _, p := range pieces {
		t.super.requested(&m.shown, p, now, nil)
	}
	t.serves(m, now)
}

// superServed follows the end of what a remote asked for.
func (t *Torrent) superServed(m *member, now time.Time) {
	m.servedTold.Store(false)
	if t.members[m.addr] == m {
		t.serves(m, now)
	}
}

// serves follows a change of what our line has to carry to a peer.
func (t *Torrent) serves(m *member, now time.Time) {
	if t.hides() {
		t.reveal(t.super.serves(&m.shown, m.choking.Unchoked(), m.conn.Serving(), t.sent, now, nil))
	}
}

// gains is what a connection's reader has heard of, that the remote has pieces or
// asks for them, and the loop has not yet looked at. It is bounded: when a remote
// says more than that at a time, it counts as all.
type gains struct {
	mu     sync.Mutex
	pieces []int
	all    bool
	told   bool // a notice waits in the mailbox
}

// maxGains bounds gains.pieces.
const maxGains = 256

// note takes one piece, or all with -1, and reports whether the loop must be told.
func (g *gains) note(piece int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if piece < 0 || len(g.pieces) >= maxGains {
		g.all, g.pieces = true, g.pieces[:0]
	} else if !g.all {
		g.pieces = append(g.pieces, piece)
	}
	tell := !g.told
	g.told = true
	return tell
}

// take empties it.
func (g *gains) take() (pieces []int, all bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	pieces, all = g.pieces, g.all
	g.pieces, g.all, g.told = nil, false, false
	return pieces, all
}

// superGained follows news of what a remote has.
func (t *Torrent) superGained(m *member, now time.Time) {
	pieces, all := m.gains.take()
	if t.super == nil || t.members[m.addr] != m {
		return
	}
	if all {
		t.reveal(t.super.field(&m.shown, m.conn.AppendRemote(nil), now, nil))
	}
	for _, p := range pieces {
		if t.super != nil {
			t.reveal(t.super.announced(&m.shown, p, now, nil))
		}
	}
	t.hoarded(now)
}

// hoarded gives slots of those that keep what they are given to others.
func (t *Torrent) hoarded(now time.Time) {
	if t.super == nil {
		return
	}
	turned := t.super.turned
	t.super.turned = nil
	for _, p := range turned {
		if m := p.member; t.members[m.addr] == m {
			t.carryOut(t.choker.Hoard(&m.choking, p.only >= hoard, now, t.changes[:0]), now)
		}
	}
}

// superStep does what has become due.
func (t *Torrent) superStep(now time.Time) {
	if t.super == nil {
		return
	}
	if at := t.super.next(); !at.IsZero() && !now.Before(at) {
		t.reveal(t.super.tick(now, nil))
	}
	if t.hides() { // whatever changed since
		t.reveal(t.super.useLine(t.sent, now, nil))
	}
}

// superNext is when superStep has something to do; zero: nothing to wait for.
func (t *Torrent) superNext() (at time.Time) {
	if t.super == nil {
		return at
	}
	at = t.super.next()
	if look := t.super.lookDue(); at.IsZero() || !look.IsZero() && look.Before(at) {
		at = look
	}
	return at
}

// reveal tells the remotes, or all of them of everything once it is over.
func (t *Torrent) reveal(news []superReveal) {
	for _, r := range news {
		if t.spec.SuperSeed {
			r.peer.member.conn.Reveal(r.piece)
		} else {
			r.peer.member.conn.Suggest(r.piece)
		}
	}
	if !t.super.finished() {
		return
	}
	t.super = nil
	for _, m := range t.members {
		m.choking.Forgive()
		m.conn.RevealAll()
	}
}
