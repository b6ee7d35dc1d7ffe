package record

import (
	"encoding/json"
	"time"
)

// This file has what a daemon sends by itself, as server-sent events. The name of an
// event is its topic or below it; what it tells is an object of a fixed shape. A
// stream tells only what has changed since it told it last, so that whoever lays one
// object over the other (RFC 7396 without the nulls) has the whole.

// The names of events.
const (
	EventHello    = "hello"    // Hello
	EventRows     = "rows"     // RowsEvent
	EventStats    = "stats"    // changed keys of StatsEvent
	EventTorrent  = "torrent"  // Milestone
	EventPeers    = "peers"    // EntriesEvent of TorrentPeer, by addr
	EventPieces   = "pieces"   // PiecesEvent
	EventFiles    = "files"    // EntriesEvent of TorrentFile, by index
	EventSettings = "settings" // Settings
	EventLog      = "log"      // Log
	EventReset    = "reset"    // ResetEvent
	EventBye      = "bye"      // ByeEvent
)

// The topics of which a stream may tell.
const (
	TopicRows     = "rows"
	TopicStats    = "stats"
	TopicTorrents = "torrents"
	TopicSettings = "settings"
	TopicLogs     = "logs"
	TopicPeers    = "peers"
	TopicPieces   = "pieces"
	TopicFiles    = "files"
)

// Hello begins a stream.
type Hello struct {
	ServerID string    `json:"server_id" doc:"Another one than before: what is remembered is void, and everything is to be loaded again."`
	Revision uint64    `json:"revision" doc:"From which the stream goes on."`
	Now      time.Time `json:"now"`
}

// RowsEvent is what has changed in the list. Removed is to be carried out first: a
// torrent that was added again is in Rows, too.
type RowsEvent struct {
	Revision uint64            `json:"revision"`
	Rows     []json.RawMessage `json:"rows"` // objects of id and the keys of Torrent that changed
	Removed  []string          `json:"removed"`
	Counts   *Counts           `json:"counts,omitempty"` // if they changed
}

// EntriesEvent is what has changed in the peers or files of a torrent.
type EntriesEvent struct {
	ID      string            `json:"id"`
	Entries []json.RawMessage `json:"entries"` // the key of the entry, and what changed
	Removed []string          `json:"removed"` // keys
}

// PiecesEvent is what has changed in the pieces of a torrent; what is absent is as it
// was. The first of a stream, and one after pieces were lost, has Have, the others Got.
type PiecesEvent struct {
	ID           string          `json:"id"`
	Count        int             `json:"count"`
	Have         []byte          `json:"have,omitempty"` // as in Pieces
	Got          []int           `json:"got,omitempty"`  // verified since
	Unwanted     []byte          `json:"unwanted,omitempty"`
	Partial      *[]PartialPiece `json:"partial,omitempty"`      // all of them
	Availability []Run           `json:"availability,omitempty"` // all of it, every 5 s at most
}

// StatsEvent are the figures that a stream tells; only changed keys are sent.
type StatsEvent struct {
	DownRate    int64          `json:"down_rate"`
	UpRate      int64          `json:"up_rate"`
	Limits      RateLimits     `json:"limits"`
	Downloaded  int64          `json:"downloaded"`
	Uploaded    int64          `json:"uploaded"`
	Session     Transferred    `json:"session"`
	Wasted      int64          `json:"wasted"`
	Torrents    map[string]int `json:"torrents"`
	Active      int            `json:"active"`
	Connections int            `json:"connections"`
	Port        int            `json:"port"`
	External    string         `json:"external"`
	Reachable   *bool          `json:"reachable"`
	DHTNodes    *int           `json:"dht_nodes"`
	Disks       []Disk         `json:"disks"` // free space in steps of 16 MiB
	Announces   int            `json:"announce_queue"`
	Ready       string         `json:"ready"`
}

// ResetEvent says that what happened after the revision asked for is not known any
// more: the list is to be loaded again. The stream goes on from Revision.
type ResetEvent struct {
	Revision uint64 `json:"revision"`
}

// ByeEvent is the last one of a daemon that stops.
type ByeEvent struct {
	Reason string `json:"reason"`
}
