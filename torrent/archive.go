package torrent

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"gotor/piece/storage"
)

// archive keeps what a torrent remembers between two runs: the record beside the
// data of a download, and that of a seed in Config.Archive or StateDir. It is immutable,
// and used by the opener before and by the keeper after the storage is open.
type archive struct {
	core   *core
	source *Source
	spec   *Spec
	files  *fileSet
	paths  *paths
	seeds  bool // Spec.Seed, as it was at the start
}

// load returns nil when there is no usable record beside the data; a damaged one
// costs a re-check, nothing else. begun tells that there is one at all.
func (a *archive) load(s Store) (r *record, begun bool, err error) {
	b, err := s.LoadRecord()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	r, err = a.read(b, err)
	if errors.Is(err, errOtherTorrent) {
		return nil, true, a.otherTorrent()
	}
	if err != nil {
		return nil, true, nil
	}
	return r, true, nil
}

// read makes sense of what storage gave together with err.
func (a *archive) read(b []byte, err error) (*record, error) {
	return readRecord(a.core.client.sealKey(), b, err, a.core.hash, a.files.layout.Pieces(), len(a.files.meta.Files))
}

func (a *archive) otherTorrent() error {
	return fmt.Errorf("%w: %s holds an unfinished %q of another torrent; choose another folder with -o",
		ErrFileConflict, a.spec.Dir, a.paths.top)
}

// begin is what comes before the first byte of data: whatever happens from now on,
// there is something to go on with.
func (a *archive) begin(s Store, have []byte, prior *record) error {
	if err := s.CheckSpace(); err != nil {
		return err
	}
	r := a.describe(have, prior)
	r.mark(s)
	return s.Begin(a.sealed(r), a.source.Raw)
}

// save makes a record true, by a sync of the data, and then writes it.
func (a *archive) save(s Store, r *record) error {
	if err := s.Sync(); err != nil {
		return err
	}
	r.mark(s)
	return s.SaveRecord(a.sealed(r))
}

func (a *archive) sealed(r *record) []byte { return seal(a.core.client.sealKey(), r.encode()) }

// describe is the record of a download that has some pieces, and that is nothing
// more than what earlier runs have counted. The marks are still to come.
func (a *archive) describe(have []byte, prior *record) *record {
	r := &record{
		infoHash: a.core.hash, have: append([]byte(nil), have...), wanted: packBits(a.files.wanted),
		files: make([]storage.Mark, len(a.files.meta.Files)), uploaded: prior.uploaded, down: prior.down, spent: prior.spent,
		rename: a.spec.Rename, flat: a.spec.Flat, names: a.spec.Names, portable: a.source.PortableNames, local: a.source.Local,
	}
	r.owned = slices.Clone(r.wanted)
	for i, b := range prior.owned {
		r.owned[i] |= b
	}
	if a.spec.First != nil {
		r.first = packBits(a.spec.First)
	}
	for _, a := range a.source.Peers {
		r.peers = append(r.peers, a.String())
	}
	r.peers = append(r.peers, a.source.PeerNames...)
	return r
}

// loadSeed returns what an earlier run remembered of the seeding; nil if there is
// nothing usable.
func (a *archive) loadSeed() *record {
	if !a.remembers() || !a.seeds {
		return nil
	}
	var b []byte
	var err error
	if keeps := a.core.client.cfg.Archive; keeps != nil {
		b = keeps.Load(a.core.hash)
	} else if name, e := a.paths.seedName(a.core.hash); e == nil {
		b, err = storage.LoadState(a.core.client.cfg.StateDir, name)
	}
	r, err := a.read(b, err)
	if err != nil {
		return nil
	}
	return r
}

// remembers reports whether there is a place to remember seeding in.
func (a *archive) remembers() bool {
	cfg := &a.core.client.cfg
	return cfg.Archive != nil || cfg.StateDir != ""
}

// saveSeed remembers the seeding.
func (a *archive) saveSeed(s Store, r *record) error {
	r.mark(s)
	if keeps := a.core.client.cfg.Archive; keeps != nil {
		return keeps.Save(a.core.hash, a.sealed(r))
	}
	name, err := a.paths.seedName(a.core.hash)
	if err != nil {
		return err
	}
	return storage.SaveState(a.core.client.cfg.StateDir, name, a.sealed(r))
}

// vouched is what Hooks.Verified says, as a record: that every piece is good as
// long as its files look as they did. nil: nothing.
func (a *archive) vouched() *record {
	files := a.files.meta.Files
	if !a.spec.SeedOnly || len(a.spec.Verified) != len(files) {
		return nil
	}
	r := &record{clean: true, have: make([]byte, bytesFor(a.files.layout.Pieces())), wanted: packBits(a.files.wanted), files: make([]storage.Mark, len(files))}
	for p := range a.files.layout.Pieces() {
		setBit(r.have, p)
	}
	for i, fi := range a.spec.Verified {
		r.files[i] = storage.Mark{Size: storage.Unknown}
		if fi != nil && fi.Mode().IsRegular() {
			r.files[i] = storage.MarkOf(fi)
		}
	}
	return r
}
