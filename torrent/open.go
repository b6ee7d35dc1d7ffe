package torrent

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"time"

	"gotor/piece"
	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

// This file is what happens between Begin and the first request: the files are
// opened, the record of an earlier run is weighed, and what it cannot vouch for
// is hashed. It runs on the opener goroutine.

// opened is what the opener found.
type opened struct {
	store Store
	have  []byte // pieces that are good on disk
	prior record
}

func (t *Torrent) open() {
	o, err := t.openStore()
	t.core.post(func(now time.Time) {
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
	if o.store, err = t.core.client.storage.Open(t.storeSpec()); err != nil {
		return o, t.holder(err)
	}
	t.keeper.attach(o.store)
	rec, begun, err := t.loadRecord(o.store)
	if err != nil {
		return o, err
	}
	own := t.owned(rec, begun)
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
	if err := t.strange(o, own); err != nil {
		return o, err
	}
	for p := range t.files.wantedPieces {
		if !bit(o.have, p) {
			return o, t.beginState(o)
		}
	}
	return o, nil
}

// beginState is what comes before the first byte of data: whatever happens from
// now on, there is something to go on with.
func (t *Torrent) beginState(o opened) error {
	if err := o.store.CheckSpace(); err != nil {
		return err
	}
	r := t.describe(o.have, &o.prior)
	t.mark(r, o.store)
	return o.store.Begin(seal(t.core.client.sealKey(), r.encode()), t.source.Raw)
}

func (t *Torrent) storeSpec() storage.Spec {
	files := make([]storage.File, len(t.meta.Files))
	for i, f := range t.meta.Files {
		files[i] = storage.File{Path: t.paths.below(i), Length: f.Length, Offset: f.Offset, Pad: f.Pad || f.Symlink, Wanted: t.files.wanted[i], Exec: f.Exec}
	}
	return storage.Spec{
		Dir: t.spec.Dir, Name: t.paths.top, Files: files, TotalLength: t.meta.TotalLength, Ranges: t.files.ranges(),
		Descriptors: t.core.client.files, ReadOnly: t.spec.SeedOnly, NoSync: t.spec.NoSync, Prealloc: t.spec.Prealloc, Overwrite: t.spec.Overwrite,
	}
}

// loadRecord returns nil when there is no usable record; a damaged one costs a
// re-check, nothing else. begun tells that there is one at all.
func (t *Torrent) loadRecord(s Store) (r *record, begun bool, err error) {
	b, err := s.LoadRecord()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	r, err = readRecord(t.core.client.sealKey(), b, err, t.core.hash, t.layout.Pieces(), len(t.meta.Files))
	if errors.Is(err, errOtherTorrent) {
		return nil, true, t.otherTorrent()
	}
	if err != nil {
		return nil, true, nil
	}
	return r, true, nil
}

func (t *Torrent) otherTorrent() error {
	return fmt.Errorf("%w: %s holds an unfinished %q of another torrent; choose another folder with -o",
		ErrFileConflict, t.spec.Dir, t.paths.top)
}

// holder says who holds a download that is locked: this torrent is for the other
// process to finish, another one is in the way.
func (t *Torrent) holder(err error) error {
	if !errors.Is(err, ErrLocked) {
		return err
	}
	states, _ := storage.FindStates(t.spec.Dir)
	for _, st := range states {
		if st.Name != t.paths.top {
			continue
		}
		if raw, _, _, e := st.Load(); e == nil {
			if m, e := metainfo.Parse(raw); e == nil && m.InfoHash != t.core.hash {
				return t.otherTorrent()
			}
		}
	}
	return err
}

// owned tells which .part files are an earlier run's of this download: those that
// its record names, or all if it is damaged.
func (t *Torrent) owned(r *record, begun bool) func(file int) bool {
	if r == nil {
		return func(int) bool { return begun }
	}
	wanted := r.wanted
	return func(file int) bool { return bit(wanted, file) }
}

// strange fails when a .part file that nobody has begun here holds nothing of the
// torrent: other programs use that suffix, too, and it would be overwritten.
func (t *Torrent) strange(o opened, own func(file int) bool) error {
	if t.spec.Overwrite {
		return nil
	}
	for i, want := range t.files.wanted {
		if !want || own(i) || t.meta.Files[i].Length == 0 {
			continue
		}
		st, err := o.store.Stat(i)
		if err != nil {
			return err
		}
		if st.Kind != storage.Part || st.Size == 0 || st.Made {
			continue
		}
		ps := t.files.pieces(i)
		for ps.First < ps.End && !bit(o.have, ps.First) {
			ps.First++
		}
		if ps.First == ps.End {
			return fmt.Errorf("%w: %s.part holds nothing of this torrent; move it away, or use --overwrite", ErrFileConflict, t.Path(i))
		}
	}
	return nil
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
	t.rates.begin(now)
	t.showing.rates.begin(now)
	t.complete = t.spec.SeedOnly
	if t.verified < t.wantedB || t.stay {
		t.beginSearch(now)
	}
	t.welcome(now)
	t.checkComplete(now)
	if !t.finished && t.hopeless() {
		t.finish(errNobody)
	}
}

// beginSearch begins to look for peers and servers.
func (t *Torrent) beginSearch(now time.Time) {
	t.searching = true
	t.startAnnounce()
	t.startDiscovery(now)
	t.startWeb()
}

// hopeless reports whether there is nobody to ask for addresses and no address.
func (t *Torrent) hopeless() bool {
	return t.alone() && !t.webHope() && !(t.disco.may.dht && (t.core.client.dht.promising() || len(t.nodes()) > 0)) && !t.disco.may.lsd
}

// alone reports whether nobody is connected, known or named, no tracker can name anybody,
// and nobody was promised a port to come to.
func (t *Torrent) alone() bool {
	if t.state != StateDownloading && t.state != StateMetadata || t.book.Size()+t.peerNames+len(t.waiters)+len(t.members) > 0 || t.core.client.cfg.Port > 0 {
		return false
	}
	named := t.state == StateMetadata && (len(t.source.Link.Peers) > 0 || t.exact > 0)
	return !named && !t.hasTrackers()
}

func (t *Torrent) newManager(have []byte) error {
	cfg := piece.Config{
		Layout: t.layout, Digest: digestsOf(t.meta), Pool: t.core.client.pool, Workers: t.core.client.workers, OnPiece: t.onPiece, Bug: t.core.bug,
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
	return serving{t.store}
}

// serving reads what is given to others.
type serving struct{ Store }

// ReadAt fails on what somebody else has changed since it was verified.
func (s serving) ReadAt(p []byte, off int64) (int, error) { return s.ServeAt(p, off) }
