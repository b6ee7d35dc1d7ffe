package storage

import (
	"errors"
	"io/fs"
	"os"
)

// openRead returns a handle to read a file from, to be released; nil if it is
// not on disk.
func (ff *files) openRead(f *file) (*handle, error) {
	if h := ff.cache.get(&f.h); h != nil {
		return h, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if h := ff.cache.get(&f.h); h != nil {
		return h, nil
	}
	if err := ff.resolve(f); err != nil {
		return nil, err
	}
	if f.disk == absent {
		return nil, nil
	}
	flag := os.O_RDONLY
	if f.disk == part && !ff.spec.ReadOnly {
		flag = os.O_RDWR
	}
	return ff.reopen(f, flag)
}

// reopen opens a file under its present name and puts it into the cache. f.mu
// is held.
func (ff *files) reopen(f *file, flag int) (*handle, error) {
	d, err := ff.target.openDir(f.dir, false)
	if err != nil {
		return nil, pathError("open", f.path(), err)
	}
	defer ff.cache.release(d)
	h, err := ff.target.openFile(d.root, f.name(), flag)
	if err != nil {
		return nil, pathError("open", f.path(), err)
	}
	ff.cache.put(&f.h, h)
	return h, nil
}

// openWrite returns a handle to write a file through, to be released, or nil if
// the file stands under its final name and is only to be compared. whole says
// that the coming write covers it from end to end.
func (ff *files) openWrite(f *file, whole bool) (*handle, error) {
	if h := ff.cache.get(&f.h); h != nil && h.fitted.Load() {
		return h, nil
	} else if h != nil {
		ff.cache.release(h)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ff.resolve(f); err != nil {
		return nil, err
	}
	switch f.disk {
	case final, stale:
		return nil, nil
	case absent:
		return ff.create(f, whole)
	}
	h, err := ff.openFitted(f)
	if errors.Is(err, fs.ErrNotExist) {
		ff.vanished(f)
		return ff.create(f, whole)
	}
	return h, err
}

// vanished notes that somebody has taken a file away; it can be made anew, and
// what it held is in doubt. f.mu is held.
func (ff *files) vanished(f *file) {
	if m, err := ff.look.lookAt(f, f.name()); err != nil || m.Size != NoFile {
		return // it was made anew by then
	}
	ff.cache.drop(&f.h)
	f.disk, f.sized = absent, false
	f.dir.fresh.Store(false)
	f.watch.accuse()
	ff.look.note(f)
}

// openFitted opens a .part file for writing and gives it the size of its file.
// f.mu is held.
func (ff *files) openFitted(f *file) (*handle, error) {
	h := ff.cache.get(&f.h)
	if h != nil && !h.write {
		ff.cache.release(h)
		ff.cache.drop(&f.h)
		h = nil
	}
	if h == nil {
		var err error
		if h, err = ff.reopen(f, os.O_RDWR); err != nil {
			return nil, err
		}
	}
	if h.fitted.Load() {
		return h, nil
	}
	if err := ff.fit(f, h); err != nil {
		ff.cache.release(h)
		return nil, err
	}
	h.fitted.Store(true)
	return h, nil
}

// create makes the .part file of a file that is not there. f.mu is held. O_EXCL
// keeps it from opening anything that somebody else has put there since.
//
// The file gets its full size at once, as a hole, unless the coming write does
// that: it costs nothing (docs/measured.md, storage), and a size that never changes
// is one thing less to sync.
func (ff *files) create(f *file, whole bool) (*handle, error) {
	d, err := ff.target.openDir(f.dir, true)
	if err != nil {
		return nil, pathError("create", f.path(), err)
	}
	defer ff.cache.release(d)
	name := partName(f.base)
	file, err := openRetry(ff.cache, func() (*os.File, error) {
		return d.root.OpenFile(name, newFile, f.perm())
	})
	if err != nil {
		return nil, pathError("create", f.path()+partSuffix, err)
	}
	h := &handle{f: file, fd: int(file.Fd()), write: true}
	f.disk = part
	f.made.Store(true)
	f.watch.forget()
	ff.target.touchDir(f.dir)
	ff.cache.put(&f.h, h)
	if !whole || ff.spec.Prealloc {
		if err := setSize(file, f.len, ff.spec.Prealloc); err != nil {
			ff.cache.release(h)
			return nil, pathError("create", f.path()+partSuffix, err)
		}
		f.sized = true
	}
	h.fitted.Store(true) // only now may others write: a new size is a new time of change
	return h, nil
}

// fit gives a .part file found on disk the size of its file. f.mu is held.
func (ff *files) fit(f *file, h *handle) error {
	fi, err := h.f.Stat()
	if err == nil && fi.Size() != f.len {
		ff.look.begin(f, h)
		err = h.f.Truncate(f.len)
		ff.look.end(f, h)
		ff.markDirty(f)
	}
	f.sized = err == nil
	return pathError("open", f.path()+partSuffix, err)
}
