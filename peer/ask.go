package peer

import (
	"sync"
	"time"
)

// asker is what we ask the remote for: the pipeline, and whether it chokes us. The
// Manager, the reader and the writer share it under the lock of the outbox that it
// is a part of; all methods take that.
type asker struct {
	*link
	mu *sync.Mutex // the outbox's; guards the rest

	pipe    pipeline
	choking bool // the remote chokes us,
	allowed int  // but we may ask for so many pieces all the same (BEP 6)
}

// morePicks is Hooks.Wake: there is more to ask for.
func (a *asker) morePicks() {
	if a.moreToAsk() {
		a.wakeWriter()
	}
}

// moreToAsk notes that there is, and reports whether the writer should ask.
func (a *asker) moreToAsk() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pipe.dry = false
	return a.pipe.low()
}

// lost is Hooks.Lost.
func (a *asker) lost(n, room int) {
	if a.noteLost(n, room) {
		a.wakeWriter()
	}
}

// noteLost tells the pipeline, and reports whether the writer should ask for more.
func (a *asker) noteLost(n, room int) (low bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pipe.lost(n, room)
	return a.pipe.low()
}

// mayAsk reports whether the remote may be asked for more and should be, and how
// many of its requests are settled.
func (a *asker) mayAsk() (low bool, settled int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	allowed := !a.choking || a.allowed > 0
	return allowed && a.pipe.low(), a.pipe.settled
}

// want returns how many blocks to ask for now, if outstanding were owed when mark
// requests were settled, and when to look again, if that is held back.
func (a *asker) want(now time.Time, outstanding, mark int) (n int, look time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	// Blocks that were booked meanwhile may be in the number or not. Too low
	// an estimate only means that more is asked for a little sooner.
	outstanding = max(0, outstanding-(a.pipe.settled-mark))
	return a.pipe.want(now, outstanding), a.pipe.heldUntil(now)
}

// requested notes that n blocks are asked for; dry means that there were no more. It
// returns when to see what came of them.
func (a *asker) requested(now time.Time, n int, dry bool) (look time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pipe.sent(now, n, dry)
	return soonest(a.pipe.snubAt(), a.pipe.doubtLook(now))
}

// snubs reports whether the remote has snubbed us by now, and whether it had done
// so before; look is when to ask again.
func (a *asker) snubs(now time.Time) (snub, again bool, look time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	look = a.pipe.snubAt()
	snub, again = !look.IsZero() && !now.Before(look), a.pipe.snubbed
	if snub {
		a.pipe.snub(now)
		look = a.pipe.snubAt()
	}
	return snub, again, look
}

// doubts reports whether it is time to nudge the remote; look is when to ask again.
func (a *asker) doubts(now time.Time) (nudge bool, look time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	nudge = a.pipe.doubt(now)
	return nudge, a.pipe.doubtLook(now)
}

// choked notes that the remote chokes us.
func (a *asker) choked() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.choking = true
	a.pipe.choked()
	if !a.fast {
		a.pipe.dropped()
	}
}

// unchoked notes that it does not any more.
func (a *asker) unchoked(now time.Time) {
	a.mu.Lock()
	a.choking = false
	a.pipe.unchoked(now)
	a.mu.Unlock()
	a.wakeWriter()
}

// allow notes that there is one piece more that we may ask for while choked.
func (a *asker) allow() {
	a.mu.Lock()
	a.allowed++
	a.pipe.dry = false
	a.mu.Unlock()
	a.wakeWriter()
}

// received tells the pipeline what arrived; see pipeline.received and low.
func (a *asker) received(now time.Time, blocks, bytes int) (revived, low bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	revived = a.pipe.received(now, blocks, bytes)
	return revived, a.pipe.low()
}

// rejected notes a reject of one of our requests, and reports whether the writer
// should ask for more.
func (a *asker) rejected(now time.Time) (low bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pipe.rejected(now, 1)
	return a.pipe.low()
}

// soonest returns the first of two times, of which a zero one is never.
func soonest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
