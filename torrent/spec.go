package torrent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"time"

	"gotor/torrent/metainfo"
	"gotor/tracker"
)

// This file is what a caller says of one torrent. It says it in two steps: a
// Source, and how long to look for what it leads to, when the torrent is added;
// and a Spec once it is known what the torrent is, see Client.Add and
// Torrent.Begin. Source, Place, Selection, Limits and Seeding are plain data that
// can be written down; Lookup and Hooks belong to one process.

// Source is what a torrent is had from.
type Source struct {
	Meta *metainfo.Torrent // must pass CanDownload; not changed
	// Raw is the whole .torrent of Meta, kept beside an unfinished download so that
	// it can be resumed from the folder alone. May be nil.
	Raw []byte
	// Link is what there is instead of Meta: the swarm gives the metainfo.
	Link *metainfo.Link
	// PortableNames says that Meta was parsed with that option; what a Link leads to
	// is parsed with it. It is kept for Unfinished.
	PortableNames bool
	// Local says that the torrent came from the user or from a private
	// address: then private and loopback addresses may be contacted.
	Local bool

	Peers []netip.AddrPort // added by hand
	// PeerNames are peers added by hand, as HOST:PORT, whose names are looked up
	// while the torrent runs, and again, ever more seldom, until they are found.
	PeerNames []string
	// Trackers are announced to beside those of the torrent, each whatever the
	// others answer, also for a private torrent: the user named them. They may be
	// in a private network. Nothing of them is kept on disk, or told to anybody.
	Trackers []string
	// Tiers are trackers instead of all others, as Torrent.SetTrackers says; nil: the
	// others.
	Tiers [][]string
	// Mirrors are web servers that have the data, beside those that the torrent
	// names; NoWebSeeds leaves these out. Nothing of them is kept on disk.
	Mirrors    []Mirror
	NoWebSeeds bool
	// WebSeeds are web servers instead of all others, as Torrent.SetWebSeeds says; nil:
	// the others.
	WebSeeds []string
	// Offline is for who only reads what is there, see Torrent.OpenFile: nobody is told
	// of the torrent, asked for it, let in or dialled, whatever else is said here. It
	// needs Meta, and a Spec with SeedOnly.
	Offline bool
}

// Lookup says how the metainfo of a Link is looked for. The zero value is without
// limits.
type Lookup struct {
	// MetadataTimeout is for the metainfo of a Link, and counts the time in which
	// the process ran. Timeout is how long everything may take until Begin is called,
	// and goes on when the process is stopped. 0: no limit.
	MetadataTimeout, Timeout time.Duration
	// Dir is the folder where an earlier run may have left the metainfo; empty: none.
	Dir string
	// Fetch gets what is at one of the URLs of .torrent files that the Link names
	// (xs and as). nil: they are not used.
	Fetch FetchFunc
	// PeerNameFailed is told why one of Source.PeerNames was not found the first time,
	// from a goroutine of the torrent; nil: nobody is.
	PeerNameFailed func(host string, err error)
}

// FetchFunc gets what is at a URL, bounded in size and time. local tells that it
// came from a private address, and so may lead to others.
type FetchFunc func(ctx context.Context, url string) (raw []byte, local bool, err error)

// Spec is what is done with a torrent: it is downloaded, or seeded.
type Spec struct {
	Place
	Selection
	Speed
	Limits
	Seeding
	Hooks
}

// Place is where the data goes, and how.
type Place struct {
	Dir string // folder that gets the data; made if missing
	// Rename replaces the torrent's name as that of the file, or of the torrent's
	// folder. Empty: the torrent's.
	Rename string
	Flat   bool // leave out the torrent's folder
	// Names are other paths for some files, by index, below the torrent's folder and
	// with slashes; see metainfo.Torrent.WithNames. nil: the torrent's. Relocate renames
	// what is there already.
	Names     map[int]string
	Overwrite bool // replace files that hold other data
	NoSync    bool // no fsync: fast, not safe against a power cut
	Prealloc  bool // reserve the disk space at the start
}

// Selection is which files are wanted.
type Selection struct {
	// Wanted selects files by index. nil: all. Padding is never wanted.
	Wanted []bool
	// First are files, by index, that are downloaded before the other wanted
	// ones, and Low such that are downloaded after all others. A piece that several
	// files have a part in goes by the most wanted one. nil: all alike. Not for a
	// Stream, which has an order.
	First, Low []bool
	// Sequential downloads pieces in their order, those of First before the others
	// and those of Low after them; else the rarest come first.
	Sequential bool
}

// Limits end a torrent; 0 means none. They run from Begin. PeerTimeout runs while
// no peer is connected, StallTimeout since the last verified byte; both count the
// time in which the process ran. Timeout, for everything, goes on when it is
// stopped.
type Limits struct {
	PeerTimeout, StallTimeout, Timeout time.Duration
}

// Seeding is what comes after the download.
type Seeding struct {
	// Seed stays and uploads when complete, until Stop or the first limit that is
	// reached. SeedRatio is uploaded bytes per byte of the selected files,
	// earlier runs counted; SeedTime runs from completion, also while the process is
	// stopped, SeedIdle while nobody is sent anything. 0: no limit. What pieces of a
	// selection hold of other files is kept beside the data, so that a seed that is
	// begun again can verify them, until such a limit is reached.
	Seed               bool
	SeedRatio          float64
	SeedTime, SeedIdle time.Duration
	// SuperSeed shows each peer few pieces at a time while nobody else has
	// them all (BEP 16).
	SuperSeed bool
	// SeedOnly says that the data is there: it is verified and never written,
	// and a torrent whose selected files are not complete fails with
	// ErrMismatch. It needs Seed.
	SeedOnly bool
}

// Hooks are what a caller wants to do itself, or knows from this run. Each may be
// nil.
type Hooks struct {
	// Stream gets the bytes of the selected files in torrent order, each
	// verified before; nothing is kept on disk. nil: files in Dir.
	Stream io.Writer
	// Verify is called for each selected file when all its pieces are good and
	// before it gets its final name. An error leaves the .part and ends the
	// download with it; but after an ErrMismatch the file is hashed, and what is
	// bad fetched again, once. Called from one goroutine.
	Verify func(ctx context.Context, file int, r io.Reader) error
	// Warn is told, in one line, what the user should know and what is no failure:
	// that files were changed by somebody else, or cannot be read to be given to
	// others. It may wait for its reader.
	Warn func(text string)
	// Recheck has everything hashed that may be on the disk, whatever is remembered.
	Recheck bool
	// Verified says what each file of the torrent looked like (os.Lstat) before it
	// was read and found right, say to make the torrent; nil where nobody knows. With
	// SeedOnly, what still has the same size and time is not hashed again.
	Verified []fs.FileInfo
}

// InfoHash names the swarm.
func (s *Source) InfoHash() [20]byte {
	if s.Meta != nil {
		return s.Meta.InfoHash
	}
	return s.Link.InfoHash
}

// linked are the trackers of the link that there is instead of metainfo.
func (s *Source) linked() []string {
	if s.Meta != nil {
		return nil
	}
	return s.Link.Trackers
}

// tiers are Tiers without what is empty; possible was asked before.
func (s *Source) tiers() [][]string {
	tiers, _ := checkTiers(s.Tiers)
	return tiers
}

// nodes are those of the DHT that a link names.
func (s *Source) nodes() []string {
	if s.Link == nil {
		return nil
	}
	return s.Link.Nodes
}

// names reports whether peers or servers are named by the user, or by the link while m
// is nil, or servers by the torrent.
func (s *Source) names(m *metainfo.Torrent) bool {
	switch {
	case len(s.Mirrors) > 0:
		return true
	case m == nil:
		return len(s.Link.Peers) > 0
	}
	return !s.NoWebSeeds && len(m.WebSeeds)+len(m.HTTPSeeds) > 0
}

// name is what the torrent is called until it is begun.
func (s *Source) name() string {
	switch {
	case s.Meta != nil:
		return s.Meta.Name
	case s.Link.Name != "":
		return s.Link.Name
	}
	return fmt.Sprintf("%x", s.Link.InfoHash)
}

// possible says why a Source cannot work at all.
func (s *Source) possible() error {
	for _, m := range s.Mirrors {
		if err := checkMirror(m); err != nil {
			return err
		}
	}
	for _, u := range s.Trackers {
		if err := tracker.CheckURL(u); err != nil {
			return err
		}
	}
	if _, err := checkTiers(s.Tiers); err != nil {
		return err
	}
	if err := checkWebSeeds(s.WebSeeds); err != nil {
		return err
	}
	switch {
	case s.Meta != nil:
		return s.Meta.CanDownload()
	case s.Offline:
		return errors.New("a torrent that is only read needs its metainfo")
	case s.Link == nil:
		return errors.New("neither metainfo nor a link")
	case !s.Link.HasV1:
		return &metainfo.Error{Unsupported: true, Msg: "version 2 torrents cannot be downloaded yet"}
	}
	return nil
}
