package storage

import (
	"errors"
	"io"
	"io/fs"
)

// ReadAt reads len(p) bytes at offset off of the torrent. Padding and bytes that
// no file covers are zeros; so are holes of a sparse file. It is an io.ReaderAt:
// at the end of the torrent the error is io.EOF; where a file is missing or ends
// too soon, n tells how far it came and the error is io.ErrUnexpectedEOF.
func (s *Store) ReadAt(p []byte, off int64) (n int, err error) {
	if s.access.closed.Load() {
		return 0, fs.ErrClosed
	}
	if off < 0 || off > s.spec.TotalLength {
		return 0, pathError("read", s.spec.Name, fs.ErrInvalid)
	}
	var end error
	if left := s.spec.TotalLength - off; int64(len(p)) > left {
		p, end = p[:left], io.EOF
	}
	for i := s.files.find(off); n < len(p); i++ {
		at, q := off+int64(n), p[n:]
		if i == len(s.files.spans) || s.files.spans[i].off > at {
			if i < len(s.files.spans) {
				q = q[:min(int64(len(q)), s.files.spans[i].off-at)]
			}
			clear(q)
			n += len(q)
			i--
			continue
		}
		f := s.files.spans[i]
		q = q[:min(int64(len(q)), f.off+f.len-at)]
		m, err := s.readFile(f, q, at)
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, end
}

// readFile fills q with bytes of one file; at is a torrent offset.
func (s *Store) readFile(f *file, q []byte, at int64) (int, error) {
	if f.inSide.Load() {
		return s.side.read(q, at)
	}
	h, err := s.files.openRead(f)
	if err != nil {
		return 0, err
	}
	if h == nil {
		return s.side.read(q, at)
	}
	defer s.cache.release(h)
	n, err := h.f.ReadAt(q, at-f.off)
	if n == len(q) {
		return n, nil
	}
	if errors.Is(err, io.EOF) {
		return n, io.ErrUnexpectedEOF
	}
	return n, pathError("read", f.path(), err)
}
