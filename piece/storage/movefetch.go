package storage

import (
	"errors"
	"io/fs"
	"os"
)

// This file is the first half of a Move, and how it is undone.

// fetch brings everything into the staging folder, up to the point where the new place
// counts.
func (m *move) fetch() error {
	for i := range m.note.Goods {
		m.total += m.note.Goods[i].bytes()
	}
	for i := range m.note.Goods {
		g := &m.note.Goods[i]
		if err := m.ctx.Err(); err != nil {
			return err
		}
		before := m.done
		if err := m.bring(g); err != nil {
			return pathError("move", m.pathAt(m.from, g), err)
		}
		m.done = before
		m.progress(g.bytes())
	}
	if m.Record != nil {
		record, err := m.Record(m.looks(true))
		if err == nil && record != nil {
			err = m.change("write the record", func() error { return writeStaged(m.stage, recordKey, wrapRecord(record)) })
		}
		if err != nil {
			return pathError("write", stateName(m.To.Name, recordSuffix), err)
		}
	}
	if err := m.change("sync the staging folder", m.syncStage); err != nil {
		return pathError("sync", m.stageName(), err)
	}
	settled := *m.note
	settled.Settled = true
	if err := m.change("settle", func() error { return settled.write(m.stage) }); err != nil {
		return err
	}
	m.note.Settled = true
	return nil
}

// syncStage makes the staging folder, its entries, and the way to it durable.
func (m *move) syncStage() error {
	if m.To.NoSync {
		return nil
	}
	return errors.Join(syncFolder(m.stage), m.to.target.syncTop(), m.to.target.sync())
}

func (m *move) progress(n int64) {
	m.done += n
	if m.Progress != nil {
		m.Progress(m.done, m.total)
	}
}

// bring stages one file.
func (m *move) bring(g *goods) error {
	d, name := m.at(m.from, g)
	h, err := m.from.target.openDir(d, false)
	if err != nil {
		return err
	}
	defer m.from.cache.release(h)
	fi, err := lstat(h.root, name)
	if err != nil {
		return err
	}
	staged, err := lstat(m.stage, g.key())
	switch {
	case err != nil:
		return err
	case fi == nil && staged != nil && staged.Size() == g.Mark[0]:
		return nil // an earlier call has renamed it
	case fi == nil:
		return fs.ErrNotExist
	case !MarkOf(fi).Same(g.mark()):
		return ErrChanged
	case staged != nil && (os.SameFile(fi, staged) || staged.Size() == fi.Size() && staged.ModTime().Equal(fi.ModTime())):
		return nil // linked, or copied and synced, by an earlier call
	case staged != nil:
		if err := m.change("drop "+g.key(), func() error { return m.stage.Remove(g.key()) }); err != nil {
			return err
		}
	}
	return m.carry(g, h.root, name, fi)
}

// carry is bring for a file that is not staged.
func (m *move) carry(g *goods, root *os.Root, name string, fi fs.FileInfo) error {
	err := m.change("link "+g.key(), func() error { return m.hands.link(root, name, m.stage, g.key()) })
	if err == nil {
		// Somebody may have put a link in the place of the file in that very moment.
		staged, err := lstat(m.stage, g.key())
		if err != nil || staged == nil || !os.SameFile(fi, staged) {
			return errors.Join(ErrChanged, m.change("drop "+g.key(), func() error { return removeEntry(m.stage, g.key()) }))
		}
		return nil
	}
	if noLinks(err) {
		err = m.change("rename "+g.key(), func() error { return m.hands.rename(root, name, m.stage, g.key()) })
	}
	if otherDisk(err) {
		return m.copy(g, root, name, fi)
	}
	return err
}

// copy stages a copy, which gets its name when it is durable. Blocks of zeros stay
// holes: in a .part they tell what was never written.
func (m *move) copy(g *goods, root *os.Root, name string, fi fs.FileInfo) error {
	src, err := m.from.target.openFile(root, name, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer src.close()
	temp := g.key() + tempKey
	if err := removeEntry(m.stage, temp); err != nil {
		return err
	}
	var dst *os.File
	err = m.change("create "+temp, func() (err error) {
		dst, err = m.stage.OpenFile(temp, newFile, fi.Mode().Perm()|0o600)
		return err
	})
	if err != nil {
		return err
	}
	err = m.change("fill "+temp, func() error { return m.fill(dst, temp, src.f, fi) })
	if e := dst.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if now, err := src.f.Stat(); err != nil || !MarkOf(now).Same(g.mark()) {
		return errors.Join(err, ErrChanged)
	}
	return m.change("name "+temp, func() error { return m.stage.Rename(temp, g.key()) })
}

// fill copies, with the time of the last change, and syncs.
func (m *move) fill(dst *os.File, name string, src *os.File, fi fs.FileInfo) error {
	buf := make([]byte, 1<<20)
	const hole = 64 << 10
	for off := int64(0); off < fi.Size(); {
		if err := m.ctx.Err(); err != nil {
			return err
		}
		n, err := src.ReadAt(buf[:min(int64(len(buf)), fi.Size()-off)], off)
		if n == 0 {
			return errors.Join(ErrChanged, ignoreEOF(err))
		}
		for at := 0; at < n; at += hole {
			if b := buf[at:min(at+hole, n)]; !allZero(b) {
				if _, err := dst.WriteAt(b, off+int64(at)); err != nil {
					return err
				}
				m.progress(int64(len(b)))
			}
		}
		off += int64(n)
	}
	if err := dst.Truncate(fi.Size()); err != nil {
		return err
	}
	if err := m.stage.Chtimes(name, fi.ModTime(), fi.ModTime()); err != nil {
		return err
	}
	if m.To.NoSync {
		return nil
	}
	return dst.Sync()
}

// undo gives back what was staged: the old place stays.
func (m *move) undo() error {
	for i := range m.note.Goods {
		if err := m.giveBack(&m.note.Goods[i]); err != nil {
			return err
		}
	}
	return m.dropStage()
}

// giveBack removes a second name or a copy; what is in the staging folder alone goes
// back.
func (m *move) giveBack(g *goods) error {
	err := m.change("drop what is left of "+g.key(), func() error { return removeEntry(m.stage, g.key()+tempKey) })
	if err != nil {
		return err
	}
	staged, err := lstat(m.stage, g.key())
	if err != nil || staged == nil {
		return err
	}
	d, name := m.at(m.from, g)
	h, err := m.from.target.openDir(d, false)
	if err != nil {
		return err
	}
	defer m.from.cache.release(h)
	if _, err := h.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return m.change("give back "+g.key(), func() error { return m.hands.rename(m.stage, g.key(), h.root, name) })
	} else if err != nil {
		return err
	}
	return m.change("drop "+g.key(), func() error { return m.stage.Remove(g.key()) })
}

// dropStage removes the staging folder, the note last.
func (m *move) dropStage() error {
	return m.change("drop the staging folder", func() error {
		var err error
		for _, name := range []string{recordKey, recordKey + tempKey, noteName + tempKey, noteName} {
			err = errors.Join(err, removeEntry(m.stage, name))
		}
		m.stage.Close()
		m.stage = nil
		if err != nil {
			return err
		}
		if err := m.to.target.root().Remove(m.stageName()); err != nil {
			return pathError("remove", m.stageName(), err)
		}
		if m.To.NoSync {
			return nil
		}
		return m.to.target.syncTop()
	})
}
