package daemon

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/metainfo"
	"gotor/torrent/session"
)

// run is one stay of a torrent in the engine, from Client.Add until it has let go of
// everything. It belongs to its one goroutine, live, but for what is said below. It
// follows the entry: whoever changes that pokes it.
type run struct {
	*item
	torrent atomic.Pointer[torrent.Torrent] // nil: not added yet
	alone   bool                            // for its readers, and offline; immutable
	news    chan struct{}                   // see poke; holds one
	begun   chan struct{}                   // closed once Begin has returned without an error
	over    chan struct{}                   // closed at the end

	need    need           // what it was begun for
	whole   bool           // the torrent is complete
	unnoted bool           // and that could not be written down
	applied *session.Entry // what the engine was told

	// Guarded by item.mu.
	down, up, wasted int64     // as counted so far
	counted          time.Time // until when seconds are counted
}

func newRun(it *item, alone bool) *run {
	return &run{item: it, alone: alone, news: make(chan struct{}, 1), begun: make(chan struct{}), over: make(chan struct{}), counted: time.Now()}
}

// poke says that something may be new. It does not wait.
func (r *run) poke() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// live is the goroutine of a run.
func (r *run) live() {
	defer r.tasks.leave()
	defer r.item.ended(r)
	t, err := r.enter()
	if err == nil {
		r.torrent.Store(t)
		s := t.Snapshot() // the floor may have missed how it looked until now
		r.count(&s, time.Now())
		r.floor.poke(r.item)
		r.replaceSources(t)
		err = r.attend(t)
		r.leave(t)
		if err == nil {
			err = t.Err() // it was to end, and has failed before
		}
	}
	if err != nil && !r.closing() && !errors.Is(err, torrent.ErrStopped) {
		r.fail(err)
	}
}

// enter adds the torrent to the engine.
func (r *run) enter() (*torrent.Torrent, error) {
	e, ok := r.entry()
	if !ok {
		return nil, torrent.ErrStopped
	}
	src, how, err := sourceOf(r.parts, e)
	if err != nil {
		return nil, err
	}
	src.Offline = r.alone
	return r.client.Add(src, how)
}

// replaceSources has other trackers and web servers asked than those that the torrent
// names, if the user has said so.
func (r *run) replaceSources(t *torrent.Torrent) {
	e, ok := r.entry()
	if !ok || r.alone {
		return
	}
	if e.Tiers != nil {
		r.fix("the trackers", func() error { return t.SetTrackers(tiersOf(e, nil)) })
	}
	if e.WebSeeds != nil {
		r.fix("the web seeds", func() error { return t.SetWebSeeds(*e.WebSeeds) })
	}
}

// attend follows the torrent until it ends, or has to.
func (r *run) attend(t *torrent.Torrent) error {
	known, done := t.Known(), t.Done()
	for {
		select {
		case <-known:
			known = nil
			if err := r.begin(t); err != nil {
				return err
			}
		case <-done:
			done = nil
			if err := t.Err(); err != nil {
				return err
			}
			s := t.Snapshot()
			r.count(&s, time.Now())
			if err := r.complete(); err != nil {
				return err
			}
		case <-r.news:
		case <-t.Stopped():
			return t.Err()
		case <-r.ctx.Done():
			return nil
		}
		if !r.stays() {
			return nil
		}
		if known == nil {
			r.checked()
			r.follow(t)
			if r.unnoted {
				if err := r.complete(); err != nil {
					return err
				}
			}
		}
	}
}

// stays reports whether what it was begun for is still wanted.
func (r *run) stays() bool {
	now := r.wants()
	e, ok := r.entry()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.alone {
		return ok && r.readsAlone(e)
	}
	if !r.allowed || now == needNothing {
		return false
	}
	switch {
	case r.applied == nil:
		return true
	case now == needPeers:
		return r.awake && (r.whole || r.need == needPeers)
	}
	return r.unnoted || !r.whole && (r.need == now || r.need == needCheck && now == needData)
}

// begin tells the engine what is to be done with the torrent, which is known now.
func (r *run) begin(t *torrent.Torrent) error {
	e, ok := r.entry()
	if !ok {
		return torrent.ErrStopped
	}
	raw, m := t.Metainfo()
	if e.Link != "" {
		var err error
		if e, err = r.learn(raw, m); err != nil {
			return err
		}
	}
	spec, err := specOf(e, m, r.warn)
	if err != nil {
		return err
	}
	r.need, r.applied = needOf(e), e
	if r.alone {
		r.need = needPeers // as it is verified so, and nothing is written
	}
	if r.need == needNothing {
		return torrent.ErrStopped
	}
	spec.SeedOnly = r.need == needPeers
	if spec.Recheck = e.Check; e.Check && !e.Completed.IsZero() {
		spec.Overwrite = true // what is not right any more was ours
	}
	if err := t.Begin(spec); err != nil {
		return err
	}
	close(r.begun)
	r.show()
	return nil
}

// learn writes down what a link has led to.
func (r *run) learn(raw []byte, m *metainfo.Torrent) (*session.Entry, error) {
	if err := r.store.SaveMetainfo(r.id, raw); err != nil {
		return nil, err
	}
	e, err := r.update(r.ctx, func(e *session.Entry) error { return describe(e, m) })
	if err != nil {
		return nil, err
	}
	r.roster.put(r.item, e.V2)
	r.show(r.reached("metadata"))
	return e, nil
}

// checked notes that everything was hashed, and something is missing.
func (r *run) checked() {
	r.mu.Lock()
	over := r.need == needCheck && r.seen.State == torrent.StateDownloading
	r.mu.Unlock()
	if e, ok := r.entry(); !over || r.whole || !ok || !e.Check {
		return
	}
	_, err := r.update(r.ctx, func(e *session.Entry) error {
		if e.Check = false; !e.Completed.IsZero() {
			e.Completed, e.Ended, e.Over = time.Time{}, false, true
		}
		return nil
	})
	if err == nil {
		r.show(r.reached("checked"))
		r.floor.poke(r.item)
	}
}

// complete notes that all that was selected is there.
func (r *run) complete() error {
	r.whole = true
	if r.need == needPeers {
		return nil
	}
	settings := r.rules.get()
	what := "completed"
	e, err := r.update(r.ctx, func(e *session.Entry) error {
		if e.Check {
			what = "checked"
		}
		e.Check, e.Over = false, false
		if e.Completed.IsZero() {
			what, e.Completed = "completed", time.Now().UTC()
		}
		g := goalOf(e, &settings.Seed)
		e.Ended = e.Ended || g.never
		return nil
	})
	if r.unnoted = err != nil && record.ProblemOf(err).Code == record.CodeNotReady; r.unnoted {
		return nil // once more when the session can be written
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.tally.Verified, r.uncount, r.tries, r.verified = e.Facts.Wanted, true, 0, nil
	r.mu.Unlock()
	r.log.write(levelInfo, string(r.id), "%s: %s", nameOf(e), what)
	r.show(r.reached(what))
	// The engine may have looked complete for a while, and the entry not yet.
	r.floor.poke(r.item)
	return nil
}

// fail writes down why the torrent does not go on.
func (r *run) fail(err error) {
	f := &session.Failure{Code: record.Reason(record.CodeOf(err)), Detail: record.Redact(err.Error()), Since: time.Now().UTC()}
	_, unwritten := r.update(r.ctx, func(e *session.Entry) error { e.Failed = f; return nil })
	if unwritten != nil {
		r.mu.Lock()
		r.broken = f
		r.mu.Unlock()
	}
	r.log.write(levelError, string(r.id), "%s", err)
	r.show(r.reached("failed"))
}

// keptProgress is of how many files it is remembered how much of each is there, while
// the torrent sleeps.
const keptProgress = 10_000

// leave stops the torrent, or has it seed asleep, and waits until it has let go.
func (r *run) leave(t *torrent.Torrent) {
	if progress := t.Inside().FileProgress(); progress != nil && !r.whole && !r.alone && len(progress) <= keptProgress {
		r.mu.Lock()
		r.verified = progress
		r.mu.Unlock()
	}
	if !r.alone && r.wants() == needPeers && r.isAllowed() && !r.closing() {
		t.Sleep()
	} else {
		t.Stop()
	}
	<-t.Stopped()
	s := t.Snapshot()
	r.count(&s, time.Now())
}

// follow tells the engine what has changed in the entry since it was told last.
func (r *run) follow(t *torrent.Torrent) {
	e, ok := r.entry()
	if !ok || r.alone || r.applied == nil || e == r.applied {
		return
	}
	was := r.applied
	r.applied = e
	r.fix("the selection", func() error {
		if r.whole || r.need == needPeers || sameFiles(&was.Files, &e.Files) {
			return nil
		}
		return t.Select(selectionOf(e))
	})
	if was.Rates != e.Rates {
		t.SetSpeed(torrent.Speed(e.Rates))
	}
	_, m := t.Metainfo()
	r.fix("the trackers", func() error {
		if slices.Equal(was.Trackers, e.Trackers) && reflect.DeepEqual(was.Tiers, e.Tiers) {
			return nil
		}
		return t.SetTrackers(tiersOf(e, m))
	})
	r.fix("the web seeds", func() error {
		if reflect.DeepEqual(was.WebSeeds, e.WebSeeds) {
			return nil
		}
		return t.SetWebSeeds(webSeedsOf(e, m))
	})
}

// fix carries out a change, and says if that has failed.
func (r *run) fix(what string, change func() error) {
	if err := change(); err != nil && !errors.Is(err, torrent.ErrStopped) {
		r.warn(what + " could not be changed: " + err.Error())
	}
}

// await waits until the run has begun the torrent, for who wants its content.
func (r *run) await(ctx context.Context) (*torrent.Torrent, error) {
	select {
	case <-r.begun:
		return r.torrent.Load(), nil
	case <-r.over:
		return nil, record.NewProblem(record.CodeConflict, "the torrent has stopped")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
