package storage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Store is the bytes of one torrent on disk. All methods may be called from
// several goroutines, except Close, which comes last.
type Store struct {
	// Immutable after Open.
	spec     Spec
	dir      string // Spec.Dir, absolute
	files    []file // as Spec.Files
	spans    []*file
	top      *dir
	cache    *cache
	device   os.FileInfo // of dir, to notice other file systems below it
	local    bool        // looking at an open file is cheap
	began    time.Time   // when it was opened
	topFile  *os.File    // dir, for calls about its file system; opened before any write
	temp     temp
	scrap    scratch
	flush    flusher
	newcomer newcomer

	access access
	state  state
	side   side
	mixed  atomic.Bool // more than one file system below dir

	// syncMu is held by Sync and Finish, which are cold and may take long; it
	// guards syncErr.
	syncMu  sync.Mutex
	syncErr error // a failed fsync is final: the kernel reports it only once

	mu         sync.Mutex // guards the lists, never held across I/O
	dirtyFiles []*file
	dirtyDirs  []*dir
	changed    []*file  // by somebody else, and Changed has not told
	newDirs    []string // folders above dir whose entries we changed
}

// Open takes the lock and opens the target folder, making it when it is
// missing. No data file is made before it is written, but bytes in the side file
// that belong to files now wanted are moved to their .part files.
//
// With Spec.ReadOnly nothing is made, moved or locked. Errors: ErrLocked at
// once when the download is held elsewhere.
func Open(spec Spec) (*Store, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	if spec.Descriptors == nil {
		spec.Descriptors = NewDescriptors(spec.MaxOpen)
	}
	s := &Store{spec: spec, cache: &cache{spec.Descriptors}, top: &dir{}, began: time.Now()}
	s.access.readOnly = spec.ReadOnly
	s.side.name = stateName(spec.Name, sideSuffix)
	s.temp = temp{name: stateName(spec.Name, tempSuffix), cache: s.cache}
	if err := spec.checkNames(s.layout()); err != nil {
		return nil, err
	}
	if err := s.openTop(); err != nil {
		return nil, err
	}
	s.state = state{spec: &s.spec, target: s.top.h.root, access: &s.access, temp: &s.temp}
	if err := s.state.open(s.dir); err != nil {
		s.release()
		return nil, err
	}
	if !spec.ReadOnly {
		if err := s.checkFolding(); err != nil {
			s.Close()
			return nil, err
		}
		if err := s.claim(); err != nil {
			s.Close()
			return nil, err
		}
	}
	if err := s.openSide(); err != nil {
		s.Close()
		return nil, err
	}
	if !spec.NoSync && !spec.ReadOnly {
		s.flush.start(s)
	}
	return s, nil
}

// openTop opens the target folder. The path is the user's own: it may lead
// through links.
func (s *Store) openTop() error {
	abs, err := filepath.Abs(s.spec.Dir)
	if err != nil {
		return pathError("open", s.spec.Dir, err)
	}
	s.dir = abs
	if !s.spec.ReadOnly {
		if s.newDirs, err = makeFolders(abs, 0o777); err != nil {
			return err
		}
	}
	root, err := openRetry(s.cache, func() (*os.Root, error) { return os.OpenRoot(abs) })
	if err != nil {
		return pathError("open", abs, err)
	}
	if s.device, err = root.Stat("."); err != nil {
		root.Close()
		return pathError("open", abs, err)
	}
	if s.topFile, err = openRetry(s.cache, func() (*os.File, error) { return root.Open(".") }); err != nil {
		root.Close()
		return pathError("open", abs, err)
	}
	s.local = localDisk(s.topFile)
	s.cache.pin(&s.top.h, &handle{root: root})
	return nil
}

// makeFolders is os.MkdirAll that returns the folders in which it made an
// entry, outermost first.
func makeFolders(path string, perm os.FileMode) (changed []string, err error) {
	for p := path; ; {
		if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		up := filepath.Dir(p)
		if up == p {
			break
		}
		changed = append([]string{up}, changed...)
		p = up
	}
	if err := os.MkdirAll(path, perm); err != nil {
		return nil, pathError("create folder", path, err)
	}
	return changed, nil
}

// layout builds the tables that lead from offsets to files, and returns the
// folders by their paths.
func (s *Store) layout() map[string]*dir {
	s.files = make([]file, len(s.spec.Files))
	s.spans = make([]*file, 0, len(s.spec.Files))
	b := &dirBuilder{byPath: map[string]*dir{"": s.top}, last: s.top}
	for i := range s.spec.Files {
		in, f := &s.spec.Files[i], &s.files[i]
		f.off, f.len, f.wanted, f.pad, f.exec = in.Offset, in.Length, in.Wanted, in.Pad, in.Exec
		if f.pad {
			continue
		}
		folder, base := splitPath(in.Path)
		f.dir, f.base = b.get(folder), base
		if f.len > 0 {
			s.spans = append(s.spans, f)
		}
	}
	return b.byPath
}

// find returns the index of the first span that ends after off.
func (s *Store) find(off int64) int {
	lo, hi := 0, len(s.spans)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if f := s.spans[mid]; f.off+f.len > off {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// Close closes all files and gives up the lock. State files stay, so that the
// download can go on later; a lock file with nothing else beside it is removed.
// It does not sync.
func (s *Store) Close() error {
	if s.access.closed.Swap(true) {
		return nil
	}
	s.flush.stop()
	return errors.Join(s.state.close(), s.release())
}

// release closes the cached handles, and the target's.
func (s *Store) release() error {
	s.access.closed.Store(true)
	s.cache.closeAll()
	h := s.top.h
	s.cache.drop(&s.top.h)
	s.cache.release(h)
	return s.topFile.Close()
}

// Begin writes record and metainfo (nil: none) before the first byte of data, so
// that whatever happens from now on there is something to go on with. It does not
// wait for the disk, which SaveRecord and SaveMetainfo do later: a download that
// takes a moment is not to pay for it.
func (s *Store) Begin(record, metainfo []byte) error { return s.state.begin(record, metainfo) }

// SaveRecord replaces the record: after a crash at any moment there is either
// the old one or the new one. The caller calls Sync first for the data that the
// record claims. Up to MaxRecord bytes.
func (s *Store) SaveRecord(content []byte) error { return s.state.saveRecord(content) }

// LoadRecord returns the content given to SaveRecord. There is none:
// fs.ErrNotExist. It is not what SaveRecord wrote: ErrDamaged. Others than this
// user can have written it: ErrNotOurs, with the content, which is a hint then.
func (s *Store) LoadRecord() ([]byte, error) { return s.state.loadRecord() }

// SaveMetainfo keeps the torrent file beside the data, as it is. Nothing is
// written if it is there already.
func (s *Store) SaveMetainfo(torrent []byte) error { return s.state.saveMetainfo(torrent) }

// LoadMetainfo returns what SaveMetainfo kept: fs.ErrNotExist if nothing.
func (s *Store) LoadMetainfo() ([]byte, error) { return s.state.loadMetainfo() }

// RemoveState removes record, metainfo, side file and, last, the lock file, and
// makes that durable: the download is complete. From then on the Store only reads.
func (s *Store) RemoveState() error {
	if err := s.access.writable(); err != nil {
		return err
	}
	s.access.removed.Store(true)
	s.cache.drop(&s.side.h)
	if err := s.state.remove(); err != nil || s.spec.NoSync {
		return err
	}
	// Or a power cut could bring back a record of what is finished.
	return errors.Join(s.state.sync(), pathError("sync", s.dir, syncFolder(s.top.h.root)))
}
