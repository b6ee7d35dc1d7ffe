package record

import (
	"encoding/hex"

	"gotor/torrent"
	"gotor/torrent/metainfo"
)

// Verify is the object of verify --json.
type Verify struct {
	V         int       `json:"v"`
	Name      string    `json:"name"`
	InfoHash  string    `json:"info_hash"`
	OK        bool      `json:"ok"`
	Pieces    int       `json:"pieces"` // checked
	BadPieces []int     `json:"bad_pieces"`
	Files     []BadFile `json:"files"` // what is wrong
}

// BadFile says what is wrong with a file.
type BadFile struct {
	Index     int    `json:"index"`
	Path      string `json:"path"`
	Problem   string `json:"problem"` // "missing", "unfinished", "size", "type" or "content"
	BadPieces int    `json:"bad_pieces"`
}

// NewVerify describes what a check of the data of m has found.
func NewVerify(m *metainfo.Torrent, c *torrent.CheckReport) *Verify {
	r := &Verify{V: Version, Name: m.Name, InfoHash: hex.EncodeToString(m.InfoHash[:]), OK: c.OK(), Pieces: c.Pieces,
		BadPieces: append([]int{}, c.BadPieces...), Files: []BadFile{}}
	for _, b := range c.BadFiles {
		r.Files = append(r.Files, BadFile{Index: b.Index, Path: Path(b.Path), Problem: string(b.Problem), BadPieces: b.BadPieces})
	}
	return r
}
