package torrent

import "time"

// meter turns a growing counter into a rate over the last seconds. It is
// sampled when somebody looks, so it needs no tick.
type meter struct {
	samples [16]sample
	n       int    // samples taken so far
	last    sample // when somebody looked last
}

// meters are those of one who looks at a torrent now and then.
type meters struct{ down, up meter }

// begin forgets what was seen: nothing has moved yet.
func (m *meters) begin(now time.Time) {
	m.down.begin(0, now)
	m.up.begin(0, now)
}

type sample struct {
	at    time.Time
	total int64
}

// meterSpan is how far back the rate looks, or further, to the last time that
// somebody looked, if that was longer ago; and meterStep the least time
// between two samples that are kept.
const (
	meterSpan = 5 * time.Second
	meterStep = meterSpan / 12
)

// begin forgets what was seen: from now on the counter is of interest. A rate
// that is asked for before a window has passed is the average since then.
func (m *meter) begin(total int64, now time.Time) {
	*m = meter{}
	m.rate(total, now)
}

// rate notes the counter's value and returns bytes per second.
func (m *meter) rate(total int64, now time.Time) int64 {
	oldest := sample{now, total}
	if m.n > 0 {
		oldest = m.last
	}
	m.last = sample{now, total}
	for i := max(0, m.n-len(m.samples)); i < m.n; i++ {
		if s := m.samples[i%len(m.samples)]; now.Sub(s.at) <= meterSpan {
			oldest = s
			break
		}
	}
	if m.n == 0 || now.Sub(m.samples[(m.n-1)%len(m.samples)].at) >= meterStep {
		m.samples[m.n%len(m.samples)] = m.last
		m.n++
	}
	d := now.Sub(oldest.at)
	if d <= 0 {
		return 0
	}
	return int64(float64(total-oldest.total) / d.Seconds())
}
