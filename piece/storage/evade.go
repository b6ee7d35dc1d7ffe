package storage

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
)

// errElsewhere: the write has to be tried again, as bytes of the side file.
var errElsewhere = errors.New("moved to the side file")

// evade gives up a file that nobody asked for and that has other content than
// the torrent under its final name: it is somebody else's, and what wanted
// pieces hold of it moves to the side file. It starts there with what the file
// has: other pieces may have been verified with these bytes. A later run knows
// by the index of the side file that the file is not ours.
//
// It returns errElsewhere when done. Writers of the side file wait meanwhile;
// readers go on with the old one.
func (s *Store) evade(f *file) error {
	s.side.gate.Lock()
	defer s.side.gate.Unlock()
	if f.inSide.Load() {
		return errElsewhere // another piece came first
	}
	ours := intersect(s.spec.wantedRanges(), []Range{{f.off, f.len}})
	index := newSideIndex(union(s.side.index.ranges, ours))
	if len(index.ranges) > maxSideRanges {
		return pathError("write", s.side.name, errTooManyRanges)
	}
	if err := s.rebuildSide(&index, f, ours); err != nil {
		return err
	}
	s.side.mu.Lock()
	s.side.index, s.side.found = index, true
	s.cache.drop(&s.side.h)
	s.side.watch.forget()
	s.side.dirty.Store(!s.spec.NoSync) // so that the next Sync looks at it
	s.side.mu.Unlock()
	f.inSide.Store(true)
	return errElsewhere
}

// rebuildSide replaces the side file by one with another index, filled from the
// old one and with some ranges of f.
func (s *Store) rebuildSide(index *sideIndex, f *file, ranges []Range) error {
	h, err := s.files.openRead(f)
	if h == nil {
		return cmp.Or(err, pathError("open", f.path(), fs.ErrNotExist))
	}
	defer s.cache.release(h)
	theirs := &sideReader{h.f, &sideIndex{ranges: ranges}}
	for _, r := range ranges {
		theirs.index.pos = append(theirs.index.pos, r.Off-f.off)
	}
	sources := []*sideReader{theirs}
	old, err := s.openSideFile(false)
	if err != nil {
		return err
	}
	if old != nil {
		defer s.cache.release(old)
		sources = append(sources, &sideReader{old.f, old.index})
	}
	err = s.temp.replace(s.target.root(), s.side.name, 0o600, !s.spec.NoSync, func(to *os.File) error {
		if err := index.format(to, s.spec.TotalLength); err != nil {
			return err
		}
		return index.fill(to, sources...)
	})
	if e := (*Error)(nil); errors.As(err, &e) && e.Op == "sync" {
		// The old file has lost its name: what it holds must not be vouched for.
		s.syncMu.Lock()
		s.syncErr = err
		s.syncMu.Unlock()
	}
	return err
}
