package peer

import (
	"math/bits"

	"gotor/peer/wire"
	"gotor/piece"
)

// handle acts on one message other than piece.
func (r *reader) handle(m wire.Message) error {
	if m.ID.Fast() && !r.fast {
		// "When the fast extension is disabled, [...] the peer MUST close the
		// connection" (BEP 6, of each of its messages).
		return violation(m.ID, "the fast extension was not negotiated")
	}
	switch m.ID {
	case wire.Choke:
		r.onChoke()
	case wire.Unchoke:
		r.onUnchoke()
	case wire.Interested, wire.NotInterested:
		r.onInterested(m.ID == wire.Interested)
	case wire.Have:
		return r.onHave(m.Index)
	case wire.Bitfield, wire.HaveAll, wire.HaveNone:
		return r.onField(m)
	case wire.Request:
		return r.onRequest(m)
	case wire.Cancel:
		return r.onCancel(m)
	case wire.Reject:
		return r.onReject(m)
	case wire.Suggest, wire.AllowedFast:
		return r.onHint(m)
	case wire.Port:
		if f := r.cfg.Events.Port; f != nil && r.port.passes(m.Port, r.now) {
			f(m.Port)
		}
	case wire.Extended:
		return r.onExtended(m)
	}
	return nil
}

// onChoke: "no data will be sent until unchoking happens" (BEP 3). Without
// BEP 6 what was asked for is void; with it "choke no longer implicitly rejects
// all pending requests", each is answered by a block or a reject.
func (r *reader) onChoke() {
	if r.choking {
		return
	}
	r.choking = true
	r.out.ask.choked()
	r.cfg.Manager.Choked(r.peer, r.fast)
}

// onUnchoke tells the Manager first, so that the writer, once woken, is given
// something to ask for.
func (r *reader) onUnchoke() {
	if !r.choking {
		return
	}
	r.choking = false
	r.cfg.Manager.Unchoked(r.peer)
	r.out.ask.unchoked(r.now)
}

// onInterested tells the owner of changes only: a remote that says the same
// again and again costs it nothing.
func (r *reader) onInterested(on bool) {
	changed, waits := r.out.wants(on, r.now)
	if waits {
		r.wakeWriter()
	}
	if f := r.cfg.Events.Interested; f != nil && changed {
		f(on)
	}
}

// onHave takes one more piece of the remote.
func (r *reader) onHave(index uint32) error {
	r.havesSeen = true
	m := r.cfg.Manager
	if int64(index) < int64(r.cfg.Layout.Pieces()) && m.RemoteHas(r.peer, int(index)) {
		return nil
	}
	if err := m.SetHave(r.peer, index); err != nil {
		return violation(wire.Have, "%v", err)
	}
	r.noteHave(r.has+1, int(index))
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
func (r *reader) onField(m wire.Message) error {
	if r.fields > 0 || r.havesSeen {
		if late := int(r.now.Sub(r.born).Seconds())*lateFieldRate + lateFieldBurst; r.fields > late {
			return violation(m.ID, "%d messages about all pieces", r.fields)
		}
	}
	r.fields++
	has := 0
	switch m.ID {
	case wire.HaveAll:
		r.cfg.Manager.SetHaveAll(r.peer)
		has = r.cfg.Layout.Pieces()
	case wire.HaveNone:
		r.cfg.Manager.SetHaveNone(r.peer)
	default:
		clearSpare(m.Payload, r.cfg.Layout.Pieces())
		if err := r.cfg.Manager.SetBitfield(r.peer, m.Payload); err != nil {
			return violation(m.ID, "%v", err)
		}
		for _, b := range m.Payload {
			has += bits.OnesCount8(b)
		}
	}
	r.noteHave(has, -1)
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
func (r *reader) noteHave(has, piece int) {
	more := has > r.has
	r.has = has
	seed := has == r.cfg.Layout.Pieces()
	r.out.remoteHas(has, seed)
	if f := r.cfg.Events.Gained; f != nil && more {
		f(piece, has)
	}
	if f := r.cfg.Events.Seed; f != nil && seed && !r.seed {
		f()
	}
	r.seed = r.seed || seed
}

// block checks the three integers of a request, cancel or reject. Bytes that there
// are not cost the remote the message, as they do with other clients, and its
// connection only when it does not stop.
func (r *reader) block(m wire.Message) (b piece.Block, ok bool, err error) {
	if b, ok = r.cfg.Layout.Block(m.Index, m.Begin, m.Length); ok {
		return b, true, nil
	}
	if r.misses++; r.misses > maxMisses {
		return b, false, violation(m.ID, "no bytes %d+%d in piece %d, and %d more like that", m.Begin, m.Length, m.Index, maxMisses)
	}
	return b, false, nil
}

// onRequest queues what the remote asks for. What it may not have (we choke it,
// lack the piece, or have enough of its requests) is rejected, or without BEP 6
// forgotten. The queue is bounded because a request costs the remote 17 bytes
// and us 16 KiB (threat: request floods).
func (r *reader) onRequest(m wire.Message) error {
	b, ok, err := r.block(m)
	if !ok {
		r.out.refuseRaw(m.Index, m.Begin, m.Length)
		return err
	}
	if r.out.accepts(b, r.cfg.Manager.Have(b.Index())) {
		if f := r.cfg.Events.Asked; f != nil && r.wanted != b.Index()+1 {
			r.wanted = b.Index() + 1
			f(b.Index())
		}
		// The writer is woken when a batch is there, or the last one (see account).
		if r.requests++; r.requests >= maxBatch/piece.BlockSize {
			r.account()
		}
		return nil
	}
	r.out.refuse(b)
	return nil
}

// onCancel takes a request out of the queue. "The peer receiving the cancel
// should respond with either the corresponding reject or the corresponding
// piece" (BEP 6); if it is not in the queue, it has been answered.
func (r *reader) onCancel(m wire.Message) error {
	b, ok, err := r.block(m)
	if !ok {
		return err
	}
	r.out.takeBack(b)
	return nil
}

// onReject takes back a request of ours. One that the Manager does not know
// was cancelled; if none was, the count in answer finds out.
func (r *reader) onReject(m wire.Message) error {
	b, ok, err := r.block(m)
	if !ok {
		return err
	}
	if err := r.answer(m.ID); err != nil {
		return err
	}
	if !r.cfg.Manager.Reject(r.peer, uint32(b.Index()), uint32(b.Begin()), uint32(b.Len())) {
		return nil
	}
	r.account() // so that blocks before this reject count as such
	if r.out.ask.rejected(r.now) {
		r.wakeWriter()
	}
	return nil
}

// onHint takes suggest piece and allowed fast, which may be about pieces that
// the remote does not have. Hints about pieces that nobody has are none.
func (r *reader) onHint(m wire.Message) error {
	if r.hints++; r.hints > maxHints || int64(m.Index) >= int64(r.cfg.Layout.Pieces()) {
		return nil
	}
	if m.ID == wire.Suggest {
		r.cfg.Manager.Suggest(r.peer, m.Index)
		return nil
	}
	r.cfg.Manager.AllowFast(r.peer, m.Index)
	r.out.ask.allow()
	return nil
}
