package storage

import (
	"cmp"
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
	s.mu.Lock()
	files := s.dirtyFiles
	s.dirtyFiles = nil
	s.mu.Unlock()
	return s.syncAll(files)
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
		s.syncErr = s.syncDirs()
	}
	return s.syncErr
}

// syncFiles makes files durable: one by one, or, when they are many, with their
// whole file system, where that is as safe.
func (s *Store) syncFiles(files []*file) error {
	for _, f := range files {
		f.dirty.Store(false) // before the data is synced: a write meanwhile sets it again
	}
	if len(files) > syncfsLine && s.canSyncAll() {
		return pathError("sync", s.dir, syncFileSystem(s.topFile))
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

// canSyncAll reports whether one call for the file system is as good as one for
// each file.
func (s *Store) canSyncAll() bool { return !s.mixed.Load() && syncfsKnown(s.topFile) }

// syncFile syncs one file under whichever name it has now. Its descriptor may
// have been closed since it was written: the kernel keeps a write error for the
// next one who asks.
func (s *Store) syncFile(f *file) error {
	h, err := s.openRead(f)
	if errors.Is(err, fs.ErrNotExist) {
		f.mu.Lock()
		s.vanished(f)
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
	s.settle(f)
	s.glanceAt(f)
	return nil
}

// settle brings up to date what a file that nobody writes to looks like. f.mu is
// held.
func (s *Store) settle(f *file) {
	if h := s.cache.get(&f.h); h != nil {
		f.watch.refresh(h)
		s.cache.release(h)
	}
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

// syncDirs makes the entries of changed folders durable: new files, new names,
// new folders, and the way to the target if Open made it. s.syncMu is held.
func (s *Store) syncDirs() error {
	s.mu.Lock()
	dirs, above := s.dirtyDirs, s.newDirs
	s.dirtyDirs, s.newDirs = nil, nil
	s.mu.Unlock()
	for _, d := range dirs {
		d.dirty.Store(false)
	}
	if len(dirs) > syncfsLine && s.canSyncAll() {
		dirs = nil
		if err := syncFileSystem(s.topFile); err != nil {
			return pathError("sync", s.dir, err)
		}
	}
	var g errgroup.Group
	g.SetLimit(syncWidth)
	for _, d := range dirs {
		g.Go(func() error { return pathError("sync", cmp.Or(d.path, s.dir), s.syncDir(d)) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return retried(s.cache, func() error { return syncFolders(above) })
}

func (s *Store) syncDir(d *dir) error {
	h, err := s.openDir(d, false)
	if err != nil {
		return err
	}
	defer s.cache.release(h)
	return retried(s.cache, func() error { return syncFolder(h.root) })
}
