package storage

import (
	"errors"
	"time"
)

// Store is the bytes of one torrent on disk. All methods may be called from
// several goroutines, except Close, which comes last.
type Store struct {
	// Immutable after Open.
	spec  Spec
	cache *cache
	temp  temp
	scrap scratch
	flush flusher

	access access
	target target
	look   lookout
	files  files
	names  renamer
	state  state
	side   side
	sync   syncer
	mover  mover
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
	s := &Store{spec: spec, cache: &cache{spec.Descriptors}}
	s.wire()
	if err := spec.checkNames(s.files.layout()); err != nil {
		return nil, err
	}
	if err := s.target.open(); err != nil {
		return nil, err
	}
	if err := s.state.open(&s.target); err != nil {
		s.release()
		return nil, err
	}
	if err := s.settleIn(); err != nil {
		s.Close()
		return nil, err
	}
	if !spec.NoSync && !spec.ReadOnly {
		s.flush.start(s.cache)
	}
	return s, nil
}

// wire puts the parts together, each over those before it.
func (s *Store) wire() {
	spec := &s.spec
	s.access.readOnly = spec.ReadOnly
	s.temp = temp{name: stateName(spec.Name, tempSuffix), cache: s.cache}
	s.target = target{spec: spec, cache: s.cache, temp: &s.temp, top: &dir{}}
	s.look = lookout{target: &s.target, began: time.Now()}
	s.files = files{spec: spec, target: &s.target, cache: s.cache, look: &s.look}
	s.names = renamer{files: &s.files}
	s.state = state{spec: spec, access: &s.access, temp: &s.temp}
	s.side = side{spec: spec, target: &s.target, cache: s.cache, temp: &s.temp, scrap: &s.scrap,
		name: stateName(spec.Name, sideSuffix)}
	s.sync = syncer{spec: spec, target: &s.target, files: &s.files, side: &s.side}
	s.mover = mover{spec: spec, files: &s.files, side: &s.side, sync: &s.sync}
}

// settleIn makes the files our own and decides which bytes live in the side file.
func (s *Store) settleIn() error {
	if !s.spec.ReadOnly {
		if err := s.files.checkFolding(); err != nil {
			return err
		}
		cl := claimant{spec: &s.spec, target: &s.target, temp: &s.temp, files: &s.files}
		if !s.state.own { // state that is kept elsewhere claims nothing
			if err := cl.claim(); err != nil {
				return err
			}
		}
	}
	return s.mover.open()
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
	return s.target.close()
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

// RemoveState removes record, metainfo, side file (but for Spec.KeepSide) and, last,
// the lock file, and makes that durable: the download is complete. From then on the
// Store only reads.
func (s *Store) RemoveState() error {
	if err := s.access.writable(); err != nil {
		return err
	}
	if s.spec.KeepSide {
		if err := s.side.sync(); err != nil { // or a mark of it would vouch for what never came to the disk
			return err
		}
	}
	s.access.removed.Store(true)
	s.cache.drop(&s.side.h)
	if err := s.state.remove(); err != nil || s.spec.NoSync {
		return err
	}
	// Or a power cut could bring back a record of what is finished.
	return errors.Join(s.state.sync(), s.target.syncTop())
}
