package peer

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

const (
	// keepAliveAfter is how long we may be silent: "Keepalives are generally
	// sent once every two minutes" (BEP 3).
	keepAliveAfter = 110 * time.Second
	// maxSilence is how long the remote may be.
	maxSilence = 3 * time.Minute
	// writeTimeout is how long the remote may take to read anything at all of
	// what we send; the deadline is renewed only when less than half is left.
	writeTimeout = 60 * time.Second
	// minDrain is how many bytes a second the remote must take of what is written
	// at once, after writeTimeout of grace: a block of 16 KiB within 76 s, the
	// largest batch within 10 minutes. A line that is any use at all is faster by
	// far; a remote that takes a byte a minute could hold a batch for months.
	minDrain = 1 << 10
	// keepBuffer is the largest buffer for requests that an idle connection
	// keeps.
	keepBuffer = 8 << 10
)

// writer is the goroutine that writes, and its state.
type writer struct {
	*link
	out  *outbox
	peer *piece.Peer // set before it runs

	buf      []byte        // messages to write
	blocks   []piece.Block // picked
	down     quotas
	wait     time.Time // when to look for work again
	deadline time.Time // of the write
	last     time.Time // when something was written
	up       uploader
}

// later makes the writer look for work at t, or sooner; a zero t is never.
func (w *writer) later(t time.Time) {
	if !t.IsZero() && (w.wait.IsZero() || t.Before(w.wait)) {
		w.wait = t
	}
}

// run sends what is in the outbox, asks for blocks, answers requests, and watches
// the clock. Each turn writes control
// messages and requests first, then a batch of payload, in one write.
func (w *writer) run() error {
	w.down.outer.limit, w.up.quota.outer.limit = w.cfg.DownLimit, w.cfg.UpLimit
	w.down.inner.limit, w.up.quota.inner.limit = w.cfg.InnerDown, w.cfg.InnerUp
	w.last = w.born
	w.buf = w.appendOpening(w.buf)
	defer w.up.release()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		now := time.Now()
		more, err := w.turn(now)
		if err != nil {
			return err
		}
		w.served()
		if more {
			continue
		}
		timer.Reset(w.wait.Sub(now))
		select {
		case <-w.wake:
		case <-timer.C:
		case <-w.done:
			return net.ErrClosed
		}
	}
}

// turn writes what there is to write now. It reports whether there is payload
// left that may be sent at once. Whatever it puts off it leaves as the next time
// in w.wait; a turn that does nothing must do so too.
func (w *writer) turn(now time.Time) (more bool, err error) {
	w.wait = time.Time{}
	if err := w.watch(now); err != nil {
		return false, err
	}
	var look time.Time
	w.buf, look = w.out.takeControl(w.buf, now)
	w.later(look)
	w.buf = w.appendNudge(w.buf, now)
	w.buf = w.appendRequests(w.buf, now)
	w.buf = w.appendFast(w.buf, now)
	var unveiling, offering bool
	w.buf, unveiling = w.appendUnveiled(w.buf)
	w.buf, offering = w.appendOffer(w.buf, now)
	w.up.bufs = append(w.up.bufs[:0], w.buf)
	payload, again := w.up.gather(now)
	w.later(again)
	more = payload || unveiling || offering
	if len(w.buf) == 0 && len(w.up.bufs) == 1 {
		if more {
			return true, nil
		}
		if due := w.last.Add(keepAliveAfter); now.Before(due) {
			w.later(due)
			return false, nil
		}
		w.buf = wire.AppendKeepAlive(w.buf)
		w.up.bufs[0] = w.buf
	}
	w.last = now
	w.later(now.Add(keepAliveAfter))
	w.cfg.Events.Trace.batch(w)
	err = w.send()
	if w.buf = w.buf[:0]; cap(w.buf) > keepBuffer && !more {
		w.buf = nil
	}
	return more, err
}

// appendOpening appends what is said before anything else. What a Prelude has
// said is not repeated, unless it has changed: now we have the metadata, and
// perhaps a DHT node.
func (w *writer) appendOpening(dst []byte) []byte {
	before := w.cfg.Continue
	if before == nil {
		dst = w.appendHello(dst)
	} else {
		dst, _ = w.out.hello(dst)
	}
	if before == nil || before.cfg.DHTPort != w.cfg.DHTPort {
		dst = appendPort(dst, w.cfg.Remote, w.cfg.DHTPort)
	}
	return dst
}

// appendHello appends the extension handshake, then which pieces we have. "Exactly one of Have All, Have None, or Have Bitfield MUST
// appear" under BEP 6; without it, nothing stands for no pieces.
func (w *writer) appendHello(dst []byte) []byte {
	dst, hidden := w.out.hello(dst)
	m := w.cfg.Manager
	have := m.HaveCount()
	if hidden {
		have = 0
	}
	switch {
	case have == 0 && w.fast:
		return wire.Append(dst, wire.Message{ID: wire.HaveNone})
	case have == 0:
		return dst
	case have == w.cfg.Layout.Pieces() && w.fast:
		return wire.Append(dst, wire.Message{ID: wire.HaveAll})
	}
	return wire.Append(dst, wire.Message{ID: wire.Bitfield, Payload: m.AppendBitfield(nil)})
}

// appendRequests asks for blocks if the pipeline is low: one Pick, one message
// for each block. A download limit holds back requests here, so that nothing
// arrives that was not paid for and reads need not wait.
func (w *writer) appendRequests(dst []byte, now time.Time) []byte {
	n := w.wantBlocks(now)
	if n == 0 {
		return dst
	}
	granted, again := w.down.ask(now, n*piece.BlockSize)
	if granted /= piece.BlockSize; granted < n {
		w.later(again)
		if granted == 0 {
			return dst
		}
	}
	w.blocks = w.cfg.Manager.Pick(w.peer, w.blocks[:0], granted, now)
	w.down.use(len(w.blocks) * piece.BlockSize)
	w.later(w.out.ask.requested(now, len(w.blocks), len(w.blocks) < granted))
	w.tally.asked.Add(int64(len(w.blocks)))
	for _, b := range w.blocks {
		dst = wire.Append(dst, blockMessage(wire.Request, b))
	}
	return dst
}

// wantBlocks returns how many blocks to ask for now.
func (w *writer) wantBlocks(now time.Time) int {
	low, mark := w.out.ask.mayAsk()
	if !low {
		return 0
	}
	n, look := w.out.ask.want(now, w.cfg.Manager.Outstanding(w.peer), mark)
	w.later(look)
	return n
}

// served follows a turn of the writer, and tells the owner when nothing is left of
// what the remote asked for: it was written, cancelled, or thrown out.
func (w *writer) served() {
	if f := w.cfg.Events.Served; f != nil && w.out.settled() {
		f()
	}
}

// watch acts on what the clock says about the remote.
func (w *writer) watch(now time.Time) error {
	silent := w.born.Add(time.Duration(w.tally.lastRead.Load()) + maxSilence)
	if !now.Before(silent) {
		return fmt.Errorf("%w: nothing came for %v", ErrSilent, maxSilence)
	}
	w.later(silent)
	snub, again, look := w.out.ask.snubs(now)
	w.later(look)
	if snub && again { // what it was asked for since goes to others as well
		w.cfg.Manager.Unsnub(w.peer)
	}
	if snub {
		w.cfg.Manager.Snub(w.peer)
	}
	return nil
}

// send writes the vector. A remote that reads slowly is waited for; one that
// reads nothing, or next to nothing, is given up: it holds a batch of memory, and
// perhaps a slot that others wait for. What of the blocks it took counts as
// uploaded whatever happens to the rest.
func (w *writer) send() error {
	start := time.Now()
	if w.deadline.Sub(start) < writeTimeout/2 {
		w.setDeadline(start.Add(writeTimeout))
	}
	size := len(w.buf) + w.up.bytes
	latest := start.Add(writeTimeout + time.Duration(size)*time.Second/minDrain)
	w.up.left = w.up.bufs
	for {
		n, err := w.up.write()
		w.tally.uploaded.Add(w.up.taken())
		if err == nil {
			w.up.sent(start)
			return nil
		}
		now := time.Now()
		switch {
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case !now.Before(latest):
			return fmt.Errorf("%w: it did not read %d bytes in %v", ErrSilent, size, now.Sub(start).Round(time.Second))
		case n == 0:
			return fmt.Errorf("%w: it read nothing for %v", ErrSilent, writeTimeout/2)
		}
		w.setDeadline(earlier(now.Add(writeTimeout), latest))
	}
}

func (w *writer) setDeadline(at time.Time) {
	w.deadline = at
	w.cfg.Conn.SetWriteDeadline(at)
}

// earlier returns the first of two times.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
