package torrent

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync/atomic"

	"gotor/piece"
	"gotor/piece/storage"
)

// This file finds out what is good on disk before a download begins, or goes on:
// what the record of an earlier run vouches for, and what has to be hashed.

// steadyTries is how often files that are changed while they are hashed are
// hashed again.
const steadyTries = 3

// checkCount is how far the hashing of what is on disk has come, in bytes. Others
// read it meanwhile.
type checkCount struct{ done, total atomic.Int64 }

// verify decides for every wanted piece whether it is good on disk.
func (s *survey) verify() error {
	defer func() {
		for i := range s.files.meta.Files {
			s.store.Trust(i) // as far as have goes
		}
	}()
	if some, err := s.look(); err != nil || !some {
		return err
	}
	rec, fits := s.rec, s.fitting(s.store.MarkSide())
	var check []int
	for p := range s.files.wantedPieces {
		claimed, sure := rec != nil && bit(rec.have, p), fits != nil && s.touchesOnly(p, fits)
		switch {
		case s.touchesConflict(p): // wrong size: nothing of it is reused
		case claimed && sure && s.present(p) && s.chosenBefore(p) && (rec.live || !s.underFinalName(p)):
			setBit(s.have, p)
		case sure && rec.clean && !claimed && s.wantedBefore(p): // it says that nothing is here
		case claimed || s.mayHold(p):
			check = append(check, p)
		}
	}
	if err := s.hashSteady(check); err != nil {
		return err
	}
	return s.conflicts()
}

// underFinalName reports whether a piece lies in a file that is to be taken as
// finished: whatever a record on disk says, such files are hashed, for who put one there
// may have put the record there as well. A seed has its record from elsewhere.
func (s *survey) underFinalName(p int) bool {
	some := false
	s.files.of(p, func(file int, _ int64) { some = some || s.states[file].Kind == storage.Final })
	return some && !s.spec.SeedOnly
}

// look says what is on disk, and has the storage notice changes from now on. some
// is false when nothing is there.
func (s *survey) look() (some bool, err error) {
	s.states = make([]storage.FileState, len(s.files.meta.Files))
	for i := range s.states {
		if s.files.meta.Files[i].Pad || s.files.meta.Files[i].Symlink {
			continue
		}
		if s.states[i], err = s.store.Renew(i); err != nil {
			return false, err
		}
		some = some || s.states[i].Kind != storage.Missing
	}
	_, err = s.store.RenewSide()
	return some, err
}

// fitting says which files look as the record says they did; nil if none does.
func (s *survey) fitting(side storage.Mark) []bool {
	rec := s.rec
	if rec == nil || rec.files == nil {
		return nil
	}
	fits := make([]bool, len(s.files.meta.Files))
	sided := rec.side.Holds(side)
	for i := range fits {
		// Bytes of files that are not selected may also be in the side file.
		fits[i] = rec.files[i].Holds(s.states[i].Seen()) && (s.files.wanted[i] || sided)
	}
	return fits
}

// mayHold reports whether bytes of selected files in piece p may be on disk. A
// hole is a place that was never written only in a .part file of ours: a
// complete file may have holes, and so may what somebody else has begun.
func (s *survey) mayHold(p int) bool {
	held, ours := false, s.rec != nil
	s.files.of(p, func(file int, _ int64) {
		kind := s.states[file].Kind
		held = held || kind != storage.Missing
		ours = ours && kind != storage.Final
	})
	return held && (!ours || s.store.MayHold(s.files.layout.Offset(p), s.files.layout.PieceLen(p)))
}

// hashSteady hashes pieces and sets the bits of the good ones. What is changed
// meanwhile is hashed again, with all that was believed of the same files.
func (s *survey) hashSteady(check []int) error {
	for range steadyTries {
		if err := s.recheck(check); err != nil {
			return err
		}
		changed, err := s.store.Look(s.filesOf(check))
		if err != nil || len(changed) == 0 {
			return err
		}
		for _, i := range changed {
			if s.states[i], err = s.store.Renew(i); err != nil {
				return err
			}
		}
		check = check[:0]
		s.files.touched(changed, func(p int) {
			clearBit(s.have, p)
			check = append(check, p)
		})
	}
	return fmt.Errorf("%w: somebody else goes on changing %s while it is read", ErrFileConflict, s.paths.root())
}

// filesOf returns the files that pieces have a part in, sorted.
func (s *survey) filesOf(pieces []int) []int {
	files := make(map[int]bool)
	for _, p := range pieces {
		s.files.of(p, func(file int, _ int64) { files[file] = true })
	}
	list := make([]int, 0, len(files)) // not nil: that would be all files
	list = slices.AppendSeq(list, maps.Keys(files))
	slices.Sort(list)
	return list
}

// present reports whether the selected files that p touches reach as far as p
// does. Whatever a record claims, bytes that are not there are not good.
func (s *survey) present(p int) bool {
	end, all := s.files.layout.Offset(p)+s.files.layout.PieceLen(p), true
	s.files.of(p, func(file int, _ int64) {
		if f := &s.files.meta.Files[file]; s.files.wanted[file] {
			all = all && s.states[file].Kind != storage.Missing && s.states[file].Size >= min(end-f.Offset, f.Length)
		}
	})
	return all
}

// chosenBefore reports whether all selected files of piece p were selected when
// the record was written. What it claims of others may have been kept in the
// side file, while a file of that name holds something else.
func (s *survey) chosenBefore(p int) bool {
	all := true
	s.files.of(p, func(file int, _ int64) {
		all = all && (!s.files.wanted[file] || bit(s.rec.wanted, file) || s.files.meta.Files[file].Pad)
	})
	return all
}

// wantedBefore reports whether the run that wrote the record wanted piece p.
func (s *survey) wantedBefore(p int) bool {
	some := false
	s.files.of(p, func(file int, _ int64) { some = some || bit(s.rec.wanted, file) })
	return some
}

// touchesOnly reports whether all files of piece p are marked in ok.
func (s *survey) touchesOnly(p int, ok []bool) bool {
	all := true
	s.files.of(p, func(file int, _ int64) {
		all = all && (ok[file] || s.files.meta.Files[file].Pad)
	})
	return all
}

func (s *survey) touchesConflict(p int) bool {
	some := false
	s.files.of(p, func(file int, _ int64) {
		some = some || s.files.wanted[file] && s.states[file].Kind == storage.Conflict
	})
	return some
}

// recheck hashes pieces in parallel and sets the bits of the good ones.
func (s *survey) recheck(pieces []int) error {
	if len(pieces) == 0 {
		return nil
	}
	var bytes int64
	for _, p := range pieces {
		bytes += s.files.layout.PieceLen(p)
	}
	s.count.total.Add(bytes)
	leave, err := s.core.client.checks.enter(s.core.ctx, diskOf(s.spec.Dir), bytes, func() { s.hashing(StateQueued) })
	if err != nil {
		return err
	}
	defer leave()
	s.hashing(StateChecking)
	return s.files.hash(s.core, s.store, pieces, func(p int, ok bool) {
		s.count.done.Add(s.files.layout.PieceLen(p))
		if ok {
			setBit(s.have, p)
		}
	})
}

// hash hashes pieces on all processors; done gets one result at a time.
func (f *fileSet) hash(k *core, s Store, pieces []int, done func(p int, ok bool)) error {
	return piece.Check(k.ctx, piece.CheckConfig{
		Layout: f.layout, Digest: digestsOf(f.meta), Reader: s, Workers: runtime.GOMAXPROCS(0), Pieces: slices.Values(pieces), OnPiece: done, Bug: k.bug,
	})
}
