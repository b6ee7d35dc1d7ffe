package tracker

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"
)

// turns runs the queue: the announces of all Announcers of a Client wait here.
type turns struct {
	mu    sync.Mutex
	q     queue
	timer *time.Timer // nil: nothing waits for the time alone
}

// errCrowded ends the wait of an announce that has another tracker to turn to.
var errCrowded = errors.New("it answers others, but too slowly to ask it now")

// take waits until an announce to a tracker may begin, and returns what its end is
// to call. bye: it says that we stop. patience, if not 0, is how long it waits at most.
func (c *Client) take(ctx context.Context, rawURL string, bye bool, patience time.Duration) (end func(), err error) {
	host := hostOf(rawURL)
	if host == "" {
		return func() {}, nil // it fails by itself
	}
	t := &c.turns
	p := t.join(host, bye)
	end = func() { t.leave(p) }
	select {
	case <-p.ready:
		return end, nil
	default:
	}
	var late <-chan time.Time
	if patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-p.ready:
		return end, nil
	case <-late:
		err = &unreachable{errCrowded}
	case <-ctx.Done():
		err = ctx.Err()
	case <-c.ctx.Done():
		err = net.ErrClosed
	}
	end()
	return nil, err
}

// Pending is how many announces of all torrents wait for their turn or are under way.
func (c *Client) Pending() int {
	c.turns.mu.Lock()
	defer c.turns.mu.Unlock()
	n := c.turns.q.busy
	for _, l := range c.turns.q.lines {
		n += len(l.waiting)
	}
	return n
}

func (t *turns) join(host string, bye bool) *place {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.q.join(host, bye)
	p.ready = make(chan struct{})
	t.step()
	return p
}

func (t *turns) leave(p *place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.q.leave(p)
	t.step()
}

// step lets those begin whose turn it is, and sets the timer. Under t.mu.
func (t *turns) step() {
	now := time.Now()
	for _, p := range t.q.start(now) {
		close(p.ready)
	}
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	if at, ok := t.q.due(); ok {
		t.timer = time.AfterFunc(at.Sub(now), t.later)
	}
}

// later is the timer's function.
func (t *turns) later() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.step()
}

// hostOf is whom a URL asks, by name and port; empty if it is none.
func hostOf(rawURL string) string {
	if u, err := url.Parse(rawURL); err == nil && len(rawURL) <= maxURL {
		return strings.ToLower(u.Host)
	}
	return ""
}
