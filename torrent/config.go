package torrent

import (
	"context"
	"io"
	"net"
	"net/netip"
	"time"

	"gotor/torrent/metainfo"
)

// Network is the only way to the outside: every dial, listen and name look-up
// of a Client goes through it. Networks are "tcp" and "udp", also with "4" or
// "6" appended. The zero Config uses the system's.
type Network interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
	Listen(ctx context.Context, network, address string) (net.Listener, error)
	ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Config is what a Client needs to know. The zero value works.
type Config struct {
	Network Network // nil: the system's
	// Port to listen on for incoming connections. 0: the first free one of
	// 6881-6889, or any. -1: do not listen.
	Port int
	// MaxMemory is about how much memory the process may take, in bytes; payload
	// buffers get five eighths of it. 0 means 64 MiB. A cgroup limit lowers it to
	// a quarter of that limit.
	MaxMemory int64
	MaxDown   int64  // bytes per second, all torrents together; 0: unlimited
	Workers   int    // hash workers; 0: one per processor
	Name      string // client name shown to peers and trackers, such as "gotor/1.0"
	Insecure  bool   // do not verify TLS certificates of trackers
	// PeerID is the identity of this run; zero: a random one (BEP 20).
	PeerID [20]byte
}

// Spec is one torrent to download.
type Spec struct {
	Meta *metainfo.Torrent // must pass CanDownload; not changed
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

	Overwrite bool // replace files that hold other data
	NoSync    bool // no fsync: fast, not safe against a power cut
	Prealloc  bool // reserve the disk space at the start

	Peers []netip.AddrPort // added by hand
	// Local says that the torrent came from the user or from a private
	// address: then private and loopback addresses may be contacted.
	Local bool

	// Limits; 0 means none. PeerTimeout runs while no peer is connected,
	// StallTimeout since the last verified byte.
	PeerTimeout, StallTimeout, Timeout time.Duration

	Seed bool // stay and upload when complete, until Stop

	// Stream gets the bytes of the selected files in torrent order, each
	// verified before; nothing is kept on disk. nil: files in Dir.
	Stream io.Writer

	// Verify is called for each selected file when all its pieces are good and
	// before it gets its final name. An error leaves the .part and ends the
	// download with it. Called from one goroutine. May be nil.
	Verify func(ctx context.Context, file int, r io.Reader) error
}
