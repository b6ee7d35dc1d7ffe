package peer

import (
	"time"

	"gotor/peer/wire"
)

// veil is what we say about our pieces, guarded by Conn.mu. A connection made
// with Config.Hidden looks like one to a peer without data (BEP 16); it is
// lifted once and for all by RevealAll.
type veil struct {
	hidden     bool
	uploadOnly bool     // we want nothing; not said while hidden
	shown      []uint64 // bits of the pieces revealed so far; frozen once not hidden
	next       int      // the next piece to tell of after RevealAll
}

// revealStep is how many pieces a turn of the writer looks at after RevealAll.
// The rest waits, however many there are, until the remote has read those.
const revealStep = 1024

// shows reports whether the remote may know that we have piece i, if we do.
func (v *veil) shows(i int) bool { return !v.hidden || v.revealed(i) }

// revealed reports whether Reveal has told of piece i.
func (v *veil) revealed(i int) bool {
	return i/64 < len(v.shown) && v.shown[i/64]&(1<<(i%64)) != 0
}

// Reveal tells a remote from which our pieces are hidden that we have piece i,
// at once, and gives it from now on. Elsewhere it does nothing.
func (c *Conn) Reveal(i int) {
	c.mu.Lock()
	v := &c.veil
	if !v.hidden || i < 0 || i >= c.cfg.Layout.Pieces() || v.revealed(i) {
		c.mu.Unlock()
		return
	}
	if v.shown == nil {
		v.shown = make([]uint64, (c.cfg.Layout.Pieces()+63)/64)
	}
	v.shown[i/64] |= 1 << (i % 64)
	c.out.ctl = wire.Append(c.out.ctl, wire.Message{ID: wire.Have, Index: uint32(i)})
	c.posted()
}

// RevealAll ends hiding: the remote is told of all pieces that it lacks and we
// have, and may ask for any.
func (c *Conn) RevealAll() {
	now := time.Now()
	c.mu.Lock()
	v := &c.veil
	if v.hidden {
		v.hidden, v.next = false, 0
		if v.uploadOnly {
			c.sayAgain()
		}
		c.starves(now)
	}
	c.posted()
}

// appendUnveiled appends what RevealAll has left to tell, some of it: a have
// message for each piece, since a bitfield "is only ever sent as the first
// message" (BEP 3). It reports whether there is more.
func (c *Conn) appendUnveiled(dst []byte) (_ []byte, more bool) {
	pieces := c.cfg.Layout.Pieces()
	c.mu.Lock()
	v := c.veil // shown does not change any more
	if v.hidden {
		c.mu.Unlock()
		return dst, false
	}
	end := min(v.next+revealStep, pieces)
	c.veil.next = end
	c.mu.Unlock()
	m := c.cfg.Manager
	for i := v.next; i < end; i++ {
		if !v.revealed(i) && m.Have(i) && !m.RemoteHas(c.peer, i) {
			dst = wire.Append(dst, wire.Message{ID: wire.Have, Index: uint32(i)})
		}
	}
	return dst, end < pieces
}
