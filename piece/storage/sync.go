package storage

import (
	"errors"
	"io/fs"

	"golang.org/x/sync/errgroup"
)

// Sync makes everything that was written before the call durable: data, sizes
// and directory entries. Only what changed is synced. After a failure all later
// calls fail too: the system reports lost data once. With Spec.NoSync it does
// nothing.
func (s *Store) Sync() error {
	if s.spec.NoSync || s.spec.ReadOnly {
		return nil
	}
	s.syncMu.Lock()
	defer s.syncMu.Unlock()
	return s.syncAll(s.files.dirty.take())
}

// syncAll syncs the given files, the side file and all changed folders. s.syncMu
// is held.
func (s *Store) syncAll(files []*file) error {
	if s.syncErr == nil {
		s.syncErr = s.syncFiles(files)
	}
	if s.syncErr == nil {
		s.syncErr = s.syncSide()
	}
	if s.syncErr == nil {
		s.syncErr = s.target.sync()
	}
	return s.syncErr
}

// syncFiles makes files durable: one by one, or, when they are many, with their
// whole file system, where that is as safe.
func (s *Store) syncFiles(files []*file) error {
	for _, f := range files {
		f.dirty.Store(false) // before the data is synced: a write meanwhile sets it again
	}
	if len(files) > syncfsLine && s.target.canSyncAll() {
		return pathError("sync", s.target.path, syncFileSystem(s.target.folder))
	}
	var g errgroup.Group
	g.SetLimit(syncWidth)
	for _, f := range files {
		g.Go(func() error { return s.syncFile(f) })
	}
	return g.Wait()
}

// syncWidth is how many are synced at the same time: the file system's journal
// commits them together.
const syncWidth = 8

// syncFile syncs one file under whichever name it has now. Its descriptor may
// have been closed since it was written: the kernel keeps a write error for the
// next one who asks.
func (s *Store) syncFile(f *file) error {
	h, err := s.files.openRead(f)
	if errors.Is(err, fs.ErrNotExist) {
		f.mu.Lock()
		s.files.vanished(f)
		f.mu.Unlock()
		return nil
	}
	if h == nil {
		return err
	}
	err = syncData(h)
	s.cache.release(h)
	if err != nil {
		return pathError("sync", f.path(), err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s.look.settle(f)
	s.look.glanceAt(f)
	return nil
}

// syncSide syncs the side file if it was written.
func (s *Store) syncSide() error {
	if !s.side.dirty.Swap(false) {
		return nil
	}
	h, err := s.openSideFile(false)
	if h == nil {
		return err
	}
	defer s.cache.release(h)
	err = syncData(h)
	s.side.watch.refresh(h)
	return pathError("sync", s.side.name, err)
}
