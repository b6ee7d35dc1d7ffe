package daemon

import (
	"sync"
	"time"

	"gotor/cmd/record"
)

// maxHistory is how many seconds of rates are kept.
const maxHistory = 3600

// meter counts payload: in all, and how much of it in each of the last seconds. It is
// fed while something moves; seconds of which it was told nothing had none.
type meter struct {
	mu         sync.Mutex
	down, up   int64 // of this run
	wasted     int64
	downs, ups [maxHistory]int64 // a ring, by second
	newest     int64             // the second that was fed last
}

// add notes what has moved since the last call.
func (m *meter) add(down, up, wasted int64, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forward(now.Unix())
	i := m.newest % maxHistory
	m.downs[i] += down
	m.ups[i] += up
	m.down, m.up, m.wasted = m.down+down, m.up+up, m.wasted+wasted
}

// forward goes on to a second, and clears those on the way.
func (m *meter) forward(second int64) {
	if second-m.newest > maxHistory {
		m.newest = second - maxHistory
	}
	for m.newest < second {
		m.newest++
		i := m.newest % maxHistory
		m.downs[i], m.ups[i] = 0, 0
	}
}

// totals are the bytes of this run.
func (m *meter) totals() (down, up, wasted int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.down, m.up, m.wasted
}

// history is the rates of so many whole seconds before now, the newest last.
func (m *meter) history(seconds int, now time.Time) record.History {
	n := min(max(seconds, 0), maxHistory-1)
	h := record.History{Interval: 1, Down: make([]int64, n), Up: make([]int64, n)}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forward(now.Unix())
	for i := range n {
		at := (m.newest - int64(n) + int64(i)) % maxHistory
		if at >= 0 {
			h.Down[i], h.Up[i] = m.downs[at], m.ups[at]
		}
	}
	return h
}

// rates are those of the last whole second.
func (m *meter) rates(now time.Time) (down, up int64) {
	h := m.history(1, now)
	return h.Down[0], h.Up[0]
}
