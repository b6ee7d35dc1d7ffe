package peer

import (
	"fmt"
	"net"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// A batch of 16 KiB requests is read with one pread and written, with headers,
// with one writev. Seconds of processor time per GiB to a peer on loopback TCP,
// by blocks in a batch (16, 4, 1): pread and writev 0.37, 0.50, 0.87; sendfile
// from the page cache, with a send for each header, 0.58, 0.56, 0.68; writev
// out of a mapping 0.37, 0.57, 0.70. With 32 blocks pread and writev take another
// 6% less (the mean of pairs of runs, 1.16 and 1.10 times a bare server with
// batches of 16). What sendfile saves in copying it loses
// to two system calls for each block; it would win only for batches of one.
const (
	minBatch = 16 << 10
	maxBatch = 512 << 10
	// A batch is doubled when the remote took the last one within batchFast
	// and halved when that took longer than batchSlow: what is being written
	// stands in front of our own requests and have messages. What may sit
	// unsent in the kernel, which does so too, follows it up to maxUnsent.
	batchFast = 20 * time.Millisecond
	batchSlow = 100 * time.Millisecond
	maxUnsent = 256 << 10
)

// uploader is the part of the writer that answers requests.
type uploader struct {
	quota  quota
	size   int           // bytes of a batch
	unsent int           // what limitUnsent was told
	took   []piece.Block // the batch
	head   []byte        // the headers of its piece messages
	data   *buffer       // its payload
	bytes  int           // how much that is
	told   int           // how much of it taken has told of
	bufs   net.Buffers   // what is written: messages in one, then header and payload of each block
	left   net.Buffers   // of bufs, while writing
}

// gatherPayload takes requests out of the queue, reads their bytes and appends
// them to the vector. It reports whether there may be more to send at once.
// Payload is taken only now, one batch at a time: what is still queued can be
// cancelled, or thrown out when we choke (BEP 3).
func (c *Conn) gatherPayload(now time.Time) (more bool) {
	u := &c.tx.up
	u.size = max(u.size, minBatch)
	c.mu.Lock()
	waiting := c.out.bytes
	c.mu.Unlock()
	if waiting == 0 {
		return false
	}
	want := min(u.size, waiting)
	if !c.mem.roomToLend(want) {
		want = min(want, minBatch)
	}
	granted, again := u.quota.ask(now, want)
	if granted < min(want, minBatch) {
		c.tx.later(again)
		return false
	}
	waiting = c.popBatch(granted)
	c.readBatch()
	u.quota.use(u.bytes)
	return waiting > 0
}

// popBatch takes requests of at most max bytes for the batch, and returns how many
// bytes are left.
func (c *Conn) popBatch(max int) (left int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tx.up.took = c.out.pop(c.tx.up.took[:0], max)
	return c.out.bytes
}

// Serving reports whether there is something that the remote asked for and the
// connection has not yet taken. It is for owners that set Events.Served.
func (c *Conn) Serving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.owing
}

// served follows a turn of the writer, and tells the owner when nothing is left of
// what the remote asked for: it was written, cancelled, or thrown out.
func (c *Conn) served() {
	if f := c.cfg.Events.Served; f != nil && c.owesNothing() {
		f()
	}
}

// owesNothing reports whether Serving has just come to its end.
func (c *Conn) owesNothing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.out.owing
	c.out.owing = c.out.queued() > 0
	return was && !c.out.owing
}

// readBatch reads the blocks of the batch, neighbours with one read.
func (c *Conn) readBatch() {
	u := &c.tx.up
	total := 0
	for _, b := range u.took {
		total += b.Len()
	}
	if total == 0 {
		return
	}
	if unsent := min(2*u.size, maxUnsent); u.unsent != unsent {
		u.unsent = unsent
		limitUnsent(c.cfg.Conn, unsent)
	}
	u.data = c.mem.lend(classFor(total))
	u.head = u.head[:0]
	for rest, free := u.took, u.data.b; len(rest) > 0; {
		n, size := run(rest)
		c.readRun(rest[:n], free[:size])
		rest, free = rest[n:], free[size:]
	}
	if u.bytes == 0 { // nothing could be read
		u.release(c.mem)
	}
}

// run returns how many of the blocks, of which there is at least one, follow
// each other in one piece, and how many bytes they have.
func run(blocks []piece.Block) (n, size int) {
	first := blocks[0]
	for _, b := range blocks {
		if b.Index() != first.Index() || b.Begin() != first.Begin()+size {
			break
		}
		n++
		size += b.Len()
	}
	return n, size
}

// readRun reads neighbouring blocks into data and appends them to the vector.
func (c *Conn) readRun(blocks []piece.Block, data []byte) {
	first := blocks[0]
	if !c.cfg.Manager.Have(first.Index()) { // gone since it was asked for
		c.refuse(blocks)
		return
	}
	off := c.cfg.Layout.Offset(first.Index()) + int64(first.Begin())
	if n, err := c.cfg.Store.ReadAt(data, off); n < len(data) {
		c.refuse(blocks)
		if f := c.cfg.Events.ReadFailed; f != nil {
			f(fmt.Errorf("read piece %d for an upload: %w", first.Index(), err))
		}
		return
	}
	u := &c.tx.up
	u.bytes += len(data)
	for _, b := range blocks {
		at := len(u.head)
		u.head = wire.AppendPieceHeader(u.head, uint32(b.Index()), uint32(b.Begin()), uint32(b.Len()))
		u.bufs = append(u.bufs, u.head[at:], data[:b.Len()])
		data = data[b.Len():]
	}
}

// refuse answers requests that were accepted and cannot be served.
func (c *Conn) refuse(blocks []piece.Block) {
	c.mu.Lock()
	defer c.posted()
	for _, b := range blocks {
		if c.fast {
			c.out.reject(b)
		}
	}
}

// write writes what is left of the vector; an error leaves the rest there. A
// TCP connection takes it all in one system call. Others, which may encrypt or
// cut into packets, get one buffer.
func (u *uploader) write(conn net.Conn, mem *Buffers) (n int64, err error) {
	if _, ok := conn.(*net.TCPConn); ok && len(u.left) > 1 {
		return u.left.WriteTo(conn)
	}
	for len(u.left) > 0 && err == nil {
		var k int
		if len(u.left) == 1 {
			k, err = conn.Write(u.left[0])
		} else {
			k, err = u.writeFlat(conn, mem)
		}
		u.consume(k)
		n += int64(k)
	}
	return n, err
}

// writeFlat writes as much of the vector as one pooled buffer holds.
func (u *uploader) writeFlat(conn net.Conn, mem *Buffers) (int, error) {
	total := 0
	for _, b := range u.left {
		total += len(b)
	}
	flat := mem.lend(classFor(total))
	defer mem.put(flat)
	n := 0
	for _, b := range u.left {
		n += copy(flat.b[n:], b)
	}
	return conn.Write(flat.b[:n])
}

// consume takes the first n bytes off what is left.
func (u *uploader) consume(n int) {
	for len(u.left) > 0 && n >= len(u.left[0]) {
		n -= len(u.left[0])
		u.left = u.left[1:]
	}
	if n > 0 {
		u.left[0] = u.left[0][n:]
	}
}

// taken returns how many bytes of blocks the connection has taken since taken
// was called last. Messages and headers do not count.
func (u *uploader) taken() int64 {
	rest, gone := 0, len(u.bufs)-len(u.left)
	for i, b := range u.left {
		if at := gone + i; at > 0 && at%2 == 0 {
			rest += len(b)
		}
	}
	n := u.bytes - rest - u.told
	u.told += n
	return int64(n)
}

// sent ends a batch that began to be written at start.
func (u *uploader) sent(start time.Time, mem *Buffers) {
	if u.bytes == 0 {
		return
	}
	switch d := time.Since(start); {
	case d < batchFast && u.bytes >= u.size/2:
		u.size = min(2*u.size, maxBatch)
	case d > batchSlow:
		u.size = max(u.size/2, minBatch)
	}
	u.release(mem)
}

// release gives the memory of the batch back.
func (u *uploader) release(mem *Buffers) {
	if u.data != nil {
		mem.put(u.data)
		u.data = nil
	}
	u.bytes, u.told = 0, 0
}
