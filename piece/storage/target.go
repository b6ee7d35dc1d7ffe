package storage

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// target is the folder that all files lie under, with the folders in it: it opens
// them, never through a link, makes them, and knows which have entries that are
// not durable.
type target struct {
	// Immutable after open.
	spec   *Spec
	path   string // Spec.Dir, absolute
	cache  *cache
	temp   *temp
	top    *dir        // the folder itself
	device os.FileInfo // of it, to notice other file systems below
	folder *os.File    // it once more, for calls about its file system; opened before any write
	local  bool        // looking at an open file is cheap

	newcomer newcomer
	mixed    atomic.Bool  // more than one file system below
	dirty    pile[*dir]   // whose entries changed since they were last synced
	above    pile[string] // folders above it whose entries open changed
}

// open opens the folder, and makes it if it is missing and may be written to. The
// path is the user's own: it may lead through links.
func (t *target) open() error {
	abs, err := filepath.Abs(t.spec.Dir)
	if err != nil {
		return pathError("open", t.spec.Dir, err)
	}
	t.path = abs
	if !t.spec.ReadOnly {
		above, err := makeFolders(abs, 0o777)
		if err != nil {
			return err
		}
		t.above.add(above...)
	}
	root, err := openRetry(t.cache, func() (*os.Root, error) { return os.OpenRoot(abs) })
	if err != nil {
		return pathError("open", abs, err)
	}
	if t.device, err = root.Stat("."); err != nil {
		root.Close()
		return pathError("open", abs, err)
	}
	if t.folder, err = openRetry(t.cache, func() (*os.File, error) { return root.Open(".") }); err != nil {
		root.Close()
		return pathError("open", abs, err)
	}
	t.local = localDisk(t.folder)
	t.cache.pin(&t.top.h, &handle{root: root})
	return nil
}

// root is the folder itself, open as long as the Store.
func (t *target) root() *os.Root { return t.top.h.root }

// close closes the folder; who has handles of others goes on with them.
func (t *target) close() error {
	h := t.top.h
	t.cache.drop(&t.top.h)
	t.cache.release(h)
	return t.folder.Close()
}

// makeFolders is os.MkdirAll that returns the folders in which it made an
// entry, outermost first.
func makeFolders(path string, perm os.FileMode) (changed []string, err error) {
	for p := path; ; {
		if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		up := filepath.Dir(p)
		if up == p {
			break
		}
		changed = append([]string{up}, changed...)
		p = up
	}
	if err := os.MkdirAll(path, perm); err != nil {
		return nil, pathError("create folder", path, err)
	}
	return changed, nil
}

// openFile opens a regular file that is there, and only what Lstat saw: os.Root
// keeps links from leading out of the target, but follows those that stay in it.
func (t *target) openFile(root *os.Root, name string, flag int) (*handle, error) {
	want, err := lstat(root, name)
	if err != nil {
		return nil, err
	}
	if want == nil {
		return nil, fs.ErrNotExist
	}
	f, err := openRetry(t.cache, func() (*os.File, error) { return root.OpenFile(name, flag|noWait, 0) })
	if err != nil {
		return nil, err
	}
	got, err := f.Stat()
	if err == nil && !os.SameFile(want, got) {
		err = errSwapped
	}
	if err == nil && flag&os.O_RDWR != 0 {
		err = t.adoptable(got)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &handle{f: f, fd: int(f.Fd()), write: flag&os.O_RDWR != 0}, nil
}

var errMoved = errors.New("was moved or replaced meanwhile; put it back, or begin again in another folder")

// inPlace reports whether a folder that we hold open, and those above it, still
// stand where they should; way remembers the answers.
func (t *target) inPlace(d *dir, way map[*dir]error) error {
	if err, done := way[d]; done {
		return err
	}
	err := t.whereItWas(d, way)
	way[d] = err
	return err
}

func (t *target) whereItWas(d *dir, way map[*dir]error) error {
	if d.parent == nil {
		if now, err := os.Stat(t.path); err != nil || !os.SameFile(now, t.device) {
			return pathError("find", t.path, errMoved)
		}
		return nil
	}
	if err := t.inPlace(d.parent, way); err != nil {
		return err
	}
	h := t.cache.get(&d.h)
	if h == nil {
		return nil // it will be opened by its path
	}
	defer t.cache.release(h)
	parent, err := t.openDir(d.parent, false)
	if err != nil {
		return err
	}
	defer t.cache.release(parent)
	now, err := parent.root.Lstat(d.base)
	held, err2 := h.root.Stat(".")
	if err != nil || err2 != nil || !os.SameFile(now, held) {
		return pathError("find", d.path, errMoved)
	}
	return nil
}

// canSyncAll reports whether one call for the file system is as good as one for
// each file.
func (t *target) canSyncAll() bool { return !t.mixed.Load() && syncfsKnown(t.folder) }

// sync makes the entries of changed folders durable: new files, new names, new
// folders, and the way to the target if open made it.
func (t *target) sync() error {
	dirs, above := t.dirty.take(), t.above.take()
	for _, d := range dirs {
		d.dirty.Store(false)
	}
	if len(dirs) > syncfsLine && t.canSyncAll() {
		dirs = nil
		if err := syncFileSystem(t.folder); err != nil {
			return pathError("sync", t.path, err)
		}
	}
	var g errgroup.Group
	g.SetLimit(syncWidth)
	for _, d := range dirs {
		g.Go(func() error { return pathError("sync", cmp.Or(d.path, t.path), t.syncDir(d)) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return retried(t.cache, func() error { return syncFolders(above) })
}

func (t *target) syncDir(d *dir) error {
	h, err := t.openDir(d, false)
	if err != nil {
		return err
	}
	defer t.cache.release(h)
	return retried(t.cache, func() error { return syncFolder(h.root) })
}

// syncTop makes the entries of the target itself durable.
func (t *target) syncTop() error { return pathError("sync", t.path, syncFolder(t.root())) }
