package torrent

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"time"

	"gotor/piece"
	"gotor/piece/storage"
)

// This file finds out what is good on disk before a download begins, or goes on:
// what the record of an earlier run vouches for, and what has to be hashed.

// steadyTries is how often files that are changed while they are hashed are
// hashed again.
const steadyTries = 3

// mark adds to a record what the files looked like when what it claims of them
// was verified; not what they look like now.
func (t *Torrent) mark(r *record, s Store) {
	for i := range r.files {
		r.files[i] = s.Mark(i)
	}
	r.side = s.MarkSide()
}

// verifyDisk decides for every wanted piece whether it is good on disk.
func (t *Torrent) verifyDisk(s Store, rec *record) (have []byte, err error) {
	have = make([]byte, len(t.have))
	defer func() {
		for i := range t.meta.Files {
			s.Trust(i) // as far as have goes
		}
	}()
	states, err := t.fileStates(s)
	if err != nil || states == nil {
		return have, err
	}
	fits := t.fitting(rec, states, s.MarkSide())
	var check []int
	for p := range t.files.wantedPieces {
		claimed, sure := rec != nil && bit(rec.have, p), fits != nil && t.touchesOnly(p, fits)
		switch {
		case t.touchesConflict(p, states): // wrong size: nothing of it is reused
		case claimed && sure && t.present(p, states) && t.chosenBefore(p, rec) && !t.underFinalName(p, states):
			setBit(have, p)
		case sure && rec.clean && !claimed && t.wantedBefore(p, rec): // it says that nothing is here
		case claimed || t.mayHold(s, p, states, rec != nil):
			check = append(check, p)
		}
	}
	if err := t.hashSteady(s, check, states, have); err != nil {
		return nil, err
	}
	return have, t.conflicts(states, have)
}

// underFinalName reports whether a piece lies in a file that is to be taken as
// finished: whatever a record says, such files are hashed, for who put one there
// may have put the record there as well. A seed has its record from elsewhere.
func (t *Torrent) underFinalName(p int, states []storage.FileState) bool {
	some := false
	t.files.of(p, func(file int, _ int64) { some = some || states[file].Kind == storage.Final })
	return some && !t.spec.SeedOnly
}

// fileStates says what is on disk, and has the storage notice changes from now
// on; nil when nothing is there.
func (t *Torrent) fileStates(s Store) ([]storage.FileState, error) {
	states := make([]storage.FileState, len(t.meta.Files))
	some := false
	for i := range states {
		if t.meta.Files[i].Pad || t.meta.Files[i].Symlink {
			continue
		}
		var err error
		if states[i], err = s.Renew(i); err != nil {
			return nil, err
		}
		some = some || states[i].Kind != storage.Missing
	}
	if _, err := s.RenewSide(); err != nil || !some {
		return nil, err
	}
	return states, nil
}

// fitting says which files look as the record says they did; nil if none does.
func (t *Torrent) fitting(rec *record, states []storage.FileState, side storage.Mark) []bool {
	if rec == nil || rec.files == nil {
		return nil
	}
	fits := make([]bool, len(t.meta.Files))
	sided := rec.side.Holds(side)
	for i := range fits {
		// Bytes of files that are not selected may also be in the side file.
		fits[i] = rec.files[i].Holds(states[i].Seen()) && (t.files.wanted[i] || sided)
	}
	return fits
}

// mayHold reports whether bytes of selected files in piece p may be on disk. A
// hole is a place that was never written only in a .part file of ours: a
// complete file may have holes, and so may what somebody else has begun.
func (t *Torrent) mayHold(s Store, p int, states []storage.FileState, ours bool) bool {
	held := false
	t.files.of(p, func(file int, _ int64) {
		kind := states[file].Kind
		held = held || kind != storage.Missing
		ours = ours && kind != storage.Final
	})
	return held && (!ours || s.MayHold(t.layout.Offset(p), t.layout.PieceLen(p)))
}

// hashSteady hashes pieces and sets the bits of the good ones. What is changed
// meanwhile is hashed again, with all that was believed of the same files.
func (t *Torrent) hashSteady(s Store, check []int, states []storage.FileState, have []byte) error {
	for range steadyTries {
		if err := t.recheck(s, check, have); err != nil {
			return err
		}
		changed, err := s.Look(t.filesOf(check))
		if err != nil || len(changed) == 0 {
			return err
		}
		for _, i := range changed {
			if states[i], err = s.Renew(i); err != nil {
				return err
			}
		}
		check = check[:0]
		t.files.touched(changed, func(p int) {
			clearBit(have, p)
			check = append(check, p)
		})
	}
	return fmt.Errorf("%w: somebody else goes on changing %s while it is read", ErrFileConflict, t.Root())
}

// filesOf returns the files that pieces have a part in, sorted.
func (t *Torrent) filesOf(pieces []int) []int {
	files := make(map[int]bool)
	for _, p := range pieces {
		t.files.of(p, func(file int, _ int64) { files[file] = true })
	}
	list := make([]int, 0, len(files)) // not nil: that would be all files
	list = slices.AppendSeq(list, maps.Keys(files))
	slices.Sort(list)
	return list
}

// present reports whether the selected files that p touches reach as far as p
// does. Whatever a record claims, bytes that are not there are not good.
func (t *Torrent) present(p int, states []storage.FileState) bool {
	end, all := t.layout.Offset(p)+t.layout.PieceLen(p), true
	t.files.of(p, func(file int, _ int64) {
		if f := &t.meta.Files[file]; t.files.wanted[file] {
			all = all && states[file].Kind != storage.Missing && states[file].Size >= min(end-f.Offset, f.Length)
		}
	})
	return all
}

// chosenBefore reports whether all selected files of piece p were selected when
// the record was written. What it claims of others may have been kept in the
// side file, while a file of that name holds something else.
func (t *Torrent) chosenBefore(p int, rec *record) bool {
	all := true
	t.files.of(p, func(file int, _ int64) {
		all = all && (!t.files.wanted[file] || bit(rec.wanted, file) || t.meta.Files[file].Pad)
	})
	return all
}

// wantedBefore reports whether the run that wrote the record wanted piece p.
func (t *Torrent) wantedBefore(p int, rec *record) bool {
	some := false
	t.files.of(p, func(file int, _ int64) { some = some || bit(rec.wanted, file) })
	return some
}

// touchesOnly reports whether all files of piece p are marked in ok.
func (t *Torrent) touchesOnly(p int, ok []bool) bool {
	all := true
	t.files.of(p, func(file int, _ int64) {
		all = all && (ok[file] || t.meta.Files[file].Pad)
	})
	return all
}

func (t *Torrent) touchesConflict(p int, states []storage.FileState) bool {
	some := false
	t.files.of(p, func(file int, _ int64) {
		some = some || t.files.wanted[file] && states[file].Kind == storage.Conflict
	})
	return some
}

// recheck hashes pieces in parallel and sets the bits of the good ones.
func (t *Torrent) recheck(s Store, pieces []int, good []byte) error {
	if len(pieces) == 0 {
		return nil
	}
	var bytes int64
	for _, p := range pieces {
		bytes += t.layout.PieceLen(p)
	}
	t.counters.toCheck.Add(bytes)
	t.core.post(func(time.Time) {
		if !t.over {
			t.state = StateChecking
		}
	})
	return t.hashOnDisk(s, pieces, func(p int, ok bool) {
		t.counters.checked.Add(t.layout.PieceLen(p))
		if ok {
			setBit(good, p)
		}
	})
}

// hashOnDisk hashes pieces on all processors; done gets one result at a time.
func (t *Torrent) hashOnDisk(s Store, pieces []int, done func(p int, ok bool)) error {
	return piece.Check(t.core.ctx, piece.CheckConfig{
		Layout: t.layout, Digest: digestsOf(t.meta), Reader: s, Workers: runtime.GOMAXPROCS(0), Pieces: slices.Values(pieces), OnPiece: done, Bug: t.core.bug,
	})
}
