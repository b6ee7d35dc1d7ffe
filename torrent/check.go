package torrent

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"sync"

	"gotor/piece"
	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

// CheckSpec is data to be compared with a torrent.
type CheckSpec struct {
	Meta *metainfo.Torrent // must pass CanDownload
	Dir  string            // folder that holds the data
	// Top is the name of the file in Dir, or of the torrent's folder there; for
	// a torrent with a folder, empty means that Dir is that folder.
	Top    string
	Wanted []bool // per file; nil: all
	// Progress is told how many bytes of how many are hashed, from several
	// goroutines. May be nil.
	Progress func(done, total int64)
}

// Problem says what is wrong with a file.
type Problem string

// The problems of files.
const (
	ProblemMissing    Problem = "missing"
	ProblemUnfinished Problem = "unfinished" // there is only its .part
	ProblemSize       Problem = "size"
	ProblemType       Problem = "type" // not a regular file
	ProblemContent    Problem = "content"
)

// BadFile is a selected file that is not as it should be. A bad piece counts
// against every file that shares it: nobody can tell which of them is wrong.
type BadFile struct {
	Index     int
	Path      string // below CheckSpec.Dir, with slashes
	Problem   Problem
	Size      int64 // on disk
	BadPieces int
	// Shared are those at its two ends that span other files, too.
	Shared []SharedPiece
}

// SharedPiece is a piece, and what else it spans: the indices of files with bytes
// in it, padding left out.
type SharedPiece struct {
	Piece  int
	Others []int
}

// CheckReport is the outcome of Check.
type CheckReport struct {
	Pieces    int // that were hashed
	BadPieces []int
	BadFiles  []BadFile
}

// OK reports whether everything is complete and right.
func (r *CheckReport) OK() bool { return len(r.BadPieces) == 0 && len(r.BadFiles) == 0 }

// Check hashes data on all processors and never writes. Bad data is no error.
func Check(ctx context.Context, c CheckSpec) (*CheckReport, error) {
	layout, err := layoutOf(c.Meta)
	if err != nil {
		return nil, err
	}
	files := newFileSet(layout, c.Meta, c.Wanted)
	spec := c.storeSpec(files)
	store, err := storage.Open(spec)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	good, report := make([]byte, (layout.Pieces()+7)/8), new(CheckReport)
	var total, done int64
	for p := range files.wantedPieces {
		total += layout.PieceLen(p)
		report.Pieces++
	}
	var mu sync.Mutex
	err = piece.Check(ctx, piece.CheckConfig{
		Layout: layout, Digest: digestsOf(c.Meta), Reader: store, Workers: runtime.GOMAXPROCS(0), Pieces: files.wantedPieces,
		OnPiece: func(p int, ok bool) {
			mu.Lock()
			defer mu.Unlock()
			if done += layout.PieceLen(p); ok {
				setBit(good, p)
			}
			if c.Progress != nil {
				c.Progress(done, total)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	for p := range files.wantedPieces {
		if !bit(good, p) {
			report.BadPieces = append(report.BadPieces, p)
		}
	}
	return report, report.judge(store, spec.Files, files, good)
}

func (c *CheckSpec) storeSpec(files *fileSet) storage.Spec {
	name := c.Meta.Name
	if c.Top != "" {
		name = c.Top
	}
	s := storage.Spec{Dir: c.Dir, Name: name, TotalLength: c.Meta.TotalLength, Ranges: files.ranges(), ReadOnly: true}
	for i, f := range c.Meta.Files {
		p := path.Join(filepath.ToSlash(c.Top), f.SlashPath())
		if !c.Meta.Multi {
			p = name
		}
		s.Files = append(s.Files, storage.File{Path: p, Length: f.Length, Offset: f.Offset, Pad: f.Pad || f.Symlink, Wanted: files.wanted[i]})
	}
	return s
}

// judge finds the bad files.
func (r *CheckReport) judge(store *storage.Store, disk []storage.File, files *fileSet, good []byte) error {
	for i, f := range disk {
		if !files.wanted[i] {
			continue
		}
		st, err := store.Stat(i)
		if err != nil {
			return fmt.Errorf("cannot look at %s: %w", f.Path, err)
		}
		b := BadFile{Index: i, Path: f.Path, Size: st.Size}
		ps := files.pieces(i)
		for p := ps.First; p < ps.End; p++ {
			if bit(good, p) {
				continue
			}
			if b.BadPieces++; p == ps.First || p == ps.End-1 {
				b.share(p, files)
			}
		}
		if b.Problem = problem(st, f.Length, b.BadPieces); b.Problem != "" {
			r.BadFiles = append(r.BadFiles, b)
		}
	}
	return nil
}

// share notes what else piece p spans.
func (b *BadFile) share(p int, files *fileSet) {
	var others []int
	files.of(p, func(i int, _ int64) {
		if i != b.Index && !files.meta.Files[i].Pad {
			others = append(others, i)
		}
	})
	if others != nil {
		b.Shared = append(b.Shared, SharedPiece{p, others})
	}
}

// problem is empty when nothing is wrong.
func problem(st storage.FileState, length int64, badPieces int) Problem {
	switch {
	case st.Kind == storage.Missing:
		return ProblemMissing
	case st.Kind == storage.Part:
		return ProblemUnfinished
	case st.Kind == storage.Conflict && st.Size == 0 && length != 0 || st.Kind == storage.Conflict && st.Size == length:
		return ProblemType
	case st.Size != length:
		return ProblemSize
	case badPieces > 0:
		return ProblemContent
	}
	return ""
}
