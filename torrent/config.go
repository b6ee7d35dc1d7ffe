package torrent

import (
	"gotor/piece/storage"
	"gotor/torrent/network"
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
	Kept(off, n int64) bool
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
	RemoveSide() error
	Close() error
}

// Archive remembers torrents that are seeded, between two runs. What it is given is
// sealed (Config.KeyDir) and bounded by the torrent; it need not look into it. Its
// methods are called from goroutines of torrents, and may take their time.
type Archive interface {
	// Load returns what was saved last; nil: nothing.
	Load(infoHash [20]byte) []byte
	// Save replaces it. The record belongs to the Archive from then on. An error is no
	// reason to stop seeding.
	Save(infoHash [20]byte, record []byte) error
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
	// MaxChecks is of how many torrents at a time what is on disk is hashed, for each
	// disk; 0: one. Where the system does not tell disks apart all are one.
	MaxChecks int
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
	// verified and how much was uploaded. Empty: nothing is remembered. With an
	// Archive it is not used.
	StateDir string
	// Archive remembers them instead; nil: files in StateDir.
	Archive Archive
	// Wake is asked for a torrent that sleeps (see Torrent.Sleep) when a peer has come
	// for an info-hash that no Torrent answers to. It returns one of this Client that
	// was begun, or nil, and that at once for a hash it does not know: strangers ask
	// for any. It may take some seconds: the peer waits for its answer, at most
	// wakeTime. At most maxWaking run at a time, one for each hash, and Close waits
	// for them. nil: nothing sleeps.
	Wake func(infoHash [20]byte) *Torrent
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
	// Patient torrents wait when there is nobody to ask: somebody may come, or be
	// named later.
	Patient  bool
	Insecure bool // do not verify TLS certificates of trackers
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
