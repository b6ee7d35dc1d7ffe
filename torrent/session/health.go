package session

import "sync"

// health is whether changes can be written, for many to look at.
type health struct {
	mu      sync.Mutex
	err     error
	changed chan struct{}
}

func (h *health) get() (changed <-chan struct{}, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changed == nil {
		h.changed = make(chan struct{})
	}
	return h.changed, h.err
}

func (h *health) set(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	same := err == nil && h.err == nil || err != nil && h.err != nil && err.Error() == h.err.Error()
	if h.err = err; h.changed != nil && !same {
		close(h.changed)
		h.changed = nil
	}
}
