package daemon

import (
	"context"
	"sync"

	"gotor/torrent"
	"gotor/torrent/session"
)

// parts are what the daemon has once, and everything in it may use. They are
// immutable, and each looks after its own state.
type parts struct {
	ctx    context.Context // ends when the daemon is closed
	keyDir string          // as torrent.Config.KeyDir
	client *torrent.Client
	store  *session.Store
	board  *board
	log    *logbook
	meter  *meter
	rules  *rules
	roots  roots
	desk   *desk
	roster *roster
	floor  *floor
	papers *papers

	tasks *tasks
}

// tasks are the goroutines of the daemon. The zero value is ready.
type tasks struct {
	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

// enter counts one that begins, and reports whether it may.
func (t *tasks) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.wg.Add(1)
	}
	return !t.closed
}

// leave is told when one is over.
func (t *tasks) leave() { t.wg.Done() }

// close lets none begin any more.
func (t *tasks) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

// commit has the session carry out changes, and returns when they are on disk. That
// ctx ends is no reason to leave before that: nobody would know whether they have
// happened, and whoever they concern would not be told.
func (p *parts) commit(ctx context.Context, ops ...session.Op) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return unkept(p.store.Commit(context.WithoutCancel(ctx), ops...))
}

// closing reports whether the daemon is on its way out: nothing that ends now has
// failed.
func (p *parts) closing() bool { return p.ctx.Err() != nil }
