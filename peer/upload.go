package peer

import (
	"net"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// A batch of 16 KiB requests is read with one pread and written, with headers, with
// one writev: what sendfile saves in copying it loses to two system calls for each
// block (docs/measured.md, peer).
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

// uploader is the part of the writer that answers requests; confined to it.
type uploader struct {
	*link
	out *outbox

	quota  quotas
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

// gather takes requests out of the queue, reads their bytes and appends them to the
// vector. It reports whether there may be more to send at once, or when to try
// again. Payload is taken only now, one batch at a time: what is still queued can
// be cancelled, or thrown out when we choke (BEP 3).
func (u *uploader) gather(now time.Time) (more bool, again time.Time) {
	u.size = max(u.size, minBatch)
	waiting := u.out.waiting()
	if waiting == 0 {
		return false, time.Time{}
	}
	want := min(u.size, waiting)
	if !u.mem.roomToLend(want) {
		want = min(want, minBatch)
	}
	granted, again := u.quota.ask(now, want)
	if granted < min(want, minBatch) {
		return false, again
	}
	u.took, waiting = u.out.popBatch(u.took[:0], granted)
	u.readBatch()
	u.quota.use(u.bytes)
	return waiting > 0, time.Time{}
}

// readBatch reads the blocks of the batch, neighbours with one read.
func (u *uploader) readBatch() {
	total := 0
	for _, b := range u.took {
		total += b.Len()
	}
	if total == 0 {
		return
	}
	if unsent := min(2*u.size, maxUnsent); u.unsent != unsent {
		u.unsent = unsent
		limitUnsent(u.cfg.Conn, unsent)
	}
	u.data = u.mem.lend(classFor(total))
	u.head = u.head[:0]
	for rest, free := u.took, u.data.b; len(rest) > 0; {
		n, size := run(rest)
		u.readRun(rest[:n], free[:size])
		rest, free = rest[n:], free[size:]
	}
	if u.bytes == 0 { // nothing could be read
		u.release()
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
func (u *uploader) readRun(blocks []piece.Block, data []byte) {
	first := blocks[0]
	if !u.cfg.Manager.Have(first.Index()) { // gone since it was asked for
		u.out.refuse(blocks...)
		return
	}
	off := u.cfg.Layout.Offset(first.Index()) + int64(first.Begin())
	if n, err := u.cfg.Store.ReadAt(data, off); n < len(data) {
		u.out.refuse(blocks...)
		if f := u.cfg.Events.ReadFailed; f != nil {
			f(first.Index(), err)
		}
		return
	}
	u.bytes += len(data)
	for _, b := range blocks {
		at := len(u.head)
		u.head = wire.AppendPieceHeader(u.head, uint32(b.Index()), uint32(b.Begin()), uint32(b.Len()))
		u.bufs = append(u.bufs, u.head[at:], data[:b.Len()])
		data = data[b.Len():]
	}
}

// write writes what is left of the vector; an error leaves the rest there. A
// TCP connection takes it all in one system call. Others, which may encrypt or
// cut into packets, get one buffer.
func (u *uploader) write() (n int64, err error) {
	conn := u.cfg.Conn
	if _, ok := conn.(*net.TCPConn); ok && len(u.left) > 1 {
		return u.left.WriteTo(conn)
	}
	for len(u.left) > 0 && err == nil {
		var k int
		if len(u.left) == 1 {
			k, err = conn.Write(u.left[0])
		} else {
			k, err = u.writeFlat(conn)
		}
		u.consume(k)
		n += int64(k)
	}
	return n, err
}

// writeFlat writes as much of the vector as one pooled buffer holds.
func (u *uploader) writeFlat(conn net.Conn) (int, error) {
	total := 0
	for _, b := range u.left {
		total += len(b)
	}
	flat := u.mem.lend(classFor(total))
	defer u.mem.put(flat)
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
func (u *uploader) sent(start time.Time) {
	if u.bytes == 0 {
		return
	}
	switch d := time.Since(start); {
	case d < batchFast && u.bytes >= u.size/2:
		u.size = min(2*u.size, maxBatch)
	case d > batchSlow:
		u.size = max(u.size/2, minBatch)
	}
	u.release()
}

// release gives the memory of the batch back.
func (u *uploader) release() {
	if u.data != nil {
		u.mem.put(u.data)
		u.data = nil
	}
	u.bytes, u.told = 0, 0
}
