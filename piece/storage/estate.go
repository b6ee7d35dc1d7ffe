package storage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// This file is what Move and Remove have in common: they are for downloads that nobody
// has open, and find what belongs to one on disk. What they open they open as a Store
// does, one component at a time and never through a link.

// estate is what a download has on disk. It is opened by openEstate, and closed by
// its user, whose goroutine is the only one to use it.
type estate struct {
	*Store
	parts []bool // by file: a .part file is this download's
	lock  *lock  // nil: it cannot be locked, since nothing can be made there
}

// openEstate opens the target folder, and with lock takes that of the download, as Open
// does: ErrLocked if it is held. parts are the files whose .part belongs to it; nil:
// none.
func openEstate(spec Spec, parts []bool, lock bool) (*estate, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	if spec.Descriptors == nil {
		spec.Descriptors = NewDescriptors(spec.MaxOpen)
	}
	e := &estate{Store: &Store{spec: spec, cache: &cache{spec.Descriptors}}, parts: parts}
	e.wire()
	if err := spec.checkNames(e.files.layout()); err != nil {
		return nil, err
	}
	if err := e.target.open(); err != nil {
		return nil, err
	}
	if !lock {
		return e, nil
	}
	var err error
	e.lock, err = takeLock(e.lockPath())
	if err != nil && !errors.Is(err, fs.ErrPermission) && !readOnlyDisk(err) {
		e.release()
		return nil, err
	}
	return e, nil
}

func (e *estate) lockPath() string {
	return filepath.Join(e.target.path, stateName(e.spec.Name, lockSuffix))
}

// close gives up the lock, whose file goes unless there is something to go on from.
func (e *estate) close() error {
	var err error
	e.state = state{spec: &e.spec, target: e.target.root(), root: e.target.root(), temp: &e.temp, access: &e.access}
	switch {
	case e.lock == nil:
	case e.state.any():
		err = e.lock.release()
	default:
		err = e.lock.remove()
	}
	e.lock = nil
	return errors.Join(err, e.release())
}

// item is one file of a download on disk.
type item struct {
	file int // index in Spec.Files
	part bool
	dir  *dir
	name string // in dir
	fi   fs.FileInfo
}

// path is the item's path from the target.
func (it *item) path() string {
	if it.dir.parent == nil {
		return it.name
	}
	return it.dir.path + "/" + it.name
}

// find calls found for each file on disk that is the download's by name and size, in
// order, and strange for what stands in the place of one and is not.
func (e *estate) find(found func(item) error, strange func(it item, why error)) error {
	for i := range e.files.list {
		f := &e.files.list[i]
		if f.pad {
			continue
		}
		d, err := e.target.openDir(f.dir, false)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			strange(item{file: i, dir: f.dir, name: f.base}, err)
			continue
		}
		err = e.findFile(i, d.root, found, strange)
		e.cache.release(d)
		if err != nil {
			return err
		}
	}
	return nil
}

// findFile is find for the two names of one file.
func (e *estate) findFile(i int, root *os.Root, found func(item) error, strange func(item, error)) error {
	f := &e.files.list[i]
	fi, err := lstat(root, f.base)
	it := item{file: i, dir: f.dir, name: f.base, fi: fi}
	switch {
	case err != nil:
		strange(it, err)
	case fi != nil && fi.Size() != f.len:
		strange(it, errOtherSize)
	case fi != nil:
		if err := found(it); err != nil {
			return err
		}
	}
	if f.len == 0 {
		return nil
	}
	it.part, it.name = true, partName(f.base)
	fi, err = lstat(root, it.name)
	it.fi = fi
	switch {
	case err != nil:
		strange(it, err)
	case fi == nil:
	case i >= len(e.parts) || !e.parts[i] || fi.Size() > f.len:
		strange(it, errNotCertain)
	default:
		return found(it)
	}
	return nil
}

var (
	errOtherSize  = errors.New("has another size than the file of the torrent")
	errNotCertain = errors.New("is not certain to be of this download")
	errOthers     = errors.New("holds other files")
)

// folders are those that only the torrent's files need, the deepest first; the target
// itself is not among them.
func (e *estate) folders() (list []*dir) {
	seen := make(map[*dir]bool)
	for i := range e.files.list {
		if e.files.list[i].pad {
			continue
		}
		for d := e.files.list[i].dir; d.parent != nil && !seen[d]; d = d.parent {
			seen[d] = true
			list = append(list, d)
		}
	}
	slices.SortStableFunc(list, func(a, b *dir) int { return strings.Count(b.path, "/") - strings.Count(a.path, "/") })
	return list
}

// removeFolder removes a folder if it is empty. It is no error if it is not there.
func (e *estate) removeFolder(d *dir) error {
	parent, err := e.target.openDir(d.parent, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer e.cache.release(parent)
	fi, err := parent.root.Lstat(d.base)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !fi.IsDir():
		return errNotDir
	}
	e.cache.drop(&d.h) // Windows removes no open one
	err = parent.root.Remove(d.base)
	if isNotEmpty(err) {
		return errOthers
	}
	return err
}

// bareReason is why, without the path that an Error has.
func bareReason(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return e.Err
	}
	return bareError(err)
}
