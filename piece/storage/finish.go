package storage

// Finish gives complete files their final names: their data is made durable,
// then all are renamed, then their folders are synced, once each. Files of
// length 0 are made. The indices are those of Spec.Files; nil means every wanted
// file. The caller vouches that every byte is verified: a file shorter than it
// should be is refused.
//
// One call for many files costs little more than one for one file: callers
// collect what is complete. On an error the files before it may be finished. A
// file that somebody else has changed since it was written is an ErrChanged.
func (s *Store) Finish(files []int) error {
	if err := s.access.writable(); err != nil {
		return err
	}
	list := s.names.list(files)
	if err := s.names.resize(list); err != nil {
		return err
	}
	return s.sync.finish(&s.names, list)
}

// Sync makes everything that was written before the call durable: data, sizes
// and directory entries. Only what changed is synced. After a failure all later
// calls fail too: the system reports lost data once. With Spec.NoSync it does
// nothing.
func (s *Store) Sync() error { return s.sync.run() }
