package storage

import (
	"errors"
	"io"
	"os"
)

// migrate moves bytes from a side file with another index. It may be cut off at
// any point and done again: the old file goes last, when all is durable.
func (s *Store) migrate(old *sideIndex) error {
	h, err := s.target.openFile(s.target.root(), s.side.name, os.O_RDONLY)
	if err != nil {
		return pathError("open", s.side.name, err)
	}
	defer h.close()
	src := &sideReader{h.f, old}
	for _, r := range old.ranges {
		if err := s.moveOut(src, r); err != nil {
			return err
		}
	}
	if err := s.Sync(); err != nil {
		return err
	}
	if len(s.side.index.ranges) == 0 {
		s.side.found = false
		return s.dropSide()
	}
	return s.temp.replace(s.target.root(), s.side.name, 0o600, !s.spec.NoSync, func(f *os.File) error {
		if err := s.side.index.format(f, s.spec.TotalLength); err != nil {
			return err
		}
		return s.side.index.fill(f, src)
	})
}

// fill copies to a new side file what sources have of its ranges.
func (x *sideIndex) fill(f *os.File, sources ...*sideReader) error {
	for i, r := range x.ranges {
		to := io.NewOffsetWriter(f, x.pos[i])
		for _, src := range sources {
			if err := src.copyTo(to, r, r.Off); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropSide removes the side file for good: were it to come back after a power
// cut, its bytes would be moved once more, over newer ones.
func (s *Store) dropSide() error {
	if err := removeEntry(s.target.root(), s.side.name); err != nil || s.spec.NoSync {
		return err
	}
	return pathError("sync", s.target.path, syncFolder(s.target.root()))
}

// moveOut copies one range of the old side file to the .part files that its
// bytes now belong to.
func (s *Store) moveOut(src *sideReader, r Range) error {
	for _, f := range s.files.within(r.Off, r.end()) {
		if f.inSide.Load() {
			continue
		}
		// Made even for zeros: a hole and zeros that were written look alike.
		h, err := s.files.openWrite(f, false)
		if err != nil {
			return err
		}
		if h == nil {
			continue // complete, under its final name
		}
		s.cache.release(h)
		lo, hi := max(f.off, r.Off), min(f.off+f.len, r.end())
		if err := src.copyTo(&partWriter{s, f}, Range{lo, hi - lo}, f.off); err != nil {
			return err
		}
	}
	return nil
}

// partWriter writes to the .part file of a file.
type partWriter struct {
	s *Store
	f *file
}

// WriteAt writes p at offset off of the file.
func (w *partWriter) WriteAt(p []byte, off int64) (int, error) {
	h, err := w.s.files.openWrite(w.f, false)
	if h == nil {
		return len(p), err
	}
	defer w.s.cache.release(h)
	w.s.files.markDirty(w.f)
	n, err := h.f.WriteAt(p, off)
	return n, pathError("write", w.f.path()+partSuffix, err)
}

// sideReader reads a side file by torrent offsets.
type sideReader struct {
	r     io.ReaderAt
	index *sideIndex
}

// copyTo copies what the side file has of a range to dst, where the torrent's
// byte base has offset 0. Blocks of zeros are taken for holes and left out.
func (sr *sideReader) copyTo(dst io.WriterAt, r Range, base int64) error {
	buf := make([]byte, 64<<10)
	for _, c := range intersect(sr.index.ranges, []Range{r}) {
		for c.Len > 0 {
			pos, _ := sr.index.locate(c.Off)
			p := buf[:min(c.Len, int64(len(buf)))]
			n, err := sr.r.ReadAt(p, pos)
			if n == 0 {
				return ignoreEOF(err) // never written
			}
			if !allZero(p[:n]) {
				if _, err := dst.WriteAt(p[:n], c.Off-base); err != nil {
					return err
				}
			}
			c.Off, c.Len = c.Off+int64(n), c.Len-int64(n)
		}
	}
	return nil
}

// allZero reports whether p holds nothing but zeros.
func allZero(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}

// ignoreEOF turns the end of a file into no error.
func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
