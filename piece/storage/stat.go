package storage

import (
	"errors"
	"io/fs"
)

// FileState is what stands on disk for a file at one moment.
type FileState struct {
	Kind Kind
	Mark // zero if missing, or not a regular file
	// Made: the .part was made by this Store, of nothing or of the side file.
	Made bool
}

// Stat looks at file i of Spec.Files afresh. Something that will never be opened
// or written in its place is a Conflict, not an error.
func (s *Store) Stat(i int) (FileState, error) {
	f := &s.files.list[i]
	if f.pad {
		return FileState{}, nil
	}
	d, err := s.target.openDir(f.dir, false)
	if err != nil {
		return refusedState(pathError("stat", f.path(), err))
	}
	defer s.cache.release(d)
	fi, err := lstat(d.root, f.base)
	if err != nil {
		return refusedState(pathError("stat", f.path(), err))
	}
	if fi != nil && fi.Size() == f.len {
		return FileState{Kind: Final, Mark: MarkOf(fi)}, nil
	}
	st, err := statPart(s.target.lstatPart(d.root, f))
	if fi != nil && (st.Kind != Part || !s.spec.Overwrite) {
		return FileState{Kind: Conflict, Mark: MarkOf(fi)}, nil
	}
	st.Made = st.Kind == Part && f.made.Load()
	return st, err
}

// RenewSide is Renew for the side file, without doubts.
func (s *Store) RenewSide() (FileState, error) {
	st, err := s.side.stat()
	s.side.watch.vouch(st.Seen(), false)
	return st, err
}

// statPart describes what lstat saw of an unfinished file.
func statPart(fi fs.FileInfo, err error) (FileState, error) {
	if err != nil || fi == nil {
		return refusedState(err)
	}
	return FileState{Kind: Part, Mark: MarkOf(fi)}, nil
}

// refusedState sorts the reasons why there is nothing to describe.
func refusedState(err error) (FileState, error) {
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return FileState{}, nil
	case errors.Is(err, errSymlink), errors.Is(err, errFolder), errors.Is(err, errSpecial), errors.Is(err, errNotDir),
		errors.Is(err, errOwner), errors.Is(err, errLinked), errors.Is(err, errAlien):
		return FileState{Kind: Conflict}, nil
	}
	return FileState{}, err
}
