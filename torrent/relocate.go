package torrent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"

	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

// RelocateSpec says from where to where the files of a torrent are moved.
type RelocateSpec struct {
	Meta *metainfo.Torrent
	// From is the Place that it was begun with, To the one that it is to be begun with
	// next. Of To, Overwrite replaces files that are in the way, and NoSync waits for no
	// disk; Prealloc means nothing.
	From, To Place
	// KeyDir, StateDir and Archive are those of the Config of the Client that has it.
	KeyDir, StateDir string
	Archive          Archive
	// Progress is told how many bytes of how many are in the new place, from Relocate's
	// goroutine; nil: nobody is.
	Progress func(done, total int64)
}

// Relocate moves what there is on disk of a torrent that does not run: complete and
// unfinished files, and the state beside them. It also gives them other names in the
// same folder, and is no error if there is nothing.
//
// On one disk the files are not copied. At any moment, whatever happens to the process,
// the old place is whole or the new one can be made so (storage.Move says how): then the
// same call goes on, and no other is to be made for this torrent before. The end of ctx
// and a failure, a full disk say, leave the old place as it was, unless the new one is
// whole already. What was verified needs no hashing afterwards.
//
// Errors: ErrConflict for what is in the way in the new place, ErrLocked, ErrNoSpace,
// ErrFileConflict if the state there is another torrent's, storage.ErrOwned,
// storage.ErrChanged if somebody writes to the files meanwhile.
func Relocate(ctx context.Context, s RelocateSpec) error {
	if err := errors.Join(s.From.checkNames(s.Meta), s.To.checkNames(s.Meta)); err != nil {
		return err
	}
	from, to := s.From.paths(s.Meta), s.To.paths(s.Meta)
	key := sealKey(s.KeyDir)
	parts, err := from.owned(key)
	if err != nil {
		return err
	}
	all := selection(s.Meta, nil)
	move := storage.MoveSpec{
		From: from.spec(all), To: to.spec(all), Parts: parts, Overwrite: s.To.Overwrite, Progress: s.Progress,
		Record: func(l storage.Looks) ([]byte, error) {
			r, _, err := from.record(key)
			if r == nil || err != nil {
				return nil, err
			}
			r.relocated(&s.To, l)
			return seal(key, r.encode()), nil
		},
		Settled: func(l storage.Looks) error {
			s.rememberSeed(key, &from, &to, l)
			return nil
		},
	}
	move.From.NoSync, move.To.NoSync = s.To.NoSync, s.To.NoSync
	return storage.Move(ctx, move)
}

// relocated changes a record for data that was moved to a place. It goes on vouching
// for files that looked as it says when they were moved.
func (r *record) relocated(to *Place, l storage.Looks) {
	r.rename, r.flat, r.names = to.Rename, to.Flat, to.Names
	for i := range r.files {
		r.files[i] = moved(r.files[i], l.Was[i], l.Is[i])
	}
	r.side = moved(r.side, l.WasSide, l.IsSide)
}

// moved is the mark of a file that had mark m: it was moved once it looked like was, and
// looks like is now.
func moved(m, was, is storage.Mark) storage.Mark {
	switch {
	case m.Holds(is): // it was not copied, or that is noted already
		return m
	case m.Holds(was):
		return is
	}
	return storage.Mark{Size: storage.Unknown}
}

// rememberSeed brings what is remembered of the seeding up to date. Without it the
// files are hashed once more, so that no failure is worth stopping for.
func (s *RelocateSpec) rememberSeed(key []byte, from, to *paths, l storage.Looks) {
	was, err := from.seedName(s.Meta.InfoHash)
	is, err2 := to.seedName(s.Meta.InfoHash)
	if err != nil || err2 != nil {
		return
	}
	var b []byte
	switch {
	case s.Archive != nil:
		b = s.Archive.Load(s.Meta.InfoHash)
	case s.StateDir != "":
		if b, err = storage.LoadState(s.StateDir, was); err != nil {
			b, err = storage.LoadState(s.StateDir, is) // an earlier call has been here
		}
	}
	if b == nil {
		return
	}
	r, err := readRecord(key, b, err, s.Meta.InfoHash, s.Meta.NumPieces(), len(s.Meta.Files))
	if err != nil || !r.ours {
		return
	}
	r.relocated(&s.To, l)
	if b = seal(key, r.encode()); s.Archive != nil {
		_ = s.Archive.Save(s.Meta.InfoHash, b)
		return
	}
	_ = storage.SaveState(s.StateDir, is, b)
}

// seedName is under which name the seeding of a torrent from this place is remembered
// in Config.StateDir.
func (p *paths) seedName(hash [20]byte) (string, error) {
	root, err := filepath.Abs(p.root())
	if err != nil {
		return "", err
	}
	place := sha256.Sum256([]byte(root))
	return fmt.Sprintf("%x-%x.seed", hash, place[:4]), nil
}
