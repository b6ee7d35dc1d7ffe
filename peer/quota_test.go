package peer

import (
	"math"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"gotor/piece"
)

// fixed is a limit that does not change.
func fixed(l *rate.Limiter) LimitFunc { return func() *rate.Limiter { return l } }

func TestQuotaWithoutLimit(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, q := range []*quota{{}, {limit: fixed(nil)}, {limit: fixed(rate.NewLimiter(rate.Inf, 0))}} {
		if n, again := q.ask(now, 1<<30); n != 1<<30 || !again.IsZero() {
			t.Error(n, again)
		}
	}
}

// Over time exactly the limit is used, whatever the sizes asked for.
func TestQuotaKeepsLimit(t *testing.T) {
	for _, want := range []int{16 << 10, 64 << 10, 1 << 20, 5000} {
		start := time.Unix(1000, 0)
		now, used := start, 0
		lim := rate.NewLimiter(100_000, 32<<10)
		q := quota{limit: fixed(lim)}
		for now.Sub(start) < 100*time.Second {
			n, again := q.ask(now, want)
			q.use(n)
			used += n
			if n < want {
				if !again.After(now) {
					t.Fatal("asked to come back at once")
				}
				now = again
			}
		}
		if d := math.Abs(float64(used) - 100*100_000 - 32<<10); d > 40<<10 {
			t.Errorf("%d bytes at a time: %d used", want, used)
		}
	}
}

// Two connections get the same share, also when one asks for much more.
func TestQuotaIsFair(t *testing.T) {
	start := time.Unix(1000, 0)
	now := start
	lim := rate.NewLimiter(1_000_000, 32<<10)
	qs := [2]quota{{limit: fixed(lim)}, {limit: fixed(lim)}}
	wants := [2]int{16 << 10, 4 << 20}
	var used [2]int
	for now.Sub(start) < 30*time.Second {
		next := now.Add(time.Hour)
		for i := range qs {
			n, again := qs[i].ask(now, wants[i])
			qs[i].use(n)
			used[i] += n
			if again.IsZero() {
				again = now.Add(time.Millisecond)
			}
			if again.Before(next) {
				next = again
			}
		}
		now = next
	}
	if lo, hi := min(used[0], used[1]), max(used[0], used[1]); float64(lo) < 0.25*float64(hi) {
		t.Errorf("used %v", used)
	}
}

// What is granted and not used is not lost, and debts are paid.
func TestQuotaKeepsCredit(t *testing.T) {
	now := time.Unix(1000, 0)
	q := quota{limit: fixed(rate.NewLimiter(1000, 16<<10))}
	if n, _ := q.ask(now, 16<<10); n != 16<<10 {
		t.Fatal(n)
	}
	q.use(6 << 10)
	if n, _ := q.ask(now, 16<<10); n != 10<<10 {
		t.Errorf("%d granted, want the 10 KiB that are left", n)
	}
	q.use(14 << 10) // 4 KiB more than there was
	if n, again := q.ask(now, 1); n != 0 || !again.After(now) {
		t.Error(n, again)
	}
	now = now.Add(time.Hour)
	if n, _ := q.ask(now, 1000); n != 1000 {
		t.Error(n)
	}
}

// A limit of nothing is looked at again, in case it is raised.
func TestQuotaOfNothing(t *testing.T) {
	now := time.Unix(1000, 0)
	lim := rate.NewLimiter(0, 0)
	q := quota{limit: fixed(lim)}
	if n, again := q.ask(now, 1000); n != 0 || again != now.Add(quotaRetry) {
		t.Error(n, again)
	}
	lim.SetBurstAt(now, 1<<20)
	lim.SetLimitAt(now, 1<<20)
	now = now.Add(time.Second)
	if n, _ := q.ask(now, 1000); n != 1000 {
		t.Errorf("%d granted after the limit was raised", n)
	}
}

// Many connections that have little to send keep no more of a limit for later
// than they need: a burst of theirs would go beyond it.
func TestUploadsDoNotHoard(t *testing.T) {
	const conns, perSecond = 50, 100_000
	lim := rate.NewLimiter(perSecond, 16<<10)
	now := time.Unix(1000, 0)
	var all []*Conn
	for range conns {
		c := uploadConn(t)
		c.wr.up.quota.outer.limit = fixed(lim)
		c.wr.up.size = maxBatch // it has been fast
		all = append(all, c)
	}
	ask := func(c *Conn, blocks, length uint32) {
		for i := range blocks {
			if err := c.rd.handle(requestFor(1, i*length, length)); err != nil {
				t.Fatal(err)
			}
		}
		for more := true; more; {
			var err error
			if more, err = c.wr.turn(now); err != nil {
				t.Fatal(err)
			}
		}
	}
	sent := func() (n int64) {
		for _, c := range all {
			n += c.tally.uploaded.Load()
		}
		return n
	}
	for range 200 { // 20 s in which half of the limit is asked for
		for _, c := range all {
			ask(c, 1, perSecond/10/conns/2)
		}
		now = now.Add(100 * time.Millisecond)
	}
	before := sent()
	for _, c := range all {
		ask(c, 60, piece.BlockSize)
	}
	if before < 900_000 {
		t.Errorf("%d bytes were sent of 1,000,000 asked for", before)
	}
	if burst := sent() - before; burst > 64<<10 {
		t.Errorf("%d bytes at once under a limit of %d a second", burst, perSecond)
	}
}

// A new limit is in force at once: nobody waits for what the old one would have
// granted, nor pays what was taken under it.
func TestQuotaOfChangedLimit(t *testing.T) {
	start := time.Unix(1000, 0)
	lim := rate.NewLimiter(16, 16<<10)
	qs := make([]quota, 50)
	for i := range qs {
		qs[i].limit = func() *rate.Limiter { return lim }
		qs[i].ask(start, 16<<10)
	}
	last := &qs[len(qs)-1]
	if n, again := last.ask(start, 16<<10); n != 0 || again != start.Add(quotaRetry) {
		t.Fatalf("%d bytes, again after %v", n, again.Sub(start))
	}
	lim = rate.NewLimiter(1_000_000, 32<<10)
	now := start.Add(quotaRetry)
	if n, again := last.ask(now, 16<<10); n != 16<<10 {
		t.Errorf("of more: %d bytes, again after %v", n, again.Sub(now))
	}
	lim = rate.NewLimiter(1000, 16<<10)
	last.use(1 << 20)
	if n, _ := last.ask(now, 16<<10); n != 16<<10 {
		t.Errorf("of less: %d bytes", n)
	}
	lim = nil
	if n, _ := last.ask(now, 1<<30); n != 1<<30 {
		t.Errorf("of none: %d bytes", n)
	}
}

// Both limits hold, and who waits for the inner one leaves the outer to others: a
// connection of a slow torrent costs a fast one nothing.
func TestQuotasLeaveTheOuter(t *testing.T) {
	start := time.Unix(1000, 0)
	inner, outer := rate.NewLimiter(10_000, 32<<10), rate.NewLimiter(100_000, 32<<10)
	slow := quotas{inner: quota{limit: fixed(inner)}, outer: quota{limit: fixed(outer)}}
	fast := quotas{inner: quota{limit: fixed(nil)}, outer: quota{limit: fixed(outer)}}
	var used [2]int
	for now := start; now.Sub(start) < 100*time.Second; {
		next := now.Add(time.Hour)
		for i, q := range []*quotas{&slow, &fast} {
			n, again := q.ask(now, 64<<10)
			if n > 64<<10 || n < 64<<10 && !again.After(now) {
				t.Fatalf("%d bytes, again in %v", n, again.Sub(now))
			}
			q.use(n)
			used[i] += n
			if again.IsZero() {
				again = now.Add(time.Millisecond)
			}
			if again.Before(next) {
				next = again
			}
		}
		now = next
	}
	near := func(got, want int) bool { return got > want*9/10 && got < want*11/10+64<<10 }
	if !near(used[0], 1_000_000) || !near(used[1], 9_000_000) {
		t.Errorf("the slow one used %d bytes of 1 MB, the fast one %d of 9 MB", used[0], used[1])
	}
}

// Less than a block is none: it is not worth a place in the line of the outer limit.
func TestQuotasBelowABlock(t *testing.T) {
	now := time.Unix(1000, 0)
	outer := rate.NewLimiter(1000, 32<<10)
	q := quotas{inner: quota{limit: fixed(rate.NewLimiter(1000, 1000))}, outer: quota{limit: fixed(outer)}}
	if n, again := q.ask(now, 64<<10); n != 0 || !again.After(now) {
		t.Errorf("%d bytes, again in %v", n, again.Sub(now))
	}
	if got := outer.TokensAt(now); got != 32<<10 {
		t.Errorf("the outer limit has %v left", got)
	}
}
