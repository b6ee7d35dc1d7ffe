package peer

import (
	"net"
)

// inbuf is the read side of a connection. Messages are parsed in place in its
// buffer; block payload is copied from there to its slab, or read straight
// into the slab while the buffer is smaller than what is missing.
//
// One large read and a copy is the cheapest way there is to get blocks off a
// socket, and the simplest. For a stream of 16 KiB blocks over loopback TCP,
// CPU per GiB against a bare 256 KiB read loop (0.30 s): this, with 256 KiB,
// 0.37 s; readv into [rest of slab, buffer] of 256 KiB 0.41 s, of 64 KiB
// 0.46 s; readv into predicted slabs, no copy at all, 0.36 s; header and
// payload each with a read of its own 0.50 s. What counts is few system calls.
//
// The buffer starts at 4 KiB and grows to 256 KiB while reads fill it, so that
// idle connections hold next to nothing; it shrinks again when reads stay
// small.
type inbuf struct {
	conn   net.Conn
	mem    *Buffers
	before func()      // called before every read of the connection
	after  func(n int) // and after it, if n > 0 bytes came

	buf   *buffer
	r, w  int // unread bytes are buf.b[r:w]
	full  bool
	small int // reads in a row that needed less than a quarter of buf
}

// shrinkAfter is how many small reads in a row make the buffer shrink.
const shrinkAfter = 32

func newInbuf(conn net.Conn, mem *Buffers, before func(), after func(int)) *inbuf {
	return &inbuf{conn: conn, mem: mem, before: before, after: after, buf: mem.get(smallBuffer)}
}

// close gives the memory back.
func (b *inbuf) close() {
	b.mem.put(b.buf)
	b.buf = nil
}

// buffered returns how many bytes can be had without a read.
func (b *inbuf) buffered() int { return b.w - b.r }

// peek returns the next n bytes without taking them; they are valid until the
// next call. n is at most the size of the smallest buffer.
func (b *inbuf) peek(n int) ([]byte, error) {
	for b.w-b.r < n {
		if err := b.fill(); err != nil {
			return nil, err
		}
	}
	return b.buf.b[b.r : b.r+n], nil
}

// skip takes n bytes that peek returned.
func (b *inbuf) skip(n int) { b.r += n }

// fill reads once into the free part of the buffer.
func (b *inbuf) fill() error {
	if b.resize(); b.r > 0 {
		b.w = copy(b.buf.b, b.buf.b[b.r:b.w])
		b.r = 0
	}
	free := b.buf.b[b.w:]
	n, err := b.read(free)
	b.w += n
	b.full = n == len(free)
	if n >= len(free)/4 {
		b.small = 0
	} else {
		b.small++
	}
	return err
}

// read reads from the connection once.
func (b *inbuf) read(dst []byte) (int, error) {
	b.before()
	n, err := b.conn.Read(dst)
	if n > 0 {
		b.after(n)
		return n, nil // an error will come again
	}
	return 0, err
}

// resize changes the buffer for a larger or smaller one if the last reads ask
// for it and the unread bytes fit.
func (b *inbuf) resize() {
	class := b.buf.class
	switch {
	case b.full && class < largeBuffer:
		class++
	case b.small >= shrinkAfter && class > smallBuffer:
		class--
	default:
		return
	}
	b.full, b.small = false, 0
	if b.w-b.r > bufferSizes[class]/2 {
		return
	}
	next := b.mem.tryGet(class)
	if next == nil {
		return
	}
	b.w = copy(next.b, b.buf.b[b.r:b.w])
	b.r = 0
	b.mem.put(b.buf)
	b.buf = next
}

// readFull fills dst.
func (b *inbuf) readFull(dst []byte) error {
	for {
		n := copy(dst, b.buf.b[b.r:b.w])
		b.r += n
		if dst = dst[n:]; len(dst) == 0 {
			return nil
		}
		// The buffer is empty now.
		if len(dst) < len(b.buf.b) {
			if err := b.fill(); err != nil {
				return err
			}
			continue
		}
		n, err := b.read(dst)
		if err != nil {
			return err
		}
		dst = dst[n:]
	}
}

// discard drops n bytes.
func (b *inbuf) discard(n int) error {
	for {
		k := min(n, b.w-b.r)
		b.r += k
		if n -= k; n == 0 {
			return nil
		}
		if err := b.fill(); err != nil {
			return err
		}
	}
}

// body takes n bytes that may be more than the buffer holds. They are valid
// until the next call. Memory follows what has arrived, not what was
// announced: a remote that promises a megabyte and sends nothing gets nothing.
func (b *inbuf) body(n int) ([]byte, error) {
	if n <= bufferSizes[smallBuffer] {
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
