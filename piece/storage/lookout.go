package storage

import (
	"errors"
	"io/fs"
	"time"
)

// lookEvery is how often, at most, an upload looks at what stands under a file's
// name. What is held open is looked at with every read.
const lookEvery = 2 * time.Second

// lookout notices what others do to the files: each file has a watch, which says
// what it should look like; this looks, and keeps the list of what was different.
type lookout struct {
	target  *target     // immutable
	began   time.Time   // when it was opened; immutable
	changed pile[*file] // by somebody else, and nobody was told
}

// begin is called before a write through h, end after it.
func (l *lookout) begin(f *file, h *handle) {
	if f.watch.begin(h) {
		l.note(f)
	}
}

func (l *lookout) end(f *file, h *handle) {
	if f.watch.end(h, l.target.local) {
		l.note(f)
	}
}

// note puts a file on the list that taken returns.
func (l *lookout) note(f *file) {
	l.changed.add(f)
}

// settle brings up to date what a file that nobody writes to looks like. f.mu is
// held.
func (l *lookout) settle(f *file) {
	if h := l.target.cache.get(&f.h); h != nil {
		f.watch.refresh(h)
		l.target.cache.release(h)
	}
}

// glance looks at what stands under a file's present name, and reports whether
// it has changed.
func (l *lookout) glance(f *file) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return l.glanceAt(f)
}

// glanceAt is glance with f.mu held, so that the name stays.
func (l *lookout) glanceAt(f *file) bool {
	m, gen, idle, changed := f.watch.state()
	if changed {
		return true
	}
	now, err := l.lookAt(f, f.name())
	if !idle {
		return l.replaced(f, now, err)
	}
	if err == nil && now.Same(m) {
		return false
	}
	if !f.watch.differs(gen) {
		return false // a write of ours came in between
	}
	l.note(f)
	return true
}

// replaced is for a file that is being written, or that nothing is known of:
// what stands under its name must be what we hold open, if we do.
func (l *lookout) replaced(f *file, now Mark, err error) bool {
	h := l.target.cache.get(&f.h)
	if h == nil {
		return false
	}
	defer l.target.cache.release(h)
	held, ok := h.look()
	if !ok || err == nil && now.Inode == held.Inode {
		return false
	}
	f.watch.accuse()
	l.note(f)
	return true
}

// lookAt describes what stands under a name of a file; a Mark of NoFile if
// nothing does.
func (l *lookout) lookAt(f *file, name string) (Mark, error) {
	d, err := l.target.openDir(f.dir, false)
	if errors.Is(err, fs.ErrNotExist) {
		return Mark{Size: NoFile}, nil
	}
	if err != nil {
		return Mark{}, err
	}
	defer l.target.cache.release(d)
	fi, err := lstat(d.root, name)
	switch {
	case err != nil:
		return Mark{}, err
	case fi == nil:
		return Mark{Size: NoFile}, nil
	}
	return MarkOf(fi), nil
}

// disturbed reports whether a file has changed. It is asked after the read, so
// that what was read is what was looked at.
func (l *lookout) disturbed(f *file) bool {
	m, gen, idle, _ := f.watch.state()
	if f.watch.suspect() {
		return true
	}
	if idle {
		if h := l.target.cache.get(&f.h); h != nil {
			now, ok := h.look()
			l.target.cache.release(h)
			if ok && !now.Same(m) && f.watch.differs(gen) {
				l.note(f)
				return true
			}
		}
	}
	now := int64(time.Since(l.began))
	last := f.looked.Load()
	if last != 0 && now-last < int64(lookEvery) || !f.looked.CompareAndSwap(last, max(now, 1)) {
		return false
	}
	if l.target.inPlace(f.dir, make(map[*dir]error)) != nil {
		return false // moved as a whole: what is held open is still right
	}
	return l.glance(f)
}
