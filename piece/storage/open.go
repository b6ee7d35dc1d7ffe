package storage

import (
	"errors"
	"io/fs"
	"os"
)

// openFile opens a regular file that is there, and only what Lstat saw: os.Root
// keeps links from leading out of the target, but follows those that stay in it.
func (s *Store) openFile(root *os.Root, name string, flag int) (*handle, error) {
	want, err := lstat(root, name)
	if err != nil {
		return nil, err
	}
	if want == nil {
		return nil, fs.ErrNotExist
	}
	f, err := openRetry(s.cache, func() (*os.File, error) { return root.OpenFile(name, flag|noWait, 0) })
	if err != nil {
		return nil, err
	}
	got, err := f.Stat()
	if err == nil && !os.SameFile(want, got) {
		err = errSwapped
	}
	if err == nil && flag&os.O_RDWR != 0 {
		err = s.adoptable(got)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &handle{f: f, fd: int(f.Fd()), write: flag&os.O_RDWR != 0}, nil
}

// openRead returns a handle to read a file from, to be released; nil if it is
// not on disk.
func (s *Store) openRead(f *file) (*handle, error) {
	if h := s.cache.get(&f.h); h != nil {
		return h, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if h := s.cache.get(&f.h); h != nil {
		return h, nil
	}
	if err := s.resolve(f); err != nil {
		return nil, err
	}
	if f.disk == absent {
		return nil, nil
	}
	flag := os.O_RDONLY
	if f.disk == part && !s.spec.ReadOnly {
		flag = os.O_RDWR
	}
	return s.reopen(f, flag)
}

// reopen opens a file under its present name and puts it into the cache. f.mu
// is held.
func (s *Store) reopen(f *file, flag int) (*handle, error) {
	d, err := s.openDir(f.dir, false)
	if err != nil {
		return nil, pathError("open", f.path(), err)
	}
	defer s.cache.release(d)
	h, err := s.openFile(d.root, f.name(), flag)
	if err != nil {
		return nil, pathError("open", f.path(), err)
	}
	s.cache.put(&f.h, h)
	return h, nil
}

// openWrite returns a handle to write a file through, to be released, or nil if
// the file stands under its final name and is only to be compared. whole says
// that the coming write covers it from end to end.
func (s *Store) openWrite(f *file, whole bool) (*handle, error) {
	if h := s.cache.get(&f.h); h != nil && h.fitted.Load() {
		return h, nil
	} else if h != nil {
		s.cache.release(h)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := s.resolve(f); err != nil {
		return nil, err
	}
	switch f.disk {
	case final, stale:
		return nil, nil
	case absent:
		return s.create(f, whole)
	}
	h, err := s.openFitted(f)
	if errors.Is(err, fs.ErrNotExist) {
		s.vanished(f)
		return s.create(f, whole)
	}
	return h, err
}

// vanished notes that somebody has taken a file away; it can be made anew, and
// what it held is in doubt. f.mu is held.
func (s *Store) vanished(f *file) {
	if m, err := s.lookAt(f, f.name()); err != nil || m.Size != NoFile {
		return // it was made anew by then
	}
	s.cache.drop(&f.h)
	f.disk, f.sized = absent, false
	f.dir.fresh.Store(false)
	f.watch.accuse()
	s.noteChanged(f)
}

// openFitted opens a .part file for writing and gives it the size of its file.
// f.mu is held.
func (s *Store) openFitted(f *file) (*handle, error) {
	h := s.cache.get(&f.h)
	if h != nil && !h.write {
		s.cache.release(h)
		s.cache.drop(&f.h)
		h = nil
	}
	if h == nil {
		var err error
		if h, err = s.reopen(f, os.O_RDWR); err != nil {
			return nil, err
		}
	}
	if h.fitted.Load() {
		return h, nil
	}
	if err := s.fit(f, h); err != nil {
		s.cache.release(h)
		return nil, err
	}
	h.fitted.Store(true)
	return h, nil
}

// create makes the .part file of a file that is not there. f.mu is held. O_EXCL
// keeps it from opening anything that somebody else has put there since.
//
// The file gets its full size at once, as a hole, unless the coming write does
// that: measured on ext4, 1 GiB takes as long as by growing, in any order of
// pieces, and a size that never changes is one thing less to sync.
func (s *Store) create(f *file, whole bool) (*handle, error) {
	d, err := s.openDir(f.dir, true)
	if err != nil {
		return nil, pathError("create", f.path(), err)
	}
	defer s.cache.release(d)
	name := partName(f.base)
	file, err := openRetry(s.cache, func() (*os.File, error) {
		return d.root.OpenFile(name, newFile, f.perm())
	})
	if err != nil {
		return nil, pathError("create", f.path()+partSuffix, err)
	}
	h := &handle{f: file, fd: int(file.Fd()), write: true}
	f.disk = part
	f.made.Store(true)
	f.watch.forget()
	s.touchDir(f.dir)
	s.cache.put(&f.h, h)
	if !whole || s.spec.Prealloc {
		if err := setSize(file, f.len, s.spec.Prealloc); err != nil {
			s.cache.release(h)
			return nil, pathError("create", f.path()+partSuffix, err)
		}
		f.sized = true
	}
	h.fitted.Store(true) // only now may others write: a new size is a new time of change
	return h, nil
}

// fit gives a .part file found on disk the size of its file. f.mu is held.
func (s *Store) fit(f *file, h *handle) error {
	fi, err := h.f.Stat()
	if err == nil && fi.Size() != f.len {
		s.beginWrite(f, h)
		err = h.f.Truncate(f.len)
		s.endWrite(f, h)
		s.markDirty(f)
	}
	f.sized = err == nil
	return pathError("open", f.path()+partSuffix, err)
}

// markDirty notes that a file has bytes that may not be durable.
func (s *Store) markDirty(f *file) {
	if !s.spec.NoSync && !s.spec.ReadOnly && f.dirty.CompareAndSwap(false, true) {
		s.mu.Lock()
		s.dirtyFiles = append(s.dirtyFiles, f)
		s.mu.Unlock()
	}
}
