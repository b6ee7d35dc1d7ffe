package storage

import (
	"errors"
	"os"
	"slices"
)

// mover decides which bytes live in the side file, and moves them between it and
// the files' own when that changes.
type mover struct {
	spec  *Spec
	files *files
	side  *side
	sync  *syncer
}

// open decides which bytes live in the side file. When one is there from a
// run that wanted other files, its bytes move: those of files now on disk or
// wanted to their .part files, the others to a new side file.
func (m *mover) open() error {
	old, err := m.side.find()
	if err != nil {
		return err
	}
	m.side.found = old != nil
	var had []Range
	if old != nil {
		had, m.side.index = old.ranges, *old
	}
	if m.spec.ReadOnly {
		m.outside(m.spec.wantedRanges())
		m.side.index = newSideIndex(had)
		return nil
	}
	need := m.outside(m.spec.wantedRanges())
	keep := union(need, m.outside(had))
	if len(keep) > maxSideRanges {
		return pathError("open", m.spec.Name, errTooManyRanges)
	}
	m.side.index = newSideIndex(keep)
	if old == nil {
		return nil
	}
	if !slices.Equal(keep, had) {
		return m.migrate(old)
	}
	// An earlier run may have ended before it synced what it wrote.
	m.side.dirty.Store(!m.spec.NoSync)
	return nil
}

var errTooManyRanges = errors.New("too many ranges of unwanted files")

// outside returns the parts of ranges that belong to files neither wanted nor
// ours on disk, and marks those files. m.side.index is that of the side file as
// it was found.
func (m *mover) outside(ranges []Range) []Range {
	var out []Range
	for _, r := range ranges {
		for _, f := range m.files.within(r.Off, r.end()) {
			if f.wanted || !f.inSide.Load() && m.onDisk(f) {
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
func (m *mover) onDisk(f *file) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := m.files.resolve(f)
	return err == nil && (f.disk == part || f.disk == final && !m.side.index.touches(f.off, f.off+f.len))
}

// migrate moves bytes from a side file with another index. It may be cut off at
// any point and done again: the old file goes last, when all is durable.
func (m *mover) migrate(old *sideIndex) error {
	h, err := m.files.target.openFile(m.files.target.root(), m.side.name, os.O_RDONLY)
	if err != nil {
		return pathError("open", m.side.name, err)
	}
	defer h.close()
	src := &sideReader{h.f, old}
	for _, r := range old.ranges {
		if err := m.moveOut(src, r); err != nil {
			return err
		}
	}
	if err := m.sync.run(); err != nil {
		return err
	}
	if len(m.side.index.ranges) == 0 {
		m.side.found = false
		return m.side.remove()
	}
	return m.side.replace(&m.side.index, src)
}

// moveOut copies one range of the old side file to the .part files that its
// bytes now belong to.
func (m *mover) moveOut(src *sideReader, r Range) error {
	for _, f := range m.files.within(r.Off, r.end()) {
		if f.inSide.Load() {
			continue
		}
		// Made even for zeros: a hole and zeros that were written look alike.
		h, err := m.files.openWrite(f, false)
		if err != nil {
			return err
		}
		if h == nil {
			continue // complete, under its final name
		}
		m.files.cache.release(h)
		lo, hi := max(f.off, r.Off), min(f.off+f.len, r.end())
		if err := src.copyTo(&partWriter{m.files, f}, Range{lo, hi - lo}, f.off); err != nil {
			return err
		}
	}
	return nil
}
