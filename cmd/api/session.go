package api

import (
	"context"
	"net/netip"
	"time"

	"gotor/cmd/record"
)

// Session is what the API is in front of: the torrents of a daemon. Its methods may
// be called from any goroutine. Errors are, or wrap, a *record.Problem where it
// matters; others are what record.ProblemOf makes of them. A method that changes
// something returns nil only when what it has promised would survive a power cut.
//
// An id is 40 or 64 lowercase hex digits; both name a hybrid. One that is not there
// is record.CodeNotFound.
type Session interface {
	Looker
	Keeper
	Reader
	Swarmer
	Governor
	Repeater
}

// Looker shows how things stand. None of its methods waits for a torrent, the disk or
// the network, and what they return is shared: it must not be changed.
type Looker interface {
	// List are all torrents.
	List() record.Listing
	// Since is what has changed after a revision; false: it is too old, or not one
	// of this run.
	Since(revision uint64) (record.Delta, bool)
	// Changed is the newest revision, and a channel that is closed when there is a
	// newer one.
	Changed() (revision uint64, next <-chan struct{})
	// Milestones are those after a revision, as far back as they are kept (4,096).
	Milestones(revision uint64) []record.Milestone
	Torrent(id string) (*record.Torrent, error)
	// Trackers have their secrets only if asked for.
	Trackers(id string, secrets bool) ([]record.TorrentTracker, error)
	WebSeeds(id string) ([]record.WebSeed, error)
	Settings() record.Settings
	Stats() record.Stats
	// Metrics are the figures that Stats leaves out.
	Metrics() record.Metrics
	// History are the rates of the last seconds, at most 3,600.
	History(seconds int) record.History
	// Logs are lines with a greater number, of a level or a graver one, the oldest
	// first; next is closed when there are more.
	Logs(since uint64, level string, limit int) (lines []record.Log, next <-chan struct{})
	// Ready is nil, or why nothing can be promised now: it loads, stops, or its state
	// cannot be written.
	Ready() error
	// ServerID is new with each run.
	ServerID() string
}

// Keeper changes torrents.
type Keeper interface {
	// Add takes in a torrent. existing: it was there, and is as it was.
	Add(ctx context.Context, a record.Add) (t *record.Torrent, existing bool, err error)
	Preview(ctx context.Context, a record.Add) (record.Preview, error)
	// Patch changes a torrent. revision: that of the torrent that was looked at, and
	// record.CodeStale if it has changed since; 0: whatever it is.
	Patch(ctx context.Context, id string, p record.Patch, revision uint64) (*record.Torrent, error)
	// Remove takes a torrent out; data is one of KeepData, RemoveData, RemovePart.
	Remove(ctx context.Context, id, data string) (record.Removed, error)
	Pause(ctx context.Context, id string) (*record.Torrent, error)
	// Start ends a pause or a failure; now passes the queue.
	Start(ctx context.Context, id string, now bool) (*record.Torrent, error)
	// Check hashes everything again.
	Check(ctx context.Context, id string) (*record.Torrent, error)
	Announce(ctx context.Context, id string) (*record.Torrent, error)
	// Move and Rename return when it is certain that it will be done, and go on.
	Move(ctx context.Context, id string, m record.Move) (*record.Torrent, error)
	Rename(ctx context.Context, id string, r record.Rename) (*record.Torrent, error)
	SetFiles(ctx context.Context, id string, p []record.FilePriority) error
	SetTrackers(ctx context.Context, id string, tiers [][]string) error
	SetWebSeeds(ctx context.Context, id string, urls []string) error
}

// Reader gives what is inside a torrent. record.CodeConflict: its metainfo is not
// known yet.
type Reader interface {
	// Files are all files but padding, in the order of the torrent.
	Files(id string) ([]record.TorrentFile, error)
	// Select are those that a list of indices, ranges and patterns names, as of get
	// --files; empty: those that are downloaded.
	Select(id, files string) ([]record.TorrentFile, error)
	Pieces(id string) (*record.Pieces, error)
	// Metainfo is the .torrent.
	Metainfo(id string) ([]byte, error)
	// Open opens a file, whole or not. Whoever reads what is missing has it fetched
	// first and waits for it.
	Open(ctx context.Context, id string, file int) (record.Content, error)
}

// Content is an open file of a torrent.
type Content = record.Content

// Swarmer is about the peers of a torrent.
type Swarmer interface {
	Peers(id string) ([]record.TorrentPeer, error)
	// AddPeers are dialled soon; how many were taken.
	AddPeers(ctx context.Context, id string, peers []netip.AddrPort) (int, error)
	// DropPeer ends a connection; its address is not let in again for the span of ban.
	DropPeer(ctx context.Context, id string, peer netip.AddrPort, ban time.Duration) error
}

// Governor is about the daemon itself.
type Governor interface {
	// PatchSettings changes settings; revision as for Patch. What a flag has fixed is
	// record.CodeConflict.
	PatchSettings(ctx context.Context, p record.SettingsPatch, revision uint64) (record.Settings, error)
	// Dirs lists folders; an empty path lists the roots.
	Dirs(path string) (record.Dirs, error)
	// Shutdown begins the end, and does not wait for it.
	Shutdown()
}

// Repeater keeps for a day, and over the end of the daemon, what was answered to
// requests that may be sent again. That of Add is kept by Add.
type Repeater interface {
	// Repeated is what was kept under a key; false: nothing.
	Repeated(key string) (record.Repeat, bool)
	// Repeat keeps an answer.
	Repeat(ctx context.Context, r record.Repeat) error
}
