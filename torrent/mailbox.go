package torrent

import (
	"sync"
	"time"
)

// mailbox is the queue of a loop. Any goroutine puts, one takes; put never
// blocks. It is bounded by what can post: one entry per verified piece, a few per
// connection, and one for all that wait in the lobby.
type mailbox struct {
	wake chan struct{} // capacity 1

	mu     sync.Mutex
	queue  []func(now time.Time)
	closed bool
}

func newMailbox() *mailbox { return &mailbox{wake: make(chan struct{}, 1)} }

// put reports whether f will be run; it is not when the loop has ended.
func (m *mailbox) put(f func(now time.Time)) bool {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return false
	}
	m.queue = append(m.queue, f)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
	return true
}

// take swaps the queue for an empty one: spare is reused for it.
func (m *mailbox) take(spare []func(now time.Time)) []func(now time.Time) {
	m.mu.Lock()
	q := m.queue
	m.queue = spare[:0]
	m.mu.Unlock()
	return q
}

// close returns what was left; later puts are refused.
func (m *mailbox) close() []func(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	q := m.queue
	m.queue = nil
	return q
}
