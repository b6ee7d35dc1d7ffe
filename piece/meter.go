package piece

import "time"

// meter measures how fast a peer gives blocks while it is asked for some.
// Times are ledger.clock.
type meter struct {
	rate  float64 // bytes per second over the last windows; 0: none yet
	since int64   // the window's start
	bytes int64   // in this window
	last  int64   // last block, or the request that ended a pause
}

const (
	meterWindow = int64(500 * time.Millisecond)
	// After so long without a block the rate says nothing any more.
	meterStale = int64(10 * time.Second)
)

// resume takes the pause since the last block out of the window, in which
// nothing was asked.
func (t *meter) resume(now int64) {
	t.since += now - t.last
	t.last = now
}

// got counts n bytes.
func (t *meter) got(n int32, now int64) {
	t.bytes += int64(n)
	t.last = now
	if d := now - t.since; d >= meterWindow {
		r := float64(t.bytes) * 1e9 / float64(d)
		if t.rate > 0 {
			r = (t.rate + r) / 2
		}
		t.rate, t.since, t.bytes = r, now, 0
	}
}

// expire forgets a stale rate.
func (t *meter) expire(now int64) {
	if now-t.last > meterStale {
		t.rate, t.bytes, t.since = 0, 0, t.last
	}
}

// perSecond returns the rate in bytes per second, 0 if nothing is known.
func (t *meter) perSecond(now int64) float64 {
	if t.rate > 0 || t.bytes == 0 {
		return t.rate
	}
	return float64(t.bytes) * 1e9 / float64(max(now-t.since, int64(time.Millisecond)))
}
