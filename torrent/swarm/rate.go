package swarm

import "time"

// Rate turns a counter that grows into a rate over the last seconds, of wall time:
// pauses count. (What a peer gives while it is asked is measured by package piece.)
// It is sampled when somebody looks, so it needs no tick. The zero value is ready.
type Rate struct {
	samples [16]rateSample
	n       int        // samples taken so far
	last    rateSample // when somebody looked last
}

type rateSample struct {
	at    time.Time
	total int64
}

// rateSpan is how far back the rate looks, or further, to the last time that
// somebody looked, if that was longer ago; and rateStep the least time
// between two samples that are kept.
const (
	rateSpan = 5 * time.Second
	rateStep = rateSpan / 12
)

// Begin forgets what was seen: from now on the counter is of interest. A rate
// that is asked for before a window has passed is the average since then.
func (r *Rate) Begin(total int64, now time.Time) {
	*r = Rate{}
	r.Look(total, now)
}

// Look notes the counter's value and returns how much it grew per second.
func (r *Rate) Look(total int64, now time.Time) int64 {
	oldest := rateSample{now, total}
	if r.n > 0 {
		oldest = r.last
	}
	r.last = rateSample{now, total}
	for i := max(0, r.n-len(r.samples)); i < r.n; i++ {
		if s := r.samples[i%len(r.samples)]; now.Sub(s.at) <= rateSpan {
			oldest = s
			break
		}
	}
	if r.n == 0 || now.Sub(r.samples[(r.n-1)%len(r.samples)].at) >= rateStep {
		r.samples[r.n%len(r.samples)] = r.last
		r.n++
	}
	d := now.Sub(oldest.at)
	if d <= 0 {
		return 0
	}
	return int64(float64(total-oldest.total) / d.Seconds())
}
