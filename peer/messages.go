package peer

import (
	"math/bits"

	"gotor/peer/wire"
	"gotor/piece"
)

// handle acts on one message other than piece.
func (c *Conn) handle(m wire.Message) error {
	if m.ID.Fast() && !c.fast {
		// "When the fast extension is disabled, [...] the peer MUST close the
		// connection" (BEP 6, of each of its messages).
		return violation(m.ID, "the fast extension was not negotiated")
	}
	switch m.ID {
	case wire.Choke:
		c.onChoke()
	case wire.Unchoke:
		c.onUnchoke()
	case wire.Interested, wire.NotInterested:
		c.onInterested(m.ID == wire.Interested)
	case wire.Have:
		return c.onHave(m.Index)
	case wire.Bitfield, wire.HaveAll, wire.HaveNone:
		return c.onField(m)
	case wire.Request:
		return c.onRequest(m)
	case wire.Cancel:
		return c.onCancel(m)
	case wire.Reject:
		return c.onReject(m)
	case wire.Suggest, wire.AllowedFast:
		return c.onHint(m)
	case wire.Port:
		if f := c.cfg.Events.Port; f != nil && c.rx.port.passes(m.Port, c.rx.now) {
			f(m.Port)
		}
	case wire.Extended:
		return c.onExtended(m)
	}
	return nil
}

// onChoke: "no data will be sent until unchoking happens" (BEP 3). Without
// BEP 6 what was asked for is void; with it "choke no longer implicitly rejects
// all pending requests", each is answered by a block or a reject.
func (c *Conn) onChoke() {
	if c.remote.peerChoking {
		return
	}
	c.chokes()
	c.cfg.Manager.Choked(c.peer, c.fast)
}

// chokes notes that the remote chokes us.
func (c *Conn) chokes() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remote.peerChoking = true
	c.pipe.choked()
	if !c.fast {
		c.pipe.dropped()
	}
}

// onUnchoke tells the Manager first, so that the writer, once woken, is given
// something to ask for. Only the reader changes peerChoking.
func (c *Conn) onUnchoke() {
	if !c.remote.peerChoking {
		return
	}
	c.cfg.Manager.Unchoked(c.peer)
	c.mu.Lock()
	defer c.posted()
	c.remote.peerChoking = false
	c.pipe.unchoked(c.rx.now)
}

// onInterested tells the owner of changes only: a remote that says the same
// again and again costs it nothing.
func (c *Conn) onInterested(on bool) {
	changed, waits := c.wants(on)
	if waits {
		c.wakeWriter()
	}
	if f := c.cfg.Events.Interested; f != nil && changed {
		f(on)
	}
}

// wants notes whether the remote is interested, and reports whether that is news
// and whether it waits for something.
func (c *Conn) wants(on bool) (changed, waits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed = c.remote.peerInterested != on
	c.remote.peerInterested = on
	return changed, c.starves(c.rx.now)
}

// onHave takes one more piece of the remote.
func (c *Conn) onHave(index uint32) error {
	c.rx.havesSeen = true
	m := c.cfg.Manager
	if int64(index) < int64(c.cfg.Layout.Pieces()) && m.RemoteHas(c.peer, int(index)) {
		return nil
	}
	if err := m.SetHave(c.peer, index); err != nil {
		return violation(wire.Have, "%v", err)
	}
	c.noteHave(c.rx.has+1, int(index))
	return nil
}

// How many fields may come late: a burst, and so many more a second.
const (
	lateFieldBurst = 20
	lateFieldRate  = 5
)

// onField takes a message that says which pieces the remote has. "'bitfield' is
// only ever sent as the first message" (BEP 3), and have all and have none take
// its place (BEP 6), but aria2 sends one later where it is shorter than the haves
// it stands for, and others say twice what they have: the last one counts. A few
// a second are taken, since each costs work that grows with the torrent.
func (c *Conn) onField(m wire.Message) error {
	if c.rx.fields > 0 || c.rx.havesSeen {
		if late := int(c.rx.now.Sub(c.born).Seconds())*lateFieldRate + lateFieldBurst; c.rx.fields > late {
			return violation(m.ID, "%d messages about all pieces", c.rx.fields)
		}
	}
	c.rx.fields++
	has := 0
	switch m.ID {
	case wire.HaveAll:
		c.cfg.Manager.SetHaveAll(c.peer)
		has = c.cfg.Layout.Pieces()
	case wire.HaveNone:
		c.cfg.Manager.SetHaveNone(c.peer)
	default:
		clearSpare(m.Payload, c.cfg.Layout.Pieces())
		if err := c.cfg.Manager.SetBitfield(c.peer, m.Payload); err != nil {
			return violation(m.ID, "%v", err)
		}
		for _, b := range m.Payload {
			has += bits.OnesCount8(b)
		}
	}
	c.noteHave(has, -1)
	return nil
}

// clearSpare clears the bits of a bitfield that stand for no piece. "Spare bits
// at the end are set to zero" (BEP 3), but some clients set them.
func clearSpare(field []byte, pieces int) {
	if n := pieces % 8; n > 0 && len(field) == pieces/8+1 {
		field[len(field)-1] &= 0xff << (8 - n)
	}
}

// noteHave keeps in mind how many pieces the remote has, so that nobody needs
// to ask the Manager, and tells the owner. piece is the one it got, -1 for a
// field or a loss.
func (c *Conn) noteHave(has, piece int) {
	more := has > c.rx.has
	c.rx.has = has
	seed := has == c.cfg.Layout.Pieces()
	c.mu.Lock()
	c.remote.have, c.remote.seed = has, seed
	c.mu.Unlock()
	if f := c.cfg.Events.Gained; f != nil && more {
		f(piece, has)
	}
	if f := c.cfg.Events.Seed; f != nil && seed && !c.rx.seed {
		f()
	}
	c.rx.seed = c.rx.seed || seed
}

// block checks the three integers of a request, cancel or reject. Bytes that there
// are not cost the remote the message, as they do with other clients, and its
// connection only when it does not stop.
func (c *Conn) block(m wire.Message) (b piece.Block, ok bool, err error) {
	if b, ok = c.cfg.Layout.Block(m.Index, m.Begin, m.Length); ok {
		return b, true, nil
	}
	if c.rx.misses++; c.rx.misses > maxMisses {
		return b, false, violation(m.ID, "no bytes %d+%d in piece %d, and %d more like that", m.Begin, m.Length, m.Index, maxMisses)
	}
	return b, false, nil
}

// onRequest queues what the remote asks for. What it may not have (we choke it,
// lack the piece, or have enough of its requests) is rejected, or without BEP 6
// forgotten. The queue is bounded because a request costs the remote 17 bytes
// and us 16 KiB (threat: request floods).
func (c *Conn) onRequest(m wire.Message) error {
	b, ok, err := c.block(m)
	if !ok {
		c.refuseRaw(m)
		return err
	}
	if c.queue(b, c.cfg.Manager.Have(b.Index())) {
		if f := c.cfg.Events.Asked; f != nil && c.rx.asked != b.Index()+1 {
			c.rx.asked = b.Index() + 1
			f(b.Index())
		}
		// The writer is woken when a batch is there, or the last one (see account).
		if c.rx.requests++; c.rx.requests >= maxBatch/piece.BlockSize {
			c.account()
		}
		return nil
	}
	c.mu.Lock()
	defer c.posted()
	if c.fast {
		c.out.reject(b)
	}
	return nil
}

// refuseRaw rejects a request for bytes that there are not.
func (c *Conn) refuseRaw(m wire.Message) {
	c.mu.Lock()
	defer c.posted()
	if c.fast {
		c.out.ctl = wire.Append(c.out.ctl, wire.Message{ID: wire.Reject, Index: m.Index, Begin: m.Begin, Length: m.Length})
	}
}

// queue queues a request of the remote if it may have the block.
func (c *Conn) queue(b piece.Block, have bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !have || c.out.queued() >= c.cfg.ReqQ || !c.gives(b) {
		return false
	}
	c.out.push(b)
	c.out.owing = true
	return true
}

// gives reports whether the remote may have a block of a piece that we have.
// Under c.mu; an allowed fast block counts as taken.
func (c *Conn) gives(b piece.Block) bool {
	return c.veil.shows(b.Index()) && (!c.remote.amChoking || c.grantFast(b))
}

// onCancel takes a request out of the queue. "The peer receiving the cancel
// should respond with either the corresponding reject or the corresponding
// piece" (BEP 6); if it is not in the queue, it has been answered.
func (c *Conn) onCancel(m wire.Message) error {
	b, ok, err := c.block(m)
	if !ok {
		return err
	}
	c.mu.Lock()
	defer c.posted()
	if c.out.remove(b) && c.fast {
		c.out.reject(b)
	}
	return nil
}

// onReject takes back a request of ours. One that the Manager does not know
// was cancelled; if none was, the count in answer finds out.
func (c *Conn) onReject(m wire.Message) error {
	b, ok, err := c.block(m)
	if !ok {
		return err
	}
	if err := c.answer(m.ID); err != nil {
		return err
	}
	if !c.cfg.Manager.Reject(c.peer, uint32(b.Index()), uint32(b.Begin()), uint32(b.Len())) {
		return nil
	}
	c.account() // so that blocks before this reject count as such
	if c.rejected() {
		c.wakeWriter()
	}
	return nil
}

// rejected notes a reject, and reports whether the writer should ask for more.
func (c *Conn) rejected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pipe.rejected(c.rx.now, 1)
	return c.pipe.low()
}

// onHint takes suggest piece and allowed fast, which may be about pieces that
// the remote does not have. Hints about pieces that nobody has are none.
func (c *Conn) onHint(m wire.Message) error {
	if c.rx.hints++; c.rx.hints > maxHints || int64(m.Index) >= int64(c.cfg.Layout.Pieces()) {
		return nil
	}
	if m.ID == wire.Suggest {
		c.cfg.Manager.Suggest(c.peer, m.Index)
		return nil
	}
	c.cfg.Manager.AllowFast(c.peer, m.Index)
	c.mu.Lock()
	c.remote.allowedFast++
	c.pipe.dry = false
	c.mu.Unlock()
	c.wakeWriter()
	return nil
}
