package peer

import (
	"encoding/binary"

	"gotor/peer/wire"
)

// TraceFunc is told of a message that was received, or that is about to be sent.
// That of a block has Length for its bytes and no Payload; keep-alives are left
// out. It is called from the goroutines that read and write, must not block, and
// must not keep the Payload.
type TraceFunc func(sent bool, m wire.Message)

// received tells of a message of the remote.
func (f TraceFunc) received(m wire.Message) {
	if f != nil {
		f(false, m)
	}
}

// sending tells of the whole messages in buf, which we have put together.
func (f TraceFunc) sending(buf []byte) {
	for f != nil && len(buf) >= 4 {
		end := 4 + int(binary.BigEndian.Uint32(buf))
		if m, err := wire.Parse(buf[4:min(end, len(buf))]); err == nil {
			f(true, m)
		}
		buf = buf[min(end, len(buf)):]
	}
}

// batch tells of what the writer has gathered: messages, then the header and the
// payload of each block.
func (f TraceFunc) batch(w *writer) {
	if f == nil {
		return
	}
	f.sending(w.buf)
	for i := 1; i+1 < len(w.up.bufs); i += 2 {
		f(true, blockOf(wire.ParsePieceHeader(w.up.bufs[i])))
	}
}

// blockOf is a piece message without its payload.
func blockOf(index, begin, length uint32) wire.Message {
	return wire.Message{ID: wire.Piece, Index: index, Begin: begin, Length: length}
}
