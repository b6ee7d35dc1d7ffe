package metainfo

import (
	"strings"
	"time"
)

// Torrent is a checked torrent. Its slices alias the parsed input or each
// other and must not be changed.
type Torrent struct {
	// Name is the name on disk, of the file or of the directory: cleaned,
	// never empty, at most 220 bytes so that the names of state files fit.
	Name string

	InfoHash     [20]byte // SHA-1 of Info; zero unless HasV1
	InfoHashV2   [32]byte // SHA-256 of Info; zero unless HasV2
	HasV1, HasV2 bool
	Version      string // "1", "2" or "hybrid"

	PieceLength int64 // bytes; 1 to 512 MiB
	// TotalLength is the number of bytes in the pieces: with a version 1 part
	// it counts padding; without one it is the sum of the file lengths, as
	// version 2 pieces are aligned to files and the gaps are no bytes.
	TotalLength int64
	Files       []File
	Multi       bool // there is a directory named Name, and Files are in it
	Private     bool // BEP 27

	Trackers  [][]string // tiers (BEP 12), http, https and udp only, each URL once
	WebSeeds  []string   // url-list (BEP 19), http and https only
	HTTPSeeds []string   // httpseeds (BEP 17), http and https only
	Nodes     []string   // host:port of DHT nodes (BEP 5)

	Comment, CreatedBy, Source string    // valid UTF-8, otherwise raw: make them safe to print
	CreationDate               time.Time // UTC; zero if there is none

	Info     []byte   // the exact bytes of the info dictionary, aliasing the input
	Warnings []string // what was left out or looks odd, one line each, safe to print

	pieces    []byte // of version 1, aliasing the input
	numPieces int
}

// File is one entry of the file list. The index of a file is its place in
// Torrent.Files; padding files count (BEP 53).
type File struct {
	// Path holds the components below the torrent's directory; in a torrent
	// of a single file it is the torrent's Name. Paths of files that go to
	// disk are distinct, also from those of directories and of "x.part" files.
	Path   []string
	Length int64  // bytes
	Offset int64  // of the first byte in the torrent's pieces
	Attr   string // the BEP 47 attributes known here, in the order "hlpx"

	Pad     bool // padding: zeros, never written
	Symlink bool // listed only; links from a torrent are never made
	Exec    bool
	Hidden  bool
}

// SlashPath returns the path with slashes.
func (f *File) SlashPath() string { return strings.Join(f.Path, "/") }

// NumPieces returns the number of pieces.
func (t *Torrent) NumPieces() int { return t.numPieces }

// PieceHash returns the SHA-1 of piece i, which must be in range; zero if the
// torrent has no version 1 part.
func (t *Torrent) PieceHash(i int) (h [20]byte) {
	if t.HasV1 {
		h = [20]byte(t.pieces[i*20:])
	}
	return h
}

// CanDownload returns nil, or an *Error that says what keeps gotor from
// downloading the torrent.
func (t *Torrent) CanDownload() error {
	if !t.HasV1 {
		return &Error{
			Msg:         "it is a v2 torrent (BEP 52), and gotor cannot download those yet; a hybrid or v1 torrent of the same data works",
			Unsupported: true,
		}
	}
	return nil
}
