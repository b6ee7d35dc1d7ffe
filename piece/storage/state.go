package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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

// state is what a download has to go on from: the record and the metainfo, in the
// target or in Spec.StateDir, and the lock beside them.
type state struct {
	// Immutable after open.
	spec   *Spec
	target *os.Root // the target folder, which has the other state files
	access *access
	temp   *temp
	path   string
	root   *os.Root // of path; nil: there is no such folder, and so no state
	own    bool     // root is not the target's

	lock  *lock       // nil: not held
	begun atomic.Bool // begin has written the metainfo, which is not durable yet
}

// name returns the name of a state file.
func (st *state) name(suffix string) string { return stateName(st.spec.Name, suffix) }

// open opens the folder for state, which is the target if Spec.StateDir names no
// other, and takes the lock.
func (st *state) open(in *target) error {
	st.target, st.path, st.root = in.root(), in.path, in.root()
	if st.spec.StateDir != "" {
		if err := st.openOwn(); err != nil {
			return err
		}
	}
	if st.spec.ReadOnly {
		return nil
	}
	l, err := openRetry(st.temp.cache, func() (*lock, error) {
		return takeLock(filepath.Join(st.path, st.name(lockSuffix)))
	})
	if err != nil {
		st.close()
		return err
	}
	st.lock = l
	return nil
}

// openOwn opens Spec.StateDir, and makes it for this user alone when it is
// missing. A reader finds no state where there is no folder.
func (st *state) openOwn() error {
	abs, err := filepath.Abs(st.spec.StateDir)
	if err != nil {
		return pathError("open", st.spec.StateDir, err)
	}
	if !st.spec.ReadOnly {
		if _, err := makeFolders(abs, 0o700); err != nil {
			return err
		}
	}
	root, err := openRetry(st.temp.cache, func() (*os.Root, error) { return os.OpenRoot(abs) })
	if err != nil && st.spec.ReadOnly && errors.Is(err, fs.ErrNotExist) {
		st.root = nil // no state then
		return nil
	}
	if err != nil {
		return pathError("open", abs, err)
	}
	st.path, st.root, st.own = abs, root, true
	return nil
}

// close gives up the lock. A lock file that stands for nothing, because neither
// record nor data was ever written, goes too.
func (st *state) close() error {
	var err error
	if st.lock != nil {
		if st.any() {
			err = st.lock.release()
		} else {
			// The list of files claims nothing any more.
			err = errors.Join(removeEntry(st.target, st.name(claimsSuffix)), st.lock.remove())
		}
		st.lock = nil
	}
	if st.own {
		err = errors.Join(err, st.root.Close())
		st.own = false
	}
	return err
}

// any reports whether anything is there to go on from.
func (st *state) any() bool {
	for _, suffix := range []string{recordSuffix, metainfoSuffix} {
		if _, err := st.root.Lstat(st.name(suffix)); err == nil {
			return true
		}
	}
	_, err := st.target.Lstat(st.name(sideSuffix))
	return err == nil
}

// saveRecord is Store.SaveRecord.
func (st *state) saveRecord(content []byte) error {
	name := st.name(recordSuffix)
	if len(content) > MaxRecord {
		return pathError("write", name, fs.ErrInvalid)
	}
	return st.put(name, wrapRecord(content), !st.spec.NoSync)
}

// begin is Store.Begin.
func (st *state) begin(record, metainfo []byte) error {
	if len(record) > MaxRecord || len(metainfo) > MaxMetainfo {
		return pathError("write", st.spec.Name, fs.ErrInvalid)
	}
	if err := st.put(st.name(recordSuffix), wrapRecord(record), false); err != nil || metainfo == nil {
		return err
	}
	name := st.name(metainfoSuffix)
	if old, err := st.get(name, MaxMetainfo); err == nil && bytes.Equal(old, metainfo) {
		return nil
	}
	st.begun.Store(true)
	return st.put(name, metainfo, false)
}

// loadRecord is Store.LoadRecord.
func (st *state) loadRecord() ([]byte, error) {
	name := st.name(recordSuffix)
	if st.root == nil {
		return nil, pathError("read", name, fs.ErrNotExist)
	}
	return readRecord(st.root, name)
}

// saveMetainfo is Store.SaveMetainfo.
func (st *state) saveMetainfo(torrent []byte) error {
	name := st.name(metainfoSuffix)
	if len(torrent) > MaxMetainfo {
		return pathError("write", name, fs.ErrInvalid)
	}
	if old, err := st.get(name, MaxMetainfo); err == nil && bytes.Equal(old, torrent) && !st.begun.Load() {
		return nil
	}
	err := st.put(name, torrent, !st.spec.NoSync)
	if err == nil {
		st.begun.Store(false)
	}
	return err
}

// remove removes all state files, as far as Spec.KeepSide allows, and, last, the lock
// file.
func (st *state) remove() error {
	st.temp.mu.Lock()
	defer st.temp.mu.Unlock()
	var err error
	for _, suffix := range []string{recordSuffix, metainfoSuffix, tempSuffix} {
		err = errors.Join(err, removeEntry(st.root, st.name(suffix)))
	}
	if !st.spec.KeepSide {
		err = errors.Join(err, removeEntry(st.target, st.name(sideSuffix)))
	}
	err = errors.Join(err, removeEntry(st.target, st.name(claimsSuffix)))
	if st.lock != nil {
		err = errors.Join(err, st.lock.remove())
		st.lock = nil
	}
	return err
}

// sync makes the entries of the state folder durable, where it is not the
// target.
func (st *state) sync() error {
	if !st.own {
		return nil
	}
	return pathError("sync", st.path, syncFolder(st.root))
}

// put replaces a state file, which only this user may read.
func (st *state) put(name string, b []byte, durable bool) error {
	if err := st.access.writable(); err != nil {
		return err
	}
	return st.temp.replace(st.root, name, 0o600, durable, func(f *os.File) error {
		_, err := f.Write(b)
		return err
	})
}

// get reads a regular file of at most limit bytes, never through a link.
func (st *state) get(name string, limit int64) ([]byte, error) {
	if st.root == nil {
		return nil, pathError("read", name, fs.ErrNotExist)
	}
	b, err := readEntry(st.root, name, limit)
	return b, pathError("read", name, err)
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
