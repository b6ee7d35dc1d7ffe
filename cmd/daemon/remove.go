package daemon

import (
	"context"
	"path/filepath"
	"time"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/session"
)

// maxLeft is how many paths Removed names.
const maxLeft = 100

// remove takes a torrent out, and its data as far as that is asked for. That it goes is
// written down first: after a power cut it is gone on with.
func (v *verbs) remove(ctx context.Context, id, data string) (r record.Removed, err error) {
	it, give, err := v.on(ctx, id)
	if err != nil {
		return r, err
	}
	defer give()
	e, ok := it.entry()
	if !ok {
		return r, gone(it.id)
	}
	claimed, err := v.roster.claim(ctx, e.ID, e.V2)
	if err != nil {
		return r, err
	}
	defer claimed()
	parting := v.parting(it, e)
	release, err := it.seize(ctx)
	if err != nil {
		return r, err
	}
	defer release()
	if err := it.stay(ctx); err != nil {
		return r, err
	}
	r.Left = []string{}
	if data != record.KeepData && data != "" {
		if r, err = v.removeData(ctx, it, data); err != nil {
			return r, err
		}
		ctx = context.WithoutCancel(ctx) // the files are gone, and so must the entry be
	} else {
		v.removeEdges(it)
	}
	if err := it.strike(ctx); err != nil {
		return r, err
	}
	if parting != nil {
		v.floor.sleepers.part(parting)
	}
	return r, nil
}

// parting is how the trackers of a torrent that seeds asleep are told that it is gone;
// nil: they are told otherwise.
func (v *verbs) parting(it *item, e *session.Entry) func() (torrent.Asleep, error) {
	if it.running() != nil || it.wants() != needPeers {
		return nil
	}
	a, err := v.floor.sleepers.asleep(e)
	return func() (torrent.Asleep, error) { return a, err }
}

// strike takes the entry out of the session, and the torrent off the board.
func (it *item) strike(ctx context.Context) error {
	e, ok := it.entry()
	if !ok {
		return gone(it.id)
	}
	if err := it.commit(ctx, session.Remove(e.ID)); err != nil {
		return err
	}
	it.struck.Store(true) // before anybody can add it again
	it.roster.remove(it)
	it.papers.forget(e.ID)
	name := nameOf(e)
	it.mu.Lock() // who shows it just now has still seen the entry, and puts the row first
	it.board.remove(string(e.ID), record.Milestone{ID: string(e.ID), What: "removed", Name: name, At: time.Now().UTC()})
	it.mu.Unlock()
	it.log.write(levelInfo, string(e.ID), "%s: removed", name)
	it.floor.poke(it)
	return nil
}

// removeData removes the files of a torrent that is held. The caller strikes it out.
func (v *verbs) removeData(ctx context.Context, it *item, data string) (r record.Removed, err error) {
	e, ok := it.entry()
	if !ok {
		return r, gone(it.id)
	}
	if data != record.RemoveData && data != record.RemovePart {
		return r, record.NewProblem(record.CodeInvalid, "what is to become of the data is false, true or partial")
	}
	if other := v.sharer(e); other != nil && data == record.RemoveData {
		return r, record.NewProblem(record.CodeConflict, "%s has its files in the same place: remove that one first, or keep the data", nameOf(other))
	}
	if _, err := it.update(ctx, func(e *session.Entry) error { e.Remove = data; return nil }); err != nil {
		return r, err
	}
	if r, err = it.removeFiles(data); err != nil {
		_, _ = it.update(context.WithoutCancel(ctx), func(e *session.Entry) error { e.Remove = ""; return nil })
		return r, err
	}
	return r, nil
}

// removeEdges removes what is kept beside complete files to verify them: without the
// entry it is of no use to anybody. It is small, and no reason to fail.
func (v *verbs) removeEdges(it *item) {
	e, ok := it.entry()
	if !ok || e.Completed.IsZero() || e.Priorities == nil || v.sharer(e) != nil {
		return
	}
	_, m, err := it.papers.get(e)
	if err != nil {
		return
	}
	_, _ = torrent.RemoveFiles(torrent.RemoveSpec{Place: placeOf(&e.Place), Meta: m, KeyDir: it.keyDir})
}

// sharer is another torrent whose data is where that of e is; nil: there is none.
func (v *verbs) sharer(e *session.Entry) *session.Entry {
	if e.Link != "" {
		return nil
	}
	root := filepath.Clean(rootOf(e))
	for _, other := range v.store.Entries() {
		if other.ID != e.ID && other.Link == "" && filepath.Clean(rootOf(other)) == root && !e.Flat {
			return other
		}
	}
	return nil
}

// removeFiles removes the files of the torrent, as far as that is asked for.
func (it *item) removeFiles(data string) (r record.Removed, err error) {
	r.Left = []string{}
	e, ok := it.entry()
	if !ok || e.Link != "" {
		return r, nil // there are none
	}
	if _, err := it.roots.place(e.Dir); err != nil {
		return r, err
	}
	_, m, err := it.papers.get(e)
	if err != nil {
		return r, err
	}
	done, err := torrent.RemoveFiles(torrent.RemoveSpec{
		Place: placeOf(&e.Place), Meta: m, Complete: data == record.RemoveData, Unfinished: true, KeyDir: it.keyDir,
	})
	if err != nil {
		return r, err
	}
	r.RemovedFiles, r.Freed = done.Files, done.Bytes
	for _, l := range done.Left {
		if len(r.Left) < maxLeft {
			r.Left = append(r.Left, record.Safe(l.Path))
		}
	}
	return r, nil
}

// goOnRemoving ends a removal that an earlier run has begun: an errand, see later. It was
// written down, and some of the files may be gone: what keeps it from its end does not
// end it.
func (it *item) goOnRemoving() error {
	e, ok := it.entry()
	if !ok {
		return nil
	}
	claimed, err := it.roster.claim(it.ctx, e.ID, e.V2) // who adds it now waits, and has it anew
	if err != nil {
		return nil // the daemon ends
	}
	defer claimed()
	if e, ok = it.entry(); !ok || e.Remove == "" {
		return nil
	}
	_, err = it.removeFiles(e.Remove)
	if err == nil {
		err = it.strike(it.ctx)
	}
	if _, there := it.entry(); err == nil || !there || it.closing() {
		return nil // it is gone, or the next run goes on
	}
	it.warn("it could not be removed, which is tried again: " + err.Error())
	return err
}
