package peer

import (
	"fmt"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

const (
	// maxControl bounds the messages that wait to be written. A remote that
	// makes us answer (rejects, haves) and does not read passes it.
	maxControl = 256 << 10
	// haveDelay is the least time between two writes of nothing but have
	// messages. The first one of a burst goes at once: the sooner a leecher
	// knows of a piece, the sooner it spreads. Those that change nothing for
	// the remote only ever travel with other messages.
	haveDelay = 100 * time.Millisecond
	// maxHaves is how many bytes of have messages may wait at all.
	maxHaves = 2 << 10
)

// outbox is what waits to be written, guarded by Conn.mu. Messages are encoded
// when they are put in; nobody who puts one in ever waits.
type outbox struct {
	ctl   []byte        // control messages, in order
	haves []byte        // have messages; after ctl
	told  time.Time     // when the last ones were written
	flush time.Time     // when these must be; zero: with other messages
	queue []piece.Block // what the remote asked for and is to get, in order
	next  int           // queue[next:] waits
	bytes int           // how much that is
	owing bool          // something was asked for, and Events.Served has not been called since
}

// queued returns how many requests of the remote wait.
func (o *outbox) queued() int { return len(o.queue) - o.next }

// push queues a request of the remote.
func (o *outbox) push(b piece.Block) {
	if o.next > 0 && len(o.queue) == cap(o.queue) {
		o.queue = o.queue[:copy(o.queue, o.queue[o.next:])]
		o.next = 0
	}
	o.queue = append(o.queue, b)
	o.bytes += b.Len()
}

// pop moves queued requests of at most max bytes to dst, at least one if there
// is one.
func (o *outbox) pop(dst []piece.Block, max int) []piece.Block {
	for o.next < len(o.queue) {
		b := o.queue[o.next]
		if max -= b.Len(); max < 0 && len(dst) > 0 {
			break
		}
		dst = append(dst, b)
		o.bytes -= b.Len()
		o.next++
	}
	if o.next == len(o.queue) {
		o.queue, o.next = o.queue[:0], 0
	}
	return dst
}

// remove takes one request out of the queue and reports whether it was there.
func (o *outbox) remove(b piece.Block) bool {
	for i := o.next; i < len(o.queue); i++ {
		if o.queue[i] == b {
			o.queue = append(o.queue[:i], o.queue[i+1:]...)
			o.bytes -= b.Len()
			return true
		}
	}
	return false
}

// reject appends the reject of a request.
func (o *outbox) reject(b piece.Block) {
	o.ctl = wire.Append(o.ctl, blockMessage(wire.Reject, b))
}

// blockMessage returns a request, cancel or reject message.
func blockMessage(id wire.ID, b piece.Block) wire.Message {
	return wire.Message{ID: id, Index: uint32(b.Index()), Begin: uint32(b.Begin()), Length: uint32(b.Len())}
}

// size returns how many bytes of messages wait.
func (o *outbox) size() int { return len(o.ctl) + len(o.haves) }

// posted ends a change of the outbox that began with c.mu.Lock: it unlocks and
// wakes the writer. It is to be deferred, as every unlocking of c.mu behind which
// more is done than to read or set a field: a panic must not leave the lock to
// hang the owner. Too much in the box ends the connection: the writer may be
// stuck with a remote that reads nothing and goes on asking.
func (c *Conn) posted() {
	size := c.out.size()
	c.mu.Unlock()
	if size > maxControl {
		c.Close(fmt.Errorf("%w: %d bytes of messages wait", ErrFlooded, size))
	}
	c.wakeWriter()
}

// morePicks is Hooks.Wake.
func (c *Conn) morePicks() {
	if c.moreToAsk() {
		c.wakeWriter()
	}
}

// moreToAsk notes that there is, and reports whether the writer should ask.
func (c *Conn) moreToAsk() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pipe.dry = false
	return c.pipe.low()
}

// cancel is Hooks.Cancel.
func (c *Conn) cancel(b piece.Block) {
	c.mu.Lock()
	defer c.posted()
	c.pipe.settle(1)
	c.out.ctl = wire.Append(c.out.ctl, blockMessage(wire.Cancel, b))
}

// interest is Hooks.Interest.
func (c *Conn) interest(on bool) {
	id := wire.NotInterested
	if on {
		id = wire.Interested
	}
	c.mu.Lock()
	defer c.posted()
	c.remote.amInterested = on
	c.out.ctl = wire.Append(c.out.ctl, wire.Message{ID: id})
}

// Choke chokes or unchokes the remote. What it has asked for and not been sent
// is rejected after the choke (BEP 6) or forgotten (BEP 3), unless it is allowed
// fast.
func (c *Conn) Choke(choke bool) {
	now := time.Now()
	c.mu.Lock()
	defer c.posted()
	if c.remote.amChoking == choke {
		return
	}
	c.remote.amChoking = choke
	if choke {
		c.out.choke(c.fast, c.grantFast)
	} else {
		c.out.ctl = wire.Append(c.out.ctl, wire.Message{ID: wire.Unchoke})
	}
	c.starves(now)
}

// choke appends a choke and throws out the requests that wait, except those
// for which keep is true.
func (o *outbox) choke(fast bool, keep func(piece.Block) bool) {
	o.ctl = wire.Append(o.ctl, wire.Message{ID: wire.Choke})
	waiting := o.queue[o.next:]
	o.queue, o.next, o.bytes = o.queue[:0], 0, 0
	for _, b := range waiting { // never ahead of what is pushed over it
		if keep(b) {
			o.push(b)
		} else if fast {
			o.reject(b)
		}
	}
	if len(o.queue) == 0 {
		o.queue = nil // may be long until it is needed again
	}
}

// Have tells the remote that we have piece i: at once, or with others within
// 100 ms. That it has the piece already, or wants nothing, is no reason not to
// tell it: one that super-seeds must see that what it gave has arrived (BEP 16).
// But then there is no hurry.
func (c *Conn) Have(i int) {
	now := time.Now()
	known := c.knows(i)
	urgent := false
	c.mu.Lock()
	defer func() {
		if urgent {
			c.posted()
		} else {
			c.mu.Unlock()
		}
	}()
	urgent = c.putHave(i, known, now)
}

// putHave puts a have message in the outbox, and reports whether the writer has
// to know. Under c.mu.
func (c *Conn) putHave(i int, known bool, now time.Time) (urgent bool) {
	if c.veil.hidden {
		return false
	}
	o := &c.out
	o.haves = wire.Append(o.haves, wire.Message{ID: wire.Have, Index: uint32(i)})
	urgent = len(o.haves) >= maxHaves
	if !known && !c.remote.uploadOnly && o.flush.IsZero() {
		o.flush = o.told.Add(haveDelay)
		if o.flush.Before(now) {
			o.flush = now
		}
		urgent = true // the writer has to write, or to set its timer
	}
	return urgent
}

// knows reports whether the remote has piece i itself.
func (c *Conn) knows(i int) bool {
	c.mu.Lock()
	p, none, all := c.peer, c.remote.have == 0, c.remote.seed
	c.mu.Unlock()
	return all || p != nil && !none && c.cfg.Manager.RemoteHas(p, i)
}

// Suggest tells the remote that it might like to download piece i from us (BEP
// 6). Without the fast extension it is not told.
func (c *Conn) Suggest(i int) {
	c.mu.Lock()
	defer c.posted()
	if c.fast && i >= 0 && i < c.cfg.Layout.Pieces() {
		c.out.ctl = wire.Append(c.out.ctl, wire.Message{ID: wire.Suggest, Index: uint32(i)})
	}
}

// DontHave tells the remote that we no longer have piece i, if it understands
// lt_donthave (BEP 54) and was told that we had it.
func (c *Conn) DontHave(i int) {
	c.mu.Lock()
	defer c.posted()
	id := c.remote.ids[wire.ExtDontHave]
	if id != 0 && c.veil.shows(i) { // behind the have messages, one of which may be for i
		c.out.ctl = append(c.out.ctl, c.out.haves...)
		c.out.haves, c.out.flush = c.out.haves[:0], time.Time{}
		c.out.ctl = wire.AppendDontHave(c.out.ctl, id, uint32(i))
	}
}
