package torrent

import (
	"cmp"
	"errors"
	"sync"
)

// outcome is how a torrent has ended, or that it has not. Its methods may be called
// from any goroutine.
type outcome struct {
	done    chan struct{} // closed when the outcome is known
	stopped chan struct{} // closed when the torrent has let go of everything

	gone func() // called when stopped is closed; set before the loop begins

	doneOnce, stoppedOnce sync.Once // close them

	mu   sync.Mutex // guards the next two
	err  error
	last *Snapshot // set before the mailbox closes
}

func newOutcome() *outcome {
	return &outcome{done: make(chan struct{}), stopped: make(chan struct{}), gone: func() {}}
}

// reason is nil as long as nothing has gone wrong.
func (o *outcome) reason() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// ended is why a torrent does nothing more.
func (o *outcome) ended() error { return cmp.Or(o.reason(), ErrStopped) }

// settle takes the reason, or nil, unless a bug is known to be it.
func (o *outcome) settle(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !errors.Is(o.err, ErrBug) {
		o.err = err
	}
}

// crash takes a bug, which does not replace another reason, and reports whether it
// is the first.
func (o *outcome) crash(bug error) (first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first = !errors.Is(o.err, ErrBug)
	if o.err == nil {
		o.err = bug
	}
	return first
}

// remember keeps a snapshot for those who ask when the loop is over.
func (o *outcome) remember(s Snapshot) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = &s
}

// latest is what was remembered.
func (o *outcome) latest() Snapshot {
	o.mu.Lock()
	defer o.mu.Unlock()
	return *o.last
}

// abandon lets those go who wait for a torrent that hangs: s is what they see, if
// there is nothing better.
func (o *outcome) abandon(s Snapshot) {
	o.mu.Lock()
	if o.last == nil {
		o.last = &s
	}
	o.mu.Unlock()
	o.tellDone()
	o.tellStopped()
}

// tellDone closes done, if that is not closed yet.
func (o *outcome) tellDone() { o.doneOnce.Do(func() { close(o.done) }) }

// tellStopped closes stopped, if that is not closed yet.
func (o *outcome) tellStopped() {
	o.stoppedOnce.Do(func() {
		close(o.stopped)
		o.gone()
	})
}
