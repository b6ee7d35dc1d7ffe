package torrent

import (
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"gotor/torrent/swarm"
)

// revealer carries out what is shown of a torrent that is super-seeded, or suggested
// of one that is seeded. It belongs to the run goroutine.
type revealer struct {
	members map[netip.AddrPort]*member // those of peers, who alone changes it
	sent    func() int64               // payload bytes so far, to all
	// hoards is told that a member keeps what it was given, or does no more.
	hoards func(m *member, on bool, now time.Time)
	super  *swarm.SuperSeed // nil: everybody sees what we have
	hints  *swarm.Hints     // nil: nothing is suggested
	// plan makes hints when somebody comes whom they may be for; nil: nothing is planned.
	// A seed that nobody visits does without the memory.
	plan func() *swarm.Hints
}

// veil is a member's part in what a revealer shows.
type veil struct {
	shown  swarm.SuperPeer // of what we hide
	hinted swarm.HintPeer  // of what we suggest

	// What its reader has heard, and whether a notice of it waits in the mailbox.
	gains      gains        // what the remote has
	asking     atomic.Int32 // the piece that it asked for last, where nothing is hidden
	askTold    atomic.Bool
	asks       gains       // all pieces that it asked for, where something is
	servedTold atomic.Bool // of that it was sent all that it asked for
}

// beginHints starts to suggest what to begin with, of pieces pieces of pieceLen bytes.
func (r *revealer) beginHints(rng *rand.Rand, pieces int, pieceLen int64) {
	if pieces == 0 {
		return
	}
	r.plan = func() *swarm.Hints { return swarm.NewHints(rng, pieces, pieceLen) }
	if len(r.members) > 0 {
		r.expect()
	}
}

// expect prepares for a new member.
func (r *revealer) expect() {
	if r.plan != nil {
		r.hints, r.plan = r.plan(), nil
	}
}

// beginSuper starts to hide what we have, pieces pieces of pieceLen bytes.
func (r *revealer) beginSuper(rng *rand.Rand, pieces int, pieceLen int64) {
	if pieces == 0 {
		return
	}
	r.super, r.hints, r.plan = swarm.NewSuperSeed(rng, pieces, pieceLen), nil, nil
	// Whoever is connected already knows what we have, and is of no use here.
	for _, m := range r.members {
		m.conn.Close(errUseless)
	}
}

// active reports whether it wants to know what remotes have and ask for.
func (r *revealer) active() bool { return r.super != nil || r.hints != nil }

// hides reports whether a new connection is to see nothing of what we have.
func (r *revealer) hides() bool { return r.super != nil }

// join follows a new member.
func (r *revealer) join(m *member, now time.Time) {
	m.veil.shown.Addr, m.veil.hinted.Addr = m.addr, m.addr
	switch {
	case r.super != nil:
		r.show(r.super.Join(&m.veil.shown, now, nil))
	case r.hints != nil:
		r.hints.Join(&m.veil.hinted, now)
	}
}

// leave follows a member that is gone.
func (r *revealer) leave(m *member, now time.Time) {
	switch {
	case r.super != nil:
		r.show(r.super.Leave(&m.veil.shown, now, nil))
	case r.hints != nil:
		r.suggest(r.hints.Leave(&m.veil.hinted, now, nil))
	}
}

// slot follows a slot given or taken: who has one is suggested pieces, or is shown
// some when the line is not full.
func (r *revealer) slot(m *member, now time.Time) {
	switch {
	case r.super != nil:
		r.serves(m, now)
	case r.hints != nil:
		r.suggest(r.hints.Slot(&m.veil.hinted, m.choking.Unchoked(), now, nil))
	}
}

// asked follows a peer's request for another piece than before.
func (r *revealer) asked(m *member, now time.Time) {
	piece := int(m.veil.asking.Load())
	m.veil.askTold.Store(false)
	if r.hints != nil {
		r.suggest(r.hints.Requested(&m.veil.hinted, piece, now, nil))
	}
}

// askedAll does so for a remote from which our pieces are hidden, and misses none:
// when it has asked for all that it was shown, it may be shown more.
func (r *revealer) askedAll(m *member, now time.Time) {
	pieces, all := m.veil.asks.take()
	if r.super == nil {
		return
	}
	if all {
		r.super.RequestedAll(&m.veil.shown)
	}
	for _, i := range pieces {
		r.super.Requested(&m.veil.shown, i)
	}
	r.serves(m, now)
}

// served follows the end of what a remote asked for.
func (r *revealer) served(m *member, now time.Time) {
	m.veil.servedTold.Store(false)
	r.serves(m, now)
}

// serves follows a change of what our line has to carry to a peer.
func (r *revealer) serves(m *member, now time.Time) {
	if r.super == nil {
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
	r.show(r.super.Serves(&m.veil.shown, what, r.sent, now, nil))
}

// gained follows news of what a remote has.
func (r *revealer) gained(m *member, now time.Time) {
	pieces, all := m.veil.gains.take()
	switch {
	case r.super != nil:
		var news []swarm.Reveal
		if all {
			news = r.super.Field(&m.veil.shown, m.conn.AppendRemote(nil), now, nil)
		}
		for _, i := range pieces {
			news = r.super.Announced(&m.veil.shown, i, now, news)
		}
		r.show(news)
	case r.hints != nil:
		var news []swarm.Hint
		if all {
			news = r.hints.Field(&m.veil.hinted, m.conn.AppendRemote(nil), now, nil)
		}
		for _, i := range pieces {
			news = r.hints.Announced(&m.veil.hinted, i, now, news)
		}
		r.suggest(news)
		r.hoarded(now)
	}
}

// hoarded gives slots of those that keep what they are given to others.
func (r *revealer) hoarded(now time.Time) {
	if r.hints == nil {
		return
	}
	for _, h := range r.hints.Turned() {
		if m := r.members[h.Addr]; m != nil && &m.veil.hinted == h {
			r.hoards(m, h.Hoards(), now)
		}
	}
}

// uploadOnly is told that a remote wants nothing (BEP 21).
func (r *revealer) uploadOnly(m *member, now time.Time) {
	if r.super != nil {
		r.show(r.super.UploadOnly(&m.veil.shown, now, nil))
	}
}

// seeded is told that a remote has everything.
func (r *revealer) seeded() {
	if r.super != nil {
		r.super.Seed()
		r.show(nil)
	}
}

// step does what has become due.
func (r *revealer) step(now time.Time) {
	switch {
	case r.super != nil:
		r.show(r.super.Step(r.sent, now, nil))
	case r.hints != nil:
		r.suggest(r.hints.Step(now, nil))
	}
}

// next is when step has something to do; zero: nothing to wait for.
func (r *revealer) next() (at time.Time) {
	switch {
	case r.super != nil:
		at = r.super.Next()
	case r.hints != nil:
		at = r.hints.Next()
	}
	return at
}

// show tells the remotes, or all of them of everything once it is over.
func (r *revealer) show(news []swarm.Reveal) {
	for _, n := range news {
		if m := r.members[n.Peer.Addr]; m != nil && &m.veil.shown == n.Peer {
			m.conn.Reveal(n.Piece)
		}
	}
	if r.super.Finished() {
		r.endSuper()
	}
}

// endSuper shows all that we have.
func (r *revealer) endSuper() {
	if r.super == nil {
		return
	}
	r.super = nil
	for _, m := range r.members {
		m.conn.RevealAll()
	}
}

// suggest tells the remotes, until it is over.
func (r *revealer) suggest(news []swarm.Hint) {
	for _, h := range news {
		if m := r.members[h.Peer.Addr]; m != nil && &m.veil.hinted == h.Peer {
			m.conn.Suggest(h.Piece)
		}
	}
	if !r.hints.Finished() {
		return
	}
	r.hints = nil
	for _, m := range r.members {
		m.choking.Forgive()
	}
}
