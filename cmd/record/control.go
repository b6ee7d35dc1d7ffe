package record

import "encoding/json"

// This file has what ctl --json prints: what a daemon has answered, one object per
// line, with the version of the format.

// TorrentLine is a torrent in a daemon, as ls, show and the verbs that change one
// print it.
type TorrentLine struct {
	V int `json:"v"`
	Torrent
}

// FilesLine has the files of a torrent.
type FilesLine struct {
	V     int           `json:"v"`
	ID    string        `json:"id"`
	Files []TorrentFile `json:"files"`
}

// PeersLine has the connections of a torrent.
type PeersLine struct {
	V     int           `json:"v"`
	ID    string        `json:"id"`
	Peers []TorrentPeer `json:"peers"`
}

// TrackersLine has the trackers of a torrent.
type TrackersLine struct {
	V        int              `json:"v"`
	ID       string           `json:"id"`
	Trackers []TorrentTracker `json:"trackers"`
}

// RemovedLine says what became of the files of a torrent that was taken out.
type RemovedLine struct {
	V  int    `json:"v"`
	ID string `json:"id"`
	Removed
}

// LinkLine is a URL of one file of a torrent.
type LinkLine struct {
	V    int    `json:"v"`
	ID   string `json:"id"`
	File int    `json:"file"` // index
	FileLink
}

// HealthLine says whether a daemon is well.
type HealthLine struct {
	V     int    `json:"v"`
	Ready bool   `json:"ready"`
	Why   string `json:"why,omitempty"`
}

// SettingsLine has the settings of a daemon.
type SettingsLine struct {
	V int `json:"v"`
	Settings
}

// EventLine is one event of a daemon.
type EventLine struct {
	V     int             `json:"v"`
	Event string          `json:"event"`
	ID    string          `json:"id,omitempty"` // where it can be gone on from
	Data  json.RawMessage `json:"data"`         // as the daemon sent it
}

// NewTorrentLine shares the lists of t.
func NewTorrentLine(t *Torrent) TorrentLine {
	l := TorrentLine{V: Version, Torrent: *t}
	atLeastEmpty(&l.Labels, &l.Warnings)
	return l
}

// NewRemovedLine shares the list of r.
func NewRemovedLine(id string, r Removed) RemovedLine {
	atLeastEmpty(&r.Left)
	return RemovedLine{V: Version, ID: id, Removed: r}
}

// LoginLine is a link that signs a browser in.
type LoginLine struct {
	V int `json:"v"`
	LoginLink
}

// TokenLine is a new token.
type TokenLine struct {
	V     int    `json:"v"`
	Token string `json:"token"`
}
