package torrent

import (
	"sync"
	"time"

	"gotor/peer"
	"gotor/torrent/swarm"
)

// This file carries out what is shown of a torrent that is super-seeded, or
// suggested of one that is seeded.

// beginHints starts to suggest what to begin with.
func (p *peers) beginHints() {
	if n := p.data.layout.Pieces(); n > 0 {
		p.hints = swarm.NewHints(p.rng, n, p.data.meta.PieceLength)
	}
}

// beginSuper starts to hide what we have.
func (p *peers) beginSuper() {
	n := p.data.layout.Pieces()
	if n == 0 {
		return
	}
	p.super = swarm.NewSuperSeed(p.rng, n, p.data.meta.PieceLength)
	// Whoever is connected already knows what we have, and is of no use here.
	for _, m := range p.members {
		m.conn.Close(errUseless)
	}
}

// hides reports whether a new connection is to see nothing of what we have.
func (p *peers) hides() bool { return p.super != nil }

// superJoin follows a new member.
func (p *peers) superJoin(m *member, now time.Time) {
	m.shown.Addr, m.hinted.Addr = m.addr, m.addr
	switch {
	case p.super != nil:
		p.reveal(p.super.Join(&m.shown, now, nil))
	case p.hints != nil:
		p.hints.Join(&m.hinted, now)
	}
}

// superLeave follows a member that is gone.
func (p *peers) superLeave(m *member, now time.Time) {
	switch {
	case p.super != nil:
		p.reveal(p.super.Leave(&m.shown, now, nil))
	case p.hints != nil:
		p.suggest(p.hints.Leave(&m.hinted, now, nil))
	}
}

// hint follows a slot given or taken: who has one is suggested pieces, or is shown
// some when the line is not full.
func (p *peers) hint(m *member, now time.Time) {
	switch {
	case p.super != nil:
		p.serves(m, now)
	case p.hints != nil:
		p.suggest(p.hints.Slot(&m.hinted, m.choking.Unchoked(), now, nil))
	}
}

// addReveals adds what only a machine that shows or suggests pieces wants to know. Where
// nothing is hidden the last piece that a remote asks for is enough.
func (p *peers) addReveals(m *member, e *peer.Events) {
	e.Gained = func(piece, _ int) {
		if m.gains.note(piece) {
			p.post(m, func(now time.Time) { p.superGained(m, now) })
		}
	}
	if !p.hides() {
		e.Asked = func(piece int) {
			if m.asking.Store(int32(piece)); m.askTold.CompareAndSwap(false, true) {
				p.post(m, func(now time.Time) { p.asked(m, now) })
			}
		}
		return
	}
	e.Asked = func(piece int) {
		if m.asks.note(piece) {
			p.post(m, func(now time.Time) { p.superAsked(m, now) })
		}
	}
	e.Served = func() {
		if m.servedTold.CompareAndSwap(false, true) {
			p.post(m, func(now time.Time) { p.superServed(m, now) })
		}
	}
}

// asked follows a peer's request for another piece than before.
func (p *peers) asked(m *member, now time.Time) {
	piece := int(m.asking.Load())
	m.askTold.Store(false)
	if p.hints != nil {
		p.suggest(p.hints.Requested(&m.hinted, piece, now, nil))
	}
}

// superAsked does so for a remote from which our pieces are hidden, and misses none:
// when it has asked for all that it was shown, it may be shown more.
func (p *peers) superAsked(m *member, now time.Time) {
	pieces, all := m.asks.take()
	if p.super == nil {
		return
	}
	if all {
		p.super.RequestedAll(&m.shown)
	}
	for _, i := range pieces {
		p.super.Requested(&m.shown, i)
	}
	p.serves(m, now)
}

// superServed follows the end of what a remote asked for.
func (p *peers) superServed(m *member, now time.Time) {
	m.servedTold.Store(false)
	p.serves(m, now)
}

// serves follows a change of what our line has to carry to a peer.
func (p *peers) serves(m *member, now time.Time) {
	if p.super == nil {
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
	p.reveal(p.super.Serves(&m.shown, what, p.sent, now, nil))
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
func (p *peers) superGained(m *member, now time.Time) {
	pieces, all := m.gains.take()
	switch {
	case p.super != nil:
		var news []swarm.Reveal
		if all {
			news = p.super.Field(&m.shown, m.conn.AppendRemote(nil), now, nil)
		}
		for _, i := range pieces {
			news = p.super.Announced(&m.shown, i, now, news)
		}
		p.reveal(news)
	case p.hints != nil:
		var news []swarm.Hint
		if all {
			news = p.hints.Field(&m.hinted, m.conn.AppendRemote(nil), now, nil)
		}
		for _, i := range pieces {
			news = p.hints.Announced(&m.hinted, i, now, news)
		}
		p.suggest(news)
		p.hoarded(now)
	}
}

// hoarded gives slots of those that keep what they are given to others.
func (p *peers) hoarded(now time.Time) {
	if p.hints == nil {
		return
	}
	for _, h := range p.hints.Turned() {
		if m := p.members[h.Addr]; m != nil && &m.hinted == h {
			p.carryOut(p.choker.Hoard(&m.choking, h.Hoards(), now, p.changes[:0]), now)
		}
	}
}

// superStep does what has become due.
func (p *peers) superStep(now time.Time) {
	switch {
	case p.super != nil:
		p.reveal(p.super.Step(p.sent, now, nil))
	case p.hints != nil:
		p.suggest(p.hints.Step(now, nil))
	}
}

// superNext is when superStep has something to do; zero: nothing to wait for.
func (p *peers) superNext() (at time.Time) {
	switch {
	case p.super != nil:
		at = p.super.Next()
	case p.hints != nil:
		at = p.hints.Next()
	}
	return at
}

// reveal tells the remotes, or all of them of everything once it is over.
func (p *peers) reveal(news []swarm.Reveal) {
	for _, r := range news {
		if m := p.members[r.Peer.Addr]; m != nil && &m.shown == r.Peer {
			m.conn.Reveal(r.Piece)
		}
	}
	if !p.super.Finished() {
		return
	}
	p.super = nil
	for _, m := range p.members {
		m.conn.RevealAll()
	}
}

// suggest tells the remotes, until it is over.
func (p *peers) suggest(news []swarm.Hint) {
	for _, h := range news {
		if m := p.members[h.Peer.Addr]; m != nil && &m.hinted == h.Peer {
			m.conn.Suggest(h.Piece)
		}
	}
	if !p.hints.Finished() {
		return
	}
	p.hints = nil
	for _, m := range p.members {
		m.choking.Forgive()
	}
}
