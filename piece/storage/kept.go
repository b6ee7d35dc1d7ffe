package storage

// Kept reports whether all that files which are not wanted have of n bytes at offset off
// of the torrent is on disk: in files of their own, or in the side file. Then a bad hash
// of them says that something is damaged; else it says nothing.
func (s *Store) Kept(off, n int64) bool {
	for _, f := range s.files.within(off, off+n) {
		lo, hi := max(off, f.off), min(off+n, f.off+f.len)
		switch {
		case f.wanted || f.pad:
		case f.inSide.Load():
			if !s.side.holds(lo, hi) {
				return false
			}
		case !s.hasOwn(f) && !s.MayHold(lo, hi-lo):
			return false
		}
	}
	return true
}

// hasOwn reports whether a file is there under its final name.
func (s *Store) hasOwn(f *file) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return s.files.resolve(f) == nil && f.disk == final
}

// RemoveSide removes what Spec.KeepSide has kept, after RemoveState.
func (s *Store) RemoveSide() error {
	if s.spec.ReadOnly || !s.access.removed.Load() {
		return ErrReadOnly
	}
	s.side.mu.Lock()
	s.side.found = false // it is not opened again
	s.side.mu.Unlock()
	s.cache.drop(&s.side.h)
	return s.side.remove()
}

// holds reports whether the side file has a place for all bytes of [lo, hi).
func (sd *side) holds(lo, hi int64) bool {
	sd.mu.Lock()
	defer sd.mu.Unlock()
	if !sd.found {
		return false
	}
	_, n := sd.index.locate(lo)
	return n >= hi-lo
}
