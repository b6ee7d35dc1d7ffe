package storage

import "time"

// lookEvery is how often, at most, an upload looks at what stands under a file's
// name. What is held open is looked at with every read.
const lookEvery = 2 * time.Second

// ServeAt is ReadAt for bytes that were verified and are given away: it fails
// with ErrChanged rather than return what somebody else has changed since. The
// files are then on the list of Changed.
func (s *Store) ServeAt(p []byte, off int64) (n int, err error) {
	n, err = s.ReadAt(p, off)
	if off < 0 || s.access.closed.Load() {
		return n, err
	}
	for i := s.find(off); i < len(s.spans) && s.spans[i].off < off+int64(len(p)); i++ {
		if f := s.spans[i]; !f.inSide.Load() && s.disturbed(f) {
			return 0, pathError("read", f.path(), ErrChanged) // perhaps why it could not be read
		}
	}
	return n, err
}

// disturbed reports whether a file has changed. It is asked after the read, so
// that what was read is what was looked at.
func (s *Store) disturbed(f *file) bool {
	m, gen, idle, _ := f.watch.state()
	if f.watch.suspect() {
		return true
	}
	if idle {
		if h := s.cache.get(&f.h); h != nil {
			now, ok := h.look()
			s.cache.release(h)
			if ok && !now.Same(m) && f.watch.differs(gen) {
				s.noteChanged(f)
				return true
			}
		}
	}
	now := int64(time.Since(s.began))
	last := f.looked.Load()
	if last != 0 && now-last < int64(lookEvery) || !f.looked.CompareAndSwap(last, max(now, 1)) {
		return false
	}
	if s.inPlace(f.dir, make(map[*dir]error)) != nil {
		return false // moved as a whole: what is held open is still right
	}
	return s.glance(f)
}
