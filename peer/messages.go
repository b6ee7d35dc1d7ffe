package peer

import (
	"fmt"

	"gotor/peer/wire"
	"gotor/piece"
)

// localDontHave is the id under which we take lt_donthave messages. Those of
// Config.Extensions follow in order.
const localDontHave = 1

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
		if f := c.cfg.Events.Port; f != nil {
			f(c, m.Port)
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
	c.mu.Lock()
	c.remote.peerChoking = true
	if !c.fast {
		c.pipe.dropped()
	}
	c.mu.Unlock()
	c.cfg.Manager.Choked(c.peer, c.fast)
}

// onUnchoke tells the Manager first, so that the writer, once woken, is given
// something to ask for.
func (c *Conn) onUnchoke() {
	c.cfg.Manager.Unchoked(c.peer)
	c.mu.Lock()
	c.remote.peerChoking = false
	c.pipe.unchoked()
	c.mu.Unlock()
	c.wakeWriter()
}

// onInterested tells the owner of changes only: a remote that says the same
// again and again costs it nothing.
func (c *Conn) onInterested(on bool) {
	c.mu.Lock()
	changed := c.remote.peerInterested != on
	c.remote.peerInterested = on
	c.mu.Unlock()
	if f := c.cfg.Events.Interested; f != nil && changed {
		f(c, on)
	}
}

// onHave takes one more piece of the remote.
func (c *Conn) onHave(index uint32) error {
	c.rx.havesSeen = true
	if err := c.cfg.Manager.SetHave(c.peer, index); err != nil {
		return violation(wire.Have, "%v", err)
	}
	c.noteSeed()
	return nil
}

// How many bitfields may come late: a burst, and so many more a second.
const (
	lateFieldBurst = 20
	lateFieldRate  = 5
)

// onField takes a message that says which pieces the remote has. "'bitfield' is
// only ever sent as the first message" (BEP 3), but aria2 sends one later where
// it is shorter than the haves it stands for: that is taken too, a few a second
// at most, since each costs work that grows with the torrent. have all and have
// none come once (BEP 6).
func (c *Conn) onField(m wire.Message) error {
	if c.rx.fields > 0 || c.rx.havesSeen {
		late := int(c.rx.now.Sub(c.born).Seconds())*lateFieldRate + lateFieldBurst
		if m.ID != wire.Bitfield || c.rx.fields > late {
			return violation(m.ID, "not the first message about pieces")
		}
	}
	c.rx.fields++
	switch m.ID {
	case wire.HaveAll:
		c.cfg.Manager.SetHaveAll(c.peer)
	case wire.HaveNone:
		c.cfg.Manager.SetHaveNone(c.peer)
	default:
		if err := c.cfg.Manager.SetBitfield(c.peer, m.Payload); err != nil {
			return violation(m.ID, "%v", err)
		}
	}
	c.noteSeed()
	return nil
}

// noteSeed keeps in mind whether the remote has everything, so that Have need
// not ask the Manager for each piece and peer.
func (c *Conn) noteSeed() {
	seed := c.cfg.Manager.RemoteSeed(c.peer)
	c.mu.Lock()
	c.remote.seed = seed
	c.mu.Unlock()
}

// block checks the three integers of a request, cancel or reject.
func (c *Conn) block(m wire.Message) (piece.Block, error) {
	b, ok := c.cfg.Layout.Block(m.Index, m.Begin, m.Length)
	if !ok {
		return b, violation(m.ID, "no bytes %d+%d in piece %d", m.Begin, m.Length, m.Index)
	}
	return b, nil
}

// onRequest queues what the remote asks for. What it may not have (we choke it,
// lack the piece, or have enough of its requests) is rejected, or without BEP 6
// forgotten. The queue is bounded because a request costs the remote 17 bytes
// and us 16 KiB (threat: request floods).
func (c *Conn) onRequest(m wire.Message) error {
	b, err := c.block(m)
	if err != nil {
		return err
	}
	have := c.cfg.Manager.Have(b.Index())
	c.mu.Lock()
	serve := have && !c.remote.amChoking && c.out.queued() < c.cfg.ReqQ
	switch {
	case serve:
		c.out.push(b)
	case c.fast:
		c.out.reject(b)
	}
	c.posted()
	return nil
}

// onCancel takes a request out of the queue. "The peer receiving the cancel
// should respond with either the corresponding reject or the corresponding
// piece" (BEP 6); if it is not in the queue, it has been answered.
func (c *Conn) onCancel(m wire.Message) error {
	b, err := c.block(m)
	if err != nil {
		return err
	}
	c.mu.Lock()
	if c.out.remove(b) && c.fast {
		c.out.reject(b)
	}
	c.posted()
	return nil
}

// onReject takes back a request of ours. One that the Manager does not know
// was cancelled; if none was, the count in answer finds out.
func (c *Conn) onReject(m wire.Message) error {
	b, err := c.block(m)
	if err != nil {
		return err
	}
	if err := c.answer(m.ID); err != nil {
		return err
	}
	if !c.cfg.Manager.Reject(c.peer, uint32(b.Index()), uint32(b.Begin()), uint32(b.Len())) {
		return nil
	}
	c.account() // so that blocks before this reject count as such
	c.mu.Lock()
	c.pipe.rejected(c.rx.now, 1)
	low := c.pipe.low()
	c.mu.Unlock()
	if low {
		c.wakeWriter()
	}
	return nil
}

// onHint takes suggest piece and allowed fast, which may be about pieces that
// the remote does not have.
func (c *Conn) onHint(m wire.Message) error {
	if int64(m.Index) >= int64(c.cfg.Layout.Pieces()) {
		return violation(m.ID, "no piece %d", m.Index)
	}
	if c.rx.hints++; c.rx.hints > maxHints {
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

// onExtended takes a message of the extension protocol.
func (c *Conn) onExtended(m wire.Message) error {
	if !c.ext {
		return violation(m.ID, "the extension protocol was not negotiated")
	}
	switch id := int(m.Ext); {
	case id == wire.ExtHandshakeID:
		return c.onExtHandshake(m.Payload)
	case id == localDontHave:
		return c.onDontHave(m.Payload)
	case id-localDontHave <= len(c.cfg.Extensions):
		if f := c.cfg.Events.Message; f != nil {
			f(c, c.cfg.Extensions[id-localDontHave-1], m.Payload)
		}
		return nil
	}
	return c.skipUnknown(m.ID, 0)
}

// onDontHave "marks the piece as unavailable at the sending peer" (BEP 54).
// Requests for it are rejected (BEP 6), or run into the snub timer.
func (c *Conn) onDontHave(payload []byte) error {
	index, err := wire.ParseDontHave(payload)
	if err == nil {
		err = c.cfg.Manager.SetDontHave(c.peer, index)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	c.noteSeed()
	return nil
}

// onExtHandshake takes an extension handshake. There may be several: "the m
// dictionary is additive" (BEP 10).
func (c *Conn) onExtHandshake(payload []byte) error {
	if c.rx.extHandshakes++; c.rx.extHandshakes > maxExtHandshakes {
		return violation(wire.Extended, "%d handshakes", c.rx.extHandshakes)
	}
	h, err := wire.ParseExtHandshake(payload)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	c.mu.Lock()
	c.remote.update(h)
	if h.ReqQ > 0 {
		c.pipe.setLimit(h.ReqQ)
	}
	c.mu.Unlock()
	if f := c.cfg.Events.Extended; f != nil {
		f(c, h)
	}
	return nil
}

// maxRemoteIDs bounds the extension names that are kept of one remote.
const maxRemoteIDs = 128

// update merges an extension handshake into what is known: "it's enough that it
// contains the actual changes to the extension list" (BEP 10).
func (r *remote) update(h wire.ExtHandshake) {
	if r.ids == nil {
		r.ids = make(map[string]byte, len(h.M))
	}
	for name, id := range h.M {
		if id == 0 {
			delete(r.ids, name)
		} else if len(r.ids) < maxRemoteIDs {
			r.ids[name] = id
		}
	}
	if h.Client != "" {
		r.client = h.Client
	}
	r.uploadOnly = h.UploadOnly
}

// extHandshake returns what we say about ourselves.
func (c *Conn) extHandshake() wire.ExtHandshake {
	h := wire.ExtHandshake{
		M:            map[string]byte{wire.ExtDontHave: localDontHave},
		Client:       c.cfg.Name,
		ReqQ:         c.cfg.ReqQ,
		YourIP:       c.cfg.Addr.Addr().Unmap(),
		MetadataSize: c.cfg.MetadataSize,
		UploadOnly:   c.cfg.UploadOnly,
	}
	for i, name := range c.cfg.Extensions {
		h.M[name] = byte(localDontHave + 1 + i)
	}
	if !c.cfg.Incoming { // "no need for the receiving side", whose port is known
		h.Port = c.cfg.ListenPort
	}
	return h
}
