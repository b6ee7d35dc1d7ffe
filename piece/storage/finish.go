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
	if s.spec.NoSync {
		return s.names.finishAll(list)
	}
	s.syncMu.Lock()
	defer s.syncMu.Unlock()
	if s.syncErr == nil {
		s.syncErr = s.syncFiles(s.names.takeDirty(list))
	}
	if s.syncErr != nil {
		return s.syncErr
	}
	err := s.names.finishAll(list)
	if s.syncErr = s.target.sync(); err == nil {
		err = s.syncErr
	}
	return err
}
