package record

import (
	"time"

	"gotor/torrent"
)

// Progress is how one download stands: an event of --progress json.
type Progress struct {
	V     int       `json:"v"`
	Event string    `json:"event"` // "progress"
	Time  time.Time `json:"time"`
	Names
	State   string  `json:"state"`
	Elapsed float64 `json:"elapsed"` // seconds
	Amounts
	Checked int64 `json:"checked"` // bytes
	ToCheck int64 `json:"to_check"`
	Transfer
	Rates
	ETA        *float64 `json:"eta"` // seconds; null: unknown
	Pieces     int      `json:"pieces"`
	PiecesDone int      `json:"pieces_done"`
	Swarm
	Sources
	DHT      *DHT `json:"dht"`      // null: not used
	Local    *int `json:"local"`    // addresses from the local network; null: not used
	Port     int  `json:"port"`     // where peers connect; 0: nowhere
	Findable bool `json:"findable"` // others can find it, as far as is known
	Metadata
	Unreadable []Unreadable `json:"unreadable,omitempty"` // at most eight
}

// Unreadable is a file that could not be read to be given to others.
type Unreadable struct {
	Path  string `json:"path"`
	Error string `json:"error"`
}

// NewProgress describes a torrent at a moment. source is what the user called it,
// with its secrets. The event keeps nothing of sn.
func NewProgress(source string, sn *torrent.Snapshot, now time.Time) Progress {
	e := Progress{
		V: Version, Event: "progress", Time: now,
		Names: Names{Redact(source), sn.Name, sn.InfoHash},
		State: string(sn.State), Elapsed: sn.Elapsed.Seconds(),
		Amounts: amounts(sn), Checked: sn.Checked, ToCheck: sn.ToCheck,
		Transfer: transfer(sn), Rates: Rates{sn.DownRate, sn.UpRate},
		Pieces: sn.Pieces, PiecesDone: sn.PiecesDone,
		Swarm: swarm(sn), Sources: sources(sn), DHT: dhtOf(sn),
		Port: int(sn.Port), Findable: sn.Findable(), Metadata: metadata(sn),
	}
	for _, f := range sn.Unreadable {
		e.Unreadable = append(e.Unreadable, Unreadable{Path: f.Path, Error: Redact(f.Error)})
	}
	if local := sn.Local; local >= 0 {
		e.Local = &local
	}
	if sn.ETA > 0 {
		s := sn.ETA.Seconds()
		e.ETA = &s
	}
	return e
}
