package storage

import (
	"cmp"
	"errors"
	"io/fs"
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
func (m *mover) evade(f *file) error {
	m.side.gate.Lock()
	defer m.side.gate.Unlock()
	if f.inSide.Load() {
		return errElsewhere // another piece came first
	}
	ours := intersect(m.spec.wantedRanges(), []Range{{f.off, f.len}})
	index := newSideIndex(union(m.side.index.ranges, ours))
	if len(index.ranges) > maxSideRanges {
		return pathError("write", m.side.name, errTooManyRanges)
	}
	if err := m.rebuild(&index, f, ours); err != nil {
		return err
	}
	m.side.replaced(index)
	f.inSide.Store(true)
	return errElsewhere
}

// rebuild replaces the side file by one with another index, filled from the
// old one and with some ranges of f.
func (m *mover) rebuild(index *sideIndex, f *file, ranges []Range) error {
	h, err := m.files.openRead(f)
	if h == nil {
		return cmp.Or(err, pathError("open", f.path(), fs.ErrNotExist))
	}
	defer m.files.cache.release(h)
	theirs := &sideReader{h.f, &sideIndex{ranges: ranges}}
	for _, r := range ranges {
		theirs.index.pos = append(theirs.index.pos, r.Off-f.off)
	}
	sources := []*sideReader{theirs}
	old, err := m.side.open(false)
	if err != nil {
		return err
	}
	if old != nil {
		defer m.files.cache.release(old)
		sources = append(sources, &sideReader{old.f, old.index})
	}
	err = m.side.replace(index, sources...)
	if e := (*Error)(nil); errors.As(err, &e) && e.Op == "sync" {
		// The old file has lost its name: what it holds must not be vouched for.
		m.sync.fail(err)
	}
	return err
}
