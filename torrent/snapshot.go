package torrent

import (
	"time"

	"gotor/torrent/swarm"
)

// State says what a Torrent is doing.
type State string

// The states of a Torrent, in the order in which a download passes them.
const (
	StateMetadata    State = "metadata"    // of a magnet link: looking for what it is about
	StateStarting    State = "starting"    // opening files, taking the lock
	StateQueued      State = "queued"      // waits until others have been checked
	StateChecking    State = "checking"    // hashing data that may already be on disk
	StateDownloading State = "downloading" // wants pieces
	StateFinishing   State = "finishing"   // all verified; syncing and renaming
	StateSeeding     State = "seeding"     // complete, and asked to stay
	StateDone        State = "done"        // complete and stopped
	StateFailed      State = "failed"      // stopped before it was complete
)

// Snapshot is everything a person may see of one torrent at one moment. Bars,
// plain lines and JSON print this one struct. Strings that come from the
// network (Name, Trackers[i].Error) are raw: the printer makes them safe.
type Snapshot struct {
	Name     string
	InfoHash string // hex, v1
	State    State
	Elapsed  time.Duration // since the torrent was added
	// Bytes of the selected files; padding is not counted, nor what of a seed cannot be
	// verified because the files beside it are missing.
	Wanted   int64
	Verified int64 // of Wanted, how many lie in verified pieces
	Resumed  int64 // of Verified, how many were on disk at the start
	// Bytes hashed in the re-check, and how many there are to hash.
	Checked, ToCheck int64

	Downloaded int64 // payload bytes received
	// DownloadedWeb is how many of Downloaded came from web servers.
	DownloadedWeb int64
	Uploaded      int64 // payload bytes sent
	// Ratio is bytes uploaded, in earlier runs too, per byte of the selected
	// files.
	Ratio    float64
	Wasted   int64 // payload bytes received twice, or failed the hash
	DownRate int64 // verified or not, bytes per second over the last seconds
	UpRate   int64
	ETA      time.Duration // 0: unknown

	// LastPayload is when a byte of payload was seen to have moved, to about a second,
	// or ten where only bytes move; zero: not in this run.
	LastPayload time.Time

	Pieces, PiecesDone int // of the whole torrent
	// Peers are connected, or were when the torrent failed; Seeds of Peers have
	// everything.
	Peers, Seeds int
	// Of Peers, for a download: Choking have something that we want and do not let
	// us ask for it, Lacking have nothing that we want, Silent owe us blocks and
	// send none.
	Choking, Lacking, Silent int
	Incoming                 int // of Peers, how many have dialled us
	Interested               int // of Peers, how many want something from us
	Unchoked                 int // of Peers, how many may ask us
	Known                    int // addresses heard of
	Dialing                  int
	// While State is metadata: how many peers say that they have it, and how much
	// has come from the one that gave most.
	MetadataPeers             int
	MetadataGot, MetadataSize int64

	Swarm Crowd // as trackers count
	// Availability is how many whole copies there are among the connected peers and
	// us; the fraction is the part of the pieces of which there is one more.
	Availability float64

	Tried    int // dials that have ended, one way or the other
	Trackers []TrackerStatus
	DHT      DHTStatus
	// Local is how many addresses the local network told (BEP 14); -1: it is not
	// asked.
	Local      int
	WebSeeds   []WebSeedStatus
	PeerErrors []PeerError // the last few connections that failed
	// Unreadable are files, the first eight, that could not be read to be given to
	// others.
	Unreadable []FileError

	// Who can find a seed; see Findable and Hidden.
	Port      uint16 // where peers may connect; 0: nowhere
	LocalTold bool   // the local network knows
	Found     bool   // others could find it at some time, or did
	Decided   bool   // Torrent.Findable is closed
}

// PeerError says why a connection to a peer came to nothing.
type PeerError struct {
	Addr  string
	Error string
}

// DHTStatus says what the DHT does for a torrent.
type DHTStatus struct {
	Used   bool   // false: switched off, or the torrent is private
	Nodes  int    // that have answered the process lately
	Found  int    // addresses of peers, all searches together
	Stored int    // nodes that took our last announce
	Error  string // of the last search; empty: none
}

// TrackerStatus is what one tracker last answered.
type TrackerStatus struct {
	URL   string // without its secrets
	Tier  int    // those that the user has named come after the others
	State string // idle, announcing, ok or failed
	OK    bool   // the last announce that ended was answered
	Error string // why the last announce that ended failed; empty if it did not
	Peers int    // addresses in the last answer

	Seeders, Leechers int // as the last answer says; -1: unknown
	// Last is when it answered last, Next when it is asked next; zero: never, or not
	// known.
	Last, Next time.Time
}

// Crowd counts a swarm: the most that a tracker has told; -1: none has.
type Crowd struct{ Seeders, Leechers int }

// rates are those that one sees who looks at a torrent now and then.
type rates struct{ down, up swarm.Rate }

// begin forgets what was seen: nothing has moved yet.
func (r *rates) begin(now time.Time) {
	r.down.Begin(0, now)
	r.up.Begin(0, now)
}
