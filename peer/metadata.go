package peer

import (
	"time"

	"gotor/peer/wire"
)

// offers is what we have been asked of the info dictionary and not yet sent
// (BEP 9), guarded by Conn.mu. The writer sends one block a turn, so that an
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
func (c *Conn) onMetadata(payload []byte) error {
	m, ok, err := wire.ParseMetadata(payload)
	if err != nil {
		return violation(wire.Extended, "%v", err)
	}
	if !ok || m.Type != wire.MetadataRequest {
		return nil
	}
	c.mu.Lock()
	defer c.posted()
	pieces := wire.MetadataPieces(int64(len(c.cfg.Metadata)))
	if m.Piece < pieces && len(c.offers.queue) < maxOffers && c.offers.given < offerCopies*pieces {
		c.offers.queue = append(c.offers.queue, m.Piece)
		c.offers.given++
		return nil
	}
	c.out.ctl = appendMetadata(c.out.ctl, c.remote.ids[wire.ExtMetadata], wire.MetadataMessage{Type: wire.MetadataReject, Piece: m.Piece})
	return nil
}

// appendOffer appends one block of metadata that the remote asked for. It
// reports whether there are more.
func (c *Conn) appendOffer(dst []byte, now time.Time) (_ []byte, more bool) {
	c.mu.Lock()
	waiting := len(c.offers.queue) > 0
	c.mu.Unlock()
	if !waiting {
		return dst, false
	}
	quota := &c.tx.up.quota // it is payload to an upload limit
	if granted, again := quota.ask(now, wire.MetadataBlock); granted < wire.MetadataBlock {
		c.tx.later(again)
		return dst, false
	}
	quota.use(wire.MetadataBlock)
	c.mu.Lock()
	q := &c.offers.queue
	i, id := (*q)[0], c.remote.ids[wire.ExtMetadata]
	if *q = (*q)[1:]; len(*q) == 0 {
		*q = nil
	}
	more = len(*q) > 0
	c.mu.Unlock()
	info := c.cfg.Metadata
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
