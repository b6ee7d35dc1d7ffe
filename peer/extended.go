package peer

import (
	"fmt"

	"gotor/peer/wire"
)

// localDontHave is the id under which we take lt_donthave messages. Those of
// Config.Extensions follow in order.
const localDontHave = 1

// onExtended takes a message of the extension protocol.
func (c *Conn) onExtended(m wire.Message) error {
	if !c.ext { // not negotiated
		return c.skipUnknown(m.ID, 0)
	}
	switch id := int(m.Ext); {
	case id == wire.ExtHandshakeID:
		return c.onExtHandshake(m.Payload)
	case id == localDontHave:
		return c.onDontHave(m.Payload)
	case id-localDontHave <= len(c.cfg.Extensions):
		if c.cfg.Extensions[id-localDontHave-1] == wire.ExtMetadata {
			return c.onMetadata(m.Payload)
		}
		if f := c.cfg.Events.Message; f != nil {
			f(c.cfg.Extensions[id-localDontHave-1], m.Payload)
		}
		return nil
	}
	return c.skipUnknown(m.ID, 0)
}

// onDontHave "marks the piece as unavailable at the sending peer" (BEP 54).
// Requests for it are rejected (BEP 6), or run into the snub timer.
func (c *Conn) onDontHave(payload []byte) error {
	m := c.cfg.Manager
	index, err := wire.ParseDontHave(payload)
	had := err == nil && int64(index) < int64(c.cfg.Layout.Pieces()) && m.RemoteHas(c.peer, int(index))
	if err == nil {
		err = m.SetDontHave(c.peer, index)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	if had {
		c.noteHave(c.rx.has-1, -1)
	}
	return nil
}

// onExtHandshake takes an extension handshake. There may be several: "the m
// dictionary is additive" (BEP 10). One that makes no sense says nothing.
func (c *Conn) onExtHandshake(payload []byte) error {
	if c.rx.extHandshakes++; c.rx.extHandshakes > maxExtHandshakes {
		return violation(wire.Extended, "%d handshakes", c.rx.extHandshakes)
	}
	h, err := wire.ParseExtHandshake(payload)
	if err != nil {
		return nil
	}
	c.learn(h)
	if f := c.cfg.Events.Extended; f != nil {
		f(h)
	}
	return nil
}

// learn takes over what an extension handshake says.
func (c *Conn) learn(h wire.ExtHandshake) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remote.update(h)
	if h.ReqQ > 0 {
		c.pipe.setLimit(h.ReqQ)
	}
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

// extHandshake returns what we say about ourselves. Under c.mu.
func (c *Conn) extHandshake() wire.ExtHandshake {
	h := wire.ExtHandshake{
		M:            map[string]byte{wire.ExtDontHave: localDontHave},
		Client:       c.cfg.Name,
		ReqQ:         c.cfg.ReqQ,
		YourIP:       c.cfg.Addr.Addr().Unmap(),
		MetadataSize: int64(len(c.cfg.Metadata)),
		UploadOnly:   c.veil.uploadOnly && !c.veil.hidden,
	}
	for i, name := range c.cfg.Extensions {
		h.M[name] = byte(localDontHave + 1 + i)
	}
	if !c.cfg.Incoming { // "no need for the receiving side", whose port is known
		h.Port = c.cfg.ListenPort
	}
	return h
}

// SendExtended sends a message of the extension name. It reports false if the
// remote does not support it.
func (c *Conn) SendExtended(name string, payload []byte) bool {
	c.mu.Lock()
	defer c.posted()
	id := c.remote.ids[name]
	if id != 0 {
		c.out.ctl = wire.Append(c.out.ctl, wire.Message{ID: wire.Extended, Ext: id, Payload: payload})
	}
	return id != 0
}

// SetUploadOnly changes whether we want to download nothing, and says so if
// that is news to the remote (BEP 21: "a partial seed SHOULD include an extra
// header in the extension handshake"; BEP 10 allows later ones).
func (c *Conn) SetUploadOnly(on bool) {
	c.mu.Lock()
	defer c.posted()
	if c.veil.uploadOnly != on {
		c.veil.uploadOnly = on
		c.sayAgain()
	}
}

// sayAgain repeats the extension handshake. Under c.mu.
func (c *Conn) sayAgain() {
	if c.ext && !c.veil.hidden {
		c.out.ctl = wire.AppendExtHandshake(c.out.ctl, c.extHandshake())
	}
}
