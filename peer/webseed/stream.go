package webseed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

const (
	// stallTime is how long a server may send nothing while it owes us bytes.
	stallTime = 30 * time.Second
	// maxSkip is how many bytes that we have are read to get at others behind
	// them, rather than asking anew.
	maxSkip = 256 << 10
	// maxDrain is how much is read to keep a connection.
	maxDrain = 64 << 10
)

var errStalled = fmt.Errorf("the server sent nothing for %v", stallTime)

// segment is a range of the torrent that one URL has: a file, or a piece of a
// script. The bytes of padding are zeros and nowhere.
type segment struct {
	start, end int64
	id         int
	pad        bool
}

// stream reads bytes of the torrent in order, from one segment to the next, with
// one request each.
type stream struct {
	s          *Seed
	ctx        context.Context
	cancel     context.CancelCauseFunc
	watch      *time.Timer
	since      atomic.Int64 // when a read of a body began that has not returned, UnixNano; 0: none
	pos, limit int64        // where we are, and where the run ends
	whole      bool         // files have to be read from their start

	seg   segment
	body  io.ReadCloser // nil: no answer is open
	left  int64         // bytes of the answer to come that we want
	exact bool          // it is known to end with them
	open  bool          // it should, but nobody said so
}

// open returns a stream from off to end. Nothing is asked for yet.
func (s *Seed) open(ctx context.Context, off, end int64) *stream {
	st := &stream{s: s, pos: off, limit: end}
	st.ctx, st.cancel = context.WithCancelCause(ctx)
	st.watch = time.AfterFunc(stallTime, st.look)
	return st
}

// look ends the stream if a read takes too long.
func (st *stream) look() {
	wait := stallTime
	if at := st.since.Load(); at != 0 {
		if wait = stallTime - time.Since(time.Unix(0, at)); wait <= 0 {
			st.cancel(&Error{Err: errStalled})
			return
		}
	}
	st.watch.Reset(wait)
}

// close ends the stream. A connection whose answer is nearly over is kept.
func (st *stream) close() {
	st.drop()
	st.cancel(nil)
	st.watch.Stop()
}

// drop ends the answer that is open.
func (st *stream) drop() {
	if st.body == nil {
		return
	}
	if st.exact && st.left <= maxDrain {
		st.drain(st.body, st.left)
	}
	st.body.Close()
	st.body, st.left = nil, 0
}

// drain reads up to n bytes that nobody wants. All together have stallTime.
func (st *stream) drain(body io.Reader, n int64) {
	st.since.Store(time.Now().UnixNano())
	io.CopyN(io.Discard, body, n)
	st.since.Store(0)
}

// seek goes on at off, which is not before pos.
func (st *stream) seek(off int64) error {
	if off == st.pos {
		return nil
	}
	seg := st.s.segmentAt(off)
	same := st.left > 0 && seg.start == st.seg.start
	if !same || !st.whole && off-st.pos > maxSkip {
		st.drop()
		st.pos = off
		if !st.whole || seg.pad {
			return nil
		}
		st.pos = seg.start
	}
	for st.pos < off {
		n := min(off-st.pos, int64(len(st.s.scrap)))
		if _, err := io.ReadFull(st, st.s.scrap[:n]); err != nil {
			return err
		}
	}
	return nil
}

// Read implements io.Reader up to limit. An answer that ends too early is an
// io.ErrUnexpectedEOF in an *Error.
func (st *stream) Read(p []byte) (int, error) {
	if st.left == 0 {
		if err := st.next(); err != nil {
			return 0, err
		}
	}
	p = p[:min(int64(len(p)), st.left)]
	n, err := len(p), error(nil)
	if st.body == nil {
		clear(p)
	} else {
		st.since.Store(time.Now().UnixNano())
		n, err = st.body.Read(p)
		st.since.Store(0)
	}
	st.pos += int64(n)
	st.left -= int64(n)
	if st.left == 0 {
		return n, st.finish()
	}
	if err != nil {
		return n, st.failure(err)
	}
	return n, nil
}

// next asks for the segment that pos is in.
func (st *stream) next() error {
	if st.pos >= st.limit {
		return io.EOF
	}
	st.seg = st.s.segmentAt(st.pos)
	a := ask{seg: st.seg, off: st.pos, end: min(st.limit, st.seg.end), whole: st.whole}
	if st.seg.pad {
		st.left = a.end - a.off
		return nil
	}
	if st.whole {
		a.end = st.seg.end
	}
	r, err := st.s.get(st, a)
	if err != nil {
		return err
	}
	st.since.Store(time.Now().UnixNano()) // a refusal may be in the body
	c, err := a.check(r, st.s.script())
	st.since.Store(0)
	if err != nil {
		r.Body.Close()
		return err
	}
	st.s.answered()
	st.body, st.left, st.exact = r.Body, c.n, r.ContentLength == c.n
	st.open = r.ContentLength < 0 && !c.more
	return nil
}

// finish ends an answer whose bytes are all there.
func (st *stream) finish() error {
	if st.body == nil {
		return nil
	}
	if st.open { // see that nothing follows; it also frees the connection
		var b [1]byte
		st.since.Store(time.Now().UnixNano())
		n, _ := st.body.Read(b[:])
		st.since.Store(0)
		if n > 0 {
			st.drop()
			return errMissing{errors.New("the server has another file: it is longer")}
		}
	}
	st.body.Close()
	st.body = nil
	return nil
}

// failure says why a body ended.
func (st *stream) failure(err error) error {
	if c := context.Cause(st.ctx); c != nil {
		return c
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return &Error{Err: fmt.Errorf("the answer broke off: %w", err)}
}
