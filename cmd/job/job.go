package job

import (
	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// Job is what the engine is told of one torrent: what it is had from and how
// it is looked for, when it is added, and what is done with it, when it is begun.
//
// Of a link, only Source and Lookup are complete at first: Choose, and ToFiles or
// what else is done with it, come when the torrent is known.
type Job struct {
	Source torrent.Source
	Lookup torrent.Lookup
	Spec   torrent.Spec
	// Meta has the names that the files get on disk; nil until it is known what a link
	// leads to.
	Meta *metainfo.Torrent
}

// Terms are what a user says of torrents whatever they turn out to be. They are
// shared by all torrents of a run and not changed.
type Terms struct {
	Peers      *Peers
	Trackers   []string // see TrackerURLs
	Mirrors    []torrent.Mirror
	NoWebSeeds bool // those that the torrent names are not used
	Portable   bool // names that every system takes

	Overwrite, NoSync, Prealloc bool // see torrent.Place
	Seeding                     torrent.Seeding
	Warn                        func(text string) // see torrent.Hooks; from any goroutine
}

// Prepare is the beginning of a job: the source under these terms. It shares the
// source's bytes.
func (t *Terms) Prepare(src *Source) Job {
	j := Job{Source: torrent.Source{Meta: src.Meta, Raw: src.Raw, Link: src.Link, PortableNames: t.Portable, Local: src.Local}}
	t.Apply(&j)
	return j
}

// Apply adds the terms to a job. Of one that an earlier run has left, it keeps the
// peers.
func (t *Terms) Apply(j *Job) {
	t.Peers.Apply(&j.Source)
	j.Source.Mirrors, j.Source.NoWebSeeds, j.Source.Trackers = t.Mirrors, t.NoWebSeeds, t.Trackers
	j.Lookup.PeerNameFailed = t.Peers.Failed
	j.Spec.Overwrite, j.Spec.NoSync, j.Spec.Prealloc = t.Overwrite, t.NoSync, t.Prealloc
	j.Spec.Seeding = t.Seeding // InPlace adds that nothing is downloaded
	j.Spec.Warn = t.Warn
}

// Choose sets which files are downloaded, and which of them first, as [Choice] says;
// nil means all, or none before others.
func (j *Job) Choose(wanted, first []bool) {
	j.Spec.Selection = torrent.Selection{Wanted: wanted, First: first}
}

// ToFiles decides that the files of a torrent go where d says, each compared with
// the digest that is wanted of it, by index (see [Sums.Expect]). It looks at the disk
// and changes nothing there.
func (j *Job) ToFiles(m *metainfo.Torrent, d Destination, digests map[int][32]byte) {
	l := d.layout(m, IsDir)
	j.Spec.Dir, j.Spec.Rename, j.Spec.Flat = l.dir, l.rename, l.flat
	j.Check(m, digests)
}

// Check takes a torrent whose files have their place already, and has each compared
// with the digest that is wanted of it, by index.
func (j *Job) Check(m *metainfo.Torrent, digests map[int][32]byte) {
	j.Meta = torrent.FitNames(m, j.Spec.Dir)
	j.Spec.Verify = verifier(j.Meta, digests)
}

// InPlace decides that the data of a torrent, which lies at dir under the name top
// (see [Locate]), is seeded and never written. super is super-seeding (BEP 16).
func (j *Job) InPlace(m *metainfo.Torrent, dir, top string, super bool) {
	j.Meta = m
	j.Spec.Dir, j.Spec.Rename, j.Spec.Flat = dir, top, m.Multi && top == ""
	j.Spec.SeedOnly, j.Spec.SuperSeed = true, super
}
