package storage

import (
	"errors"
	"io/fs"
)

// This file is what is looked at before anything is moved.

// may says why the move cannot be made.
func (m *move) may(n *moveNote) error {
	ours := m.oldPaths(n)
	for i := range n.Goods {
		if err := m.free(&n.Goods[i], ours); err != nil {
			return err
		}
	}
	if err := m.freeOfState(); err != nil {
		return err
	}
	if err := m.mayTake(n); err != nil {
		return err
	}
	if m.here {
		return nil
	}
	if err := m.rivals(); err != nil {
		return err
	}
	if sameDevice(m.from.target.device, m.to.target.device) {
		return nil
	}
	return m.fits(n)
}

// oldPaths are the paths in the new place that goods still have from the old one.
func (m *move) oldPaths(n *moveNote) map[string]bool {
	paths := make(map[string]bool)
	if m.here {
		for i := range n.Goods {
			paths[m.pathAt(m.from, &n.Goods[i])] = true
		}
	}
	return paths
}

// free fails if something is in the way of goods, under their final name or that of
// their .part. A link on the way is in the way, too.
func (m *move) free(g *goods, ours map[string]bool) error {
	d, name := m.at(m.to, g)
	h, err := m.to.target.openDir(d, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return pathError("move", m.pathAt(m.to, g), err)
	}
	defer m.to.cache.release(h)
	names := []string{name}
	if g.File >= 0 {
		base := m.to.files.list[g.File].base
		names = []string{base, partName(base)}
	}
	for _, name := range names {
		it := item{dir: d, name: name}
		if ours[it.path()] {
			continue
		}
		fi, err := lstat(h.root, name)
		if err == nil && fi != nil && !m.Overwrite {
			err = ErrConflict
		}
		if err != nil {
			return pathError("move", it.path(), err)
		}
	}
	return nil
}

// mayTake fails if something could not be removed from the old place afterwards.
func (m *move) mayTake(n *moveNote) error {
	looked := map[*dir]bool{}
	for i := range n.Goods {
		d, _ := m.at(m.from, &n.Goods[i])
		if looked[d] {
			continue
		}
		looked[d] = true
		h, err := m.from.target.openDir(d, false)
		if err == nil {
			err = mayWrite(h.root)
			m.from.cache.release(h)
		}
		if err != nil {
			return pathError("move", m.pathAt(m.from, &n.Goods[i]), err)
		}
	}
	return nil
}

// freeOfState fails if a download of that name is begun in the new place.
func (m *move) freeOfState() error {
	if m.same {
		return nil
	}
	for _, suffix := range []string{recordSuffix, metainfoSuffix, sideSuffix} {
		name := stateName(m.To.Name, suffix)
		fi, err := lstat(m.to.target.root(), name)
		if err == nil && fi != nil && !m.Overwrite {
			err = ErrConflict
		}
		if err != nil {
			return pathError("move", name, err)
		}
	}
	return nil
}

// rivals fails if one of the files belongs to another download, which is not finished.
func (m *move) rivals() error {
	cl := claimant{spec: &m.to.spec, target: &m.to.target, temp: &m.to.temp, files: &m.to.files}
	var mine []string
	for i := range m.To.Files {
		if f := &m.To.Files[i]; f.Wanted && !f.Pad {
			mine = append(mine, f.Path)
		}
	}
	return cl.findRivals(mine)
}

// fits compares what has to be copied with what is free.
func (m *move) fits(n *moveNote) error {
	free, block, ok := freeSpace(m.to.target.path, m.to.target.folder)
	if !ok {
		return nil
	}
	var need int64
	for i := range n.Goods {
		need += roundUp(n.Goods[i].bytes(), block)
	}
	if need > free {
		return &SpaceError{Dir: m.to.target.path, Need: need, Have: free}
	}
	return nil
}

// bytes is about how much goods take on disk.
func (g *goods) bytes() int64 {
	if m := g.mark(); m.Inode != 0 { // then blocks are known
		return min(m.Size, m.Blocks*512)
	}
	return g.Mark[0]
}
