package torrent

import (
	"sort"

	"gotor/piece"
	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

// fileSet knows which files a piece touches, and counts for each selected file
// the pieces it still waits for. It belongs to the run goroutine.
type fileSet struct {
	layout *piece.Layout
	files  []metainfo.File
	wanted []bool
	left   []int32 // per file: pieces not verified yet
	open   int     // selected files with left > 0
}

// layoutOf is how the bytes of a torrent are cut into pieces.
func layoutOf(m *metainfo.Torrent) (*piece.Layout, error) {
	return piece.NewLayout(m.TotalLength, m.PieceLength)
}

// digestsOf is what the pieces of a torrent must hash to.
func digestsOf(m *metainfo.Torrent) func(i int) piece.Digest {
	return func(i int) piece.Digest { return piece.SHA1(m.PieceHash(i)) }
}

// newFileSet takes the selection (nil: all).
func newFileSet(l *piece.Layout, m *metainfo.Torrent, wanted []bool) *fileSet {
	s := &fileSet{layout: l, files: m.Files, wanted: selection(m, wanted), left: make([]int32, len(m.Files))}
	for i, f := range m.Files {
		if s.wanted[i] && f.Length > 0 {
			ps := s.pieces(i)
			s.left[i] = int32(ps.End - ps.First)
			s.open++
		}
	}
	return s
}

// selection is what is to be fetched of wanted (nil: all): never padding or links.
func selection(m *metainfo.Torrent, wanted []bool) []bool {
	out := make([]bool, len(m.Files))
	for i, f := range m.Files {
		out[i] = !f.Pad && !f.Symlink && (wanted == nil || i < len(wanted) && wanted[i])
	}
	return out
}

// pieces returns those that file i touches, none if it is empty.
func (s *fileSet) pieces(i int) piece.Span {
	return s.layout.Span(s.files[i].Offset, s.files[i].Length)
}

// wantedPieces yields the pieces that hold bytes of selected files, in order.
func (s *fileSet) wantedPieces(yield func(int) bool) { s.piecesOf(s.wanted, yield) }

// piecesOf is wantedPieces for those of the selected files that chosen marks.
func (s *fileSet) piecesOf(chosen []bool, yield func(int) bool) {
	next := 0 // pieces below are done with
	for i := range s.files {
		if !s.wanted[i] || i >= len(chosen) || !chosen[i] {
			continue
		}
		ps := s.pieces(i)
		for p := max(ps.First, next); p < ps.End; p++ {
			if !yield(p) {
				return
			}
		}
		next = max(next, ps.End)
	}
}

// ranges are the bytes of the wanted pieces, joined; not nil, which would mean
// everything.
func (s *fileSet) ranges() []storage.Range {
	r := []storage.Range{}
	for p := range s.wantedPieces {
		off, n := s.layout.Offset(p), s.layout.PieceLen(p)
		if k := len(r) - 1; k >= 0 && r[k].Off+r[k].Len == off {
			r[k].Len += n
		} else {
			r = append(r, storage.Range{Off: off, Len: n})
		}
	}
	return r
}

// of calls yield for each file that piece p touches, with the number of bytes
// of it that lie in p.
func (s *fileSet) of(p int, yield func(file int, bytes int64)) {
	begin := s.layout.Offset(p)
	end := begin + s.layout.PieceLen(p)
	i := sort.Search(len(s.files), func(i int) bool { return s.files[i].Offset+s.files[i].Length > begin })
	for ; i < len(s.files) && s.files[i].Offset < end; i++ {
		f := &s.files[i]
		if f.Length > 0 {
			yield(i, min(end, f.Offset+f.Length)-max(begin, f.Offset))
		}
	}
}

// wantedIn is how many bytes of piece p belong to selected files.
func (s *fileSet) wantedIn(p int) (n int64) {
	s.of(p, func(file int, bytes int64) {
		if s.wanted[file] {
			n += bytes
		}
	})
	return n
}

// verified counts piece p, and appends the selected files that are complete
// with it to dst. It must be called once per piece, unless lost was since.
func (s *fileSet) verified(p int, dst []int) []int {
	s.of(p, func(file int, _ int64) {
		if !s.wanted[file] {
			return
		}
		if s.left[file]--; s.left[file] == 0 {
			s.open--
			dst = append(dst, file)
		}
	})
	return dst
}

// lost takes back what verified has counted.
func (s *fileSet) lost(p int) {
	s.of(p, func(file int, _ int64) {
		if !s.wanted[file] {
			return
		}
		if s.left[file]++; s.left[file] == 1 {
			s.open++
		}
	})
}

// complete reports whether file i is selected and all its pieces are verified.
func (s *fileSet) complete(i int) bool { return s.wanted[i] && s.left[i] == 0 }

// touched yields the pieces that some of the files have a part in, in order.
func (s *fileSet) touched(files []int, yield func(p int)) {
	next := 0
	for _, i := range files { // sorted, as the pieces are
		ps := s.pieces(i)
		for p := max(ps.First, next); p < ps.End; p++ {
			yield(p)
		}
		next = max(next, ps.End)
	}
}

// empty appends the selected files without bytes to dst.
func (s *fileSet) empty(dst []int) []int {
	for i, f := range s.files {
		if s.wanted[i] && f.Length == 0 {
			dst = append(dst, i)
		}
	}
	return dst
}

// wantedBytes is the length of all selected files.
func (s *fileSet) wantedBytes() (n int64) {
	for i, f := range s.files {
		if s.wanted[i] {
			n += f.Length
		}
	}
	return n
}

// everything reports whether no file with bytes is left out.
func (s *fileSet) everything() bool {
	for i, f := range s.files {
		if !s.wanted[i] && !f.Pad && f.Length > 0 {
			return false
		}
	}
	return true
}
