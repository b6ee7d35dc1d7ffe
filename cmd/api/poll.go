package api

import (
	"context"
	"time"

	"gotor/cmd/record"
)

const (
	// maxPoll is how long a request may wait for something to happen.
	maxPoll = 10 * time.Minute
	// maxPolls bounds those that wait: each looks at its torrent with every change.
	maxPolls = 256
)

// What a request may wait for.
const (
	untilDone     = "done"     // complete, or failed: it needs somebody
	untilMetadata = "metadata" // what a link leads to is known, or failed
	untilChange   = "change"   // it is not as it was
)

// polls are the requests that wait.
type polls struct {
	session Session
	stop    <-chan struct{} // closed when the daemon ends
	turns   chan struct{}
}

func newPolls(s Session, stop <-chan struct{}) *polls {
	return &polls{session: s, stop: stop, turns: make(chan struct{}, maxPolls)}
}

// wait calls look with each change of the list until it says that it is enough, the
// span is over, the daemon ends or the caller is gone. Whatever ends it, look has
// seen how things stand.
func (p *polls) wait(ctx context.Context, span time.Duration, look func() (enough bool)) error {
	_, changed := p.session.Changed() // before the look, so that nothing is missed
	if look() || span <= 0 {
		return nil
	}
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	default:
		return record.NewProblem(record.CodeTooMany, "%d requests wait already: ask again without wait", maxPolls)
	}
	over := time.NewTimer(min(span, maxPoll))
	defer over.Stop()
	for {
		select {
		case <-changed:
		case <-over.C:
			return nil
		case <-p.stop:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
		if _, changed = p.session.Changed(); look() {
			return nil
		}
	}
}

// torrent waits for something to happen to a torrent, and returns it as it is then.
// revision: at which the caller has seen it; 0: as it is now.
func (p *polls) torrent(ctx context.Context, id string, span time.Duration, until string, revision uint64) (t *record.Torrent, err error) {
	waited := p.wait(ctx, span, func() bool {
		if t, err = p.session.Torrent(id); err != nil {
			return true
		}
		if revision == 0 {
			revision = t.Revision
		}
		return reached(t, until, revision)
	})
	if err == nil {
		err = waited
	}
	return t, err
}

// reached reports whether what was waited for has happened.
func reached(t *record.Torrent, until string, revision uint64) bool {
	switch {
	case until == untilChange:
		return t.Revision != revision
	case t.State == record.StateFailed:
		return true
	case until == untilMetadata:
		return t.Pieces > 0
	}
	return t.State == record.StateSeeding || t.State == record.StateCompleted ||
		t.State == record.StatePaused && t.Completed != nil && t.Verified == t.Wanted
}

// spanOf reads a wait; "" is none.
func spanOf(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, ok := parseSpan(text)
	if !ok {
		return 0, badQuery("wait", "a span is like 30s")
	}
	return d, nil
}
