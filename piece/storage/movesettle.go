package storage

import (
	"errors"
	"io/fs"
	"os"
)

// This file is the second half of a Move, which is never undone.

// settle gives everything its name in the new place, and then removes the old one.
func (m *move) settle() error {
	ours := m.oldPaths(m.note)
	for i := range m.note.Goods {
		g := &m.note.Goods[i]
		d, name := m.at(m.to, g)
		if err := m.place(g.key(), d, name, g.Mark[0], ours); err != nil {
			return err
		}
	}
	if err := m.placeRecord(); err != nil {
		return err
	}
	if !m.To.NoSync {
		if err := m.change("sync the new place", m.to.target.sync); err != nil {
			return err
		}
	}
	if m.Settled != nil {
		if err := m.Settled(m.looks(false)); err != nil {
			return err
		}
	}
	if err := m.clear(); err != nil {
		return err
	}
	return m.dropStage()
}

// place gives a staged file its name, unless an earlier call has done so.
func (m *move) place(key string, d *dir, name string, size int64, ours map[string]bool) error {
	it := item{dir: d, name: name}
	staged, err := lstat(m.stage, key)
	if err != nil {
		return pathError("move", it.path(), err)
	}
	h, err := m.to.target.openDir(d, staged != nil)
	if err != nil {
		return pathError("move", it.path(), err)
	}
	defer m.to.cache.release(h)
	there, err := lstat(h.root, name)
	switch {
	case err != nil:
	case staged == nil && (there == nil || there.Size() != size):
		err = fs.ErrNotExist
	case staged == nil:
		return nil
	case there != nil && !m.Overwrite && !ours[it.path()] && !os.SameFile(there, staged):
		err = ErrConflict
	default:
		err = m.change("place "+key, func() error { return m.hands.rename(m.stage, key, h.root, name) })
		m.to.target.touchDir(d)
	}
	if err == nil && there != nil && os.SameFile(there, staged) {
		// To rename a file to another name of its own does nothing.
		err = m.change("drop "+key, func() error { return removeEntry(m.stage, key) })
	}
	return pathError("move", it.path(), err)
}

// placeRecord places the record, if there is a new one.
func (m *move) placeRecord() error {
	staged, err := lstat(m.stage, recordKey)
	if err != nil || staged == nil {
		return err
	}
	err = m.change("place the record", func() error {
		return m.hands.rename(m.stage, recordKey, m.to.target.root(), stateName(m.To.Name, recordSuffix))
	})
	m.to.target.touchDir(m.to.target.top)
	return pathError("move", recordKey, err)
}

// looks describes the files before and after; staged says where they are now.
func (m *move) looks(staged bool) Looks {
	none := Mark{Size: NoFile}
	l := Looks{WasSide: none, IsSide: none}
	for i := range m.To.Files {
		l.Was, l.Is = append(l.Was, none), append(l.Is, none)
		if !m.To.Files[i].Pad {
			m.lookAtStaying(&l, i)
		}
	}
	for i := range m.note.Goods {
		g := &m.note.Goods[i]
		is := m.lookNow(g, staged)
		switch {
		case g.File == sideGoods:
			l.WasSide, l.IsSide = g.mark(), is
		case g.File >= 0 && (!g.Part || l.Was[g.File].Size == NoFile):
			l.Was[g.File], l.Is[g.File] = g.mark(), is
		}
	}
	return l
}

// lookAtStaying fills in files that are not moved.
func (m *move) lookAtStaying(l *Looks, i int) {
	for _, part := range []bool{true, false} {
		g := goods{File: i, Part: part}
		if !m.stays(&g) {
			continue
		}
		if is := m.lookNow(&g, false); is.Size >= 0 {
			l.Was[i], l.Is[i] = is, is
		}
	}
	if side := (goods{File: sideGoods}); i == 0 && m.stays(&side) {
		l.IsSide = m.lookNow(&side, false)
		l.WasSide = l.IsSide
	}
}

// lookNow is what goods look like where they are now.
func (m *move) lookNow(g *goods, staged bool) Mark {
	if staged {
		if fi, err := lstat(m.stage, g.key()); err == nil && fi != nil {
			return MarkOf(fi)
		}
		return Mark{Size: Unknown}
	}
	d, name := m.at(m.to, g)
	h, err := m.to.target.openDir(d, false)
	if err != nil {
		return Mark{Size: Unknown}
	}
	defer m.to.cache.release(h)
	if fi, err := lstat(h.root, name); err == nil && fi != nil {
		return MarkOf(fi)
	}
	return Mark{Size: Unknown}
}

// clear removes what is in the old place: what looks as it did when it was staged, its
// state, and the folders that are empty then.
func (m *move) clear() error {
	keep := make(map[string]bool) // paths that are the new place's now
	if m.here {
		for i := range m.note.Goods {
			keep[m.pathAt(m.to, &m.note.Goods[i])] = true
		}
	}
	touched := make(map[*dir]bool)
	for i := range m.note.Goods {
		g := &m.note.Goods[i]
		if keep[m.pathAt(m.from, g)] {
			continue
		}
		if err := m.clearOne(g, touched); err != nil {
			return pathError("remove", m.pathAt(m.from, g), err)
		}
	}
	if err := m.clearState(); err != nil {
		return err
	}
	if err := m.change("sync the old place", func() error { return m.syncOld(touched) }); err != nil {
		return err
	}
	for _, d := range m.from.folders() {
		err := m.change("remove folder "+d.path, func() error { return m.from.removeFolder(d) })
		if err != nil && !errors.Is(err, errOthers) && !errors.Is(err, errNotDir) && !errors.Is(err, errSymlink) {
			return pathError("remove", d.path, err)
		}
	}
	return nil
}

// clearOne removes one file of the old place, if it is what was moved.
func (m *move) clearOne(g *goods, touched map[*dir]bool) error {
	d, name := m.at(m.from, g)
	h, err := m.from.target.openDir(d, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer m.from.cache.release(h)
	fi, err := lstat(h.root, name)
	if err != nil || fi == nil || !MarkOf(fi).Same(g.mark()) {
		return nil // somebody else's by now
	}
	touched[d] = true
	return m.change("remove "+g.key(), func() error { return h.root.Remove(name) })
}

// clearState removes the old record and what else is of no use without the data.
func (m *move) clearState() error {
	if m.same {
		return nil
	}
	for _, suffix := range []string{recordSuffix, tempSuffix, claimsSuffix} {
		name := stateName(m.From.Name, suffix)
		if fi, err := lstat(m.from.target.root(), name); err != nil || fi == nil {
			continue
		}
		if err := m.change("remove "+suffix, func() error { return removeEntry(m.from.target.root(), name) }); err != nil {
			return err
		}
	}
	return nil
}

// syncOld makes it durable that files are gone: should they come back after a power
// cut, unfinished ones would have two names, and be refused.
func (m *move) syncOld(touched map[*dir]bool) error {
	if m.From.NoSync {
		return nil
	}
	touched[m.from.target.top] = true
	for d := range touched {
		if err := m.from.target.syncDir(d); err != nil {
			return pathError("sync", d.path, err)
		}
	}
	return nil
}
