package transmission

import "sync"

// altSpeed is what the alternative limits are until somebody sets them, in bytes per
// second.
const altSpeed = 50 * kilo

// prefs are settings of this protocol that gotor itself has not: they mean something
// here alone, and are as at first with each run. Methods may be called from any
// goroutine.
type prefs struct {
	mu     sync.Mutex
	paused bool // torrents are added as paused
	alt    alternative
}

// alternative are limits that can be switched on.
type alternative struct{ down, up int64 }

func newPrefs() *prefs { return &prefs{alt: alternative{altSpeed, altSpeed}} }

func (p *prefs) startsAdded() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.paused
}

func (p *prefs) setStartsAdded(starts bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused = !starts
}

func (p *prefs) alternative() alternative {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alt
}

func (p *prefs) setAlternative(a alternative) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alt = a
}
