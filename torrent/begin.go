package torrent

import (
	"errors"
	"time"

	"gotor/torrent/metainfo"
)

// This file is how a torrent begins: it is known what it is, and its caller says what
// to do with it.

// learn takes over the metainfo, which does not change any more.
func (t *Torrent) learn(raw []byte, m *metainfo.Torrent) {
	t.source.Raw, t.meta = raw, m
	t.announces.learn(m)
	t.clocks.found()
	close(t.known)
}

// Known is closed when it is known what the torrent is: at once, unless it came as
// a link. It is never closed when that was not found out; see Done.
func (t *Torrent) Known() <-chan struct{} { return t.known }

// Metainfo is what the torrent is, and the whole .torrent of it, which is nil when
// Source.Raw was: for a link it was put together, trackers and web seeds of the link
// included. It may be called once Known is closed; neither is to be changed.
func (t *Torrent) Metainfo() (raw []byte, m *metainfo.Torrent) { return t.source.Raw, t.meta }

// Begin starts the work on a torrent that is Known, and may be called once. It fails
// on what cannot work, or when the torrent has ended; then with the reason of that.
// Who does not want to go on, after an error or without it, calls Stop.
func (t *Torrent) Begin(spec Spec) error {
	err, ok := ask(t.core, t.outcome.stopped, func(now time.Time) error { return t.begin(spec, now) })
	if !ok {
		return t.outcome.ended()
	}
	return err
}

// begin is Begin on the loop.
func (t *Torrent) begin(spec Spec, now time.Time) error {
	switch {
	case t.finished || t.core.over:
		return t.outcome.ended()
	case t.meta == nil:
		return errors.New("it is not known yet what the torrent is")
	case t.layout != nil:
		return errors.New("the torrent was begun before")
	case t.source.Offline && !(spec.Seed && spec.SeedOnly):
		return errors.New("a torrent that is only read cannot be downloaded")
	}
	if err := t.adopt(spec); err != nil {
		return err
	}
	t.began = now
	t.clocks.limit(&spec.Limits, now)
	t.still.among(spec.StallTimeout, spec.PeerTimeout, spec.SeedIdle)
	t.open(nil, nil)
	return nil
}

// adopt takes over what is to be done with the torrent. What it sets does not change
// any more; nobody else looks at it before.
func (t *Torrent) adopt(spec Spec) error {
	if err := t.meta.CanDownload(); err != nil {
		return err
	}
	l, err := layoutOf(t.meta)
	if err == nil {
		err = spec.checkNames(t.meta)
	}
	if err != nil {
		return err
	}
	t.spec, t.layout, t.paths, t.stay = spec, l, spec.paths(t.meta), spec.Seed
	t.core.name = t.paths.top
	t.core.limit(spec.Speed)
	t.held = holdings{core: t.core, source: &t.source, spec: &t.spec, paths: &t.paths, left: &t.counters.left}
	t.held.choose(newFileSet(l, t.meta, spec.Wanted))
	return nil
}
