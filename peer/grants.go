package peer

import (
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// grants is what a remote may have although we choke it: its allowed fast set
// (BEP 6), so that a peer that comes with nothing gets something to trade.
//
// The set is not offered with the first messages but to a remote that has
// wanted something for a second and got no slot. Most get one at once, and the
// set of pieces is the same for all of a /24: a seed that hands it to a whole
// fleet sends the same few pieces to each of them.
type grants struct {
	since  time.Time // when it began to wait for a slot; zero: it does not, or has its set
	pieces []grant   // what it was offered
}

// grant is one piece of the set.
type grant struct {
	index uint32
	left  int64 // bytes that it may still have while choked
}

const (
	// grantAfter is how long a remote waits for a slot before it is offered its
	// set.
	grantAfter = time.Second
	// grantCopies is how often it may have each piece while we choke it: once
	// more than it needs. "A peer MAY reject requests for already Allowed Fast
	// pieces [...] if the requested piece has already been sent" (BEP 6); who
	// connects again gets the same pieces again (threat: choked leeches).
	grantCopies = 2
	// maxGrant bounds the set in bytes, where pieces are large.
	maxGrant = 16 << 20
)

// follow notes whether the remote waits for a slot and may have a set.
func (g *grants) follow(waits bool, now time.Time) {
	switch {
	case !waits:
		g.since = time.Time{}
	case g.since.IsZero():
		g.since = now
	}
}

// take takes a block out of the grants, and reports whether it was in them.
func (g *grants) take(b piece.Block) bool {
	for i := range g.pieces {
		if p := &g.pieces[i]; int(p.index) == b.Index() {
			n := int64(b.Len())
			if p.left < n {
				return false
			}
			p.left -= n
			return true
		}
	}
	return false
}

// starves follows a change of what the grants depend on, under o.mu. It reports
// whether the writer has to look at the clock.
func (o *outbox) starves(now time.Time) bool {
	r := &o.remote
	waits := o.fast && o.cfg.AllowedFast > 0 && !o.veil.hidden && len(o.grants.pieces) == 0 && r.amChoking && r.peerInterested
	o.grants.follow(waits, now)
	return waits
}

// grantFast takes a block out of the grants, under o.mu, and reports whether
// it was in them. "Our current implementation rejects requests for Allowed Fast
// messages whenever the requesting peer has more than k pieces" (BEP 6).
func (o *outbox) grantFast(b piece.Block) bool {
	return o.remote.have <= o.cfg.AllowedFast && o.grants.take(b)
}

// starving returns since when the remote has waited for a slot and is to be offered
// its set; the zero time if it is not: it must be a starting peer, one with no more
// pieces than the set has.
func (o *outbox) starving() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.remote.have > o.cfg.AllowedFast {
		return time.Time{}
	}
	return o.grants.since
}

// granted notes the set that is offered. If it is empty, the next change is another
// chance.
func (o *outbox) granted(set []grant) {
	o.mu.Lock()
	o.grants = grants{pieces: set}
	o.mu.Unlock()
}

// appendFast offers the set if the remote has waited long enough.
func (w *writer) appendFast(dst []byte, now time.Time) []byte {
	since := w.out.starving()
	if since.IsZero() {
		return dst
	}
	if at := since.Add(grantAfter); now.Before(at) {
		w.later(at)
		return dst
	}
	var set []grant
	m, l, total := w.cfg.Manager, w.cfg.Layout, int64(0)
	for _, i := range AppendAllowedFast(nil, w.cfg.AllowedFast, l.Pieces(), w.cfg.Local.InfoHash, w.cfg.Addr.Addr()) {
		n := l.PieceLen(int(i))
		if total+n > maxGrant || !m.Have(int(i)) || m.RemoteHas(w.peer, int(i)) {
			continue
		}
		total += n
		set = append(set, grant{i, grantCopies * n})
		dst = wire.Append(dst, wire.Message{ID: wire.AllowedFast, Index: i})
	}
	w.out.granted(set)
	return dst
}
