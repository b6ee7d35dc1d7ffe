package session

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	suffixMetainfo = ".torrent"
	maxMetainfo    = 64 << 20
)

// metafiles are the .torrent files of the entries. One that was written for an entry
// that is yet to be put must not fall to the Remove of an older one: it is fresh until
// it is put.
type metafiles struct {
	dir  folder
	temp atomic.Uint64 // the last number of a temporary file

	// mu keeps a file from being removed between the moment in which it is found or
	// renamed and the one in which it is fresh. One rename or unlink is done under it,
	// by callers who wait for the disk anyhow.
	mu    sync.Mutex
	fresh map[ID]bool
}

func newMetafiles(dir folder) *metafiles { return &metafiles{dir: dir, fresh: make(map[ID]bool)} }

func (m *metafiles) name(id ID) string { return string(id) + suffixMetainfo }

// save writes a file, or sees that it is there.
func (m *metafiles) save(id ID, raw []byte) error {
	if !id.valid() || len(raw) > maxMetainfo {
		return fmt.Errorf("%w: a .torrent of %d bytes, at most %d", ErrInvalid, len(raw), maxMetainfo)
	}
	m.keep(id)
	if have, err := m.read(id); err == nil && bytes.Equal(have, raw) {
		return m.dir.sync() // the one who wrote it may have failed to
	}
	temp := fmt.Sprintf("%s.%d%s", id, m.temp.Add(1), suffixTemp)
	if err := m.write(temp, raw); err != nil {
		m.dir.remove(temp)
		return err
	}
	m.mu.Lock()
	m.fresh[id] = true
	err := m.dir.rename(temp, m.name(id))
	m.mu.Unlock()
	if err != nil {
		m.dir.remove(temp)
		return err
	}
	return m.dir.sync()
}

func (m *metafiles) keep(id ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fresh[id] = true
}

func (m *metafiles) write(name string, raw []byte) error {
	f, err := m.dir.create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (m *metafiles) read(id ID) ([]byte, error) {
	f, size, err := m.dir.open(m.name(id))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > maxMetainfo {
		return nil, fmt.Errorf("%s has %d bytes, at most %d", m.name(id), size, maxMetainfo)
	}
	raw := make([]byte, size)
	if n, err := f.ReadAt(raw, 0); int64(n) < size {
		return nil, errors.Join(err, io.ErrUnexpectedEOF)
	}
	return raw, nil
}

// follow does for the files what was done to the entries. A file that stays because of
// an error is an orphan when the session is opened next.
func (m *metafiles) follow(entries map[ID]*Entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, e := range entries {
		switch {
		case e != nil:
			delete(m.fresh, id)
		case !m.fresh[id]:
			m.dir.remove(m.name(id))
		}
	}
}

// missingName is there while metainfo without an entry may be all that is left of one.
const missingName = "incomplete"

// sweep removes what an earlier process left half written, and returns whose metainfo
// there is, and whether entries were missing before.
func (m *metafiles) sweep() (ids []ID, missing bool, err error) {
	names, err := m.dir.list()
	if err != nil {
		return nil, false, err
	}
	missing = slices.Contains(names, missingName)
	for _, name := range names {
		if strings.HasSuffix(name, suffixTemp) {
			m.dir.remove(name)
		}
		if id := ID(strings.TrimSuffix(name, suffixMetainfo)); m.name(id) == name && id.valid() {
			ids = append(ids, id)
		}
	}
	return ids, missing, nil
}

// notThere is what a missing file means to a caller.
func notThere(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFound
	}
	return err
}
