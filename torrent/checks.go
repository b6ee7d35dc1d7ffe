package torrent

import (
	"context"
	"sync"
)

// smallCheck is how many bytes, at most, may be hashed beside a large check of the same
// disk: a torrent of which a piece is in doubt does not wait for hours.
const smallCheck = 32 << 20

// checks lets few torrents at a time hash what is on a disk, in the order in which they
// came: two that read one disk are slower than one after the other. Its methods may be
// called from any goroutine.
type checks struct {
	mu    sync.Mutex
	most  int                      // for each disk, large and small ones apart; below 1 is 1
	lines map[checkLane]*checkLine // where something is hashed
}

// checkLane is a disk, and which checks of it.
type checkLane struct {
	disk  uint64
	small bool
}

// checkLine is who hashes on a lane, and who waits there.
type checkLine struct {
	busy    int
	waiting []chan struct{} // closed when it is their turn
}

// enter waits for the turn to hash so many bytes of a disk, and returns what is to be
// called afterwards. waits is called if there is somebody to wait for.
func (q *checks) enter(ctx context.Context, disk uint64, bytes int64, waits func()) (leave func(), err error) {
	lane := checkLane{disk, bytes <= smallCheck}
	turn, ok := q.join(lane)
	if !ok {
		waits()
		select {
		case <-turn:
		case <-ctx.Done():
			q.giveUp(lane, turn)
			return nil, context.Cause(ctx)
		}
	}
	return func() { q.leave(lane) }, nil
}

// join takes a place, now (ok) or when turn is closed.
func (q *checks) join(lane checkLane) (turn chan struct{}, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[lane]
	if l == nil {
		l = new(checkLine)
		if q.lines == nil {
			q.lines = make(map[checkLane]*checkLine)
		}
		q.lines[lane] = l
	}
	if l.busy < max(1, q.most) {
		l.busy++
		return nil, true
	}
	turn = make(chan struct{})
	l.waiting = append(l.waiting, turn)
	return turn, false
}

// leave gives a place to the next, unless there are more than may be.
func (q *checks) leave(lane checkLane) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[lane]
	if len(l.waiting) > 0 && l.busy <= max(1, q.most) {
		l.next()
		return
	}
	if l.busy--; l.busy == 0 {
		delete(q.lines, lane)
	}
}

// limit sets how many there are at a time. If that is more than before, those whose
// turn it is now begin; if it is less, who hashes goes on to its end.
func (q *checks) limit(most int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.most = most
	for _, l := range q.lines {
		for l.busy < max(1, q.most) && len(l.waiting) > 0 {
			l.busy++
			l.next()
		}
	}
}

// next tells the first of those who wait that it has a place. q.mu is held.
func (l *checkLine) next() {
	close(l.waiting[0])
	l.waiting = l.waiting[1:]
}

// giveUp ends a wait, even if the turn has come in this moment.
func (q *checks) giveUp(lane checkLane, turn chan struct{}) {
	q.mu.Lock()
	l := q.lines[lane]
	for i, o := range l.waiting {
		if o == turn {
			l.waiting = append(l.waiting[:i:i], l.waiting[i+1:]...)
			q.mu.Unlock()
			return
		}
	}
	q.mu.Unlock()
	q.leave(lane)
}

// SetMaxChecks changes Config.MaxChecks. It counts at once for those who wait; what is
// being hashed goes on.
func (c *Client) SetMaxChecks(n int) { c.checks.limit(n) }
