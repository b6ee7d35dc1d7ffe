package peer

import (
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// veil is what we say about our pieces, guarded by the outbox. A connection made
// with Config.Hidden looks like one to a peer without data (BEP 16); it is
// lifted once and for all by RevealAll.
type veil struct {
	hidden     bool
	uploadOnly bool         // we want nothing; not said while hidden
	shown      piece.Bitset // what was revealed so far; nil: nothing; frozen once not hidden
	next       int          // the next piece to tell of after RevealAll
}

// revealStep is how many pieces a turn of the writer looks at after RevealAll.
// The rest waits, however many there are, until the remote has read those.
const revealStep = 1024

// shows reports whether the remote may know that we have piece i, if we do.
func (v *veil) shows(i int) bool { return !v.hidden || v.revealed(i) }

// revealed reports whether Reveal has told of piece i.
func (v *veil) revealed(i int) bool { return v.shown != nil && v.shown.Has(uint32(i)) }

// reveal lets the remote know of piece i, of so many, and reports whether that is
// news.
func (v *veil) reveal(i, pieces int) bool {
	if !v.hidden || i < 0 || i >= pieces || v.revealed(i) {
		return false
	}
	if v.shown == nil {
		v.shown = piece.NewBitset(pieces)
	}
	v.shown.Set(uint32(i))
	return true
}

// reveal is Conn.Reveal.
func (o *outbox) reveal(i int) {
	o.mu.Lock()
	defer o.posted()
	if o.veil.reveal(i, o.cfg.Layout.Pieces()) {
		o.msgs.add(wire.Message{ID: wire.Have, Index: uint32(i)})
	}
}

// revealAll is Conn.RevealAll.
func (o *outbox) revealAll() {
	now := time.Now()
	o.mu.Lock()
	defer o.posted()
	v := &o.veil
	if v.hidden {
		v.hidden, v.next = false, 0
		if v.uploadOnly {
			o.sayAgain()
		}
		o.starves(now)
	}
}

// unveiled returns what the veil was and up to which piece the writer is to tell of
// now; 0 if nothing.
func (o *outbox) unveiled() (v veil, end int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if v = o.veil; v.hidden { // shown does not change any more
		return v, 0
	}
	o.veil.next = min(v.next+revealStep, o.cfg.Layout.Pieces())
	return v, o.veil.next
}

// appendUnveiled appends what RevealAll has left to tell, some of it: a have
// message for each piece, since a bitfield "is only ever sent as the first
// message" (BEP 3). It reports whether there is more.
func (w *writer) appendUnveiled(dst []byte) (_ []byte, more bool) {
	v, end := w.out.unveiled()
	if end == 0 {
		return dst, false
	}
	m := w.cfg.Manager
	for i := v.next; i < end; i++ {
		if !v.revealed(i) && m.Have(i) && !m.RemoteHas(w.peer, i) {
			dst = wire.Append(dst, wire.Message{ID: wire.Have, Index: uint32(i)})
		}
	}
	return dst, end < w.cfg.Layout.Pieces()
}
