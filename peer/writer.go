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

// sender is the state of the writer goroutine.
type sender struct {
	buf      []byte        // messages to write
	blocks   []piece.Block // picked
	down     quota
	wait     time.Time // when to look for work again
	deadline time.Time // of the write
	last     time.Time // when something was written
	up       uploader
}

// later makes the writer look for work at t, or sooner; a zero t is never.
func (s *sender) later(t time.Time) {
	if !t.IsZero() && (s.wait.IsZero() || t.Before(s.wait)) {
		s.wait = t
	}
}

// write is the writer goroutine: it sends what is in the outbox, asks for
// blocks, answers requests, and watches the clock. Each turn writes control
// messages and requests first, then a batch of payload, in one write.
func (c *Conn) write() error {
	s := &c.tx
	s.down.limit, s.up.quota.limit = c.cfg.DownLimit, c.cfg.UpLimit
	s.last = c.born
	s.buf = c.appendOpening(s.buf)
	defer s.up.release(c.mem)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		now := time.Now()
		more, err := c.turn(now)
		if err != nil {
			return err
		}
		c.served()
		if more {
			continue
		}
		timer.Reset(s.wait.Sub(now))
		select {
		case <-c.wake:
		case <-timer.C:
		case <-c.done:
			return net.ErrClosed
		}
	}
}

// turn writes what there is to write now. It reports whether there is payload
// left that may be sent at once. Whatever it puts off it leaves as the next time
// in s.wait; a turn that does nothing must do so too.
func (c *Conn) turn(now time.Time) (more bool, err error) {
	s := &c.tx
	s.wait = time.Time{}
	if err := c.watch(now); err != nil {
		return false, err
	}
	s.buf = c.takeControl(s.buf, now)
	s.buf = c.appendNudge(s.buf, now)
	s.buf = c.appendRequests(s.buf, now)
	s.buf = c.appendFast(s.buf, now)
	var unveiling, offering bool
	s.buf, unveiling = c.appendUnveiled(s.buf)
	s.buf, offering = c.appendOffer(s.buf, now)
	s.up.bufs = append(s.up.bufs[:0], s.buf)
	more = c.gatherPayload(now) || unveiling || offering
	if len(s.buf) == 0 && len(s.up.bufs) == 1 {
		if more {
			return true, nil
		}
		if due := s.last.Add(keepAliveAfter); now.Before(due) {
			s.later(due)
			return false, nil
		}
		s.buf = wire.AppendKeepAlive(s.buf)
		s.up.bufs[0] = s.buf
	}
	s.last = now
	s.later(now.Add(keepAliveAfter))
	c.cfg.Events.Trace.batch(s)
	err = c.send()
	if s.buf = s.buf[:0]; cap(s.buf) > keepBuffer && !more {
		s.buf = nil
	}
	return more, err
}

// appendOpening appends what is said before anything else. What a Prelude has
// said is not repeated, unless it has changed: now we have the metadata, and
// perhaps a DHT node.
func (c *Conn) appendOpening(dst []byte) []byte {
	before := c.cfg.Continue
	if before == nil {
		dst = c.appendHello(dst)
	} else if c.ext {
		c.mu.Lock()
		dst = wire.AppendExtHandshake(dst, c.extHandshake())
		c.mu.Unlock()
	}
	if before == nil || before.cfg.DHTPort != c.cfg.DHTPort {
		dst = appendPort(dst, c.cfg.Remote, c.cfg.DHTPort)
	}
	return dst
}

// appendHello appends the extension handshake, then which pieces we have. "Exactly one of Have All, Have None, or Have Bitfield MUST
// appear" under BEP 6; without it, nothing stands for no pieces.
func (c *Conn) appendHello(dst []byte) []byte {
	c.mu.Lock()
	hidden := c.veil.hidden
	if c.ext {
		dst = wire.AppendExtHandshake(dst, c.extHandshake())
	}
	c.mu.Unlock()
	m := c.cfg.Manager
	have := m.HaveCount()
	if hidden {
		have = 0
	}
	switch {
	case have == 0 && c.fast:
		return wire.Append(dst, wire.Message{ID: wire.HaveNone})
	case have == 0:
		return dst
	case have == c.cfg.Layout.Pieces() && c.fast:
		return wire.Append(dst, wire.Message{ID: wire.HaveAll})
	}
	return wire.Append(dst, wire.Message{ID: wire.Bitfield, Payload: m.AppendBitfield(nil)})
}

// takeControl moves the control messages of the outbox to dst. Have messages
// go along with others, or when they have waited long enough.
func (c *Conn) takeControl(dst []byte, now time.Time) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := &c.out
	dst = append(dst, o.ctl...)
	due := !o.flush.IsZero() && !now.Before(o.flush) || len(o.haves) >= maxHaves
	if len(dst) > 0 || due {
		if dst = append(dst, o.haves...); !o.flush.IsZero() {
			o.told = now
		}
		o.haves, o.flush = o.haves[:0], time.Time{}
	}
	c.tx.later(o.flush)
	if o.ctl = o.ctl[:0]; cap(o.ctl) > keepBuffer {
		o.ctl = nil
	}
	return dst
}

// appendRequests asks for blocks if the pipeline is low: one Pick, one message
// for each block. A download limit holds back requests here, so that nothing
// arrives that was not paid for and reads need not wait.
func (c *Conn) appendRequests(dst []byte, now time.Time) []byte {
	n := c.wantBlocks(now)
	if n == 0 {
		return dst
	}
	s := &c.tx
	granted, again := s.down.ask(now, n*piece.BlockSize)
	if granted /= piece.BlockSize; granted < n {
		s.later(again)
		if granted == 0 {
			return dst
		}
	}
	s.blocks = c.cfg.Manager.Pick(c.peer, s.blocks[:0], granted, now)
	s.down.use(len(s.blocks) * piece.BlockSize)
	c.requested(now, len(s.blocks) < granted)
	c.asked.Add(int64(len(s.blocks)))
	for _, b := range s.blocks {
		dst = wire.Append(dst, blockMessage(wire.Request, b))
	}
	return dst
}

// requested tells the pipeline that the blocks picked are asked for; dry means
// that there were no more.
func (c *Conn) requested(now time.Time, dry bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pipe.sent(now, len(c.tx.blocks), dry)
	c.tx.later(c.pipe.snubAt())
	c.tx.later(c.pipe.doubtLook(now))
}

// wantBlocks returns how many blocks to ask for now.
func (c *Conn) wantBlocks(now time.Time) int {
	low, mark := c.mayAsk()
	if !low {
		return 0
	}
	outstanding := c.cfg.Manager.Outstanding(c.peer)
	c.mu.Lock()
	defer c.mu.Unlock()
	// Blocks that were booked meanwhile may be in the number or not. Too low
	// an estimate only means that more is asked for a little sooner.
	outstanding = max(0, outstanding-(c.pipe.settled-mark))
	c.tx.later(c.pipe.heldUntil(now))
	return c.pipe.want(now, outstanding)
}

// mayAsk reports whether the remote may be asked for more and should be, and how
// many of its requests are settled.
func (c *Conn) mayAsk() (low bool, settled int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	allowed := !c.remote.peerChoking || c.remote.allowedFast > 0
	return allowed && c.pipe.low(), c.pipe.settled
}

// watch acts on what the clock says about the remote.
func (c *Conn) watch(now time.Time) error {
	silent := c.born.Add(time.Duration(c.lastRead.Load()) + maxSilence)
	if !now.Before(silent) {
		return fmt.Errorf("%w: nothing came for %v", ErrSilent, maxSilence)
	}
	c.tx.later(silent)
	snub, again := c.snubs(now)
	if snub && again { // what it was asked for since goes to others as well
		c.cfg.Manager.Unsnub(c.peer)
	}
	if snub {
		c.cfg.Manager.Snub(c.peer)
	}
	return nil
}

// snubs reports whether the remote has snubbed us by now, and whether it had done
// so before.
func (c *Conn) snubs(now time.Time) (snub, again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.pipe.snubAt()
	snub, again = !at.IsZero() && !now.Before(at), c.pipe.snubbed
	if snub {
		c.pipe.snub(now)
		at = c.pipe.snubAt()
	}
	c.tx.later(at)
	return snub, again
}

// send writes the vector. A remote that reads slowly is waited for; one that
// reads nothing, or next to nothing, is given up: it holds a batch of memory, and
// perhaps a slot that others wait for. What of the blocks it took counts as
// uploaded whatever happens to the rest.
func (c *Conn) send() error {
	s := &c.tx
	start := time.Now()
	if s.deadline.Sub(start) < writeTimeout/2 {
		c.setDeadline(start.Add(writeTimeout))
	}
	size := len(s.buf) + s.up.bytes
	latest := start.Add(writeTimeout + time.Duration(size)*time.Second/minDrain)
	s.up.left = s.up.bufs
	for {
		n, err := s.up.write(c.cfg.Conn, c.mem)
		c.uploaded.Add(s.up.taken())
		if err == nil {
			s.up.sent(start, c.mem)
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
		c.setDeadline(earlier(now.Add(writeTimeout), latest))
	}
}

func (c *Conn) setDeadline(at time.Time) {
	c.tx.deadline = at
	c.cfg.Conn.SetWriteDeadline(at)
}

// earlier returns the first of two times.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
