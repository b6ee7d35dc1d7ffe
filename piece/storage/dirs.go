package storage

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
)

// dir is a folder inside the target. The target itself is the one without a
// parent; its handle lives as long as the Store.
type dir struct {
	parent *dir
	base   string // name in parent
	path   string // from the target, for messages

	h *handle // belongs to the cache

	mu    sync.Mutex  // held while the folder is opened or made
	fresh atomic.Bool // made by us: what we did not put there is not there
	// missing: was not there when looked for, and we have not made it since.
	missing atomic.Bool
	// alien: it, or a folder on the way to it, belongs to another user, who can
	// put anything there at any time. Nothing is written to it.
	alien atomic.Bool
	dirty atomic.Bool // its entries changed since they were last synced
}

// dirBuilder makes the tree of folders that the files need.
type dirBuilder struct {
	byPath map[string]*dir
	last   *dir
}

// get returns the folder of a slash-separated path.
func (b *dirBuilder) get(path string) *dir {
	if path == b.last.path {
		return b.last
	}
	d := b.byPath[path]
	if d == nil {
		parent, base := splitPath(path)
		d = &dir{parent: b.get(parent), base: base, path: path}
		b.byPath[path] = d
	}
	b.last = d
	return d
}

// splitPath cuts a path before its last component.
func splitPath(p string) (folder, base string) {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] == '/' {
			return p[:i], p[i+1:]
		}
	}
	return "", p
}

// openDir returns a folder's handle, to be released. With create it makes the
// folder when it is missing. Every component is opened by itself and must be
// what Lstat saw there: a folder, not a link.
func (t *target) openDir(d *dir, create bool) (*handle, error) {
	if create && d.alien.Load() {
		return nil, pathError("open", d.path, errOwner)
	}
	if h := t.cache.get(&d.h); h != nil {
		return h, nil
	}
	if d.missing.Load() && !create {
		return nil, fs.ErrNotExist
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if h := t.cache.get(&d.h); h != nil {
		return h, nil
	}
	parent, err := t.openDir(d.parent, create)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			d.missing.Store(!create)
		}
		return nil, err
	}
	defer t.cache.release(parent)
	if create && !d.fresh.Load() {
		if err := t.makeDir(d, parent.root); err != nil {
			return nil, err
		}
	}
	root, err := t.openFolder(parent.root, d)
	if err == nil && create && d.alien.Load() {
		root.Close()
		err = errOwner
	}
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			d.missing.Store(true)
			return nil, err
		}
		return nil, pathError("open", d.path, err)
	}
	h := &handle{root: root}
	t.cache.put(&d.h, h)
	return h, nil
}

// makeDir makes a folder that may be there already. d.mu is held. In a folder
// just made nothing has to be looked up: that spares two system calls per file.
func (t *target) makeDir(d *dir, parent *os.Root) error {
	err := parent.Mkdir(d.base, 0o777)
	switch {
	case err == nil:
		d.fresh.Store(true)
		d.missing.Store(false)
		t.touchDir(d.parent)
	case errors.Is(err, fs.ErrExist):
		d.missing.Store(false)
	default:
		return pathError("create folder", d.path, err)
	}
	return nil
}

// openFolder opens one component as a folder, and only if it is one.
func (t *target) openFolder(parent *os.Root, d *dir) (*os.Root, error) {
	want, err := parent.Lstat(d.base)
	if err != nil {
		return nil, err
	}
	if want.Mode()&fs.ModeSymlink != 0 {
		return nil, errSymlink
	}
	if !want.IsDir() {
		return nil, errNotDir
	}
	root, err := openRetry(t.cache, func() (*os.Root, error) { return parent.OpenRoot(d.base) })
	if err != nil {
		return nil, err
	}
	got, err := root.Stat(".")
	if err == nil && !os.SameFile(want, got) {
		err = errSwapped
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	if !sameDevice(want, t.device) {
		t.mixed.Store(true)
	}
	if !t.spec.ReadOnly && !d.fresh.Load() && (d.parent.alien.Load() || t.adoptable(want) != nil) {
		d.alien.Store(true)
	}
	return root, nil
}

// touchDir notes that a folder's entries changed.
func (t *target) touchDir(d *dir) {
	if !t.spec.NoSync && d.dirty.CompareAndSwap(false, true) {
		t.dirty.add(d)
	}
}
