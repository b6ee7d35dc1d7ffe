package storage

import (
	"errors"
	"io/fs"
	"sync"

	"golang.org/x/sync/errgroup"
)

// syncer makes what was written durable, in order, and remembers a failure.
type syncer struct {
	// Immutable.
	spec   *Spec
	target *target
	files  *files
	side   *side

	mu  sync.Mutex // held while syncing, which may take long; all cold
	err error      // a failed fsync is final: the system reports lost data once
}

// run is Store.Sync.
func (y *syncer) run() error {
	if y.spec.NoSync || y.spec.ReadOnly {
		return nil
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.err == nil {
		y.err = y.data(y.files.dirty.take())
	}
	if y.err == nil {
		y.err = y.side.sync()
	}
	if y.err == nil {
		y.err = y.target.sync()
	}
	return y.err
}

// finish makes complete files durable, then has them renamed, then syncs the
// folders that their names are in.
func (y *syncer) finish(names *renamer, list []*file) error {
	if y.spec.NoSync {
		return names.finishAll(list)
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.err == nil {
		y.err = y.data(names.takeDirty(list))
	}
	if y.err != nil {
		return y.err
	}
	err := names.finishAll(list)
	if y.err = y.target.sync(); err == nil {
		err = y.err
	}
	return err
}

// fail notes a sync that failed elsewhere.
func (y *syncer) fail(err error) {
	y.mu.Lock()
	y.err = err
	y.mu.Unlock()
}

// data makes files durable: one by one, or, when they are many, with their
// whole file system, where that is as safe.
func (y *syncer) data(files []*file) error {
	for _, f := range files {
		f.dirty.Store(false) // before the data is synced: a write meanwhile sets it again
	}
	if len(files) > syncfsLine && y.target.canSyncAll() {
		return pathError("sync", y.target.path, syncFileSystem(y.target.folder))
	}
	var g errgroup.Group
	g.SetLimit(syncWidth)
	for _, f := range files {
		g.Go(func() error { return y.file(f) })
	}
	return g.Wait()
}

// syncWidth is how many are synced at the same time: the file system's journal
// commits them together.
const syncWidth = 8

// file syncs one file under whichever name it has now. Its descriptor may
// have been closed since it was written: the kernel keeps a write error for the
// next one who asks.
func (y *syncer) file(f *file) error {
	h, err := y.files.openRead(f)
	if errors.Is(err, fs.ErrNotExist) {
		f.mu.Lock()
		y.files.vanished(f)
		f.mu.Unlock()
		return nil
	}
	if h == nil {
		return err
	}
	err = syncData(h)
	y.files.cache.release(h)
	if err != nil {
		return pathError("sync", f.path(), err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	y.files.look.settle(f)
	y.files.look.glanceAt(f)
	return nil
}
