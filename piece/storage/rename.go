package storage

import (
	"errors"
	"io/fs"
	"os"
)

// renamer gives files their final names, and takes them away again from files that
// are to be written over.
type renamer struct {
	files *files
}

// resize cuts files to their size that are right but for what follows: .part
// files as they were found, and those under their final name that may be
// overwritten.
func (r *renamer) resize(list []*file) error {
	for _, f := range list {
		var h *handle
		var err error
		switch {
		case f.isStale() && r.files.spec.Overwrite:
			h, err = r.unfinish(f)
		case r.tooLong(f):
			h, err = r.files.openWrite(f, false)
		}
		if err != nil {
			return err
		}
		if h != nil {
			r.files.cache.release(h)
		}
	}
	return nil
}

// tooLong reports whether a .part file goes on behind the end of its file.
func (r *renamer) tooLong(f *file) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.disk != part || f.sized {
		return false
	}
	m, err := r.files.look.lookAt(f, f.name())
	return err == nil && m.Size > f.len
}

// finishAll renames files in order, up to the first that cannot be.
func (r *renamer) finishAll(list []*file) error {
	for _, f := range list {
		if err := r.finish(f); err != nil {
			return err
		}
	}
	return nil
}

// list returns the files that Finish was asked for and that have names.
func (r *renamer) list(files []int) []*file {
	var list []*file
	if files == nil {
		for i := range r.files.list {
			if f := &r.files.list[i]; f.wanted && !f.pad {
				list = append(list, f)
			}
		}
		return list
	}
	for _, i := range files {
		if f := &r.files.list[i]; !f.pad && !f.inSide.Load() {
			list = append(list, f)
		}
	}
	return list
}

// takeDirty returns which of the files have to be synced. A file found under its
// final name counts once: an earlier run may have used NoSync.
func (r *renamer) takeDirty(list []*file) []*file {
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
func (r *renamer) finish(f *file) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := r.files.resolve(f); err != nil {
		return err
	}
	switch f.disk {
	case final:
		return nil
	case stale:
		return pathError("finish", f.path(), ErrConflict)
	case absent:
		if f.len == 0 {
			return r.createEmpty(f)
		}
		return pathError("finish", f.path(), fs.ErrNotExist)
	}
	d, err := r.files.target.openDir(f.dir, false)
	if err != nil {
		return pathError("finish", f.path(), err)
	}
	defer r.files.cache.release(d)
	if r.files.look.settle(f); r.files.look.glanceAt(f) || f.watch.suspect() {
		return pathError("finish", f.path()+partSuffix, ErrChanged)
	}
	if err := r.rename(f, d.root); err != nil {
		return pathError("finish", f.path(), err)
	}
	return nil
}

// rename moves a file from its .part name to its final name. f.mu is held. It
// checks what it moves and that nothing is replaced; between check and rename
// somebody with the right to write here could still slip in.
func (r *renamer) rename(f *file, root *os.Root) error {
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
	if _, err := root.Lstat(f.base); !errors.Is(err, fs.ErrNotExist) && !r.files.spec.Overwrite {
		if err == nil {
			err = ErrConflict
		}
		return err
	}
	r.files.cache.drop(&f.h) // no one writes to a finished file, and Windows renames no open one
	if err := root.Rename(name, f.base); err != nil {
		return err
	}
	f.disk, f.renamed = final, true
	r.files.target.touchDir(f.dir)
	return nil
}

var errShort = errors.New("the file does not have its full size")

// createEmpty makes a file of length 0.
func (r *renamer) createEmpty(f *file) error {
	d, err := r.files.target.openDir(f.dir, true)
	if err != nil {
		return pathError("create", f.path(), err)
	}
	defer r.files.cache.release(d)
	file, err := openRetry(r.files.cache, func() (*os.File, error) {
		return d.root.OpenFile(f.base, newFile, f.perm())
	})
	if err != nil {
		return pathError("create", f.path(), err)
	}
	f.disk, f.renamed = final, true
	r.files.target.touchDir(f.dir)
	if fi, err := file.Stat(); err == nil {
		f.watch.vouch(MarkOf(fi), false)
	}
	return pathError("create", f.path(), file.Close())
}

func (f *file) isStale() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.disk == stale
}

// unfinish gives a file under its final name its .part name back, so that
// nothing incomplete stands under the final one, and opens it for writing.
func (r *renamer) unfinish(f *file) (*handle, error) {
	f.mu.Lock()
	if f.disk == final || f.disk == stale {
		r.files.cache.drop(&f.h)
		d, err := r.files.target.openDir(f.dir, false)
		if err == nil {
			err = r.renameBack(f, d.root)
			r.files.cache.release(d)
		}
		if err != nil {
			f.mu.Unlock()
			return nil, pathError("rename", f.path(), err)
		}
		f.disk = part
		r.files.target.touchDir(f.dir)
		r.files.markDirty(f)
	}
	f.mu.Unlock()
	h, err := r.files.openWrite(f, false)
	if h == nil && err == nil {
		err = pathError("write", f.path(), ErrConflict)
	}
	return h, err
}

// renameBack gives a file its .part name, if it may be written to: a hard link
// would lead to a file that nobody spoke of.
func (r *renamer) renameBack(f *file, root *os.Root) error {
	fi, err := lstat(root, f.base)
	if err != nil {
		return err
	}
	if fi == nil {
		return fs.ErrNotExist
	}
	if f.dir.alien.Load() {
		return errAlien
	}
	if err := r.files.target.adoptable(fi); err != nil {
		return err
	}
	return root.Rename(f.base, partName(f.base))
}
