package storage

import (
	"errors"
	"io/fs"
	"os"
)

var errMoved = errors.New("was moved or replaced meanwhile; put it back, or begin again in another folder")

// Renew looks afresh at file i, whatever is held open of it, and counts changes
// from now on. The caller finds out what it holds: by hashing, after which Look
// tells whether it has changed meanwhile. Until Trust, nothing vouches for the
// file: Mark, ServeAt and Finish take it for changed.
func (s *Store) Renew(i int) (FileState, error) {
	f := &s.files[i]
	if f.pad {
		return FileState{}, nil
	}
	if f.inSide.Load() {
		st, err := s.Stat(i)
		f.watch.vouch(st.Seen(), true)
		return st, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dir.fresh.Store(false)
	f.dir.missing.Store(false)
	st, err := s.Stat(i)
	if err != nil {
		return st, err
	}
	w := &f.watch
	w.mu.Lock()
	w.again = w.again || w.writers > 0 && w.mark.Inode != st.Inode
	w.mu.Unlock()
	s.cache.drop(&f.h)
	f.sized = false
	switch st.Kind {
	case Missing:
		f.disk = absent
	case Part:
		f.disk = part
		s.markDirty(f) // an earlier run may have ended before it synced this data
	case Final:
		f.disk = final
	default:
		f.disk = unknown // who uses it will be told what is wrong
	}
	w.vouch(st.Seen(), true)
	return st, nil
}

// Seen is the mark to compare with another time.
func (st FileState) Seen() Mark {
	switch st.Kind {
	case Missing:
		return Mark{Size: NoFile}
	case Conflict:
		if st.Mark == (Mark{}) {
			return Mark{Size: Unknown}
		}
	}
	return st.Mark
}

// Look compares files with what they looked like when what they hold was last
// known, and returns those that look otherwise, are gone, or are something else
// now. nil means all wanted files. It starts from the path of the target folder:
// a folder on the way that was moved or replaced is an error, since nothing that
// was written is where it should be. Files that are being written are passed
// over.
func (s *Store) Look(files []int) (changed []int, err error) {
	way := make(map[*dir]error)
	look := func(i int) {
		f := &s.files[i]
		if f.pad || f.inSide.Load() || err != nil {
			return
		}
		if err = s.inPlace(f.dir, way); err == nil && s.glance(f) {
			changed = append(changed, i)
		}
	}
	for _, i := range files {
		look(i)
	}
	for i := range s.files {
		if files == nil && s.files[i].wanted {
			look(i)
		}
	}
	return changed, err
}

// inPlace reports whether a folder that we hold open, and those above it, still
// stand where they should; way remembers the answers.
func (s *Store) inPlace(d *dir, way map[*dir]error) error {
	if err, done := way[d]; done {
		return err
	}
	err := s.whereItWas(d, way)
	way[d] = err
	return err
}

func (s *Store) whereItWas(d *dir, way map[*dir]error) error {
	if d.parent == nil {
		if now, err := os.Stat(s.dir); err != nil || !os.SameFile(now, s.device) {
			return pathError("find", s.dir, errMoved)
		}
		return nil
	}
	if err := s.inPlace(d.parent, way); err != nil {
		return err
	}
	h := s.cache.get(&d.h)
	if h == nil {
		return nil // it will be opened by its path
	}
	defer s.cache.release(h)
	parent, err := s.openDir(d.parent, false)
	if err != nil {
		return err
	}
	defer s.cache.release(parent)
	now, err := parent.root.Lstat(d.base)
	held, err2 := h.root.Stat(".")
	if err != nil || err2 != nil || !os.SameFile(now, held) {
		return pathError("find", d.path, errMoved)
	}
	return nil
}

// glance looks at what stands under a file's present name, and reports whether
// it has changed.
func (s *Store) glance(f *file) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return s.glanceAt(f)
}

// glanceAt is glance with f.mu held, so that the name stays.
func (s *Store) glanceAt(f *file) bool {
	m, gen, idle, changed := f.watch.state()
	if changed {
		return true
	}
	now, err := s.lookAt(f, f.name())
	if !idle {
		return s.replaced(f, now, err)
	}
	if err == nil && now.Same(m) {
		return false
	}
	if !f.watch.differs(gen) {
		return false // a write of ours came in between
	}
	s.noteChanged(f)
	return true
}

// replaced is for a file that is being written, or that nothing is known of:
// what stands under its name must be what we hold open, if we do.
func (s *Store) replaced(f *file, now Mark, err error) bool {
	h := s.cache.get(&f.h)
	if h == nil {
		return false
	}
	defer s.cache.release(h)
	held, ok := h.look()
	if !ok || err == nil && now.Inode == held.Inode {
		return false
	}
	f.watch.accuse()
	s.noteChanged(f)
	return true
}

// lookAt describes what stands under a name of a file; a Mark of NoFile if
// nothing does.
func (s *Store) lookAt(f *file, name string) (Mark, error) {
	d, err := s.openDir(f.dir, false)
	if errors.Is(err, fs.ErrNotExist) {
		return Mark{Size: NoFile}, nil
	}
	if err != nil {
		return Mark{}, err
	}
	defer s.cache.release(d)
	fi, err := lstat(d.root, name)
	switch {
	case err != nil:
		return Mark{}, err
	case fi == nil:
		return Mark{Size: NoFile}, nil
	}
	return MarkOf(fi), nil
}
