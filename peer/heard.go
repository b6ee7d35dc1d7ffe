package peer

import (
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// What the reader tells the outbox.

// wants notes whether the remote is interested, and reports whether that is news
// and whether it waits for something.
func (o *outbox) wants(on bool, now time.Time) (changed, waits bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	changed = o.remote.peerInterested != on
	o.remote.peerInterested = on
	return changed, o.starves(now)
}

// remoteHas notes how many pieces the remote has, and whether these are all.
func (o *outbox) remoteHas(pieces int, seed bool) {
	o.mu.Lock()
	o.remote.have, o.remote.seed = pieces, seed
	o.mu.Unlock()
}

// accepts queues a request of the remote if it may have the block; have: we do.
func (o *outbox) accepts(b piece.Block, have bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !have || o.reqs.queued() >= o.cfg.ReqQ || !o.gives(b) {
		return false
	}
	o.reqs.push(b)
	o.reqs.owing = true
	return true
}

// gives reports whether the remote may have a block of a piece that we have.
// Under o.mu; an allowed fast block counts as taken.
func (o *outbox) gives(b piece.Block) bool {
	return o.veil.shows(b.Index()) && (!o.remote.amChoking || o.grantFast(b))
}

// refuse answers requests that cannot be served: with rejects, or, without BEP 6,
// not at all.
func (o *outbox) refuse(blocks ...piece.Block) {
	o.mu.Lock()
	defer o.posted()
	for _, b := range blocks {
		o.rejectFast(b)
	}
}

// refuseRaw is refuse for bytes that there are not.
func (o *outbox) refuseRaw(index, begin, length uint32) {
	o.mu.Lock()
	defer o.posted()
	if o.fast {
		o.msgs.add(wire.Message{ID: wire.Reject, Index: index, Begin: begin, Length: length})
	}
}

// takeBack takes a request that the remote cancels out of the queue.
func (o *outbox) takeBack(b piece.Block) {
	o.mu.Lock()
	defer o.posted()
	if o.reqs.remove(b) {
		o.rejectFast(b)
	}
}

// learn takes over what an extension handshake says.
func (o *outbox) learn(h wire.ExtHandshake) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.remote.update(h)
	if h.ReqQ > 0 {
		o.ask.pipe.setLimit(h.ReqQ)
	}
}
