package torrent

import (
	"errors"
	"slices"
	"time"

	"gotor/piece"
)

// This file is how the selection changes while a torrent runs. Which files are
// wanted decides where bytes lie: those that wanted files share with others are in
// the .part files, those of unwanted ones in the side file. So a torrent does what it
// would do in two runs, and stays what it is to trackers and the DHT: it lets go of
// connections, writes what it has, and opens its files anew. What is verified stays
// so, without being hashed, where nobody has touched it meanwhile.

// reselection is a change of the selection. It belongs to the run goroutine.
type reselection struct {
	to     *Selection // what is wanted next; nil: nothing else than now
	phase  reselectPhase
	record *record // of what there is, while phase is reselectWriting
	wasted int64   // by managers that there were before
}

type reselectPhase int

const (
	reselectNone    reselectPhase = iota
	reselectLeaving               // connections and jobs come to their end
	reselectLeft                  // they have; the keeper may still be busy
	reselectWriting               // the keeper writes the record
	reselectOpening               // the opener is at work
)

// errReselect ends connections.
var errReselect = errors.New("other files are wanted now")

// Select changes which files are wanted, and in what order, of a torrent that was begun,
// until it is complete; then it has to be added again. It returns when that is decided.
// Where only the order changes, that is all; else the torrent follows soon: data of
// files that are not wanted any more stays where it is needed, or can be of use to a
// later run. A nil Wanted is everything. It fails for a Stream and with SeedOnly.
func (t *Torrent) Select(s Selection) error {
	s.Wanted, s.First, s.Low = slices.Clone(s.Wanted), slices.Clone(s.First), slices.Clone(s.Low)
	err, ok := ask(t.core, t.outcome.stopped, func(time.Time) error { return t.choose(s) })
	if !ok {
		return t.outcome.ended()
	}
	return err
}

// choose is Select on the loop.
func (t *Torrent) choose(s Selection) error {
	switch {
	case t.held.concluding || t.finished && t.Err() == nil:
		return errors.New("the torrent is complete: add it again to get other files")
	case t.finished || t.core.over || t.stopping:
		return t.outcome.ended()
	case t.layout == nil:
		return errors.New("the torrent was not begun yet")
	case t.spec.Stream != nil || t.spec.SeedOnly:
		return errors.New("the files of a stream, or of a seed, cannot be changed")
	case !slices.Contains(selection(t.meta, s.Wanted), true):
		return errors.New("no file is selected")
	}
	t.change.to = &s
	return nil
}

// changes reports whether the selection is about to change.
func (r *reselection) changes() bool { return r.to != nil || r.phase != reselectNone }

// waste is what came twice, unwanted or wrong; now is the manager that there is, or
// nil.
func (r *reselection) waste(now *piece.Manager) int64 {
	if now == nil {
		return r.wasted
	}
	return r.wasted + now.Stats().Wasted
}

// changeStep goes on with a change of the selection as far as it can.
func (t *Torrent) changeStep(now time.Time) {
	c := &t.change
	switch {
	case t.finished:
	case c.phase == reselectNone && c.to != nil && t.held.mgr != nil:
		if !t.held.reorder(c.to, now) {
			t.letGo(now)
			return
		}
		c.to = nil
		t.welcome(now)
		t.checkComplete(now)
	case c.phase == reselectLeft && t.held.settled() && !t.web.runs():
		c.phase, c.record, t.held.saving = reselectWriting, t.held.record(true, workedBy(t, now)), true
		t.held.keeper.save(c.record)
	case c.phase == reselectWriting && !t.held.saving:
		t.reopen()
	}
}

// letGo ends connections and servers, and then the manager.
func (t *Torrent) letGo(now time.Time) {
	t.change.phase, t.state, t.held.recordAt = reselectLeaving, StateStarting, time.Time{}
	t.held.readers.suspend()
	t.web.stop()
	t.peers.dismissAll(errReselect, now)
	mgr := t.held.mgr
	t.core.spawn(func() {
		t.peers.conns.Wait()
		mgr.Close() // what its workers have verified is posted before it returns
		t.core.post(func(time.Time) {
			t.change.phase = reselectLeft
			t.change.wasted += mgr.Stats().Wasted
			t.held.mgr = nil
			t.peers.end()
		})
	})
}

// reopen opens the files for the new selection, on the opener's goroutine. The
// record was written with marks of the files as they are.
func (t *Torrent) reopen() {
	c := &t.change
	rec, used := c.record, t.held.store
	rec.live = true
	t.held.prior.owned = rec.owned
	t.spec.Selection = *c.to
	c.phase, c.to, c.record, t.held.store = reselectOpening, nil, nil, nil
	t.held.recordAt = time.Time{}
	t.held.keeper.close()
	t.held.keeper = nil
	t.held.choose(newFileSet(t.layout, t.meta, t.spec.Wanted))
	t.open(rec, used)
}

// reopened goes on with what the survey has found.
func (t *Torrent) reopened(found surveyed, now time.Time) {
	t.change.phase = reselectNone
	if !t.manage(found.have, now) {
		return
	}
	t.held.resumed = min(t.held.resumed, t.held.verified)
	switch {
	case t.held.lacks() == 0:
	case t.searching:
		t.startWeb()
	default:
		t.beginSearch(now)
	}
	t.welcome(now)
	t.checkComplete(now)
}

// reorder follows a selection that wants the same files as before, in another order.
// False: it wants others.
func (h *holdings) reorder(to *Selection, now time.Time) bool {
	if !slices.Equal(selection(h.files.meta, to.Wanted), h.files.wanted) {
		return false
	}
	h.spec.Selection = *to
	h.files.arrange(h.mgr, to)
	if h.recordAt.IsZero() {
		h.recordAt = now.Add(recordEvery)
	}
	return true
}
