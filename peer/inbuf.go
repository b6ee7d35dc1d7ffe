package peer

import (
	"net"

	"gotor/peer/wire"
	"gotor/piece"
)

// inbuf is the read side of a connection: a stream of bytes, parsed in place.
//
// On a TCP connection under Linux it reads ahead into memory that is cut the
// way the stream is expected to be: 13 bytes for the header of a piece message,
// 16 KiB for its block, and again. A block that lies where it was expected is
// not copied: its memory becomes the slab's, and the slab's becomes ours. Each
// read begins with what is missing of the current block, so what did not fit,
// because another message came in between, fits again after the next read.
// Elsewhere it is one buffer, from which blocks are copied.
//
// For a stream of 16 KiB blocks over loopback TCP and slabs out of 16 MiB, CPU
// seconds per GiB (a bare loop of 256 KiB reads: 0.23): this 0.30; one buffer of
// 256 KiB and a copy 0.42; readv into [rest of slab, buffer] 0.45; header and
// payload each with a read of its own 0.55.
//
// The buffer starts at 4 KiB and grows to 256 KiB while reads fill it, so that
// idle connections hold next to nothing; it shrinks again when reads stay
// small.
type inbuf struct {
	conn   net.Conn
	vec    *vectorReader // nil: conn reads into one buffer at a time
	mem    *Buffers
	before func()      // called before every read of the connection
	after  func(n int) // and after it, if n > 0 bytes came

	replay []byte // what comes before the connection's bytes

	class int
	segs  []segment // the memory
	seg   int       // the unread bytes begin in segs[seg].b[off:]
	off   int
	have  int // how many there are; they run on through the segments

	full    bool // the last read filled everything
	small   int  // reads in a row that needed less than a quarter of it
	scratch [maxPeek]byte
}

// segment is a stretch of an inbuf's memory.
type segment struct {
	b   []byte
	own *buffer // whose memory it is; nil for the bytes of a header
}

const (
	// maxPeek is the most that peek returns: every fixed message fits.
	maxPeek = 64
	// shrinkAfter is how many small reads in a row make the buffer shrink.
	shrinkAfter = 32
)

func newInbuf(conn net.Conn, mem *Buffers, before func(), after func(int)) *inbuf {
	b := &inbuf{conn: conn, vec: newVectorReader(conn), mem: mem, before: before, after: after}
	b.allocate(smallBuffer)
	return b
}

// close gives the memory back.
func (b *inbuf) close() {
	for _, s := range b.segs {
		if s.own != nil {
			s.own.b = s.b
			b.mem.put(s.own)
		}
	}
	b.segs = nil
}

// allocate makes segments for a class.
func (b *inbuf) allocate(class int) {
	b.close()
	b.class = class
	if class == smallBuffer || b.vec == nil {
		x := b.mem.get(class)
		b.segs = []segment{{x.b, x}}
		return
	}
	n := bufferSizes[class] / piece.BlockSize
	b.segs = make([]segment, 0, 2*n)
	heads := make([]byte, n*wire.PieceHeaderLen)
	for i := range n {
		x := b.mem.get(blockBuffer)
		b.segs = append(b.segs, segment{b: heads[i*wire.PieceHeaderLen:][:wire.PieceHeaderLen:wire.PieceHeaderLen]}, segment{x.b, x})
	}
}

// buffered returns how many bytes can be had without a read.
func (b *inbuf) buffered() int { return b.have }

// peek returns the next n bytes, at most maxPeek, without taking them. They
// are valid until the next call.
func (b *inbuf) peek(n int) ([]byte, error) {
	for b.have < n {
		if _, err := b.fill(nil); err != nil {
			return nil, err
		}
	}
	if s := b.segs[b.seg].b; b.off+n <= len(s) {
		return s[b.off : b.off+n], nil
	}
	b.copyOut(b.scratch[:n])
	return b.scratch[:n], nil
}

// skip takes n bytes that are there.
func (b *inbuf) skip(n int) {
	b.have -= n
	b.off += n
	for b.off >= len(b.segs[b.seg].b) && b.seg < len(b.segs)-1 {
		b.off -= len(b.segs[b.seg].b)
		b.seg++
	}
}

// copyOut copies unread bytes to dst and returns how many; they stay unread.
func (b *inbuf) copyOut(dst []byte) int {
	dst = dst[:min(len(dst), b.have)]
	n := 0
	for seg, off := b.seg, b.off; n < len(dst); seg, off = seg+1, 0 {
		n += copy(dst[n:], b.segs[seg].b[off:])
	}
	return n
}

// fill reads once: into first, which must be empty unless nothing is unread,
// and on into the buffer. It returns how many bytes went to first.
func (b *inbuf) fill(first []byte) (int, error) {
	keep := b.copyOut(b.scratch[:])
	b.resize()
	b.seg, b.off, b.have = 0, 0, keep
	seg, off := 0, 0
	for n := 0; n < keep; { // the bytes go to the front
		k := copy(b.segs[seg].b[off:], b.scratch[n:keep])
		n += k
		if off += k; off == len(b.segs[seg].b) {
			seg, off = seg+1, 0
		}
	}
	if len(b.replay) > 0 {
		return 0, b.fillReplay(seg, off)
	}
	free := bufferSizes[b.class] - keep
	b.before()
	n, err := b.readInto(first, seg, off)
	if n == 0 {
		return 0, err
	}
	b.after(n) // should there be an error too, it will come again
	to := min(n, len(first))
	n -= to
	b.have += n
	b.full = n >= free
	if b.small++; n >= free/4 {
		b.small = 0
	}
	return to, nil
}

// fillReplay takes bytes that were read before this inbuf was made, from
// segs[seg].b[off:] on.
func (b *inbuf) fillReplay(seg, off int) error {
	b.before()
	for ; seg < len(b.segs) && len(b.replay) > 0; seg, off = seg+1, 0 {
		n := copy(b.segs[seg].b[off:], b.replay)
		b.replay = b.replay[n:]
		b.have += n
	}
	return nil
}

// readInto reads once: into first and on into the segments from segs[seg].b[off:],
// or only into one of them if the connection can do no better.
func (b *inbuf) readInto(first []byte, seg, off int) (int, error) {
	switch {
	case b.vec != nil:
		return b.vec.read(first, b.segs[seg:], off)
	case len(first) > 0:
		return b.conn.Read(first)
	}
	return b.conn.Read(b.segs[seg].b[off:])
}

// resize changes the memory for more or less of it if the last reads ask for
// it. No byte may be unread but those that fill has put aside.
func (b *inbuf) resize() {
	class := b.class
	switch {
	case b.full && class < largeBuffer:
		class++
	case b.small >= shrinkAfter && class > smallBuffer:
		class--
	default:
		return
	}
	b.full, b.small = false, 0
	if class < b.class || b.mem.room(class) {
		b.allocate(class)
	}
}

// readFull fills dst.
func (b *inbuf) readFull(dst []byte) error {
	for {
		n := b.copyOut(dst)
		b.skip(n)
		if dst = dst[n:]; len(dst) == 0 {
			return nil
		}
		direct := dst
		if b.vec == nil && len(dst) < bufferSizes[b.class] {
			direct = nil // one large read and a copy
		}
		n, err := b.fill(direct)
		if err != nil {
			return err
		}
		dst = dst[n:]
	}
}

// readSlab fills a slab. If its bytes begin where a block was expected, the
// memory changes hands instead of the bytes.
func (b *inbuf) readSlab(s *piece.Slab) error {
	dst := s.Bytes()
	g := &b.segs[b.seg]
	if b.off == 0 && b.have > 0 && len(dst) == piece.BlockSize && len(g.b) == len(dst) {
		g.b = s.Swap(g.b)
		n := min(b.have, len(dst))
		b.skip(n)
		dst = s.Bytes()[n:]
	}
	return b.readFull(dst)
}

// discard drops n bytes.
func (b *inbuf) discard(n int) error {
	for {
		k := min(n, b.have)
		b.skip(k)
		if n -= k; n == 0 {
			return nil
		}
		if _, err := b.fill(nil); err != nil {
			return err
		}
	}
}

// body takes n bytes that may be more than the buffer holds. They are valid
// until the next call. Memory follows what has arrived, not what was
// announced: a remote that promises a megabyte and sends nothing gets nothing.
func (b *inbuf) body(n int) ([]byte, error) {
	if n <= maxPeek {
		p, err := b.peek(n)
		b.skip(len(p))
		return p, err
	}
	var p []byte
	for size := bufferSizes[smallBuffer]; ; size *= 2 {
		next := make([]byte, min(size, n))
		have := copy(next, p)
		p = next
		if err := b.readFull(p[have:]); err != nil || len(p) == n {
			return p, err
		}
	}
}
