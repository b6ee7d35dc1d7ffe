package storage

// Renew looks afresh at file i, whatever is held open of it, and counts changes
// from now on. The caller finds out what it holds: by hashing, after which Look
// tells whether it has changed meanwhile. Until Trust, nothing vouches for the
// file: Mark, ServeAt and Finish take it for changed.
func (s *Store) Renew(i int) (FileState, error) {
	f := &s.files.list[i]
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
		s.files.markDirty(f) // an earlier run may have ended before it synced this data
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
		f := &s.files.list[i]
		if f.pad || f.inSide.Load() || err != nil {
			return
		}
		if err = s.target.inPlace(f.dir, way); err == nil && s.look.glance(f) {
			changed = append(changed, i)
		}
	}
	for _, i := range files {
		look(i)
	}
	for i := range s.files.list {
		if files == nil && s.files.list[i].wanted {
			look(i)
		}
	}
	return changed, err
}
