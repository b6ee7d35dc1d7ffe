package storage

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"sync"
)

// WriteVec writes the bytes of bufs, one after the other, at offset off of the
// torrent: one system call per file touched, and no copy. Padding is skipped.
// Bytes of unwanted files go to the side file. Bytes of a file that stands under
// its final name are compared with it. Where they differ, a wanted file is an
// ErrConflict, or, with Spec.Overwrite, goes back to its .part name and is
// written; one that is not wanted is left alone for good, and its bytes go to
// the side file.
//
// Writes may run at the same time; what overlapping ones leave is either's. The
// data is durable after Sync or Finish. After an error any part of the bytes may
// have been written.
func (s *Store) WriteVec(bufs [][]byte, off int64) error {
	if err := s.access.writable(); err != nil {
		return err
	}
	var left int64
	for _, b := range bufs {
		left += int64(len(b))
	}
	if off < 0 || left > s.spec.TotalLength-off {
		return pathError("write", s.spec.Name, fs.ErrInvalid)
	}
	v := vec{bufs: bufs}
	for i := s.files.find(off); left > 0; {
		var n int64
		var err error
		switch {
		case i == len(s.files.spans):
			return nil
		case s.files.spans[i].off > off:
			n = min(left, s.files.spans[i].off-off)
			v.skip(n)
		case s.files.spans[i].inSide.Load():
			n, err = s.side.write(&v, left, off)
		default:
			f := s.files.spans[i]
			n = min(left, f.off+f.len-off)
			if err = s.writeFile(f, &v, n, off-f.off); err == errElsewhere {
				continue
			}
		}
		if err != nil {
			return err
		}
		off, left = off+n, left-n
		for i < len(s.files.spans) && s.files.spans[i].off+s.files.spans[i].len <= off {
			i++
		}
	}
	return nil
}

// writeFile writes the next n bytes of v at offset fo of a file.
func (s *Store) writeFile(f *file, v *vec, n, fo int64) error {
	whole := fo == 0 && n == f.len
	h, err := s.files.openWrite(f, whole)
	if err != nil {
		return err
	}
	if h == nil {
		if h, err = s.compare(f, *v, n, fo); err != nil {
			return err
		}
		if h == nil {
			v.skip(n)
			return nil
		}
	}
	s.look.begin(f, h)
	err = v.writeAt(&s.scrap, h, n, fo)
	s.look.end(f, h)
	s.cache.release(h)
	if err != nil {
		return pathError("write", f.path()+partSuffix, err)
	}
	if whole {
		f.mu.Lock()
		f.sized = true
		f.mu.Unlock()
	}
	if !s.spec.NoSync {
		s.files.markDirty(f)
		s.flush.wrote(f, n)
	}
	return nil
}

// compare checks n bytes of a file that stands under its final name. If they
// differ and may be overwritten, it returns a handle to write through; if they
// are to go elsewhere, errElsewhere.
func (s *Store) compare(f *file, v vec, n, fo int64) (*handle, error) {
	overwrite := s.spec.Overwrite && f.wanted
	if overwrite && f.isStale() {
		return s.names.unfinish(f) // whatever the bytes: its size is wrong
	}
	h, err := s.files.openRead(f)
	if errors.Is(err, fs.ErrNotExist) {
		f.mu.Lock()
		s.files.vanished(f)
		f.mu.Unlock()
		return s.files.openWrite(f, false)
	}
	if err != nil {
		return nil, err
	}
	if h == nil { // another write has noticed it
		return s.files.openWrite(f, false)
	}
	same, err := v.equal(&s.scrap, h.f, n, fo)
	s.cache.release(h)
	switch {
	case err != nil:
		return nil, pathError("read", f.path(), err)
	case same:
		return nil, nil
	case !f.wanted:
		return nil, s.mover.evade(f)
	case !overwrite:
		return nil, pathError("write", f.path(), ErrConflict)
	}
	return s.names.unfinish(f)
}

// vec is a position in a list of buffers.
type vec struct {
	bufs [][]byte
	i, o int // next byte: bufs[i][o]
}

// next returns the rest of the present buffer, at most limit bytes, without
// moving. limit is positive and not above what is left.
func (v *vec) next(limit int64) []byte {
	for v.o == len(v.bufs[v.i]) {
		v.i, v.o = v.i+1, 0
	}
	b := v.bufs[v.i][v.o:]
	return b[:min(int64(len(b)), limit)]
}

// skip moves on by n bytes.
func (v *vec) skip(n int64) {
	for n > 0 {
		b := v.next(n)
		v.o += len(b)
		n -= int64(len(b))
	}
}

// equal reports whether the next n bytes are those of f at off. A file that
// ends before is different.
func (v *vec) equal(sc *scratch, f *os.File, n, off int64) (bool, error) {
	buf := sc.buffer()
	defer sc.free(buf)
	for n > 0 {
		b := v.next(min(n, int64(len(buf))))
		m, err := f.ReadAt(buf[:len(b)], off)
		if m < len(b) {
			return false, ignoreEOF(err)
		}
		if !bytes.Equal(buf[:m], b) {
			return false, nil
		}
		v.o += m
		n, off = n-int64(m), off+int64(m)
	}
	return true, nil
}

// scratch keeps what one call needs and the next can use again.
type scratch struct {
	bufs sync.Pool // *[compareSize]byte
	vecs sync.Pool // *iovecs, where the system has vectored writes
}

const compareSize = 64 << 10

// buffer returns a buffer to compare with, to be given back with free.
func (sc *scratch) buffer() *[compareSize]byte {
	if b, ok := sc.bufs.Get().(*[compareSize]byte); ok {
		return b
	}
	return new([compareSize]byte)
}

func (sc *scratch) free(b *[compareSize]byte) { sc.bufs.Put(b) }
