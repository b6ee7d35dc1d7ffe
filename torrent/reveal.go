package torrent

import (
	"sync"
	"time"

	"gotor/torrent/swarm"
)

// This file carries out what is shown of a torrent that is super-seeded, or
// suggested of one that is seeded.

// beginSuper starts to hide what we have, or to suggest what to begin with.
func (t *Torrent) beginSuper() {
	if t.layout.Pieces() == 0 {
		return
	}
	if !t.spec.SuperSeed {
		if t.resumed == t.wantedB && t.files.everything() {
			t.hints = swarm.NewHints(t.rng, t.layout.Pieces(), t.meta.PieceLength)
		}
		return
	}
	t.super = swarm.NewSuperSeed(t.rng, t.layout.Pieces(), t.meta.PieceLength)
	// Whoever is connected already knows what we have, and is of no use here.
	for _, m := range t.members {
		m.conn.Close(errUseless)
	}
}

// hides reports whether a new connection is to see nothing of what we have.
func (t *Torrent) hides() bool { return t.super != nil }

// superJoin follows a new member.
func (t *Torrent) superJoin(m *member, now time.Time) {
	m.shown.Addr, m.hinted.Addr = m.addr, m.addr
	switch {
	case t.super != nil:
		t.reveal(t.super.Join(&m.shown, now, nil))
	case t.hints != nil:
		t.hints.Join(&m.hinted, now)
	}
}

// superLeave follows a member that is gone.
func (t *Torrent) superLeave(m *member, now time.Time) {
	switch {
	case t.super != nil:
		t.reveal(t.super.Leave(&m.shown, now, nil))
	case t.hints != nil:
		t.suggest(t.hints.Leave(&m.hinted, now, nil))
	}
}

// hint follows a slot given or taken: who has one is suggested pieces, or is shown
// some when the line is not full.
func (t *Torrent) hint(m *member, now time.Time) {
	switch {
	case t.super != nil:
		t.serves(m, now)
	case t.hints != nil:
		t.suggest(t.hints.Slot(&m.hinted, m.choking.Unchoked(), now, nil))
	}
}

// asked follows a peer's request for another piece than before.
func (t *Torrent) asked(m *member, now time.Time) {
	piece := int(m.asking.Load())
	m.askTold.Store(false)
	if t.hints != nil && t.members[m.addr] == m {
		t.suggest(t.hints.Requested(&m.hinted, piece, now, nil))
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
		t.super.RequestedAll(&m.shown)
	}
	for _, p := range pieces {
		t.super.Requested(&m.shown, p)
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
	if t.super == nil {
		return
	}
	what := swarm.Choked
	switch {
	case !m.choking.Unchoked():
	case m.conn.Serving():
		what = swarm.Busy
	default:
		what = swarm.Sated
	}
	t.reveal(t.super.Serves(&m.shown, what, t.sent, now, nil))
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
	if t.members[m.addr] != m {
		return
	}
	switch {
	case t.super != nil:
		var news []swarm.Reveal
		if all {
			news = t.super.Field(&m.shown, m.conn.AppendRemote(nil), now, nil)
		}
		for _, p := range pieces {
			news = t.super.Announced(&m.shown, p, now, news)
		}
		t.reveal(news)
	case t.hints != nil:
		var news []swarm.Hint
		if all {
			news = t.hints.Field(&m.hinted, m.conn.AppendRemote(nil), now, nil)
		}
		for _, p := range pieces {
			news = t.hints.Announced(&m.hinted, p, now, news)
		}
		t.suggest(news)
		t.hoarded(now)
	}
}

// hoarded gives slots of those that keep what they are given to others.
func (t *Torrent) hoarded(now time.Time) {
	if t.hints == nil {
		return
	}
	for _, p := range t.hints.Turned() {
		if m := t.members[p.Addr]; m != nil && &m.hinted == p {
			t.carryOut(t.choker.Hoard(&m.choking, p.Hoards(), now, t.changes[:0]), now)
		}
	}
}

// superStep does what has become due.
func (t *Torrent) superStep(now time.Time) {
	switch {
	case t.super != nil:
		t.reveal(t.super.Step(t.sent, now, nil))
	case t.hints != nil:
		t.suggest(t.hints.Step(now, nil))
	}
}

// superNext is when superStep has something to do; zero: nothing to wait for.
func (t *Torrent) superNext() (at time.Time) {
	switch {
	case t.super != nil:
		at = t.super.Next()
	case t.hints != nil:
		at = t.hints.Next()
	}
	return at
}

// reveal tells the remotes, or all of them of everything once it is over.
func (t *Torrent) reveal(news []swarm.Reveal) {
	for _, r := range news {
		if m := t.members[r.Peer.Addr]; m != nil && &m.shown == r.Peer {
			m.conn.Reveal(r.Piece)
		}
	}
	if !t.super.Finished() {
		return
	}
	t.super = nil
	for _, m := range t.members {
		m.conn.RevealAll()
	}
}

// suggest tells the remotes, until it is over.
func (t *Torrent) suggest(news []swarm.Hint) {
	for _, h := range news {
		if m := t.members[h.Peer.Addr]; m != nil && &m.hinted == h.Peer {
			m.conn.Suggest(h.Piece)
		}
	}
	if !t.hints.Finished() {
		return
	}
	t.hints = nil
	for _, m := range t.members {
		m.choking.Forgive()
	}
}
