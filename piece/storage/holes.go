package storage

// MayHold reports whether any of n bytes at offset off of the torrent may have
// been written. It is false only where that is certain: no file is there, or the
// file system says that the range is a hole. So a sparse unfinished file need
// not be hashed where nothing ever came.
func (s *Store) MayHold(off, n int64) bool {
	for _, f := range s.files.within(off, off+n) {
		from, to := max(off, f.off)-f.off, min(off+n, f.off+f.len)-f.off
		if f.inSide.Load() {
			return true // small: not worth asking
		}
		h, err := s.files.openRead(f)
		if err != nil {
			return true // whoever reads it will get the error
		}
		if h == nil {
			continue
		}
		held := mayHold(h, from, to)
		s.cache.release(h)
		if held {
			return true
		}
	}
	return false
}
