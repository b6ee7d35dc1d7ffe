package peer

import (
	"time"

	"gotor/peer/wire"
)

// offers is what we have been asked of the info dictionary and not yet sent
// (BEP 9), guarded by the outbox. The writer sends one block a turn, so that an
// info dictionary of megabytes neither fills the outbox nor delays requests.
type offers struct {
	queue []int // pieces, in order
	given int   // pieces queued so far
}

// maxOffers bounds the queue; what is asked beyond it is rejected.
const maxOffers = 256

// offerCopies is how many times a remote may have the info dictionary: it is
// given without a slot.
const offerCopies = 3

// onMetadata answers a ut_metadata message. Data and rejects were not asked for
// here: the info dictionary is known.
func (r *reader) onMetadata(payload []byte) error {
	m, ok, err := wire.ParseMetadata(payload)
	if err != nil {
		return violation(wire.Extended, "%v", err)
	}
	if !ok || m.Type != wire.MetadataRequest {
		return nil
	}
	r.out.offer(m.Piece)
	return nil
}

// ask queues a piece, of so many, and reports whether the remote is to have it.
func (f *offers) ask(piece, pieces int) bool {
	if piece >= pieces || len(f.queue) >= maxOffers || f.given >= offerCopies*pieces {
		return false
	}
	f.queue = append(f.queue, piece)
	f.given++
	return true
}

// next takes the first piece off the queue.
func (f *offers) next() (piece int, more bool) {
	piece = f.queue[0]
	if f.queue = f.queue[1:]; len(f.queue) == 0 {
		f.queue = nil
	}
	return piece, len(f.queue) > 0
}

// offer queues a piece of the info dictionary for the remote, or rejects it.
func (o *outbox) offer(piece int) {
	o.mu.Lock()
	defer o.posted()
	if !o.offers.ask(piece, wire.MetadataPieces(int64(len(o.cfg.Metadata)))) {
		o.msgs.ctl = appendMetadata(o.msgs.ctl, o.remote.ids[wire.ExtMetadata], wire.MetadataMessage{Type: wire.MetadataReject, Piece: piece})
	}
}

// offering reports whether the remote waits for pieces of the info dictionary.
func (o *outbox) offering() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.offers.queue) > 0
}

// nextOffer returns a piece that the remote waits for, the id that it chose for
// what it is sent in, and whether there are more.
func (o *outbox) nextOffer() (piece int, id byte, more bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	piece, more = o.offers.next()
	return piece, o.remote.ids[wire.ExtMetadata], more
}

// appendOffer appends one block of metadata that the remote asked for. It
// reports whether there are more.
func (w *writer) appendOffer(dst []byte, now time.Time) (_ []byte, more bool) {
	if !w.out.offering() {
		return dst, false
	}
	quota := &w.up.quota // it is payload to an upload limit
	if granted, again := quota.ask(now, wire.MetadataBlock); granted < wire.MetadataBlock {
		w.later(again)
		return dst, false
	}
	quota.use(wire.MetadataBlock)
	i, id, more := w.out.nextOffer()
	info := w.cfg.Metadata
	block := info[i*wire.MetadataBlock:]
	return appendMetadata(dst, id, wire.MetadataMessage{
		Type: wire.MetadataData, Piece: i, Total: int64(len(info)), Data: block[:min(len(block), wire.MetadataBlock)],
	}), more
}

// appendMetadata appends a message for the id that the remote chose; nothing if
// it chose none.
func appendMetadata(dst []byte, id byte, m wire.MetadataMessage) []byte {
	if id == 0 {
		return dst
	}
	return wire.Append(dst, wire.Message{ID: wire.Extended, Ext: id, Payload: wire.AppendMetadata(nil, m)})
}
