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
	// haveDelay is how long a have message may wait for company. Have
	// messages for seeds only ever travel with other messages.
	haveDelay = 100 * time.Millisecond
	// maxHaves is how many bytes of have messages may wait at all.
	maxHaves = 2 << 10
)

// outbox is what waits to be written, guarded by Conn.mu. Messages are encoded
// when they are put in; nobody who puts one in ever waits.
type outbox struct {
	ctl   []byte // control messages, in order
	haves []byte // have messages; after ctl
	flush time.Time
	queue []piece.Block // what the remote asked for and is to get, in order
	next  int           // queue[next:] waits
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
// wakes the writer. Too much in the box ends the connection: the writer may be
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
	c.mu.Lock()
	c.pipe.dry = false
	low := c.pipe.low()
	c.mu.Unlock()
	if low {
		c.wakeWriter()
	}
}

// cancel is Hooks.Cancel.
func (c *Conn) cancel(b piece.Block) {
	c.mu.Lock()
	c.pipe.settle(1)
	c.out.ctl = wire.Append(c.out.ctl, blockMessage(wire.Cancel, b))
	c.posted()
}

// interest is Hooks.Interest.
func (c *Conn) interest(on bool) {
	id := wire.NotInterested
	if on {
		id = wire.Interested
	}
	c.mu.Lock()
	c.remote.amInterested = on
	c.out.ctl = wire.Append(c.out.ctl, wire.Message{ID: id})
	c.posted()
}

// Choke chokes or unchokes the remote. What it has asked for and not been sent
// is rejected after the choke (BEP 6) or forgotten (BEP 3).
func (c *Conn) Choke(choke bool) {
	c.mu.Lock()
	if c.remote.amChoking != choke {
		c.remote.amChoking = choke
		c.out.choke(choke, c.fast)
	}
	c.posted()
}

func (o *outbox) choke(choke, fast bool) {
	if !choke {
		o.ctl = wire.Append(o.ctl, wire.Message{ID: wire.Unchoke})
		return
	}
	o.ctl = wire.Append(o.ctl, wire.Message{ID: wire.Choke})
	if fast {
		for _, b := range o.queue[o.next:] {
			o.reject(b)
		}
	}
	o.queue, o.next = o.queue[:0], 0
}

// Have tells the remote that we have piece i. Several are sent together.
func (c *Conn) Have(i int) {
	c.mu.Lock()
	o := &c.out
	o.haves = wire.Append(o.haves, wire.Message{ID: wire.Have, Index: uint32(i)})
	urgent := len(o.haves) >= maxHaves
	if !c.remote.seed && !c.remote.uploadOnly && o.flush.IsZero() {
		o.flush = time.Now().Add(haveDelay)
		urgent = true // the writer has to set its timer
	}
	if urgent {
		c.posted()
		return
	}
	c.mu.Unlock()
}

// DontHave tells the remote that we no longer have piece i, if it understands
// lt_donthave (BEP 54).
func (c *Conn) DontHave(i int) {
	c.mu.Lock()
	id := c.remote.ids[wire.ExtDontHave]
	if id != 0 { // behind the have messages, one of which may be for i
		c.out.ctl = append(c.out.ctl, c.out.haves...)
		c.out.haves, c.out.flush = c.out.haves[:0], time.Time{}
		c.out.ctl = wire.AppendDontHave(c.out.ctl, id, uint32(i))
	}
	c.posted()
}

// SendExtended sends a message of the extension name. It reports false if the
// remote does not support it.
func (c *Conn) SendExtended(name string, payload []byte) bool {
	c.mu.Lock()
	id := c.remote.ids[name]
	if id != 0 {
		c.out.ctl = wire.Append(c.out.ctl, wire.Message{ID: wire.Extended, Ext: id, Payload: payload})
	}
	c.posted()
	return id != 0
}
