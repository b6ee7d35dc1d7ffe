package torrent

import (
	"errors"
	"fmt"

	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

// survey is what happens between Begin and the first request: the files are
// opened, the record of an earlier run is weighed, and what it cannot vouch for
// is hashed (ondisk.go). It is used once, and belongs to the opener goroutine.
type survey struct {
	core    *core
	spec    *Spec
	files   *fileSet
	paths   *paths
	archive *archive
	count   *checkCount
	// hashing is called before anything is hashed, with what the torrent does then: it
	// waits for its turn, or it is checked.
	hashing func(State)
	live    *record // what this run has verified so far; nil: it begins

	store  Store
	rec    *record             // what is believed, as far as files look as it says; nil: nothing
	states []storage.FileState // by file
	have   []byte              // pieces that are good on disk
}

// surveyed is what a survey has found. Its store is to be closed, also after an
// error.
type surveyed struct {
	store Store // nil: there is none
	have  []byte
	apart []byte // pieces that cannot be verified, and need not be; nil: none
	prior record // what earlier runs have counted
}

// run looks at what is on disk, and makes ready for the first byte.
func (s *survey) run() (found surveyed, err error) {
	s.have = make([]byte, bytesFor(s.files.layout.Pieces()))
	if s.spec.Stream != nil {
		return surveyed{have: s.have}, nil
	}
	sp := s.storeSpec()
	sp.KeepSide = s.archive.seeds
	if s.store, err = s.core.client.storage.Open(sp); err != nil {
		return found, s.holder(err)
	}
	found.store = s.store
	rec, begun := s.live, true
	if rec == nil {
		if rec, begun, err = s.archive.load(s.store); err != nil {
			return found, err
		}
	}
	own := owned(rec, begun)
	if rec == nil {
		rec = s.archive.loadSeed()
	}
	if rec != nil {
		found.prior = *rec
	}
	if s.rec = s.archive.vouched(); s.rec == nil {
		s.rec = rec
	}
	if s.spec.Recheck && s.live == nil {
		s.rec = nil
	}
	if err := s.verify(); err != nil {
		return found, err
	}
	found.have = s.have
	if s.spec.SeedOnly {
		found.apart, err = s.wholly()
		s.warnOf(countBits(found.apart), "and are left out")
		return found, err
	}
	if err := s.strange(own); err != nil {
		return found, err
	}
	if s.spec.Recheck && s.live == nil {
		s.warnOf(s.bare(), "and are fetched again")
	}
	for p := range s.files.wantedPieces {
		if !bit(s.have, p) {
			return found, s.archive.begin(s.store, s.have, &found.prior)
		}
	}
	return found, nil
}

func (s *survey) storeSpec() storage.Spec {
	sp := s.paths.spec(s.files.wanted)
	sp.Ranges, sp.Descriptors = s.files.ranges(), s.core.client.files
	sp.ReadOnly, sp.NoSync, sp.Prealloc, sp.Overwrite = s.spec.SeedOnly, s.spec.NoSync, s.spec.Prealloc, s.spec.Overwrite
	return sp
}

// holder says who holds a download that is locked: this torrent is for the other
// process to finish, another one is in the way.
func (s *survey) holder(err error) error {
	if !errors.Is(err, ErrLocked) {
		return err
	}
	states, _ := storage.FindStates(s.spec.Dir)
	for _, st := range states {
		if st.Name != s.paths.top {
			continue
		}
		if raw, _, _, e := st.Load(); e == nil {
			if m, e := metainfo.Parse(raw); e == nil && m.InfoHash != s.core.hash {
				return s.archive.otherTorrent()
			}
		}
	}
	return err
}

// owned tells which .part files are an earlier run's of this download: those that
// its record names, or all if it is damaged.
func owned(r *record, begun bool) func(file int) bool {
	if r == nil {
		return func(int) bool { return begun }
	}
	mine := r.owned
	return func(file int) bool { return bit(mine, file) }
}

// strange fails when a .part file that nobody has begun here holds nothing of the
// torrent: other programs use that suffix, too, and it would be overwritten.
func (s *survey) strange(own func(file int) bool) error {
	if s.spec.Overwrite {
		return nil
	}
	for i, want := range s.files.wanted {
		if !want || own(i) || s.files.meta.Files[i].Length == 0 {
			continue
		}
		st, err := s.store.Stat(i)
		if err != nil {
			return err
		}
		if st.Kind != storage.Part || st.Size == 0 || st.Made {
			continue
		}
		ps := s.files.pieces(i)
		for ps.First < ps.End && !bit(s.have, ps.First) {
			ps.First++
		}
		if ps.First == ps.End {
			return fmt.Errorf("%w: %s.part holds nothing of this torrent; move it away, or use --overwrite", ErrFileConflict, s.paths.file(i))
		}
	}
	return nil
}

// wholly fails when the data to be seeded is not all there. What cannot be known of a
// part of a torrent is set apart: pieces at the edges of its files, which need the bytes
// of neighbours that nobody has kept.
func (s *survey) wholly() (apart []byte, err error) {
	for i, want := range s.files.wanted {
		if !want {
			continue
		}
		st, err := s.store.Stat(i)
		switch {
		case err != nil:
			return nil, err
		case st.Kind == storage.Missing:
			return nil, fmt.Errorf("%w: %s is missing", ErrMismatch, s.paths.file(i))
		case st.Kind != storage.Final:
			return nil, fmt.Errorf("%w: %s is not a complete file of this torrent", ErrMismatch, s.paths.file(i))
		}
	}
	bad := 0
	for p := range s.files.wantedPieces {
		switch {
		case bit(s.have, p):
		case s.undecided(p):
			if apart == nil {
				apart = make([]byte, len(s.have))
			}
			setBit(apart, p)
		default:
			bad++
		}
	}
	if bad > 0 {
		return nil, fmt.Errorf("%w: %d of %d pieces of %s are not those of the torrent", ErrMismatch, bad, s.files.layout.Pieces(), s.paths.root())
	}
	return apart, nil
}

// undecided reports whether a bad piece says nothing about the selected files: it holds
// bytes of another one, which are not on disk.
func (s *survey) undecided(p int) bool {
	return !s.store.Kept(s.files.layout.Offset(p), s.files.layout.PieceLen(p))
}

// bare is how many pieces of files that are whole are undecided.
func (s *survey) bare() (n int) {
	for p := range s.files.wantedPieces {
		if !bit(s.have, p) && s.chosenFinal(p) && s.undecided(p) {
			n++
		}
	}
	return n
}

// chosenFinal reports whether all selected files of piece p have their final names.
func (s *survey) chosenFinal(p int) bool {
	all := true
	s.files.of(p, func(file int, _ int64) {
		all = all && (!s.files.wanted[file] || s.states[file].Kind == storage.Final)
	})
	return all
}

// warnOf tells the user of undecided pieces, and what becomes of them.
func (s *survey) warnOf(n int, fate string) {
	if n == 0 || s.spec.Warn == nil {
		return
	}
	s.spec.Warn(fmt.Sprintf("pieces at the edges of the selected files that cannot be verified: %d; they hold parts of other files, which nobody has kept, %s", n, fate))
}
