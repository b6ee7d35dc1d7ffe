package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"gotor/peer/wire"
)

// What a remote says before the info dictionary is known cannot be judged yet.
// It is kept as it came, for the Conn. There is no memory limit of a torrent yet
// either, so everything here is bounded by itself: a Prelude holds 32 KiB for
// what it is looking at and what it keeps, and draws on a budget that all share
// for the rest.
const (
	// maxWhole is the longest message that is looked at; a block of metadata has
	// 16 KiB and a small dictionary. Longer ones, and those that nobody needs, are
	// dropped as they come.
	maxWhole = 20 << 10
	// freeKeep is how much a Prelude keeps without drawing on the budget: enough
	// for the field of 50,000 pieces.
	freeKeep = 8 << 10
	// maxKept bounds what one remote may say for the Conn: the longest bitfield
	// there can be, and 3,500 haves.
	maxKept = wire.MaxPieces/8 + 32<<10
	// keepBudget bounds what all together keep beyond freeKeep.
	keepBudget = 4 << 20
)

// errForgotten ends a Conn whose Prelude could not keep what it was told. The
// remote did nothing wrong.
var errForgotten = errors.New("there was no memory for what the peer said before the metadata was known")

// kept is what a Prelude keeps for the Conn. It is confined to Run, but for drawn.
type kept struct {
	mem    *Buffers
	replay []byte // messages; the last one may be unfinished
	said   int    // how much was to be kept, ever
	lost   bool   // and was not
	drawn  claim
}

// keep adds bytes of messages.
func (k *kept) keep(b []byte) error {
	if k.said += len(b); k.said > maxKept {
		return fmt.Errorf("%w: %d bytes before the metadata", ErrFlooded, k.said)
	}
	if need := len(k.replay) + len(b); need > cap(k.replay) && !k.lost {
		size := max(need, cap(k.replay)*5/4, 512)
		if k.lost = !k.drawn.raise(k.mem, int64(max(0, size-freeKeep))); k.lost {
			k.forget()
			return nil
		}
		k.replay = append(make([]byte, 0, size), k.replay...)
	}
	if !k.lost {
		k.replay = append(k.replay, b...)
	}
	return nil
}

// forget gives the memory back.
func (k *kept) forget() {
	k.replay = nil
	k.drawn.release(k.mem)
}

// use is what is done with a message.
type use uint8

const (
	useDrop use = iota
	useKeep     // for the Conn, without a look
	useLook     // once it is there as a whole
)

// useOf says what is done with a message that has n bytes behind the length
// prefix and begins with head, which has its id, and for an extended message
// that of the extension. known is false for messages that nobody understands.
func (p *Prelude) useOf(head []byte, n int) (u use, known bool) {
	switch id := wire.ID(head[0]); {
	case id == wire.Port:
		return useLook, true
	case id == wire.Extended:
		ext := int(head[1])
		switch {
		case n > maxWhole || ext > localDontHave+len(p.cfg.Extensions):
			return useDrop, false
		case ext == localDontHave:
			return useKeep, true
		}
		return useLook, true
	case id == wire.Request || id == wire.Cancel || id == wire.Piece || id == wire.Reject:
		return useDrop, true // we have nothing, and have asked for nothing
	case id <= wire.Port || id.Fast():
		return useKeep, true
	}
	return useDrop, false
}

// messages handles what has come. It returns the info dictionary when it is
// complete.
func (p *Prelude) messages() (info []byte, err error) {
	for info == nil && err == nil {
		var n int
		if n, err = p.begin(); err != nil {
			break
		}
		switch {
		case p.rest > 0 && len(p.unread) > 0:
			err = p.passOn()
		case p.rest > 0 || n == 0 || len(p.unread) < n:
			return nil, nil
		default:
			raw := p.unread[:n]
			p.unread = p.unread[n:]
			if n > 4 { // no keep-alive
				info, err = p.message(raw)
			}
		}
	}
	return info, err
}

// begin looks at the beginning of a message, unless one is under way, and returns
// how long it is with its prefix, 0 if too little of it has come. A message that
// is not to be looked at becomes p.rest.
func (p *Prelude) begin() (n int, err error) {
	if p.rest > 0 || len(p.unread) < 4 {
		return 0, nil
	}
	size := binary.BigEndian.Uint32(p.unread)
	if size == 0 {
		return 4, nil
	}
	if len(p.unread) < 5 {
		return 0, nil
	}
	id := wire.ID(p.unread[4])
	if err := (wire.Limits{}).Check(id, size); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	if id == wire.Extended && len(p.unread) < 6 { // it has two bytes at least
		return 0, nil
	}
	n = 4 + int(size)
	use, known := p.useOf(p.unread[4:], int(size))
	if !known {
		if p.unknown++; p.unknown > maxUnknown {
			return 0, violation(id, "%d messages of unknown types", p.unknown)
		}
	}
	if use != useLook {
		p.rest, p.keeps = n, use == useKeep
	}
	return n, nil
}

// passOn keeps or drops what has come of p.rest.
func (p *Prelude) passOn() error {
	n := min(p.rest, len(p.unread))
	b := p.unread[:n]
	p.unread = p.unread[n:]
	p.rest -= n
	if p.keeps {
		return p.keep(b)
	}
	return nil
}

// recall makes the reader begin with what the remote said to a Prelude.
func (r *reader) recall(p *Prelude) error {
	r.cfg.Conn.SetReadDeadline(time.Time{}) // a poke may have come too late
	if p.lost {
		return errForgotten
	}
	in := r.in
	in.replay = append(p.replay, p.unread...)
	p.unread = nil
	p.forget()
	if p.rest == 0 || p.keeps {
		return nil
	}
	for len(in.replay) > 0 || in.buffered() > 0 { // these are whole messages
		if err := r.readMessage(); err != nil {
			return err
		}
	}
	return in.discard(p.rest)
}
