package torrent

import (
	"sort"

	"gotor/torrent/metainfo"
)

// fileSet knows which files a piece touches, and counts for each selected file
// the pieces it still waits for. It belongs to the run goroutine.
type fileSet struct {
	files  []metainfo.File
	wanted []bool
	length int64 // bytes per piece
	total  int64
	left   []int32 // per file: pieces not verified yet
	open   int     // selected files with left > 0
}

// newFileSet takes the selection (nil: all); padding and links are never wanted.
func newFileSet(m *metainfo.Torrent, wanted []bool) *fileSet {
	s := &fileSet{files: m.Files, length: m.PieceLength, total: m.TotalLength,
		wanted: make([]bool, len(m.Files)), left: make([]int32, len(m.Files))}
	for i, f := range m.Files {
		s.wanted[i] = !f.Pad && !f.Symlink && (wanted == nil || i < len(wanted) && wanted[i])
		if s.wanted[i] && f.Length > 0 {
			first, last := s.pieces(i)
			s.left[i] = int32(last - first + 1)
			s.open++
		}
	}
	return s
}

// pieces returns the first and last piece that file i touches; i is not empty.
func (s *fileSet) pieces(i int) (first, last int) {
	f := &s.files[i]
	return int(f.Offset / s.length), int((f.Offset + f.Length - 1) / s.length)
}

// wantedPieces yields the pieces that hold bytes of selected files, in order.
func (s *fileSet) wantedPieces(yield func(int) bool) { s.piecesOf(s.wanted, yield) }

// piecesOf is wantedPieces for those of the selected files that chosen marks.
func (s *fileSet) piecesOf(chosen []bool, yield func(int) bool) {
	next := 0 // pieces below are done with
	for i, f := range s.files {
		if !s.wanted[i] || i >= len(chosen) || !chosen[i] || f.Length == 0 {
			continue
		}
		first, last := s.pieces(i)
		for p := max(first, next); p <= last; p++ {
			if !yield(p) {
				return
			}
		}
		next = max(next, last+1)
	}
}

// of calls yield for each file that piece p touches, with the number of bytes
// of it that lie in p.
func (s *fileSet) of(p int, yield func(file int, bytes int64)) {
	begin := int64(p) * s.length
	end := min(begin+s.length, s.total)
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
		if s.files[i].Length == 0 {
			continue
		}
		first, last := s.pieces(i)
		for p := max(first, next); p <= last; p++ {
			yield(p)
		}
		next = max(next, last+1)
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
