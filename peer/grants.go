package peer

import (
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// grants is what a remote may have although we choke it: its allowed fast set
// (BEP 6), so that a peer that comes with nothing gets something to trade.
// Conn.mu guards it.
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

// starves follows a change of what the grants depend on, under c.mu. It reports
// whether the writer has to look at the clock.
func (c *Conn) starves(now time.Time) bool {
	g, r := &c.grants, &c.remote
	waits := c.fast && c.cfg.AllowedFast > 0 && !c.veil.hidden && len(g.pieces) == 0 && r.amChoking && r.peerInterested
	switch {
	case !waits:
		g.since = time.Time{}
	case g.since.IsZero():
		g.since = now
	}
	return waits
}

// appendFast offers the set if the remote has waited long enough and is a
// starting peer, one with no more pieces than the set has.
func (c *Conn) appendFast(dst []byte, now time.Time) []byte {
	c.mu.Lock()
	since, few := c.grants.since, c.remote.have <= c.cfg.AllowedFast
	c.mu.Unlock()
	if since.IsZero() || !few {
		return dst
	}
	if at := since.Add(grantAfter); now.Before(at) {
		c.tx.later(at)
		return dst
	}
	var set []grant
	m, l, total := c.cfg.Manager, c.cfg.Layout, int64(0)
	for _, i := range AppendAllowedFast(nil, c.cfg.AllowedFast, l.Pieces(), c.cfg.Local.InfoHash, c.cfg.Addr.Addr()) {
		n := l.PieceLen(int(i))
		if total+n > maxGrant || !m.Have(int(i)) || m.RemoteHas(c.peer, int(i)) {
			continue
		}
		total += n
		set = append(set, grant{i, grantCopies * n})
		dst = wire.Append(dst, wire.Message{ID: wire.AllowedFast, Index: i})
	}
	c.mu.Lock()
	c.grants = grants{pieces: set} // if it is empty, the next change is another chance
	c.mu.Unlock()
	return dst
}

// grantFast takes a block out of the grants, under c.mu, and reports whether
// it was in them. "Our current implementation rejects requests for Allowed Fast
// messages whenever the requesting peer has more than k pieces" (BEP 6).
func (c *Conn) grantFast(b piece.Block) bool {
	for i := range c.grants.pieces {
		if g := &c.grants.pieces[i]; int(g.index) == b.Index() {
			n := int64(b.Len())
			if g.left < n || c.remote.have > c.cfg.AllowedFast {
				return false
			}
			g.left -= n
			return true
		}
	}
	return false
}
