package session

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// This file is what a session keeps of one torrent. All of it is plain data. What the
// Store hands out is shared and must not be changed; Update hands out a copy.

// Entry is what was asked for, and what was decided: it changes seldom, and each
// change is on disk before anybody is told of it. What is counted is in a Tally.
type Entry struct {
	ID ID `json:"id"`
	V2 ID `json:"id_v2,omitempty"` // of a hybrid: its other name
	// Serial is the place in the order in which torrents were added; the Store sets it
	// when it is added. It is not used twice while the Store is open.
	Serial uint64 `json:"serial"`

	// Link is the magnet link that there is instead of metainfo; empty once Metainfo
	// has it. It may have secrets in it.
	Link string `json:"link,omitempty"`
	// Name is the torrent's, raw; Title what the user calls it, or empty.
	Name  string `json:"name,omitempty"`
	Title string `json:"title,omitempty"`

	Place
	Files
	Labels []string `json:"labels,omitempty"`
	Rates  Rates    `json:"rates,omitzero"` // under those of all
	Goal   Goal     `json:"goal,omitzero"`

	// Tiers of trackers, instead of the torrent's; nil: its own.
	Tiers [][]string `json:"tiers,omitempty"`
	// Trackers are announced to beside those, each whatever the others answer.
	Trackers []string `json:"trackers,omitempty"`
	// WebSeeds, instead of the torrent's; nil: its own.
	WebSeeds *[]string `json:"web_seeds,omitempty"`
	Peers    []string  `json:"peers,omitempty"`  // HOST:PORT, named by the user
	SHA256   []string  `json:"sha256,omitempty"` // [PATH=]HEX, to be checked when complete

	Paused bool     `json:"paused,omitempty"` // what the user wants
	Check  bool     `json:"check,omitempty"`  // hash everything first, whatever is remembered
	Pass   bool     `json:"pass,omitempty"`   // it does not wait for its turn
	Rank   int64    `json:"rank,omitempty"`   // its place in line, see Rerank
	Failed *Failure `json:"failed,omitempty"`
	Move   *Move    `json:"move,omitempty"` // it is on its way
	// Remove: the torrent goes, and this of its data, a word of the caller's.
	Remove string `json:"remove,omitempty"`

	Added     time.Time `json:"added"`
	Completed time.Time `json:"completed,omitzero"`
	// Ended: it has been given to others for as long as was asked for.
	Ended bool  `json:"ended,omitempty"`
	Facts Facts `json:"facts,omitzero"`
}

// Place is where the data of a torrent is.
type Place struct {
	Dir      string         `json:"dir"`
	Rename   string         `json:"rename,omitempty"` // of the torrent's file or folder
	Flat     bool           `json:"flat,omitempty"`
	Portable bool           `json:"portable,omitempty"` // names that every system takes
	Local    bool           `json:"local,omitempty"`    // it came from the user or a private network
	Over     bool           `json:"overwrite,omitempty"`
	Names    map[int]string `json:"names,omitempty"` // of files, below the torrent's folder, with slashes
}

// Files are which files are wanted, and how much.
type Files struct {
	// Priorities has one byte for each file of the torrent, see Skip; nil: all are
	// Normal.
	Priorities []byte `json:"priorities,omitempty"`
	// Select is a selection by patterns of a torrent whose files are not known yet.
	Select     []Select `json:"select,omitempty"`
	Sequential bool     `json:"sequential,omitempty"`
}

// How much a file is wanted.
const (
	Skip byte = iota
	Low
	Normal
	High
)

// Select is how much the files that fit a pattern are wanted.
type Select struct {
	Files    string `json:"files"`
	Priority byte   `json:"priority"`
}

// Rates are limits in bytes of payload per second; 0: none.
type Rates struct {
	MaxDown int64 `json:"max_down,omitempty"`
	MaxUp   int64 `json:"max_up,omitempty"`
}

// Goal is how long a complete torrent is given to others. Mode is a word of the
// caller's; nil: as the settings say.
type Goal struct {
	Mode  string   `json:"mode,omitempty"`
	Ratio *float64 `json:"ratio,omitempty"`
	Time  *int64   `json:"time,omitempty"` // seconds
	Idle  *int64   `json:"idle,omitempty"` // seconds
}

// Failure is why a torrent does not go on.
type Failure struct {
	Code   string    `json:"code"`
	Detail string    `json:"detail"`
	Since  time.Time `json:"since"`
}

// Move is a torrent's way from Place to another folder, or to other names.
type Move struct {
	To        Place     `json:"to"`
	Overwrite bool      `json:"overwrite,omitempty"`
	Since     time.Time `json:"since"`
}

// Facts are of the metainfo: what a row shows of a torrent that sleeps, so that the
// metainfo need not be read for it.
type Facts struct {
	Size        int64  `json:"size,omitempty"`   // bytes of all files, padding left out
	Wanted      int64  `json:"wanted,omitempty"` // of those selected
	PieceLength int64  `json:"piece_length,omitempty"`
	Pieces      int    `json:"pieces,omitempty"`
	Files       int    `json:"files,omitempty"` // padding left out
	Multi       bool   `json:"multi,omitempty"` // its files lie in a folder of its own
	Private     bool   `json:"private,omitempty"`
	Comment     string `json:"comment,omitempty"`
	CreatedBy   string `json:"created_by,omitempty"`
	Tracker     string `json:"tracker,omitempty"` // host of the first, without secrets
}

// Tally is what is counted while a torrent runs. It is written once in a while: a power
// cut may take the last minute of it.
type Tally struct {
	Downloaded  int64     `json:"down,omitempty"` // payload bytes, all runs
	Uploaded    int64     `json:"up,omitempty"`
	Wasted      int64     `json:"wasted,omitempty"`
	Verified    int64     `json:"verified,omitempty"`    // of Facts.Wanted
	Downloading int64     `json:"downloading,omitempty"` // seconds
	Seeding     int64     `json:"seeding,omitempty"`     // seconds
	Active      time.Time `json:"active,omitzero"`       // when a byte of payload moved last
	Seeders     *int      `json:"seeders,omitempty"`     // as a tracker counted last; nil: unknown
	Leechers    *int      `json:"leechers,omitempty"`
}

// Totals are payload bytes of all torrents of all runs, those taken out included. They
// are kept as a Tally is.
type Totals struct {
	Downloaded int64 `json:"down"`
	Uploaded   int64 `json:"up"`
}

// Once is a request that must not be carried out twice, and its answer: both are kept
// for a day, or until there are 10,000 newer ones.
type Once struct {
	Key string `json:"key"` // as the caller sent it, at most 255 bytes
	// Print tells whether it is the same request: a hash of it, at most 64 bytes.
	Print  []byte          `json:"print"`
	Answer json.RawMessage `json:"answer"` // at most 64 KiB
	At     time.Time       `json:"at"`
}

// The bounds of what is kept.
const (
	maxEntry    = 1 << 20  // bytes of JSON of an Entry
	maxRecord   = 11 << 20 // bytes of a record
	maxSettings = 1 << 20
	maxKey      = 255
	maxPrint    = 64
	maxAnswer   = 64 << 10
	maxOnce     = 10_000
	onceSpan    = 24 * time.Hour
)

// clone is a copy that shares nothing that can be changed.
func (e *Entry) clone() *Entry {
	c := *e
	c.Names = maps.Clone(e.Names)
	c.Priorities = slices.Clone(e.Priorities)
	c.Select = slices.Clone(e.Select)
	c.Labels = slices.Clone(e.Labels)
	c.Tiers = slices.Clone(e.Tiers)
	for i, tier := range c.Tiers {
		c.Tiers[i] = slices.Clone(tier)
	}
	c.Trackers = slices.Clone(e.Trackers)
	if e.WebSeeds != nil {
		c.WebSeeds = new(slices.Clone(*e.WebSeeds))
	}
	c.Peers = slices.Clone(e.Peers)
	c.SHA256 = slices.Clone(e.SHA256)
	c.Goal = Goal{e.Goal.Mode, clonePtr(e.Goal.Ratio), clonePtr(e.Goal.Time), clonePtr(e.Goal.Idle)}
	c.Failed = clonePtr(e.Failed)
	if c.Move = clonePtr(e.Move); c.Move != nil {
		c.Move.To.Names = maps.Clone(e.Move.To.Names)
	}
	return &c
}

func clonePtr[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

// check says why an Entry cannot be kept.
func (e *Entry) check() error {
	switch {
	case !e.ID.valid():
		return fmt.Errorf("%w: an entry without an id", ErrInvalid)
	case e.V2 != "" && !e.V2.valid():
		return fmt.Errorf("%w: entry %s with a wrong second id", ErrInvalid, e.ID)
	}
	return nil
}
