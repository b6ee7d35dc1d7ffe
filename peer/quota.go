package peer

import (
	"time"

	"golang.org/x/time/rate"

	"gotor/piece"
)

// quota is one connection's share of a rate limit that many connections have
// in common. Reservations are granted in the order in which they were made, a
// small one at a time, so that nobody waits behind somebody's megabytes. What
// was granted and not needed is kept for later. The zero value is unlimited.
type quota struct {
	limit   LimitFunc
	lim     *rate.Limiter // the one in force when it last looked
	credit  int           // bytes that may be used now
	pending int           // bytes granted for
	at      time.Time     // this time
}

// LimitFunc returns the limiter that is in force now; nil: none. The limit is
// changed by returning another one: then nobody waits for, or owes, what was
// reserved under the old one.
type LimitFunc func() *rate.Limiter

const (
	// quotaSlice is how many seconds' worth of a limit one reservation takes.
	quotaSlice = 0.1
	// quotaRetry is how soon a limit is looked at again by who waits for it.
	quotaRetry = time.Second
)

// quotas are one connection's shares of two limits that both hold, the inner one
// shared with fewer connections. The zero value is unlimited.
type quotas struct{ inner, outer quota }

// ask is quota.ask for both. As long as the inner limit grants less than a block the
// outer one is not asked: what waits here would be missing elsewhere.
func (q *quotas) ask(now time.Time, want int) (n int, again time.Time) {
	n, again = q.inner.ask(now, want)
	if n < min(want, piece.BlockSize) {
		return 0, again
	}
	granted, later := q.outer.ask(now, n)
	if granted < n {
		return granted, later
	}
	return n, again
}

// use takes n bytes of both.
func (q *quotas) use(n int) {
	q.inner.use(n)
	q.outer.use(n)
}

// ask returns how many bytes may be used now, at most want, and when to ask
// again if that is less than want. Use takes them.
func (q *quota) ask(now time.Time, want int) (n int, again time.Time) {
	if q.limit == nil {
		return want, time.Time{}
	}
	if lim := q.limit(); lim != q.lim {
		q.lim, q.credit, q.pending = lim, 0, 0
	}
	if q.lim == nil || q.lim.Limit() == rate.Inf {
		q.credit, q.pending = 0, 0
		return want, time.Time{}
	}
	for q.credit < want {
		if q.pending == 0 && !q.reserve(now, want-q.credit) {
			return max(0, q.credit), now.Add(quotaRetry)
		}
		if now.Before(q.at) {
			return max(0, q.credit), earlier(q.at, now.Add(quotaRetry))
		}
		q.credit += q.pending
		q.pending = 0
	}
	return want, time.Time{}
}

// reserve gets in line for up to n bytes. False: the limiter grants nothing.
func (q *quota) reserve(now time.Time, n int) bool {
	slice := max(16<<10, int(float64(q.lim.Limit())*quotaSlice))
	n = min(n, slice, q.lim.Burst())
	if n <= 0 {
		return false
	}
	r := q.lim.ReserveN(now, n)
	if !r.OK() || r.DelayFrom(now) == rate.InfDuration {
		return false
	}
	q.pending, q.at = n, now.Add(r.DelayFrom(now))
	return true
}

// use takes n bytes. More than ask granted is a debt that is paid first.
func (q *quota) use(n int) { q.credit -= n }
