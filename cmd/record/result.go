package record

import (
	"encoding/hex"
	"time"

	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// Result is the final record of one source: what --json prints on stdout and
// --progress json on stderr.
type Result struct {
	V     int    `json:"v"`
	Event string `json:"event"` // "result", or "seeding" when seed has begun to
	Names
	InfoHashV2 *string `json:"info_hash_v2"` // null: none, or not known
	OK         bool    `json:"ok"`
	ExitCode   int     `json:"exit_code"`
	Reason     string  `json:"reason"` // a word for ExitCode
	Error      string  `json:"error,omitempty"`
	Path       string  `json:"path,omitempty"`
	Magnet     string  `json:"magnet,omitempty"`   // of seed
	Port       int     `json:"port,omitempty"`     // of seed, where peers connect
	Findable   *bool   `json:"findable,omitempty"` // of seed: others could find it
	Files      []File  `json:"files"`
	Amounts
	Transfer
	Peers   int     `json:"peers"` // that gave something
	Seconds float64 `json:"seconds"`
	Rates
	Insecure bool `json:"insecure,omitempty"` // TLS was not verified
	Sources
}

// NewResult is the record of a source of which nothing is known yet. source is
// what the user called it, with its secrets.
func NewResult(source string, insecure bool) Result {
	return Result{
		V: Version, Event: "result", Names: Names{Source: Redact(source)}, Insecure: insecure,
		Files: []File{}, Sources: Sources{[]Tracker{}, []WebSeed{}},
	}
}

// Fill takes over the last snapshot of a torrent, all but its names.
func (r *Result) Fill(sn *torrent.Snapshot) {
	r.Amounts, r.Transfer, r.Sources = amounts(sn), transfer(sn), sources(sn)
	r.Seconds = sn.Elapsed.Seconds()
	r.Rates = average(r.Transfer, sn.Elapsed)
}

// average is nothing of nothing when no time has passed.
func average(t Transfer, d time.Duration) Rates {
	s := d.Seconds()
	if s <= 0 {
		return Rates{}
	}
	return Rates{int64(float64(t.Downloaded) / s), int64(float64(t.Uploaded) / s)}
}

// End sets the outcome; before it, the record says nothing about success.
func (r *Result) End(err error) {
	r.OK, r.ExitCode, r.Error = err == nil, CodeOf(err), ""
	r.Reason = Reason(r.ExitCode)
	if err != nil {
		r.Error = Redact(err.Error())
	}
}

// Reach takes over where a seed can be reached, and whether it was found.
func (r *Result) Reach(sn *torrent.Snapshot) {
	found := sn.Found
	r.Findable, r.Port = &found, int(sn.Port)
}

// DryRun is the object of get --dry-run --json: what a download would do.
type DryRun struct {
	V     int    `json:"v"`
	Event string `json:"event"` // "dry_run"
	Names
	Path   string `json:"path,omitempty"` // none with -o -
	Files  []File `json:"files"`
	Wanted int64  `json:"wanted"` // bytes of the files
	Need   int64  `json:"need"`   // of these, bytes that have no place on the disk yet
	Free   *int64 `json:"free"`   // bytes there are room for; null: not known
	Fits   bool   `json:"fits"`
}

// NewDryRun describes what the download of m would do on a disk of which f was
// foreseen.
func NewDryRun(source string, m *metainfo.Torrent, f torrent.Forecast) DryRun {
	r := DryRun{
		V: Version, Event: "dry_run",
		Names: Names{Redact(source), m.Name, hex.EncodeToString(m.InfoHash[:])},
		Path:  f.Root, Files: []File{}, Need: f.Need, Fits: f.Fits(),
	}
	for _, file := range f.Files {
		r.Files = append(r.Files, File{Index: file.Index, Path: file.Path, Length: file.Length})
		r.Wanted += file.Length
	}
	if f.Free >= 0 {
		r.Free = &f.Free
	}
	return r
}

// ToStream says that the bytes go to a stream: nothing is written to the disk.
func (r *DryRun) ToStream() { r.Path, r.Free, r.Need, r.Fits = "", nil, 0, true }
