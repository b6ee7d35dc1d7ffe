package storage

import (
	"errors"
	"io/fs"
	"os"
)

// Finish gives complete files their final names: their data is made durable,
// then all are renamed, then their folders are synced, once each. Files of
// length 0 are made. The indices are those of Spec.Files; nil means every wanted
// file. The caller vouches that every byte is verified: a file shorter than it
// should be is refused.
//
// One call for many files costs little more than one for one file: callers
// collect what is complete. On an error the files before it may be finished. A
// file that somebody else has changed since it was written is an ErrChanged.
func (s *Store) Finish(files []int) error {
	if err := s.access.writable(); err != nil {
		return err
	}
	list := s.toFinish(files)
	if err := s.resize(list); err != nil {
		return err
	}
	if s.spec.NoSync {
		return s.finishAll(list)
	}
	s.syncMu.Lock()
	defer s.syncMu.Unlock()
	if s.syncErr == nil {
		s.syncErr = s.syncFiles(s.takeDirty(list))
	}
	if s.syncErr != nil {
		return s.syncErr
	}
	err := s.finishAll(list)
	if s.syncErr = s.syncDirs(); err == nil {
		err = s.syncErr
	}
	return err
}

// resize cuts files to their size that are right but for what follows: .part
// files as they were found, and those under their final name that may be
// overwritten.
func (s *Store) resize(list []*file) error {
	for _, f := range list {
		var h *handle
		var err error
		switch {
		case f.isStale() && s.spec.Overwrite:
			h, err = s.unfinish(f)
		case s.tooLong(f):
			h, err = s.openWrite(f, false)
		}
		if err != nil {
			return err
		}
		if h != nil {
			s.cache.release(h)
		}
	}
	return nil
}

// tooLong reports whether a .part file goes on behind the end of its file.
func (s *Store) tooLong(f *file) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.disk != part || f.sized {
		return false
	}
	m, err := s.lookAt(f, f.name())
	return err == nil && m.Size > f.len
}

// finishAll renames files in order, up to the first that cannot be.
func (s *Store) finishAll(list []*file) error {
	for _, f := range list {
		if err := s.finish(f); err != nil {
			return err
		}
	}
	return nil
}

// toFinish returns the files that Finish was asked for and that have names.
func (s *Store) toFinish(files []int) []*file {
	var list []*file
	if files == nil {
		for i := range s.files {
			if f := &s.files[i]; f.wanted && !f.pad {
				list = append(list, f)
			}
		}
		return list
	}
	for _, i := range files {
		if f := &s.files[i]; !f.pad && !f.inSide.Load() {
			list = append(list, f)
		}
	}
	return list
}

// takeDirty returns which of the files have to be synced. A file found under its
// final name counts once: an earlier run may have used NoSync.
func (s *Store) takeDirty(list []*file) []*file {
	var out []*file
	for _, f := range list {
		if f.dirty.Load() || f.foundFinal() {
			out = append(out, f)
		}
	}
	return out
}

// foundFinal reports, once, that a file had its final name before this run.
func (f *file) foundFinal() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	first := f.disk == final && !f.renamed
	f.renamed = f.renamed || first
	return first
}

// finish renames one file, whose data is durable.
func (s *Store) finish(f *file) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := s.resolve(f); err != nil {
		return err
	}
	switch f.disk {
	case final:
		return nil
	case stale:
		return pathError("finish", f.path(), ErrConflict)
	case absent:
		if f.len == 0 {
			return s.createEmpty(f)
		}
		return pathError("finish", f.path(), fs.ErrNotExist)
	}
	d, err := s.openDir(f.dir, false)
	if err != nil {
		return pathError("finish", f.path(), err)
	}
	defer s.cache.release(d)
	if s.settle(f); s.glanceAt(f) || f.watch.suspect() {
		return pathError("finish", f.path()+partSuffix, ErrChanged)
	}
	if err := s.rename(f, d.root); err != nil {
		return pathError("finish", f.path(), err)
	}
	return nil
}

// rename moves a file from its .part name to its final name. f.mu is held. It
// checks what it moves and that nothing is replaced; between check and rename
// somebody with the right to write here could still slip in.
func (s *Store) rename(f *file, root *os.Root) error {
	name := partName(f.base)
	if !f.sized {
		fi, err := lstat(root, name)
		if err != nil {
			return err
		}
		if fi == nil || fi.Size() != f.len {
			return errShort
		}
	}
	if _, err := root.Lstat(f.base); !errors.Is(err, fs.ErrNotExist) && !s.spec.Overwrite {
		if err == nil {
			err = ErrConflict
		}
		return err
	}
	s.cache.drop(&f.h) // no one writes to a finished file, and Windows renames no open one
	if err := root.Rename(name, f.base); err != nil {
		return err
	}
	f.disk, f.renamed = final, true
	s.touchDir(f.dir)
	return nil
}

var errShort = errors.New("the file does not have its full size")

// createEmpty makes a file of length 0.
func (s *Store) createEmpty(f *file) error {
	d, err := s.openDir(f.dir, true)
	if err != nil {
		return pathError("create", f.path(), err)
	}
	defer s.cache.release(d)
	file, err := openRetry(s.cache, func() (*os.File, error) {
		return d.root.OpenFile(f.base, newFile, f.perm())
	})
	if err != nil {
		return pathError("create", f.path(), err)
	}
	f.disk, f.renamed = final, true
	s.touchDir(f.dir)
	if fi, err := file.Stat(); err == nil {
		f.watch.vouch(MarkOf(fi), false)
	}
	return pathError("create", f.path(), file.Close())
}
