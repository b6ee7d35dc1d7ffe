package storage

import "sync"

// pile is a list that any goroutine adds to, and that is taken as a whole. The
// zero value is empty.
type pile[T any] struct {
	mu   sync.Mutex // never held across I/O
	list []T
}

func (p *pile[T]) add(items ...T) {
	p.mu.Lock()
	p.list = append(p.list, items...)
	p.mu.Unlock()
}

// take returns what is on the pile, in the order in which it came, and leaves the
// pile empty.
func (p *pile[T]) take() []T {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.list
	p.list = nil
	return list
}
