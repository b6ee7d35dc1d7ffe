package record

import (
	"time"

	"gotor/torrent/metainfo"
)

// Show is the object of show --json. Strings are as they are in the torrent, but
// for names, which are those on disk.
type Show struct {
	V            int        `json:"v"`
	Name         string     `json:"name"`
	InfoHash     *string    `json:"info_hash"`    // hex SHA-1; null for v2 alone
	InfoHashV2   *string    `json:"info_hash_v2"` // hex SHA-256 (BEP 52); null for v1 alone
	Version      string     `json:"version"`
	PieceLength  int64      `json:"piece_length"`
	Pieces       int        `json:"pieces"`
	TotalLength  int64      `json:"total_length"` // with padding
	Private      bool       `json:"private"`
	Files        []ShowFile `json:"files"`
	Trackers     [][]string `json:"trackers"` // tiers (BEP 12), with their secrets
	WebSeeds     []string   `json:"web_seeds"`
	HTTPSeeds    []string   `json:"http_seeds"`
	Nodes        []string   `json:"nodes"`
	Comment      string     `json:"comment"`
	CreatedBy    string     `json:"created_by"`
	CreationDate *time.Time `json:"creation_date"`
	Source       string     `json:"source"`
}

// ShowFile is a file of [Show].
type ShowFile struct {
	Index  int    `json:"index"` // for --files: its place in the list
	Path   string `json:"path"`
	Length int64  `json:"length"`
	Attr   string `json:"attr"` // BEP 47
}

// NewShow describes a torrent. It shares the lists of m.
func NewShow(m *metainfo.Torrent) *Show {
	r := &Show{
		V: Version, Name: m.Name, Version: m.Version, PieceLength: m.PieceLength, Pieces: m.NumPieces(), TotalLength: m.TotalLength,
		Private: m.Private, Files: make([]ShowFile, 0, len(m.Files)), Trackers: m.Trackers, WebSeeds: m.WebSeeds,
		HTTPSeeds: m.HTTPSeeds, Nodes: m.Nodes, Comment: m.Comment, CreatedBy: m.CreatedBy, Source: m.Source,
	}
	if m.HasV1 {
		r.InfoHash = Hex(m.InfoHash[:])
	}
	if m.HasV2 {
		r.InfoHashV2 = Hex(m.InfoHashV2[:])
	}
	if !m.CreationDate.IsZero() {
		r.CreationDate = &m.CreationDate
	}
	for i := range m.Files {
		f := &m.Files[i]
		r.Files = append(r.Files, ShowFile{Index: i, Path: f.SlashPath(), Length: f.Length, Attr: f.Attr})
	}
	atLeastEmpty(&r.Trackers)
	atLeastEmpty(&r.WebSeeds, &r.HTTPSeeds, &r.Nodes)
	return r
}

// Link is the object of show --offline --json: what a link says, with its secrets.
type Link struct {
	V          int      `json:"v"`
	Link       bool     `json:"link"` // true
	Name       string   `json:"name"`
	InfoHash   *string  `json:"info_hash"`
	InfoHashV2 *string  `json:"info_hash_v2"`
	PublicKey  *string  `json:"public_key"` // BEP 46
	Trackers   []string `json:"trackers"`
	WebSeeds   []string `json:"web_seeds"`
	Sources    []string `json:"sources"` // URLs of the .torrent
	Peers      []string `json:"peers"`
	Nodes      []string `json:"nodes"`
	Select     [][2]int `json:"select"` // BEP 53: first and last index; none: all
}

// NewLink describes a link. It shares the lists of link.
func NewLink(link *metainfo.Link) *Link {
	r := &Link{
		V: Version, Link: true, Name: link.Name, Trackers: link.Trackers, WebSeeds: link.WebSeeds, Sources: link.Sources,
		Peers: link.Peers, Nodes: link.Nodes, Select: [][2]int{},
	}
	if link.HasV1 {
		r.InfoHash = Hex(link.InfoHash[:])
	}
	if link.HasV2 {
		r.InfoHashV2 = Hex(link.InfoHashV2[:])
	}
	if link.HasKey {
		r.PublicKey = Hex(link.Key[:])
	}
	for _, s := range link.Select {
		r.Select = append(r.Select, [2]int{s.First, s.Last})
	}
	atLeastEmpty(&r.Trackers, &r.WebSeeds, &r.Sources, &r.Peers, &r.Nodes)
	return r
}
