package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

const (
	// maxUnasked is how many more blocks and rejects than were asked for are
	// forgiven. Every answer belongs to a request, so an honest remote never
	// needs it.
	maxUnasked = 16
	// maxMisses is how many requests, cancels and rejects for bytes that there are
	// not are forgiven; libtorrent forgives 300.
	maxMisses = 300
	// maxUnknown is how many messages of unknown types are skipped.
	maxUnknown = 1000
	// maxHints bounds the suggest and allowed fast messages that are listened
	// to; BEP 6 speaks of ten.
	maxHints = 256
	// maxExtHandshakes bounds how often a remote may change its mind about
	// extensions; each costs a parse and some memory.
	maxExtHandshakes = 100
)

// reader is the goroutine that reads, and its state: what it alone knows of the
// remote. What others have to know, too, goes to the outbox.
type reader struct {
	*link
	out  *outbox
	peer *piece.Peer // set before it runs

	in  *inbuf
	now time.Time // of the last read

	// Arrived since the last account.
	blocks   int // that were claimed
	bytes    int // payload of any block
	requests int // of the remote that were queued

	port          portGate
	wanted        int   // 1 + the piece that it last asked for
	has           int   // pieces that the remote has
	seed          bool  // it had all of them once
	choking       bool  // it chokes us
	answers       int64 // blocks and rejects, ever
	havesSeen     bool  // a have came
	fields        int   // bitfields, have alls and have nones that came
	unknown       int
	misses        int // requests and the like for bytes that there are not
	hints         int
	extHandshakes int
}

// run handles messages until something fails.
func (r *reader) run() error {
	r.open()
	defer r.in.close()
	if p := r.cfg.Continue; p != nil {
		if err := r.recall(p); err != nil {
			return readError(err)
		}
	}
	for {
		if err := r.readMessage(); err != nil {
			return readError(err)
		}
	}
}

// open gets the reader a buffer, which calls it back.
func (r *reader) open() {
	r.now = time.Now()
	r.in = newInbuf(r.cfg.Conn, r.mem, r.account, r.afterRead)
}

// readError says in words what the usual end of a connection is.
func readError(err error) error {
	if err == io.EOF {
		return fmt.Errorf("the peer closed the connection: %w", err)
	}
	return err
}

// readMessage reads and handles one message.
func (r *reader) readMessage() error {
	in := r.in
	b, err := in.peek(4)
	if err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(b)
	if n == 0 { // keep-alive
		in.skip(4)
		return nil
	}
	if b, err = in.peek(5); err != nil {
		return err
	}
	id := wire.ID(b[4])
	if err := r.limit.Check(id, n); err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	if id == wire.Piece {
		return r.readPiece()
	}
	in.skip(4)
	if !known(id) {
		return r.skipUnknown(id, int(n))
	}
	body, err := in.body(int(n))
	if err != nil {
		return err
	}
	m, err := wire.Parse(body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	r.cfg.Events.Trace.received(m)
	return r.handle(m)
}

// readPiece reads a piece message whose length is within bounds: the header,
// then the payload straight to where it belongs.
func (r *reader) readPiece() error {
	in := r.in
	b, err := in.peek(wire.PieceHeaderLen)
	if err != nil {
		return err
	}
	index, begin, length := wire.ParsePieceHeader(b)
	in.skip(wire.PieceHeaderLen)
	r.cfg.Events.Trace.received(blockOf(index, begin, length))
	if err := r.answer(wire.Piece); err != nil {
		return err
	}
	m := r.cfg.Manager
	slab, err := m.Claim(r.peer, index, begin, length)
	if err != nil {
		return r.unwanted(err, int(length))
	}
	if err := r.fill(slab); err != nil {
		return err
	}
	m.Commit(r.peer, slab, r.now)
	r.blocks++
	r.bytes += int(length)
	return nil
}

// fill reads a block into its slab, which it hands in if that fails.
func (r *reader) fill(slab *piece.Slab) (err error) {
	full := false
	defer func() {
		if !full { // a panic, too
			r.cfg.Manager.Abort(r.peer, slab)
		}
	}()
	err = r.in.readSlab(slab)
	full = err == nil
	return err
}

// unwanted drops the payload of a block that Claim had no use for.
func (r *reader) unwanted(err error, length int) error {
	if !errors.Is(err, piece.ErrUnwanted) {
		return violation(wire.Piece, "%v", err)
	}
	r.bytes += length
	return r.in.discard(length)
}

// answer counts a message that answers a request. "If a peer receives a piece
// that was never requested, the peer MUST close the connection" (BEP 6); the
// Manager may have forgotten the request, so it is the number that decides.
func (r *reader) answer(id wire.ID) error {
	r.answers++
	if asked := r.tally.asked.Load(); r.answers > asked+maxUnasked {
		return violation(id, "%d answers to %d requests", r.answers, asked)
	}
	return nil
}

// afterRead is called when bytes came off the connection.
func (r *reader) afterRead(int) {
	r.now = time.Now()
	r.tally.lastRead.Store(int64(r.now.Sub(r.born)))
}

// account books what arrived, before the reader waits for more, and wakes the
// writer if more should be asked for or answered.
func (r *reader) account() {
	if r.requests > 0 {
		r.requests = 0
		r.wakeWriter()
	}
	if r.bytes == 0 {
		return
	}
	r.tally.downloaded.Add(int64(r.bytes))
	revived, low := r.out.ask.received(r.now, r.blocks, r.bytes)
	r.blocks, r.bytes = 0, 0
	if revived {
		r.cfg.Manager.Unsnub(r.peer)
	}
	if low {
		r.wakeWriter()
	}
}

// known reports whether handle has a case for id.
func known(id wire.ID) bool {
	return id <= wire.Port || id.Fast() || id == wire.Extended
}

// skipUnknown drops a message of a type that we did not negotiate.
func (r *reader) skipUnknown(id wire.ID, n int) error {
	if id != wire.Extended { // else it was told of already
		r.cfg.Events.Trace.received(wire.Message{ID: id})
	}
	if r.unknown++; r.unknown > maxUnknown {
		return violation(id, "%d messages of unknown types", r.unknown)
	}
	return r.in.discard(n)
}
