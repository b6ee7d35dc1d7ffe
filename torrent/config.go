package torrent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"time"

	"gotor/piece/storage"
	"gotor/torrent/metainfo"
	"gotor/torrent/network"
	"gotor/tracker"
)

// Storage opens the place where a torrent's bytes are kept. The Client closes
// every Store it opened.
type Storage interface {
	Open(storage.Spec) (Store, error)
}

// Store is where the bytes of one torrent are; *storage.Store is one, and its
// methods say what each is to do. All but Close may be called from any goroutine.
type Store interface {
	ReadAt(p []byte, off int64) (int, error)
	WriteVec(bufs [][]byte, off int64) error
	MayHold(off, n int64) bool
	ServeAt(p []byte, off int64) (int, error)
	Stat(file int) (storage.FileState, error)
	Renew(file int) (storage.FileState, error)
	Trust(files ...int)
	RenewSide() (storage.FileState, error)
	Mark(file int) storage.Mark
	MarkSide() storage.Mark
	Look(files []int) (changed []int, err error)
	Changed() []int
	Begin(record, metainfo []byte) error
	Sync() error
	Finish(files []int) error
	CheckSpace() error
	LoadRecord() ([]byte, error)
	SaveRecord([]byte) error
	SaveMetainfo([]byte) error
	RemoveState() error
	Close() error
}

// fileStorage is the Storage that everybody uses.
type fileStorage struct{}

func (fileStorage) Open(s storage.Spec) (Store, error) {
	store, err := storage.Open(s)
	if err != nil {
		return nil, err
	}
	return store, nil
}

// Config is what a Client needs to know. The zero value works.
type Config struct {
	Network network.Network // nil: the system's
	// Port to listen on for incoming connections. 0: the first free one of
	// 6881-6889, or any. -1: do not listen.
	Port int
	// MaxMemory is about how much memory the process may take, in bytes; payload
	// buffers get five eighths of it. 0 means 64 MiB. A cgroup limit lowers it to
	// a quarter of that limit.
	MaxMemory int64
	MaxDown   int64 // bytes per second, all torrents together; 0: unlimited
	MaxUp     int64 // the same for uploads
	Workers   int   // hash workers; 0: one per processor
	// MaxPeers bounds the connections of all torrents together, and
	// MaxPeersPerTorrent those of each; 0: 500 and 80, less where the process may
	// open few files.
	MaxPeers, MaxPeersPerTorrent int
	// UploadSlots is how many peers of one torrent are unchoked at a time; 0:
	// as many as the upload capacity feeds.
	UploadSlots int
	// Storage is where the data goes; nil: files.
	Storage Storage
	// StateDir is the folder that remembers torrents that are seeded: what was
	// verified and how much was uploaded. Empty: nothing is remembered.
	StateDir string
	// KeyDir is the folder of the key that state beside data is sealed with, made
	// when missing. Empty: state is a hint, and everything is hashed.
	KeyDir string
	Name   string // client name shown to peers and trackers, such as "gotor/1.0"
	// DHT is how the Client takes part in the distributed tracker; nil: not at
	// all. It is begun with the first torrent that looks for peers there.
	DHT *DHTConfig
	// LSD finds peers on the local network by multicast (BEP 14), where the
	// Network can do that (see LocalNetwork).
	LSD                bool
	NoPEX              bool // do not exchange peers with peers (BEP 11)
	IPv4Only, IPv6Only bool // not both
	Insecure           bool // do not verify TLS certificates of trackers
	// Trace is told what happens to torrents; nil: nobody. Loops of torrents and
	// goroutines of connections call it: it must not block. TraceMessages has it
	// told of every message from and to peers, too.
	Trace         func(Event)
	TraceMessages bool
	// PeerID is the identity of this run; zero: a random one (BEP 20).
	PeerID [20]byte
}

// family is the one that may be used, "4" or "6"; "": both.
func (c *Config) family() string {
	switch {
	case c.IPv4Only:
		return "4"
	case c.IPv6Only:
		return "6"
	}
	return ""
}

// DHTConfig says how a Client takes part in the distributed tracker (BEP 5).
type DHTConfig struct {
	// Bootstrap are the nodes, as HOST:PORT, that introduce us to the network
	// when we know no other.
	Bootstrap []string
	// State is the file that keeps nodes between runs. Empty: none.
	State string
	// ReadOnly asks others and does not answer them (BEP 43): for a process that
	// ends with its download.
	ReadOnly bool
}

// Spec is one torrent to download, or to seed.
type Spec struct {
	Meta *metainfo.Torrent // must pass CanDownload; not changed
	// Link is what there is instead of Meta: the swarm gives the metainfo. Then
	// Plan is called with the whole .torrent that was put together, and returns
	// the Spec to go on with, with Meta and Raw; its error ends the torrent. It is
	// called once, on a goroutine of its own. nil: everything is downloaded as this
	// Spec says.
	Link *metainfo.Link
	Plan func(raw []byte) (Spec, error)
	// Fetch gets what is at one of the URLs of .torrent files that the Link names
	// (xs and as). nil: they are not used.
	Fetch FetchFunc
	// Raw is the whole .torrent, kept beside an unfinished download so that it
	// can be resumed from the folder alone. May be nil.
	Raw []byte
	Dir string // folder that gets the data; made if missing
	// Rename replaces Meta.Name as the name of the file, or of the torrent's
	// folder. Empty: Meta.Name.
	Rename string
	Flat   bool // leave out the torrent's folder
	// PortableNames says that Meta was parsed with that option; it is kept for
	// Unfinished.
	PortableNames bool
	// Wanted selects files by index. nil: all. Padding is never wanted.
	Wanted []bool
	// First are files, by index, that are downloaded before the other wanted
	// ones. nil: all alike. Not for a Stream, which has an order.
	First []bool

	Overwrite bool // replace files that hold other data
	NoSync    bool // no fsync: fast, not safe against a power cut
	Prealloc  bool // reserve the disk space at the start

	Peers []netip.AddrPort // added by hand
	// PeerNames are peers added by hand, as HOST:PORT, whose names are looked up
	// while the torrent runs, and again, ever more seldom, until they are found.
	// PeerNameFailed is told why that failed the first time, from a goroutine of
	// the torrent; nil: nobody is.
	PeerNames      []string
	PeerNameFailed func(host string, err error)
	// Trackers are announced to beside those of the torrent, each whatever the
	// others answer, also for a private torrent: the user named them. They may be
	// in a private network. Nothing of them is kept on disk, or told to anybody.
	Trackers []string
	// Mirrors are web servers that have the data, beside those that the torrent
	// names; NoWebSeeds leaves these out. Nothing of them is kept on disk.
	Mirrors    []Mirror
	NoWebSeeds bool
	// Local says that the torrent came from the user or from a private
	// address: then private and loopback addresses may be contacted.
	Local bool

	// Limits; 0 means none. PeerTimeout runs while no peer is connected,
	// StallTimeout since the last verified byte.
	// MetadataTimeout is for the metainfo of a Link. They and SeedIdle count the
	// time in which the process ran; Timeout and SeedTime go on when it is stopped.
	PeerTimeout, StallTimeout, Timeout, MetadataTimeout time.Duration

	// Seed stays and uploads when complete, until Stop or the first limit that is
	// reached. SeedRatio is uploaded bytes per byte of the selected files,
	// earlier runs counted; SeedTime runs from completion, SeedIdle while nobody
	// is sent anything. 0: no limit.
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
	// Verified says what each file of Meta looked like (os.Lstat) before it was
	// read and found right, say to make Meta; nil where nobody knows. With
	// SeedOnly, what still has the same size and time is not hashed again.
	Verified []fs.FileInfo

	// Stream gets the bytes of the selected files in torrent order, each
	// verified before; nothing is kept on disk. nil: files in Dir.
	Stream io.Writer

	// Warn is told, in one line, what the user should know and what is no failure:
	// that files were changed by somebody else. It may wait for its reader. May be
	// nil.
	Warn func(text string)

	// Verify is called for each selected file when all its pieces are good and
	// before it gets its final name. An error leaves the .part and ends the
	// download with it; but after an ErrMismatch the file is hashed, and what is
	// bad fetched again, once. Called from one goroutine. May be nil.
	Verify func(ctx context.Context, file int, r io.Reader) error
}

// FetchFunc gets what is at a URL, bounded in size and time. local tells that it
// came from a private address, and so may lead to others.
type FetchFunc func(ctx context.Context, url string) (raw []byte, local bool, err error)

// hash names the swarm.
func (s *Spec) hash() [20]byte {
	if s.Meta != nil {
		return s.Meta.InfoHash
	}
	return s.Link.InfoHash
}

// topName is what the file, or the torrent's folder, is called: as far as that is
// known, while there is a link only.
func (s *Spec) topName() string {
	switch {
	case s.Rename != "":
		return s.Rename
	case s.Meta != nil:
		return s.Meta.Name
	case s.Link.Name != "":
		return s.Link.Name
	}
	return fmt.Sprintf("%x", s.Link.InfoHash)
}

// possible says why a Spec cannot work at all.
func (s *Spec) possible() error {
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
	switch {
	case s.Meta != nil:
		return s.Meta.CanDownload()
	case s.Link == nil:
		return errors.New("neither metainfo nor a link")
	case !s.Link.HasV1:
		return &metainfo.Error{Unsupported: true, Msg: "version 2 torrents cannot be downloaded yet"}
	}
	return nil
}
