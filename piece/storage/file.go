package storage

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
)

// Kind says what stands on disk for a file.
type Kind uint8

// The kinds of FileState.
const (
	Missing  Kind = iota // nothing, or at most bytes in the side file
	Part                 // an unfinished file under its .part name
	Final                // a regular file of the right size under its final name
	Conflict             // something else: a wrong size, a folder, a link, a link on the way
)

// String returns the kind's name in lower case.
func (k Kind) String() string {
	switch k {
	case Part:
		return "part"
	case Final:
		return "final"
	case Conflict:
		return "conflict"
	}
	return "missing"
}

// file is one file of the torrent and what we know of it on disk.
type file struct {
	// Immutable after Open.
	off, len          int64
	dir               *dir
	base              string
	wanted, pad, exec bool
	inSide            bool // not wanted and not on disk: its bytes live in the side file

	h *handle // belongs to the cache

	mu      sync.Mutex // held while the file is looked up, opened, made or renamed
	disk    diskState
	sized   bool // its .part has the full size because we gave it that
	renamed bool // it got its final name from us, or was synced under it

	dirty     atomic.Bool  // written, or found unfinished, since it was last synced
	unflushed atomic.Int64 // bytes written since write-back was last started
}

// diskState is where a file's bytes are.
type diskState uint8

const (
	unknown diskState = iota
	absent
	part  // under the .part name
	final // under the final name, with the right size
	stale // under the final name, with a wrong size
)

func (f *file) path() string {
	if f.dir.parent == nil {
		return f.base
	}
	return f.dir.path + "/" + f.base
}

func (f *file) perm() fs.FileMode {
	if f.exec {
		return 0o777
	}
	return 0o666
}

// name returns the file's present name in its folder. f.mu is held.
func (f *file) name() string {
	if f.disk == part {
		return partName(f.base)
	}
	return f.base
}

// resolve finds out once what is on disk for a file. f.mu is held. An error
// means that something stands in its place that we will not touch.
func (s *Store) resolve(f *file) error {
	if f.disk != unknown {
		return nil
	}
	if f.dir.fresh.Load() {
		f.disk = absent
		return nil
	}
	d, err := s.openDir(f.dir, false)
	if errors.Is(err, fs.ErrNotExist) {
		f.disk = absent
		return nil
	}
	if err != nil {
		return err
	}
	defer s.cache.release(d)
	f.disk, err = s.lookUp(f, d.root)
	return err
}

func (s *Store) lookUp(f *file, root *os.Root) (diskState, error) {
	fi, err := lstat(root, f.base)
	if err != nil {
		return unknown, pathError("open", f.path(), err)
	}
	if fi != nil && fi.Size() == f.len {
		return final, nil
	}
	unfinished, err := lstat(root, partName(f.base))
	if err != nil {
		return unknown, pathError("open", f.path()+partSuffix, err)
	}
	switch {
	case fi != nil && (unfinished == nil || !s.spec.Overwrite):
		return stale, nil
	case unfinished == nil:
		return absent, nil
	}
	// An earlier run may have ended before it synced this data.
	s.markDirty(f)
	return part, nil
}

// lstat describes a regular file; nil if there is nothing, an error if there is
// anything else.
func lstat(root *os.Root, name string) (fs.FileInfo, error) {
	fi, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case fi.Mode()&fs.ModeSymlink != 0:
		return nil, errSymlink
	case fi.IsDir():
		return nil, errFolder
	case !fi.Mode().IsRegular():
		return nil, errSpecial
	}
	return fi, nil
}

// openFile opens a regular file that is there, and only what Lstat saw.
func (s *Store) openFile(root *os.Root, name string, flag int) (*handle, error) {
	want, err := lstat(root, name)
	if err != nil {
		return nil, err
	}
	if want == nil {
		return nil, fs.ErrNotExist
	}
	f, err := openRetry(s.cache, func() (*os.File, error) { return root.OpenFile(name, flag, 0) })
	if err != nil {
		return nil, err
	}
	got, err := f.Stat()
	if err == nil && !os.SameFile(want, got) {
		err = errSwapped
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
	if h := s.cache.get(&f.h); h != nil && h.write {
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
	if h := s.cache.get(&f.h); h != nil {
		if h.write {
			return h, nil
		}
		s.cache.release(h)
		s.cache.drop(&f.h)
	}
	h, err := s.reopen(f, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	if err := s.fit(f, h); err != nil {
		s.cache.release(h)
		return nil, err
	}
	return h, nil
}

// create makes the .part file of a file that is not there. f.mu is held.
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
	s.touchDir(f.dir)
	s.cache.put(&f.h, h)
	if whole && !s.spec.Prealloc {
		return h, nil
	}
	if err := setSize(file, f.len, s.spec.Prealloc); err != nil {
		s.cache.release(h)
		return nil, pathError("create", f.path()+partSuffix, err)
	}
	f.sized = true
	return h, nil
}

// fit gives a .part file found on disk the size of its file. f.mu is held.
func (s *Store) fit(f *file, h *handle) error {
	fi, err := h.f.Stat()
	if err == nil && fi.Size() != f.len {
		err = h.f.Truncate(f.len)
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
