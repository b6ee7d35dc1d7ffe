package record

import "time"

// This file has what a daemon says about its torrents. A key that a result or an
// event of get has, too, means the same here. Bytes and bytes per second are
// integers, spans are seconds, times are RFC 3339 in UTC; a null means that nobody
// knows.

// The states of a torrent in a daemon.
const (
	StateMetadata    = "metadata"    // looking for what a link leads to
	StateQueued      = "queued"      // waits for its turn
	StateChecking    = "checking"    // hashing what may be on disk
	StateDownloading = "downloading" // bytes come
	StateStalled     = "stalled"     // wants bytes, and none come
	StateFinishing   = "finishing"   // all verified; syncing and renaming
	StateSeeding     = "seeding"     // complete, and given to others; perhaps asleep
	StateMoving      = "moving"      // its files are on their way to another folder
	StatePaused      = "paused"      // the user has stopped it
	StateCompleted   = "completed"   // complete, and given to nobody any more
	StateFailed      = "failed"      // see Error
)

// States are all states, in the order in which a page shows them.
func States() []string {
	return []string{StateMetadata, StateQueued, StateChecking, StateDownloading, StateStalled, StateFinishing, StateSeeding, StateMoving,
		StatePaused, StateCompleted, StateFailed}
}

// Torrent is a torrent in a daemon: a row of its list, and the whole of it. One that
// was given out is never changed: it may be shared.
type Torrent struct {
	ID    string  `json:"id" doc:"Info-hash of version 1, 40 hex digits, or of version 2 where there is no other."`
	IDV2  *string `json:"id_v2" doc:"Info-hash of version 2, 64 hex digits."`
	Name  string  `json:"name" doc:"As the torrent or the user calls it. It came from a stranger."`
	State string  `json:"state" enum:"metadata,queued,checking,downloading,stalled,finishing,seeding,moving,paused,completed,failed"`
	// Paused is what the user wants; State is what is.
	Paused bool     `json:"paused"`
	Error  *Failure `json:"error" doc:"Why it failed."`

	Progress float64 `json:"progress" minimum:"0" maximum:"1" doc:"Part that is done: of the download, or of what State says (checking, moving)."`
	Wanted   int64   `json:"wanted" doc:"Bytes of the selected files."`
	Verified int64   `json:"verified" doc:"Of wanted, bytes in verified pieces."`
	Size     int64   `json:"size" doc:"Bytes of all files, padding left out."`
	DownRate int64   `json:"down_rate"`
	UpRate   int64   `json:"up_rate"`
	ETA      *int64  `json:"eta" doc:"Seconds until the selection is complete."`

	Ratio      float64 `json:"ratio" doc:"Bytes uploaded per byte wanted, all runs counted."`
	Downloaded int64   `json:"downloaded" doc:"Payload received, all runs counted."`
	Uploaded   int64   `json:"uploaded" doc:"Payload sent, all runs counted."`
	Wasted     int64   `json:"wasted" doc:"Of downloaded, bytes that came twice or failed the hash."`

	Peers        int     `json:"peers" doc:"Connected."`
	Seeds        int     `json:"seeds" doc:"Of peers, those that have everything."`
	Known        int     `json:"known" doc:"Addresses heard of."`
	Swarm        Crowd   `json:"swarm" doc:"As trackers count."`
	Availability float64 `json:"availability" doc:"Whole copies among the connected peers and us; the fraction is the part of the pieces that one more has."`

	Dir    string   `json:"dir" doc:"Folder of the data."`
	Folder string   `json:"folder" doc:"Below dir, what holds the files of a torrent of several; its last part is the name that the torrent has in an archive. Empty: a single file, none (flat), or not known yet."`
	Path   string   `json:"path" doc:"The file, or the folder of the torrent; empty until it is known."`
	Labels []string `json:"labels"`

	Added     time.Time  `json:"added"`
	Completed *time.Time `json:"completed"`
	Active    *time.Time `json:"active" doc:"When a byte of payload moved last."`
	// The spans count while it ran, in seconds.
	Downloading int64 `json:"seconds_downloading"`
	Seeding     int64 `json:"seconds_seeding"`

	Private    bool       `json:"private"`
	Queue      *int       `json:"queue" doc:"Place among those that wait, from 0."`
	Limits     RateLimits `json:"limits"`
	Seed       SeedGoal   `json:"seed"`
	Sequential bool       `json:"sequential" doc:"Pieces are downloaded in their order."`

	Tracker     string   `json:"tracker" doc:"Host of the tracker that works, or of the first."`
	Comment     string   `json:"comment"`
	CreatedBy   string   `json:"created_by"`
	PieceLength int64    `json:"piece_length"`
	Pieces      int      `json:"pieces"`
	Files       int      `json:"files" doc:"How many, padding left out."`
	Magnet      string   `json:"magnet" doc:"Without trackers that have secrets in them."`
	Warnings    []string `json:"warnings" doc:"The newest, at most 10."`

	Revision uint64 `json:"revision" doc:"Of the list, when this torrent changed last."`
}

// Failure is why a torrent failed.
type Failure struct {
	Code   string     `json:"code" doc:"A word, as in the results of get."`
	Detail string     `json:"detail" doc:"The line that get would print."`
	Since  *time.Time `json:"since"`
}

// Crowd counts a swarm as trackers do.
type Crowd struct {
	Seeders  *int `json:"seeders"`
	Leechers *int `json:"leechers"`
}

// RateLimits are in bytes of payload per second; 0: none.
type RateLimits struct {
	MaxDown int64 `json:"max_down" minimum:"0" maximum:"1000000000000"`
	MaxUp   int64 `json:"max_up" minimum:"0" maximum:"1000000000000"`
}

// SeedGoal is how long a complete torrent is given to others. A null is what the
// settings say; 0 is no limit.
type SeedGoal struct {
	Mode  string   `json:"mode" enum:"default,forever,never,limits" doc:"default: as the settings say; limits: until the first of the others is reached."`
	Ratio *float64 `json:"ratio" minimum:"0" maximum:"1000000"`
	Time  *int64   `json:"time" minimum:"0" maximum:"3155760000" doc:"Seconds from completion."`
	Idle  *int64   `json:"idle" minimum:"0" maximum:"3155760000" doc:"Seconds without an upload."`
}

// Counts are how many torrents there are of each kind, however a list is cut.
type Counts struct {
	State   map[string]int `json:"state"`
	Label   map[string]int `json:"label"`
	Tracker map[string]int `json:"tracker"`
	Dir     map[string]int `json:"dir"`
}

// Listing are all torrents at one revision.
type Listing struct {
	Revision uint64
	Torrents []*Torrent // in the order in which they were added; shared, not to be changed
	Counts   *Counts    // shared
}

// Delta is what has changed in the list after a revision.
type Delta struct {
	Revision uint64
	Changed  []*Torrent // shared
	Removed  []string   // ids; one that was added again is in Changed, too
	Counts   *Counts
}

// Milestone is something that happens once to a torrent.
type Milestone struct {
	Revision uint64    `json:"-"`
	ID       string    `json:"id"`
	What     string    `json:"what" enum:"added,metadata,checked,completed,failed,moved,removed"`
	Name     string    `json:"name"`
	At       time.Time `json:"at"`
}

// TorrentFile is one file of a torrent.
type TorrentFile struct {
	Index      int    `json:"index" doc:"Its place in the torrent, from 0; padding is counted, and left out."`
	Path       string `json:"path" doc:"Below the torrent's folder, with slashes."`
	Length     int64  `json:"length"`
	Verified   int64  `json:"verified" doc:"Bytes in verified pieces."`
	Priority   string `json:"priority" enum:"skip,low,normal,high"`
	FirstPiece int    `json:"first_piece"`
	LastPiece  int    `json:"last_piece"`
	Complete   bool   `json:"complete" doc:"Under its final name."`
	Executable bool   `json:"executable,omitempty" doc:"The torrent says so."`
}

// FilePriority says how much some files are wanted.
type FilePriority struct {
	Files    string `json:"files" minLength:"1" maxLength:"65536" doc:"Indices, ranges and patterns, as of get --files: 0,3-5,*.iso"`
	Priority string `json:"priority" enum:"skip,low,normal,high"`
}

// TorrentPeer is one connection.
type TorrentPeer struct {
	Addr       string    `json:"addr"`
	Client     string    `json:"client" doc:"As it calls itself, or as its peer id is known."`
	Source     string    `json:"source" enum:"tracker,dht,pex,lsd,link,user,incoming"`
	Incoming   bool      `json:"incoming"`
	Transport  string    `json:"transport" enum:"tcp,utp"`
	Encryption string    `json:"encryption" enum:"none,handshake,rc4"`
	Flags      string    `json:"flags" doc:"Letters: D we download, d it does not let us, U we upload, u we do not let it, K we do not want, ? it does not want, S snubbed, O optimistic, I incoming."`
	DownRate   int64     `json:"down_rate"`
	UpRate     int64     `json:"up_rate"`
	Downloaded int64     `json:"downloaded" doc:"Payload, of this connection."`
	Uploaded   int64     `json:"uploaded"`
	Progress   float64   `json:"progress"`
	Since      time.Time `json:"since"`
}

// TorrentTracker is one tracker of a torrent.
type TorrentTracker struct {
	URL      string     `json:"url" doc:"Without its secrets, unless the owner asks for them."`
	Tier     int        `json:"tier"`
	State    string     `json:"state" enum:"idle,queued,announcing,ok,failed"`
	Error    string     `json:"error"`
	Peers    int        `json:"peers" doc:"Addresses in the last answer."`
	Seeders  *int       `json:"seeders"`
	Leechers *int       `json:"leechers"`
	Last     *time.Time `json:"last" doc:"When it answered last."`
	Next     *time.Time `json:"next" doc:"When it will be asked next."`
}

// Pieces are what a torrent has, and what the swarm has.
type Pieces struct {
	Count        int            `json:"count"`
	Have         []byte         `json:"have" doc:"Bitfield as on the wire: the first piece is the highest bit; base64."`
	Unwanted     []byte         `json:"unwanted" doc:"Bitfield of those in no selected file."`
	Partial      []PartialPiece `json:"partial" doc:"Pieces that are being downloaded."`
	Availability []Run          `json:"availability" doc:"How many of the connected peers have a piece, by runs from piece 0."`
}

// PartialPiece is a piece that is being downloaded.
type PartialPiece struct {
	Piece  int `json:"piece"`
	Blocks int `json:"blocks"`
	Got    int `json:"got" doc:"Of blocks, how many are here."`
}

// Run is a number of neighbours that are alike.
type Run struct {
	Length int `json:"length"`
	Peers  int `json:"peers"`
}
