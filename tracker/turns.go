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

// turns runs the queue: the announces of all Announcers of a Client wait here, without
// a goroutine each.
type turns struct {
	mu     sync.Mutex
	q      queue
	timer  *time.Timer // nil: nothing waits for the time alone
	closed bool
}

var (
	// errCrowded ends the wait of an announce that has another tracker to turn to.
	errCrowded = errors.New("it answers others, but too slowly to ask it now")
	// errMute ends that of one whose host does not answer others.
	errMute = errors.New("no answer to other torrents either")
)

// Pending is how many announces of all torrents wait for their turn or are under way.
func (c *Client) Pending() int {
	c.turns.mu.Lock()
	defer c.turns.mu.Unlock()
	return c.turns.q.size()
}

// turn is one announce in the queue.
type turn struct {
	turns *turns
	place *place // nil: its tracker is no host, and it fails by itself
	stop  func() // ends what watches over its wait
}

// take has begin called, on a goroutine of its own, when an announce to a tracker may
// begin; with an error when it may not. patience, if not 0, is how long it waits at
// most. Who begins calls end afterwards. now: it begins at once.
func (c *Client) take(ctx context.Context, rawURL string, rank rank, patience time.Duration, begin func(t *turn, err error)) (now bool) {
	t := &turn{turns: &c.turns, stop: func() {}}
	host := hostOf(rawURL)
	if host == "" {
		go begin(t, nil)
		return true
	}
	return c.turns.join(ctx, t, host, rank, patience, begin)
}

func (t *turns) join(ctx context.Context, w *turn, host string, rank rank, patience time.Duration, begin func(*turn, error)) (now bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		go begin(w, net.ErrClosed)
		return false
	}
	w.place = t.q.join(host, rank)
	w.place.begin = func(err error) {
		w.stop()
		w.place.begin = nil
		go begin(w, err)
	}
	t.step()
	if w.place.begin == nil {
		return w.place.begun
	}
	w.watch(ctx, patience)
	return false
}

// watch ends the wait with ctx, or when patience is over. Under turns.mu.
func (w *turn) watch(ctx context.Context, patience time.Duration) {
	unhook := context.AfterFunc(ctx, func() { w.giveUp(ctx.Err()) })
	w.stop = func() { unhook() }
	if patience > 0 {
		late := time.AfterFunc(patience, func() { w.giveUp(&unreachable{errCrowded}) })
		w.stop = func() {
			unhook()
			late.Stop()
		}
	}
}

// giveUp ends a wait, unless it is over.
func (w *turn) giveUp(err error) {
	t := w.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	if w.place.begin != nil {
		t.q.leave(w.place, noEcho, time.Now())
		w.place.begin(err)
		t.step()
	}
}

// end is the end of an announce that has begun.
func (w *turn) end(e echo) {
	if w.place == nil {
		return
	}
	t := w.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	t.q.leave(w.place, e, time.Now())
	t.step()
}

// close refuses all that wait, and whoever comes.
func (t *turns) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for _, l := range t.q.lines {
		for r := range l.waiting {
			for _, p := range l.waiting[r] {
				p.begin(net.ErrClosed)
			}
			l.waiting[r] = nil
		}
	}
	t.step()
}

// step lets those begin whose turn it is, and sets the timer. Under t.mu.
func (t *turns) step() {
	now := time.Now()
	begin, refuse := t.q.start(now)
	for _, p := range begin {
		p.begin(nil)
	}
	for _, p := range refuse {
		p.begin(&unreachable{errMute})
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

// hostOf is whom a URL asks, by name and port, and in which of two ways: "udp " stands
// before those that are asked over UDP. Empty: it is no URL.
func hostOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil || len(rawURL) > maxURL || u.Host == "" {
		return ""
	}
	if u.Scheme == "udp" {
		return "udp " + strings.ToLower(u.Host)
	}
	return strings.ToLower(u.Host)
}
