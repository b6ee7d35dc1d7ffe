package storage

// ServeAt is ReadAt for bytes that were verified and are given away: it fails
// with ErrChanged rather than return what somebody else has changed since. The
// files are then on the list of Changed.
func (s *Store) ServeAt(p []byte, off int64) (n int, err error) {
	n, err = s.ReadAt(p, off)
	if off < 0 || s.access.closed.Load() {
		return n, err
	}
	for _, f := range s.files.within(off, off+int64(len(p))) {
		if !f.inSide.Load() && s.look.disturbed(f) {
			return 0, pathError("read", f.path(), ErrChanged) // perhaps why it could not be read
		}
	}
	return n, err
}
