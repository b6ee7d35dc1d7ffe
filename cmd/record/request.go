package record

import (
	"bytes"
	"encoding/json"
	"time"
)

// This file has what a daemon is asked for. The shapes are checked where requests
// come in; what they mean for a torrent or a disk is checked by who carries them out.

// Opt is a member of a merge patch (RFC 7396): absent, null, or a value.
type Opt[T any] struct {
	Set   bool // it is there
	Null  bool // and is null: back to the default
	Value T
}

// Some is an Opt with a value.
func Some[T any](v T) Opt[T] { return Opt[T]{Set: true, Value: v} }

// UnmarshalJSON implements json.Unmarshaler.
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	o.Set = true
	if o.Null = bytes.Equal(b, []byte("null")); o.Null {
		return nil
	}
	return json.Unmarshal(b, &o.Value)
}

// MarshalJSON implements json.Marshaler.
func (o Opt[T]) MarshalJSON() ([]byte, error) {
	if !o.Set || o.Null {
		return []byte("null"), nil
	}
	return json.Marshal(o.Value)
}

// IsZero tells encoding/json's omitzero that the member is absent.
func (o Opt[T]) IsZero() bool { return !o.Set }

// Add is a torrent to be taken in: Raw or Source, and what is to be done with it.
type Add struct {
	Raw    []byte `json:"-"`                // a .torrent
	Source string `json:"source,omitempty"` // a magnet link, an info-hash, a URL; a path over the socket only
	// LocalPath allows Source to be a path on this machine: it came over the socket.
	LocalPath bool `json:"-"`

	Dir        string         `json:"dir,omitempty"`  // a root or below one; empty: the default
	Name       string         `json:"name,omitempty"` // instead of the torrent's
	Flat       bool           `json:"flat,omitempty"`
	Files      string         `json:"files,omitempty"` // as get --files; empty: all
	Priorities []FilePriority `json:"priorities,omitempty"`
	Paused     bool           `json:"paused,omitempty"`
	Labels     []string       `json:"labels,omitempty"`
	Limits     *RateLimits    `json:"limits,omitempty"`
	Seed       *SeedGoal      `json:"seed,omitempty"`
	Sequential bool           `json:"sequential,omitempty"`
	Peers      []string       `json:"peers,omitempty"`   // HOST:PORT
	Mirrors    []string       `json:"mirrors,omitempty"` // URLs
	Trackers   []string       `json:"trackers,omitempty"`
	Check      bool           `json:"check,omitempty"`  // hash what is there, whatever is remembered
	SHA256     []string       `json:"sha256,omitempty"` // [PATH=]HEX
	StartNow   bool           `json:"start,omitempty"`  // pass the queue
	Overwrite  bool           `json:"overwrite,omitempty"`
	// MergeTrackers adds Trackers to a torrent that is there, unless it is private.
	MergeTrackers bool `json:"-"`
	// Repeat, unless its key is empty, is kept with the torrent at once: its Answer is
	// made of an Added.
	Repeat Repeat `json:"-"`
}

// MaxRepeat is how many bytes the answer of a Repeat has at most.
const MaxRepeat = 64 << 10

// Added is what came of an Add.
type Added struct {
	Torrent  *Torrent `json:"torrent"`
	Existing bool     `json:"existing"`
}

// Repeat is a request that must not be carried out twice, and what was answered to it.
type Repeat struct {
	Key    string // the requester's, 1 to 255 bytes
	Print  []byte // a hash of the request, at most 64 bytes
	Answer []byte // JSON, at most MaxRepeat bytes
}

// Preview is what a torrent has inside, and where it would go, before it is added.
type Preview struct {
	Torrent  Torrent       `json:"torrent"`
	Files    []TorrentFile `json:"files"`
	Existing bool          `json:"existing" doc:"It is there already."`
	Need     int64         `json:"need" doc:"Bytes that have no place on the disk yet."`
	Free     *int64        `json:"free" doc:"Bytes there are room for."`
}

// Patch changes a torrent; what is absent stays.
type Patch struct {
	Paused     Opt[bool]        `json:"paused,omitzero"`
	Name       Opt[string]      `json:"name,omitzero" minLength:"1" maxLength:"255" doc:"How it is shown; null: its own name."`
	Labels     Opt[[]string]    `json:"labels,omitzero" maxItems:"64" minLength:"1" maxLength:"100"`
	Limits     Opt[LimitsPatch] `json:"limits,omitzero"`
	Seed       Opt[SeedPatch]   `json:"seed,omitzero"`
	Queue      Opt[int]         `json:"queue,omitzero" minimum:"0" maximum:"1000000" doc:"Place in line, from 0."`
	Sequential Opt[bool]        `json:"sequential,omitzero"`
	Trackers   Opt[[][]string]  `json:"trackers,omitzero" maxItems:"100" doc:"Tiers of URLs; null: the torrent's own."`
}

// LimitsPatch changes RateLimits.
type LimitsPatch struct {
	MaxDown Opt[int64] `json:"max_down,omitzero" minimum:"0" maximum:"1000000000000"`
	MaxUp   Opt[int64] `json:"max_up,omitzero" minimum:"0" maximum:"1000000000000"`
}

// SeedPatch changes a SeedGoal.
type SeedPatch struct {
	Mode  Opt[string]  `json:"mode,omitzero" enum:"default,forever,never,limits"`
	Ratio Opt[float64] `json:"ratio,omitzero" minimum:"0" maximum:"1000000"`
	Time  Opt[int64]   `json:"time,omitzero" minimum:"0" maximum:"3155760000" doc:"Seconds from completion."`
	Idle  Opt[int64]   `json:"idle,omitzero" minimum:"0" maximum:"3155760000" doc:"Seconds without an upload."`
}

// Move is where the files of a torrent go.
type Move struct {
	Dir       string `json:"dir" minLength:"1" maxLength:"4096" doc:"A root, or a folder below one; made if missing."`
	Overwrite bool   `json:"overwrite,omitempty" doc:"Replace other files that are in the way."`
	Found     bool   `json:"found,omitempty" doc:"Somebody has put the files there already: nothing is moved, and what is there is hashed."`
}

// Rename gives a file or folder of a torrent another name.
type Rename struct {
	Path string `json:"path" maxLength:"4096" doc:"Of the file or folder, below the torrent's folder, with slashes; empty: the torrent's file or folder itself."`
	Name string `json:"name" minLength:"1" maxLength:"255" doc:"The new last part of it."`
}

// What Remove does with the data.
const (
	KeepData   = "false"   // nothing on disk is touched but our own state
	RemoveData = "true"    // the torrent's files go
	RemovePart = "partial" // only what is unfinished goes
)

// Removed is what has become of a torrent's files.
type Removed struct {
	RemovedFiles int      `json:"removed_files"`
	Freed        int64    `json:"freed" doc:"Bytes."`
	Left         []string `json:"left" doc:"What could not be removed or was not ours to remove, at most 100 paths."`
}

// Outcome is one outcome of a batch.
type Outcome struct {
	ID      string   `json:"id,omitempty"`
	Source  string   `json:"source,omitempty"`
	OK      bool     `json:"ok"`
	Created bool     `json:"created,omitempty"`
	Problem *Problem `json:"problem,omitempty"`
}

// Log is one line of the daemon's log.
type Log struct {
	Seq   uint64    `json:"seq"`
	Time  time.Time `json:"time"`
	Level string    `json:"level" enum:"error,warn,info,debug"`
	ID    string    `json:"id,omitempty" doc:"Torrent that it is about."`
	Text  string    `json:"text"`
}
