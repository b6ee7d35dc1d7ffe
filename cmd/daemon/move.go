package daemon

import (
	"context"
	"errors"
	"path"
	"strings"
	"time"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/metainfo"
	"gotor/torrent/session"
)

// moving is the way of a torrent's files to another place, while that is under way.
type moving struct {
	cancel context.CancelFunc
	over   chan struct{}
	part   float64 // that is done; guarded by item.mu
}

// move has the files of a torrent moved to another folder. When it returns it is
// certain that it will be tried, and shown how that has ended.
func (v *verbs) move(ctx context.Context, id string, m record.Move) (*record.Torrent, error) {
	dir, err := v.roots.place(m.Dir)
	if err != nil {
		return nil, err
	}
	it, e, give, err := v.onFiles(ctx, id)
	if err != nil {
		return nil, err
	}
	defer give()
	switch {
	case e.Link != "": // there is nothing to move
		return v.apply(ctx, it, func(e *session.Entry) error { e.Dir = dir; return nil })
	case m.Found:
		return v.rehash(ctx, it, dir)
	case e.Dir == dir:
		return it.show(), nil
	}
	to := e.Place
	to.Dir = dir
	return v.relocate(ctx, it, to, m.Overwrite)
}

// rehash has what lies in a folder hashed and taken for the torrent's files. Those that
// it had elsewhere are left alone.
func (v *verbs) rehash(ctx context.Context, it *item, dir string) (*record.Torrent, error) {
	release, err := it.seize(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	row, err := v.apply(ctx, it, func(e *session.Entry) error {
		e.Dir, e.Check, e.Failed = dir, true, nil
		return nil
	})
	it.mend()
	return row, err
}

// rename gives a file or folder of a torrent another name, or the torrent's file or
// folder itself.
func (v *verbs) rename(ctx context.Context, id string, r record.Rename) (*record.Torrent, error) {
	if err := checkName(r.Name); err != nil {
		return nil, err
	}
	it, e, give, err := v.onFiles(ctx, id)
	if err != nil {
		return nil, err
	}
	defer give()
	_, m, err := v.papers.get(e)
	if err != nil {
		return nil, err
	}
	to := e.Place
	if at := strings.Trim(r.Path, "/"); at == "" || !m.Multi && at == path.Base(rootOf(e)) {
		to.Rename = r.Name
	} else if to.Names, err = renamed(e, m, at, r.Name); err != nil {
		return nil, err
	}
	return v.relocate(ctx, it, to, false)
}

// renamed are the paths of files once the last part of one path has another name.
func renamed(e *session.Entry, m *metainfo.Torrent, at, name string) (map[int]string, error) {
	now := named(e, m)
	names := make(map[int]string, len(e.Names))
	for i, p := range e.Names {
		names[i] = p
	}
	found := false
	for i := range now.Files {
		f := &now.Files[i]
		p := f.SlashPath()
		if f.Pad || f.Symlink || p != at && !strings.HasPrefix(p, at+"/") {
			continue
		}
		found = true
		if names[i] = path.Join(path.Dir(at), name) + p[len(at):]; names[i] == m.Files[i].SlashPath() {
			delete(names, i)
		}
	}
	if !found {
		return nil, record.NewProblem(record.CodeNotFound, "the torrent has no file or folder %q", record.Safe(at))
	}
	if _, err := m.WithNames(names); err != nil {
		return nil, record.NewProblem(record.CodeInvalid, "%v", err)
	}
	return names, nil
}

// named is the torrent with the paths that its files have in the place of an entry.
func named(e *session.Entry, m *metainfo.Torrent) *metainfo.Torrent {
	if with, err := m.WithNames(e.Names); err == nil {
		return with
	}
	return m
}

// relocate writes down where the files go, once nobody uses them. The floor sees to
// the rest.
func (v *verbs) relocate(ctx context.Context, it *item, to session.Place, overwrite bool) (*record.Torrent, error) {
	release, err := it.seize(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	return v.apply(ctx, it, func(e *session.Entry) error {
		e.Move = &session.Move{To: to, Overwrite: overwrite, Since: time.Now().UTC()}
		return nil
	})
}

// goOnMoving moves the files of the torrent to where its entry says: an errand, see
// later. What the end of the daemon interrupts is gone on with by the next.
func (it *item) goOnMoving() error {
	e, ok := it.entry()
	if !ok || e.Move == nil {
		return nil
	}
	ctx, end, ok := it.beginMove()
	if !ok {
		return nil // somebody works on the files, and wakes us when that is over
	}
	err := it.relocate(ctx, e)
	defer end()
	switch {
	case err != nil && (it.closing() || it.isHeld()):
		return nil // it was promised: it is gone on with, unless the torrent goes
	case errors.Is(err, torrent.ErrMoveHalf):
		it.warn(err.Error())
		return err
	}
	_, unkept := it.update(it.ctx, func(e *session.Entry) error {
		if err == nil && e.Move != nil {
			over := e.Over
			e.Place = e.Move.To
			e.Over = over
		}
		e.Move = nil
		return nil
	})
	switch {
	case unkept != nil:
		return unkept // the same is done again, which changes nothing
	case err != nil:
		it.warn("its files could not be moved: " + err.Error())
		return nil
	}
	it.log.write(levelInfo, string(it.id), "%s: moved to %s", nameOf(e), e.Move.To.Dir)
	it.show(it.reached("moved"))
	return nil
}

// beginMove notes that the files are on their way, unless the torrent is held. end ends
// that.
func (it *item) beginMove() (ctx context.Context, end func(), ok bool) {
	it.mu.Lock()
	defer it.mu.Unlock()
	if it.held {
		return nil, nil, false
	}
	ctx, cancel := context.WithCancel(it.ctx)
	m := &moving{cancel: cancel, over: make(chan struct{})}
	it.move = m
	return ctx, func() {
		cancel()
		it.mu.Lock()
		it.move = nil
		it.mu.Unlock()
		close(m.over)
	}, true
}

// relocate does what goOnMoving says.
func (it *item) relocate(ctx context.Context, e *session.Entry) error {
	if _, err := it.roots.place(e.Move.To.Dir); err != nil {
		return err
	}
	_, m, err := it.papers.get(e)
	if err != nil {
		return err
	}
	to := placeOf(&e.Move.To)
	to.Overwrite = e.Move.Overwrite
	return torrent.Relocate(ctx, torrent.RelocateSpec{
		Meta: m, From: placeOf(&e.Place), To: to, KeyDir: it.keyDir, Archive: archive{it.parts}, Progress: it.onMoved,
	})
}

// onMoved shows how far the files are, in steps of a hundredth.
func (it *item) onMoved(done, total int64) {
	part := 1.0
	if total > 0 {
		part = float64(done) / float64(total)
	}
	it.mu.Lock()
	step := it.move != nil && part-it.move.part >= 0.01
	if step {
		it.move.part = part
	}
	it.mu.Unlock()
	if step {
		it.show()
	}
}

// stay ends a move that is under way, if one is: the files stay where they are, unless
// they are in the new place already. The caller holds the torrent, so that none begins;
// when it lets go, the move is gone on with.
func (it *item) stay(ctx context.Context) error {
	it.mu.Lock()
	m := it.move
	it.mu.Unlock()
	if m == nil {
		return nil
	}
	m.cancel()
	select {
	case <-m.over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
