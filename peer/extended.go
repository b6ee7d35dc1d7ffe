package peer

import (
	"fmt"

	"gotor/peer/wire"
)

// localDontHave is the id under which we take lt_donthave messages. Those of
// Config.Extensions follow in order.
const localDontHave = 1

// extensions are the names of those whose messages we take, in the order of the
// ids that we chose for them.
type extensions []string

// ids returns the ids by name, as a handshake has them, with that of lt_donthave.
func (e extensions) ids() map[string]byte {
	m := map[string]byte{wire.ExtDontHave: localDontHave}
	for i, name := range e {
		m[name] = byte(localDontHave + 1 + i)
	}
	return m
}

// name returns whose id it is, nothing if it is nobody's.
func (e extensions) name(id byte) string {
	if i := int(id) - localDontHave - 1; i >= 0 && i < len(e) {
		return e[i]
	}
	return ""
}

// onExtended takes a message of the extension protocol.
func (r *reader) onExtended(m wire.Message) error {
	if !r.ext { // not negotiated
		return r.skipUnknown(m.ID, 0)
	}
	switch m.Ext {
	case wire.ExtHandshakeID:
		return r.onExtHandshake(m.Payload)
	case localDontHave:
		return r.onDontHave(m.Payload)
	}
	switch name := extensions(r.cfg.Extensions).name(m.Ext); name {
	case "":
		return r.skipUnknown(m.ID, 0)
	case wire.ExtMetadata:
		return r.onMetadata(m.Payload)
	default:
		if f := r.cfg.Events.Message; f != nil {
			f(name, m.Payload)
		}
		return nil
	}
}

// onDontHave "marks the piece as unavailable at the sending peer" (BEP 54).
// Requests for it are rejected (BEP 6), or run into the snub timer.
func (r *reader) onDontHave(payload []byte) error {
	m := r.cfg.Manager
	index, err := wire.ParseDontHave(payload)
	had := err == nil && int64(index) < int64(r.cfg.Layout.Pieces()) && m.RemoteHas(r.peer, int(index))
	if err == nil {
		err = m.SetDontHave(r.peer, index)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	if had {
		r.noteHave(r.has-1, -1)
	}
	return nil
}

// onExtHandshake takes an extension handshake. There may be several: "the m
// dictionary is additive" (BEP 10). One that makes no sense says nothing.
func (r *reader) onExtHandshake(payload []byte) error {
	if r.extHandshakes++; r.extHandshakes > maxExtHandshakes {
		return violation(wire.Extended, "%d handshakes", r.extHandshakes)
	}
	h, err := wire.ParseExtHandshake(payload)
	if err != nil {
		return nil
	}
	r.out.learn(h)
	if f := r.cfg.Events.Extended; f != nil {
		f(h)
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
func (c *Config) extHandshake(uploadOnly bool) wire.ExtHandshake {
	h := wire.ExtHandshake{
		M:            extensions(c.Extensions).ids(),
		Client:       c.Name,
		ReqQ:         c.ReqQ,
		YourIP:       c.Addr.Addr().Unmap(),
		MetadataSize: int64(len(c.Metadata)),
		UploadOnly:   uploadOnly,
	}
	if !c.Incoming { // "no need for the receiving side", whose port is known
		h.Port = c.ListenPort
	}
	return h
}

// extHandshake returns what we say about ourselves now. Under o.mu.
func (o *outbox) extHandshake() wire.ExtHandshake {
	return o.cfg.extHandshake(o.veil.uploadOnly && !o.veil.hidden)
}

// sendExtended is Conn.SendExtended.
func (o *outbox) sendExtended(name string, payload []byte) bool {
	o.mu.Lock()
	defer o.posted()
	id := o.remote.ids[name]
	if id != 0 {
		o.msgs.add(wire.Message{ID: wire.Extended, Ext: id, Payload: payload})
	}
	return id != 0
}

// setUploadOnly is Conn.SetUploadOnly.
func (o *outbox) setUploadOnly(on bool) {
	o.mu.Lock()
	defer o.posted()
	if o.veil.uploadOnly != on {
		o.veil.uploadOnly = on
		o.sayAgain()
	}
}

// sayAgain repeats the extension handshake. Under o.mu.
func (o *outbox) sayAgain() {
	if o.ext && !o.veil.hidden {
		o.msgs.ctl = wire.AppendExtHandshake(o.msgs.ctl, o.extHandshake())
	}
}
