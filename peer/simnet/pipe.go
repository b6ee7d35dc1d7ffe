package simnet

import (
	"io"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
)

// pipe is one direction of a stream. The bytes lie in data from Write to Read;
// the network counts how many of them are where: written, then waiting at the
// sender's uplink, under way, waiting at the receiver's downlink, arrived, read.
type pipe struct {
	// Immutable.
	net     *Net
	back    *pipe // the other direction
	latency int64
	window  int
	buffer  int        // that may wait at the uplink; 0: no limit
	keep    float64    // probability that a packet is not lost, if rand is set
	rand    *rand.Rand // the sender's, guarded by Net.mu; nil: no losses

	// Guarded by Net.mu.
	first, last hop   // at the uplink and at the downlink
	rst         bool  // with the end of the stream comes a reset of back
	resetting   bool  // a reset of this direction is under way
	ready       int64 // when what was lost last arrives

	// Guarded by mu.
	mu                     sync.Mutex
	data                   fifo
	written, arrived, read int64
	left                   int64 // what has left the uplink, counted when there is a buffer
	busy                   bool  // a Write is in progress
	eof                    bool  // all has arrived and the writer is closed
	broken                 error
	reader, writer         side
}

// hop is a pipe's place at one link, or at none (inside one host). It is
// guarded by Net.mu.
type hop struct {
	flow
	pipe    *pipe
	link    *link
	waiting int
	passed  int64
	end     int64 // of the stream, once it is known here; -1 before
	dead    bool  // the connection is cut
}

func newPipe(n *Net, up, down *link, latency int64, window int) *pipe {
	p := &pipe{net: n, latency: latency, window: window}
	p.first = hop{pipe: p, link: up, end: -1}
	p.last = hop{pipe: p, link: down, end: -1}
	p.first.src, p.last.src = &p.first, &p.last
	p.data.pool = &n.segs
	p.reader.cond.L, p.writer.cond.L = &p.mu, &p.mu
	return p
}

func (h *hop) next(limit int) int { return min(h.waiting, limit) }

// add has n more bytes wait for the link.
func (h *hop) add(n int) {
	if h.dead {
		return
	}
	h.waiting += n
	if h.link == nil {
		h.pass(n)
		return
	}
	h.link.push(&h.flow)
}

func (h *hop) pass(n int) {
	if h.dead {
		return
	}
	h.waiting -= n
	h.passed += int64(n)
	h.pipe.forward(h, n)
	if h.passed == h.end {
		h.pipe.forward(h, -1)
	}
}

// finish says that the stream has end bytes.
func (h *hop) finish(end int64) {
	if h.dead || h.end >= 0 {
		return
	}
	h.end = end
	if h.passed == end {
		h.pipe.forward(h, -1)
	}
}

// fire is the arrival of n bytes, or of the end, from the hop before.
func (h *hop) fire(n int) {
	if n < 0 {
		h.finish(h.pipe.first.end)
		return
	}
	h.add(n)
}

// forward passes n bytes, or the end when n < 0, to what comes after h.
func (p *pipe) forward(h *hop, n int) {
	switch {
	case h == &p.first:
		if p.buffer > 0 && n > 0 {
			p.drained(n)
		}
		p.net.after(p.journey(n), &p.last, n)
	case n < 0:
		p.deliverEnd()
	default:
		p.deliver(n)
	}
}

// journey returns how long n bytes are under way between the lines: longer when
// one of their packets is lost and sent again, or one before them was. The caller
// holds Net.mu.
func (p *pipe) journey(n int) int64 {
	if p.rand == nil {
		return p.latency
	}
	now := p.net.now()
	at := now + p.latency
	packets := (max(n, 1) + minQuantum - 1) / minQuantum
	if p.rand.Float64() >= math.Pow(p.keep, float64(packets)) {
		at += 2 * p.latency
	}
	p.ready = max(p.ready, at)
	return p.ready - now
}

// deliver gives n bytes to the reader. When there is none any more, the
// sender is told by a reset, as TCP does. The caller holds Net.mu.
func (p *pipe) deliver(n int) {
	p.mu.Lock()
	p.arrived += int64(n)
	refused := p.reader.err != nil
	if refused {
		p.discard()
	}
	p.reader.cond.Broadcast()
	p.mu.Unlock()
	if refused && !p.resetting {
		p.resetting = true
		p.net.after(p.latency, fireFunc(func() { p.reset(syscall.ECONNRESET) }), 0)
	}
}

func (p *pipe) deliverEnd() {
	p.mu.Lock()
	p.eof = true
	p.reader.cond.Broadcast()
	p.mu.Unlock()
	if p.rst {
		p.back.reset(syscall.ECONNRESET)
	}
}

// reset ends both directions for the writer of p.
func (p *pipe) reset(err error) {
	p.mu.Lock()
	p.writer.fail(err)
	p.mu.Unlock()
	p.back.mu.Lock()
	p.back.broken = err
	p.back.reader.cond.Broadcast()
	p.back.mu.Unlock()
}

// discard drops what has arrived, so that writers go on. The caller holds p.mu.
func (p *pipe) discard() {
	p.data.get(nil, int(p.arrived-p.read))
	p.read = p.arrived
	p.writer.cond.Broadcast()
}

func (p *pipe) readBytes(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if err := p.reader.check(); err != nil || len(b) == 0 {
			return 0, err
		}
		if p.arrived > p.read {
			n := int(min(int64(len(b)), p.arrived-p.read))
			p.data.get(b, n)
			p.read += int64(n)
			// Not for every byte of room: writers move a quarter at a time.
			if p.writer.waiting > 0 && p.window-int(p.written-p.read) >= p.window/4 {
				p.writer.cond.Broadcast()
			}
			return n, nil
		}
		if p.eof {
			return 0, io.EOF
		}
		if p.broken != nil {
			return 0, p.broken
		}
		p.reader.wait()
	}
}

// room is how many bytes may be written now. The caller holds p.mu.
func (p *pipe) room() int {
	room := p.window - int(p.written-p.read)
	if p.buffer > 0 {
		room = min(room, p.buffer-int(p.written-p.left))
	}
	return room
}

// drained notes that n bytes have left the uplink.
func (p *pipe) drained(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left += int64(n)
	if p.writer.waiting > 0 && int(p.written-p.left) <= p.buffer/2 {
		p.writer.cond.Broadcast()
	}
}

// writeBytes puts b on its way as a whole, after other calls in progress.
func (p *pipe) writeBytes(b []byte) (int, error) {
	if err := p.startWrite(); err != nil {
		return 0, err
	}
	done := 0
	for {
		n, err := p.put(b[done:])
		if n > 0 {
			p.net.mu.Lock()
			p.first.add(n)
			p.net.mu.Unlock()
			done += n
		}
		if err != nil || done == len(b) {
			p.endWrite()
			return done, err
		}
	}
}

func (p *pipe) startWrite() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if err := p.writer.check(); err != nil {
			return err
		}
		if !p.busy {
			p.busy = true
			return nil
		}
		p.writer.wait()
	}
}

func (p *pipe) endWrite() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = false
	if p.writer.waiting > 0 {
		p.writer.cond.Broadcast()
	}
}

// put takes as many bytes of b as there is room for, at least one, which it
// waits for.
func (p *pipe) put(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if err := p.writer.check(); err != nil || len(b) == 0 {
			return 0, err
		}
		if n := min(len(b), p.room()); n > 0 {
			p.data.put(b[:n])
			p.written += int64(n)
			return n, nil
		}
		p.writer.wait()
	}
}

// closeWrite sends the end after what was written. With rst, the other side
// may not write any more either once it has that.
func (p *pipe) closeWrite(err error, rst bool) {
	p.mu.Lock()
	p.writer.fail(err)
	end := p.written
	p.mu.Unlock()
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	p.rst = p.rst || rst
	p.first.finish(end)
}

// closeRead lets reads fail, and reports whether something was left unread.
func (p *pipe) closeRead() (unread bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	unread = p.arrived > p.read
	p.reader.fail(net.ErrClosed)
	p.discard()
	return unread
}
