package peer

import (
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

// messages are those that wait to be written, encoded when they were put in.
type messages struct {
	ctl   []byte    // control messages, in order
	haves []byte    // have messages; after ctl
	told  time.Time // when the last ones were written
	flush time.Time // when these must be; zero: with other messages
}

// size returns how many bytes of messages wait.
func (m *messages) size() int { return len(m.ctl) + len(m.haves) }

// add appends a control message.
func (m *messages) add(msg wire.Message) { m.ctl = wire.Append(m.ctl, msg) }

// reject appends the reject of a request.
func (m *messages) reject(b piece.Block) { m.add(blockMessage(wire.Reject, b)) }

// have appends a have message. news: the remote may want the piece, so it is to be
// written soon; otherwise it goes along with others. It reports whether the writer
// has to know: to write, or to set its timer.
func (m *messages) have(i int, news bool, now time.Time) (urgent bool) {
	m.haves = wire.Append(m.haves, wire.Message{ID: wire.Have, Index: uint32(i)})
	urgent = len(m.haves) >= maxHaves
	if news && m.flush.IsZero() {
		m.flush = m.told.Add(haveDelay)
		if m.flush.Before(now) {
			m.flush = now
		}
		urgent = true
	}
	return urgent
}

// push puts the have messages before what follows.
func (m *messages) push() {
	m.ctl = append(m.ctl, m.haves...)
	m.haves, m.flush = m.haves[:0], time.Time{}
}

// take moves the control messages to dst. Have messages go along with others, or
// when they have waited long enough; look says when those that stay have.
func (m *messages) take(dst []byte, now time.Time) (_ []byte, look time.Time) {
	dst = append(dst, m.ctl...)
	due := !m.flush.IsZero() && !now.Before(m.flush) || len(m.haves) >= maxHaves
	if len(dst) > 0 || due {
		if dst = append(dst, m.haves...); !m.flush.IsZero() {
			m.told = now
		}
		m.haves, m.flush = m.haves[:0], time.Time{}
	}
	if m.ctl = m.ctl[:0]; cap(m.ctl) > keepBuffer {
		m.ctl = nil
	}
	return dst, m.flush
}

// requests are what the remote asked for and is to get, in order.
type requests struct {
	list  []piece.Block
	next  int  // list[next:] waits
	bytes int  // how much that is
	owing bool // something was asked for, and Events.Served has not been called since
}

// queued returns how many requests of the remote wait.
func (q *requests) queued() int { return len(q.list) - q.next }

// push queues a request of the remote.
func (q *requests) push(b piece.Block) {
	if q.next > 0 && len(q.list) == cap(q.list) {
		q.list = q.list[:copy(q.list, q.list[q.next:])]
		q.next = 0
	}
	q.list = append(q.list, b)
	q.bytes += b.Len()
}

// pop moves queued requests of at most max bytes to dst, at least one if there
// is one.
func (q *requests) pop(dst []piece.Block, max int) []piece.Block {
	for q.next < len(q.list) {
		b := q.list[q.next]
		if max -= b.Len(); max < 0 && len(dst) > 0 {
			break
		}
		dst = append(dst, b)
		q.bytes -= b.Len()
		q.next++
	}
	if q.next == len(q.list) {
		q.list, q.next = q.list[:0], 0
	}
	return dst
}

// remove takes one request out of the queue and reports whether it was there.
func (q *requests) remove(b piece.Block) bool {
	for i := q.next; i < len(q.list); i++ {
		if q.list[i] == b {
			q.list = append(q.list[:i], q.list[i+1:]...)
			q.bytes -= b.Len()
			return true
		}
	}
	return false
}

// keep throws out the requests that wait, except those for which keep is true, and
// calls out with each of them.
func (q *requests) keep(keep func(piece.Block) bool, out func(piece.Block)) {
	waiting := q.list[q.next:]
	q.list, q.next, q.bytes = q.list[:0], 0, 0
	for _, b := range waiting { // never ahead of what is pushed over it
		if keep(b) {
			q.push(b)
		} else {
			out(b)
		}
	}
	if len(q.list) == 0 {
		q.list = nil // may be long until it is needed again
	}
}

// settled reports whether owing has just come to its end.
func (q *requests) settled() bool {
	was := q.owing
	q.owing = q.queued() > 0
	return was && !q.owing
}

// blockMessage returns a request, cancel or reject message.
func blockMessage(id wire.ID, b piece.Block) wire.Message {
	return wire.Message{ID: id, Index: uint32(b.Index()), Begin: uint32(b.Begin()), Length: uint32(b.Len())}
}
