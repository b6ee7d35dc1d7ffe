package torrent

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math/rand/v2"
	"path"
	"runtime"
	"slices"
	"sync"
	"time"

	"gotor/piece"
	"gotor/piece/storage"
)

// This file is what happens between Add and the first request: the files are
// opened, the record of an earlier run is weighed, and what it cannot vouch for
// is hashed. It runs on the opener goroutine.

// opened is what the opener found.
type opened struct {
	store Store
	have  []byte // pieces that are good on disk
	prior record
}

// sampleBytes is how much of an open record is hashed before the rest of it is
// trusted, and samplePieces the most pieces.
const (
	sampleBytes  = 64 << 20
	samplePieces = 16
)

func (t *Torrent) open() {
	o, err := t.openStore()
	t.post(func(now time.Time) {
		t.store = o.store
		switch {
		case t.over:
		case err != nil:
			t.finish(err)
		default:
			t.opened(o, now)
		}
	})
}

func (t *Torrent) openStore() (o opened, err error) {
	if t.spec.Stream != nil {
		return opened{have: make([]byte, len(t.have))}, nil
	}
	if o.store, err = t.client.storage.Open(t.storeSpec()); err != nil {
		return o, err
	}
	t.keeper.attach(o.store)
	rec, err := t.loadRecord(o.store)
	if err != nil {
		return o, err
	}
	if rec == nil {
		rec = t.loadSeedRecord()
	}
	if rec != nil {
		o.prior = *rec
	}
	if v := t.vouched(); v != nil {
		rec = v
	}
	o.have, err = t.verifyDisk(o.store, rec)
	if err != nil {
		return o, err
	}
	if t.spec.SeedOnly {
		return o, t.wholly(o)
	}
	for p := range t.files.wantedPieces {
		if !bit(o.have, p) {
			return o, o.store.CheckSpace()
		}
	}
	return o, nil
}

// relPath is the final path of file i below Spec.Dir, with slashes.
func (t *Torrent) relPath(i int) string {
	if !t.meta.Multi {
		return t.topName()
	}
	p := t.meta.Files[i].SlashPath()
	if t.spec.Flat {
		return p
	}
	return path.Join(t.topName(), p)
}

func (t *Torrent) storeSpec() storage.Spec {
	files := make([]storage.File, len(t.meta.Files))
	for i, f := range t.meta.Files {
		files[i] = storage.File{Path: t.relPath(i), Length: f.Length, Offset: f.Offset, Pad: f.Pad || f.Symlink, Wanted: t.files.wanted[i], Exec: f.Exec}
	}
	return storage.Spec{
		Dir: t.spec.Dir, Name: t.topName(), Files: files, TotalLength: t.meta.TotalLength, Ranges: t.wantedRanges(),
		Descriptors: t.client.files, ReadOnly: t.spec.SeedOnly, NoSync: t.spec.NoSync, Prealloc: t.spec.Prealloc, Overwrite: t.spec.Overwrite,
	}
}

// wantedRanges are the byte ranges of the wanted pieces, joined.
func (t *Torrent) wantedRanges() []storage.Range {
	r := []storage.Range{} // nil would mean everything
	for p := range t.files.wantedPieces {
		off, n := t.layout.Offset(p), t.layout.PieceLen(p)
		if k := len(r) - 1; k >= 0 && r[k].Off+r[k].Len == off {
			r[k].Len += n
		} else {
			r = append(r, storage.Range{Off: off, Len: n})
		}
	}
	return r
}

// loadRecord returns nil when there is no usable record; a damaged one costs a
// re-check, nothing else.
func (t *Torrent) loadRecord(s Store) (*record, error) {
	b, err := s.LoadRecord()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, nil
	}
	r, err := decodeRecord(b, t.hash, t.layout.Pieces(), len(t.meta.Files))
	if errors.Is(err, errOtherTorrent) {
		return nil, fmt.Errorf("%w: %s holds an unfinished %q of another torrent; choose another folder with -o",
			ErrFileConflict, t.spec.Dir, t.topName())
	}
	if err != nil {
		return nil, nil
	}
	return r, nil
}

// markFiles says what every file looks like now, for a clean record.
func (t *Torrent) markFiles(s Store) []fileMark {
	marks := make([]fileMark, len(t.meta.Files))
	for i := range marks {
		st, err := s.Stat(i)
		if err != nil {
			st.Kind = storage.Conflict // whatever it is, it will not be trusted
		}
		marks[i] = mark(st)
	}
	return marks
}

func markSide(s Store) fileMark {
	st, err := s.StatSide()
	if err != nil {
		st.Kind = storage.Conflict
	}
	return mark(st)
}

func mark(s storage.FileState) fileMark {
	if s.Kind == storage.Missing {
		return fileMark{size: -1}
	}
	return fileMark{s.Size, s.ModTime.UnixNano()}
}

// verifyDisk decides for every wanted piece whether it is good on disk.
func (t *Torrent) verifyDisk(s Store, rec *record) (have []byte, err error) {
	have = make([]byte, len(t.have))
	states, err := t.fileStates(s)
	if err != nil || states == nil {
		return have, err
	}
	claimed, clean := t.claims(rec, states, markSide(s))
	open := rec != nil && clean == nil
	var check []int
	for p := range t.files.wantedPieces {
		asClaimed := clean != nil && t.touchesOnly(p, clean)
		switch {
		case t.touchesConflict(p, states): // wrong size: nothing of it is reused
		case bit(claimed, p) && (asClaimed || open) && t.present(p, states) && t.chosenBefore(p, rec):
			setBit(have, p)
		case asClaimed && !bit(claimed, p) && t.wantedBefore(p, rec): // it says that nothing is here
		case bit(claimed, p) || t.mayHold(s, p, states):
			check = append(check, p)
		}
	}
	if open {
		ok, err := t.sample(s, have)
		if err != nil {
			return nil, err
		}
		if !ok { // do not believe any of it
			check = check[:0]
			for p := range t.files.wantedPieces {
				check = append(check, p)
			}
			clear(have)
		}
	}
	if err := t.recheck(s, slices.Values(check), len(check), have); err != nil {
		return nil, err
	}
	return have, t.conflicts(states, have)
}

// fileStates says what is on disk; nil when nothing is.
func (t *Torrent) fileStates(s Store) ([]storage.FileState, error) {
	states := make([]storage.FileState, len(t.meta.Files))
	some := false
	for i := range states {
		if t.meta.Files[i].Pad || t.meta.Files[i].Symlink {
			continue
		}
		var err error
		if states[i], err = s.Stat(i); err != nil {
			return nil, err
		}
		some = some || states[i].Kind != storage.Missing
	}
	if !some {
		return nil, nil
	}
	return states, nil
}

// mayHold reports whether bytes of selected files in piece p may be on disk.
func (t *Torrent) mayHold(s Store, p int, states []storage.FileState) bool {
	held := false
	t.files.of(p, func(file int, _ int64) {
		held = held || states[file].Kind != storage.Missing
	})
	return held && s.MayHold(t.layout.Offset(p), t.layout.PieceLen(p))
}

// claims returns the pieces that the record vouches for, and, when it is a
// clean one, which files are exactly as it says. clean is nil for a record that
// was left open: its claims hold if a sample does.
func (t *Torrent) claims(rec *record, states []storage.FileState, side fileMark) (have []byte, clean []bool) {
	if rec == nil {
		return make([]byte, len(t.have)), nil
	}
	if !rec.clean {
		return rec.have, nil
	}
	clean = make([]bool, len(states))
	for i := range states {
		// Bytes of files that are not selected may also be in the side file.
		clean[i] = mark(states[i]) == rec.files[i] && (t.files.wanted[i] || side == rec.side)
	}
	return rec.have, clean
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

// sample hashes some of the pieces in have and reports whether all are good.
func (t *Torrent) sample(s Store, have []byte) (bool, error) {
	var all []int
	for p := range t.layout.Pieces() {
		if bit(have, p) {
			all = append(all, p)
		}
	}
	n := min(len(all), samplePieces, max(1, int(sampleBytes/t.layout.PieceLen(0))))
	for i := range n {
		j := i + rand.IntN(len(all)-i)
		all[i], all[j] = all[j], all[i]
	}
	good := make([]byte, len(have))
	err := t.recheck(s, slices.Values(all[:n]), n, good)
	return countBits(good) == n, err
}

// recheck hashes pieces in parallel and sets the bits of the good ones.
func (t *Torrent) recheck(s Store, pieces iter.Seq[int], n int, good []byte) error {
	if n == 0 {
		return nil
	}
	var bytes int64
	for p := range pieces {
		bytes += t.layout.PieceLen(p)
	}
	t.counters.toCheck.Add(bytes)
	t.post(func(time.Time) {
		if !t.over {
			t.state = StateChecking
		}
	})
	var mu sync.Mutex
	return piece.Check(t.ctx, piece.CheckConfig{
		Layout: t.layout, Hash: t.meta.PieceHash, Reader: s, Workers: runtime.GOMAXPROCS(0), Pieces: pieces, Bug: t.bug,
		OnPiece: func(p int, ok bool) {
			t.counters.checked.Add(t.layout.PieceLen(p))
			if ok {
				mu.Lock()
				setBit(good, p)
				mu.Unlock()
			}
		},
	})
}

// conflicts fails when a file under its final name holds other data: a piece
// that lies in such files alone is bad, or the size is wrong.
func (t *Torrent) conflicts(states []storage.FileState, have []byte) error {
	if t.spec.Overwrite || t.spec.SeedOnly { // a seed has words of its own for it
		return nil
	}
	for i, st := range states {
		if !t.files.wanted[i] || st.Kind != storage.Final && st.Kind != storage.Conflict {
			continue
		}
		bad := st.Kind == storage.Conflict || st.Size != t.meta.Files[i].Length
		if t.meta.Files[i].Length > 0 && !bad {
			first, last := t.files.pieces(i)
			for p := first; p <= last && !bad; p++ {
				bad = !bit(have, p) && t.allFinal(p, states)
			}
		}
		if bad {
			return fmt.Errorf("%w: %s has other content; move it away, or use --overwrite", ErrFileConflict, t.Path(i))
		}
	}
	return nil
}

func (t *Torrent) allFinal(p int, states []storage.FileState) bool {
	all := true
	t.files.of(p, func(file int, _ int64) {
		all = all && (states[file].Kind == storage.Final && t.files.wanted[file] || t.meta.Files[file].Pad)
	})
	return all
}

// opened takes over what the opener found: from here on there is a manager, and
// peers are welcome.
func (t *Torrent) opened(o opened, now time.Time) {
	t.prior = o.prior
	t.state = StateDownloading
	if err := t.newManager(o.have); err != nil {
		t.finish(err)
		return
	}
	if t.stream == nil && !t.spec.SeedOnly {
		t.hand(t.files.empty(nil))
		t.recordAt = now.Add(firstRecord)
	}
	for p := range t.layout.Pieces() {
		if bit(o.have, p) {
			t.gained(p, now)
		}
	}
	t.resumed = t.verified
	t.clocks.begin(now)
	t.complete = t.spec.SeedOnly
	if t.verified < t.wantedB || t.stay {
		t.startAnnounce()
		t.startDiscovery(now)
	}
	t.startWeb()
	t.welcome(now)
	t.checkComplete(now)
	if !t.finished && t.hopeless() {
		t.finish(fmt.Errorf("%w: there is nobody to ask", ErrNoPeers))
	}
}

// hopeless reports whether there is nobody to ask for addresses and no address.
func (t *Torrent) hopeless() bool {
	return t.alone() && !t.webHope() && !(t.disco.may.dht && (t.client.dht.promising() || len(t.nodes()) > 0)) && !t.disco.may.lsd
}

// alone reports whether nobody is connected or known, no tracker can name anybody,
// and nobody was promised a port to come to.
func (t *Torrent) alone() bool {
	if t.state != StateDownloading && t.state != StateMetadata || t.book.size()+len(t.waiters)+len(t.members) > 0 || t.client.cfg.Port > 0 {
		return false
	}
	named := t.state == StateMetadata && (len(t.spec.Link.Peers) > 0 || t.exact > 0)
	tiers, _ := t.tiers()
	return !named && len(tiers) == 0
}

func (t *Torrent) newManager(have []byte) error {
	cfg := piece.Config{
		Layout: t.layout, Hash: t.meta.PieceHash, Pool: t.client.pool, Workers: t.client.workers, OnPiece: t.onPiece, Bug: t.bug,
		Rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
	}
	if t.spec.Stream != nil {
		s, err := newStreamer(t)
		if err != nil {
			return err
		}
		t.stream, cfg.Store, cfg.Sequential, cfg.Transient = s, s, true, true
	} else {
		cfg.Store = t.store
	}
	m := piece.NewManager(cfg)
	priority := make([]piece.Priority, t.layout.Pieces())
	for p := range t.files.wantedPieces {
		priority[p] = piece.Normal
	}
	t.files.piecesOf(t.spec.First, func(p int) bool {
		priority[p] = piece.High
		return true
	})
	m.SetPriority(func(i int) piece.Priority { return priority[i] })
	if err := m.Resume(have); err != nil {
		return err
	}
	t.mgr = m
	if t.stream != nil {
		t.stream.start()
	}
	return nil
}

// uploads is where blocks that others ask for are read from.
func (t *Torrent) uploads() io.ReaderAt {
	if t.stream != nil {
		return t.stream
	}
	return t.store
}
