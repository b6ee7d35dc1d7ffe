package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// The record, version 1, all numbers big-endian:
//
//	 0  8 bytes  "gotor r\n"
//	 8  4 bytes  version, 1
//	12  4 bytes  length of the content, n
//	16  n bytes  content, opaque to this package
//	    4 bytes  CRC-32C of all above
const (
	recordMagic   = "gotor r\n"
	recordVersion = 1
	recordFixed   = 16
)

// Largest state files that are read or written; what is longer is not ours.
const (
	MaxRecord   = 16 << 20
	MaxMetainfo = 64 << 20
)

// stateDir is the folder of the record, the metainfo and the lock.
type stateDir struct {
	path string
	root *os.Root
	own  bool // root is not the target's

	removed atomic.Bool // RemoveState was called
	begun   atomic.Bool // Begin has written the metainfo, which is not durable yet
	mu      sync.Mutex  // one temporary file at a time; held across I/O, all cold
}

// gone reports whether RemoveState was called.
func (st *stateDir) gone() bool { return st != nil && st.removed.Load() }

// openState opens the folder for state and takes the lock.
func (s *Store) openState() error {
	st := &stateDir{path: s.dir, root: s.top.h.root}
	s.state = st
	if s.spec.StateDir != "" {
		if err := s.openStateDir(st); err != nil {
			return err
		}
	}
	if s.spec.ReadOnly {
		return nil
	}
	l, err := openRetry(s.cache, func() (*lock, error) {
		return takeLock(filepath.Join(st.path, stateName(s.spec.Name, lockSuffix)))
	})
	if err != nil {
		s.closeState()
		return err
	}
	s.lock = l
	return nil
}

// openStateDir opens Spec.StateDir, and makes it for this user alone when it is
// missing. A reader finds no state where there is no folder.
func (s *Store) openStateDir(st *stateDir) error {
	abs, err := filepath.Abs(s.spec.StateDir)
	if err != nil {
		return pathError("open", s.spec.StateDir, err)
	}
	if !s.spec.ReadOnly {
		if _, err := makeFolders(abs, 0o700); err != nil {
			return err
		}
	}
	root, err := openRetry(s.cache, func() (*os.Root, error) { return os.OpenRoot(abs) })
	if err != nil && s.spec.ReadOnly && errors.Is(err, fs.ErrNotExist) {
		st.root = nil // no state then
		return nil
	}
	if err != nil {
		return pathError("open", abs, err)
	}
	st.path, st.root, st.own = abs, root, true
	return nil
}

// closeState gives up the lock. A lock file that stands for nothing, because
// neither record nor data was ever written, goes too.
func (s *Store) closeState() error {
	var err error
	if s.lock != nil {
		if s.hasState() {
			err = s.lock.release()
		} else {
			// The list of files claims nothing any more.
			err = errors.Join(removeEntry(s.top.h.root, stateName(s.spec.Name, claimsSuffix)), s.lock.remove())
		}
		s.lock = nil
	}
	if s.state.own {
		err = errors.Join(err, s.state.root.Close())
		s.state.own = false
	}
	return err
}

// hasState reports whether anything is there to go on from.
func (s *Store) hasState() bool {
	for _, suffix := range []string{recordSuffix, metainfoSuffix} {
		if _, err := s.state.root.Lstat(stateName(s.spec.Name, suffix)); err == nil {
			return true
		}
	}
	_, err := s.top.h.root.Lstat(s.side.name)
	return err == nil
}

// SaveRecord replaces the record: after a crash at any moment there is either
// the old one or the new one. The caller calls Sync first for the data that the
// record claims. Up to MaxRecord bytes.
func (s *Store) SaveRecord(content []byte) error {
	name := stateName(s.spec.Name, recordSuffix)
	if len(content) > MaxRecord {
		return pathError("write", name, fs.ErrInvalid)
	}
	return s.saveState(name, wrapRecord(content))
}

// Begin writes record and metainfo (nil: none) before the first byte of data, so
// that whatever happens from now on there is something to go on with. It does not
// wait for the disk, which SaveRecord and SaveMetainfo do later: a download that
// takes a moment is not to pay for it.
func (s *Store) Begin(record, metainfo []byte) error {
	if len(record) > MaxRecord || len(metainfo) > MaxMetainfo {
		return pathError("write", s.spec.Name, fs.ErrInvalid)
	}
	if err := s.putState(stateName(s.spec.Name, recordSuffix), wrapRecord(record), false); err != nil || metainfo == nil {
		return err
	}
	name := stateName(s.spec.Name, metainfoSuffix)
	if old, err := s.loadState(name, MaxMetainfo); err == nil && bytes.Equal(old, metainfo) {
		return nil
	}
	s.state.begun.Store(true)
	return s.putState(name, metainfo, false)
}

// LoadRecord returns the content given to SaveRecord. There is none:
// fs.ErrNotExist. It is not what SaveRecord wrote: ErrDamaged. Others than this
// user can have written it: ErrNotOurs, with the content, which is a hint then.
func (s *Store) LoadRecord() ([]byte, error) {
	name := stateName(s.spec.Name, recordSuffix)
	if s.state.root == nil {
		return nil, pathError("read", name, fs.ErrNotExist)
	}
	return readRecord(s.state.root, name)
}

// SaveMetainfo keeps the torrent file beside the data, as it is. Nothing is
// written if it is there already.
func (s *Store) SaveMetainfo(torrent []byte) error {
	name := stateName(s.spec.Name, metainfoSuffix)
	if len(torrent) > MaxMetainfo {
		return pathError("write", name, fs.ErrInvalid)
	}
	if old, err := s.loadState(name, MaxMetainfo); err == nil && bytes.Equal(old, torrent) && !s.state.begun.Load() {
		return nil
	}
	err := s.saveState(name, torrent)
	if err == nil {
		s.state.begun.Store(false)
	}
	return err
}

// LoadMetainfo returns what SaveMetainfo kept: fs.ErrNotExist if nothing.
func (s *Store) LoadMetainfo() ([]byte, error) {
	return s.loadState(stateName(s.spec.Name, metainfoSuffix), MaxMetainfo)
}

// RemoveState removes record, metainfo, side file and, last, the lock file, and
// makes that durable: the download is complete. From then on the Store only reads.
func (s *Store) RemoveState() error {
	if err := s.writable(); err != nil {
		return err
	}
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	s.state.removed.Store(true)
	s.cache.drop(&s.side.h)
	var err error
	for _, suffix := range []string{recordSuffix, metainfoSuffix, tempSuffix} {
		err = errors.Join(err, removeEntry(s.state.root, stateName(s.spec.Name, suffix)))
	}
	err = errors.Join(err, removeEntry(s.top.h.root, s.side.name), removeEntry(s.top.h.root, stateName(s.spec.Name, claimsSuffix)))
	if s.lock != nil {
		err = errors.Join(err, s.lock.remove())
		s.lock = nil
	}
	if err != nil || s.spec.NoSync {
		return err
	}
	// Or a power cut could bring back a record of what is finished.
	return errors.Join(s.syncState(), s.syncTop())
}

// syncState makes the entries of the state folder durable, where it is not the
// target.
func (s *Store) syncState() error {
	if !s.state.own {
		return nil
	}
	return pathError("sync", s.state.path, syncFolder(s.state.root))
}

func (s *Store) syncTop() error { return pathError("sync", s.dir, syncFolder(s.top.h.root)) }

// saveState replaces a state file, which only this user may read.
func (s *Store) saveState(name string, b []byte) error {
	return s.putState(name, b, !s.spec.NoSync)
}

func (s *Store) putState(name string, b []byte, durable bool) error {
	if err := s.writable(); err != nil {
		return err
	}
	return s.replaceFile(s.state.root, name, 0o600, durable, func(f *os.File) error {
		_, err := f.Write(b)
		return err
	})
}

// loadState reads a regular file of at most limit bytes, never through a link.
func (s *Store) loadState(name string, limit int64) ([]byte, error) {
	if s.state.root == nil {
		return nil, pathError("read", name, fs.ErrNotExist)
	}
	b, err := readEntry(s.state.root, name, limit)
	return b, pathError("read", name, err)
}

// replaceFile writes a file under a temporary name, syncs it if it is to be
// durable, renames it into place and syncs the folder: there is always a whole file, the old or the new.
// The temporary file of a process that died is removed, not used.
func (s *Store) replaceFile(root *os.Root, name string, perm fs.FileMode, durable bool, write func(*os.File) error) error {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	temp := stateName(s.spec.Name, tempSuffix)
	if err := removeEntry(root, temp); err != nil {
		return err
	}
	return retried(s.cache, func() error { return replace(root, temp, name, perm, durable, write) })
}

// removeEntry removes a file that may not be there.
func removeEntry(root *os.Root, name string) error {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return pathError("remove", name, err)
	}
	return nil
}

// wrapRecord puts header and checksum around a record.
func wrapRecord(content []byte) []byte {
	b := make([]byte, 0, recordFixed+len(content)+4)
	b = append(b, recordMagic...)
	b = binary.BigEndian.AppendUint32(b, recordVersion)
	b = binary.BigEndian.AppendUint32(b, uint32(len(content)))
	b = append(b, content...)
	return binary.BigEndian.AppendUint32(b, checksum(b))
}

// unwrapRecord returns the content of a record, aliasing b.
func unwrapRecord(b []byte) ([]byte, error) {
	if len(b) < recordFixed+4 || string(b[:8]) != recordMagic || binary.BigEndian.Uint32(b[8:]) != recordVersion {
		return nil, ErrDamaged
	}
	n := binary.BigEndian.Uint32(b[12:])
	sum := len(b) - 4
	if uint64(n) != uint64(sum-recordFixed) || binary.BigEndian.Uint32(b[sum:]) != checksum(b[:sum]) {
		return nil, ErrDamaged
	}
	return b[recordFixed:sum:sum], nil
}
