package storage

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"sync/atomic"
)

// side is the side file: what wanted pieces hold of files that are not wanted,
// and not on disk or not ours there. It is made when its first byte is written.
type side struct {
	name string  // immutable
	h    *handle // belongs to the cache

	watch watch
	dirty atomic.Bool
	// gate is held to read by who writes to the file, and to write by evade
	// alone, which puts another file in its place. It comes before mu.
	gate  sync.RWMutex
	mu    sync.Mutex // held while the file is opened or made
	index sideIndex  // after Open written by evade alone, under gate and mu
	found bool       // it is there; guarded by mu
}

// openSide decides which bytes live in the side file. When one is there from a
// run that wanted other files, its bytes move: those of files now on disk or
// wanted to their .part files, the others to a new side file.
func (s *Store) openSide() error {
	old, err := s.findSide()
	if err != nil {
		return err
	}
	s.side.found = old != nil
	var had []Range
	if old != nil {
		had, s.side.index = old.ranges, *old
	}
	if s.spec.ReadOnly {
		s.outside(s.spec.wantedRanges())
		s.side.index = newSideIndex(had)
		return nil
	}
	need := s.outside(s.spec.wantedRanges())
	keep := union(need, s.outside(had))
	if len(keep) > maxSideRanges {
		return pathError("open", s.spec.Name, errTooManyRanges)
	}
	s.side.index = newSideIndex(keep)
	if old == nil {
		return nil
	}
	if !slices.Equal(keep, had) {
		return s.migrate(old)
	}
	// An earlier run may have ended before it synced what it wrote.
	s.side.dirty.Store(!s.spec.NoSync)
	return nil
}

var errTooManyRanges = errors.New("too many ranges of unwanted files")

// findSide reads the index of an existing side file. One that is damaged, or
// belongs to a torrent of another length, counts as none.
func (s *Store) findSide() (*sideIndex, error) {
	h, err := s.target.openFile(s.target.root(), s.side.name, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, pathError("open", s.side.name, err)
	}
	defer h.close()
	if fi, err := h.f.Stat(); !s.spec.ReadOnly && (err != nil || s.target.adoptable(fi) != nil) {
		return nil, nil // createSide makes another in its place
	}
	x, err := readSideIndex(h.f, s.spec.TotalLength)
	if errors.Is(err, ErrDamaged) {
		return nil, nil
	}
	return &x, pathError("read", s.side.name, err)
}

// outside returns the parts of ranges that belong to files neither wanted nor
// ours on disk, and marks those files. s.side.index is that of the side file as
// it was found.
func (s *Store) outside(ranges []Range) []Range {
	var out []Range
	for _, r := range ranges {
		for _, f := range s.files.within(r.Off, r.end()) {
			if f.wanted || !f.inSide.Load() && s.onDisk(f) {
				continue
			}
			f.inSide.Store(true)
			out = appendRange(out, max(f.off, r.Off), min(f.off+f.len, r.end()))
		}
	}
	return out
}

// onDisk reports whether an unwanted file has its own .part or final file from
// an earlier run. What else may stand there is none of our business, nor is a
// file under the final name if the side file has bytes in its place: see evade.
func (s *Store) onDisk(f *file) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := s.files.resolve(f)
	return err == nil && (f.disk == part || f.disk == final && !s.side.index.touches(f.off, f.off+f.len))
}

// readSide fills q with bytes from the side file; at is a torrent offset.
func (s *Store) readSide(q []byte, at int64) (n int, err error) {
	h, err := s.openSideFile(false)
	if h == nil {
		return 0, cmp.Or(err, io.ErrUnexpectedEOF)
	}
	defer s.cache.release(h)
	for n < len(q) {
		pos, have := h.index.locate(at + int64(n))
		if have == 0 {
			return n, io.ErrUnexpectedEOF
		}
		p := q[n:min(int64(len(q)), int64(n)+have)]
		m, err := h.f.ReadAt(p, pos)
		n += m
		if m < len(p) {
			if errors.Is(err, io.EOF) {
				return n, io.ErrUnexpectedEOF
			}
			return n, pathError("read", s.side.name, err)
		}
	}
	return n, nil
}

// writeSide writes at most limit bytes of v, which begin in a file that lives in
// the side file, and returns how many: up to the end of the range, which may
// reach over several files.
func (s *Store) writeSide(v *vec, limit, off int64) (int64, error) {
	s.side.gate.RLock()
	defer s.side.gate.RUnlock()
	h, err := s.openSideFile(true)
	if err != nil {
		return 0, err
	}
	defer s.cache.release(h)
	pos, n := h.index.locate(off)
	if n == 0 {
		return 0, pathError("write", s.side.name, errors.New("the range is not wanted"))
	}
	n = min(n, limit)
	s.side.watch.begin(h) // whoever changes the file costs a re-check next time
	err = v.writeAt(&s.scrap, h, n, pos)
	s.side.watch.end(h, s.target.local)
	if err != nil {
		return 0, pathError("write", s.side.name, err)
	}
	s.side.dirty.Store(!s.spec.NoSync)
	return n, nil
}

// openSideFile returns the side file's handle, to be released; nil if there is
// none and it is not to be made.
func (s *Store) openSideFile(create bool) (*handle, error) {
	if h := s.cache.get(&s.side.h); h != nil {
		return h, nil
	}
	s.side.mu.Lock()
	defer s.side.mu.Unlock()
	if h := s.cache.get(&s.side.h); h != nil {
		return h, nil
	}
	var h *handle
	var err error
	switch {
	case s.side.found && s.spec.ReadOnly:
		h, err = s.target.openFile(s.target.root(), s.side.name, os.O_RDONLY)
	case s.side.found:
		h, err = s.target.openFile(s.target.root(), s.side.name, os.O_RDWR)
	case create:
		h, err = s.createSide()
	default:
		return nil, nil
	}
	if err != nil {
		return nil, pathError("open", s.side.name, err)
	}
	index := s.side.index
	h.index = &index
	s.cache.put(&s.side.h, h)
	return h, nil
}

// createSide makes the side file, in place of a damaged one.
func (s *Store) createSide() (*handle, error) {
	root := s.target.root()
	if err := root.Remove(s.side.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := openRetry(s.cache, func() (*os.File, error) {
		return root.OpenFile(s.side.name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	})
	if err != nil {
		return nil, err
	}
	if err := s.side.index.format(f, s.spec.TotalLength); err != nil {
		f.Close()
		return nil, err
	}
	s.side.found = true
	s.side.watch.forget()
	s.target.touchDir(s.target.top)
	return &handle{f: f, fd: int(f.Fd()), write: true}, nil
}

// format writes the header and gives the file its size.
func (x *sideIndex) format(f *os.File, total int64) error {
	if _, err := f.WriteAt(x.appendHeader(nil, total), 0); err != nil {
		return err
	}
	return setSize(f, x.size, false)
}
