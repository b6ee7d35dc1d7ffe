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

// receiver is the state of the reader goroutine.
type receiver struct {
	in  *inbuf
	now time.Time // of the last read

	// Arrived since the last account.
	blocks   int // that were claimed
	bytes    int // payload of any block
	requests int // of the remote that were queued

	port          portGate
	asked         int   // 1 + the piece that it last asked for
	has           int   // pieces that the remote has
	seed          bool  // it had all of them once
	answers       int64 // blocks and rejects, ever
	havesSeen     bool  // a have came
	fields        int   // bitfields, have alls and have nones that came
	unknown       int
	misses        int // requests and the like for bytes that there are not
	hints         int
	extHandshakes int
}

// read is the reader goroutine: it handles messages until something fails.
func (c *Conn) read() error {
	c.rx.now = time.Now()
	c.rx.in = newInbuf(c.cfg.Conn, c.mem, c.account, c.afterRead)
	defer c.rx.in.close()
	if p := c.cfg.Continue; p != nil {
		if err := c.recall(p); err != nil {
			return readError(err)
		}
	}
	for {
		if err := c.readMessage(); err != nil {
			return readError(err)
		}
	}
}

// readError says in words what the usual end of a connection is.
func readError(err error) error {
	if err == io.EOF {
		return fmt.Errorf("the peer closed the connection: %w", err)
	}
	return err
}

// readMessage reads and handles one message.
func (c *Conn) readMessage() error {
	in := c.rx.in
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
	if err := c.limit.Check(id, n); err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	if id == wire.Piece {
		return c.readPiece()
	}
	in.skip(4)
	if !known(id) {
		return c.skipUnknown(id, int(n))
	}
	body, err := in.body(int(n))
	if err != nil {
		return err
	}
	m, err := wire.Parse(body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	c.cfg.Events.Trace.received(m)
	return c.handle(m)
}

// readPiece reads a piece message whose length is within bounds: the header,
// then the payload straight to where it belongs.
func (c *Conn) readPiece() error {
	in := c.rx.in
	b, err := in.peek(wire.PieceHeaderLen)
	if err != nil {
		return err
	}
	index, begin, length := wire.ParsePieceHeader(b)
	in.skip(wire.PieceHeaderLen)
	c.cfg.Events.Trace.received(blockOf(index, begin, length))
	if err := c.answer(wire.Piece); err != nil {
		return err
	}
	m := c.cfg.Manager
	slab, err := m.Claim(c.peer, index, begin, length)
	if err != nil {
		return c.unwanted(err, int(length))
	}
	if err := c.fill(slab); err != nil {
		return err
	}
	m.Commit(c.peer, slab, c.rx.now)
	c.rx.blocks++
	c.rx.bytes += int(length)
	return nil
}

// fill reads a block into its slab, which it hands in if that fails.
func (c *Conn) fill(slab *piece.Slab) (err error) {
	full := false
	defer func() {
		if !full { // a panic, too
			c.cfg.Manager.Abort(c.peer, slab)
		}
	}()
	err = c.rx.in.readSlab(slab)
	full = err == nil
	return err
}

// unwanted drops the payload of a block that Claim had no use for.
func (c *Conn) unwanted(err error, length int) error {
	if !errors.Is(err, piece.ErrUnwanted) {
		return violation(wire.Piece, "%v", err)
	}
	c.rx.bytes += length
	return c.rx.in.discard(length)
}

// answer counts a message that answers a request. "If a peer receives a piece
// that was never requested, the peer MUST close the connection" (BEP 6); the
// Manager may have forgotten the request, so it is the number that decides.
func (c *Conn) answer(id wire.ID) error {
	c.rx.answers++
	if asked := c.asked.Load(); c.rx.answers > asked+maxUnasked {
		return violation(id, "%d answers to %d requests", c.rx.answers, asked)
	}
	return nil
}

// afterRead is called when bytes came off the connection.
func (c *Conn) afterRead(int) {
	c.rx.now = time.Now()
	c.lastRead.Store(int64(c.rx.now.Sub(c.born)))
}

// account books what arrived, before the reader waits for more, and wakes the
// writer if more should be asked for or answered.
func (c *Conn) account() {
	rx := &c.rx
	if rx.requests > 0 {
		rx.requests = 0
		c.wakeWriter()
	}
	if rx.bytes == 0 {
		return
	}
	c.downloaded.Add(int64(rx.bytes))
	revived, low := c.received()
	rx.blocks, rx.bytes = 0, 0
	if revived {
		c.cfg.Manager.Unsnub(c.peer)
	}
	if low {
		c.wakeWriter()
	}
}

// received tells the pipeline what arrived; see pipeline.received and low.
func (c *Conn) received() (revived, low bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	revived = c.pipe.received(c.rx.now, c.rx.blocks, c.rx.bytes)
	return revived, c.pipe.low()
}

// known reports whether handle has a case for id.
func known(id wire.ID) bool {
	return id <= wire.Port || id.Fast() || id == wire.Extended
}

// skipUnknown drops a message of a type that we did not negotiate.
func (c *Conn) skipUnknown(id wire.ID, n int) error {
	if id != wire.Extended { // else it was told of already
		c.cfg.Events.Trace.received(wire.Message{ID: id})
	}
	if c.rx.unknown++; c.rx.unknown > maxUnknown {
		return violation(id, "%d messages of unknown types", c.rx.unknown)
	}
	return c.rx.in.discard(n)
}
