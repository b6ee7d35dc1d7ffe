package torrent

import (
	"sort"

	"gotor/piece"
	"gotor/piece/storage"
	"gotor/torrent/metainfo"
)

// fileSet knows which files a piece touches, and which are wanted. Immutable.
type fileSet struct {
	layout *piece.Layout
	meta   *metainfo.Torrent
	wanted []bool // by file
	// apart are pieces that are not wanted although they hold bytes of selected files
	// (survey.wholly), as a bitfield; nil: none.
	apart []byte
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
	return &fileSet{layout: l, meta: m, wanted: selection(m, wanted)}
}

// without is the same set, with other pieces apart.
func (s *fileSet) without(apart []byte) *fileSet {
	c := *s
	c.apart = apart
	return &c
}

// isApart reports whether piece p is one of those.
func (s *fileSet) isApart(p int) bool { return s.apart != nil && bit(s.apart, p) }

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
	return s.layout.Span(s.meta.Files[i].Offset, s.meta.Files[i].Length)
}

// wantedPieces yields the pieces that hold bytes of selected files, in order, but for
// those that are apart.
func (s *fileSet) wantedPieces(yield func(int) bool) { s.piecesOf(s.wanted, yield) }

// piecesOf is wantedPieces for those of the selected files that chosen marks.
func (s *fileSet) piecesOf(chosen []bool, yield func(int) bool) {
	next := 0 // pieces below are done with
	for i := range s.meta.Files {
		if !s.wanted[i] || i >= len(chosen) || !chosen[i] {
			continue
		}
		ps := s.pieces(i)
		for p := max(ps.First, next); p < ps.End; p++ {
			if !s.isApart(p) && !yield(p) {
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
	i := sort.Search(len(s.meta.Files), func(i int) bool { return s.meta.Files[i].Offset+s.meta.Files[i].Length > begin })
	for ; i < len(s.meta.Files) && s.meta.Files[i].Offset < end; i++ {
		f := &s.meta.Files[i]
		if f.Length > 0 {
			yield(i, min(end, f.Offset+f.Length)-max(begin, f.Offset))
		}
	}
}

// wantedIn is how many bytes of piece p belong to selected files.
func (s *fileSet) wantedIn(p int) (n int64) {
	if s.isApart(p) {
		return 0
	}
	s.of(p, func(file int, bytes int64) {
		if s.wanted[file] {
			n += bytes
		}
	})
	return n
}

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
	for i, f := range s.meta.Files {
		if s.wanted[i] && f.Length == 0 {
			dst = append(dst, i)
		}
	}
	return dst
}

// wantedBytes is the length of all selected files, in pieces that are wanted.
func (s *fileSet) wantedBytes() (n int64) {
	if s.apart != nil {
		for p := range s.wantedPieces {
			n += s.wantedIn(p)
		}
		return n
	}
	for i, f := range s.meta.Files {
		if s.wanted[i] {
			n += f.Length
		}
	}
	return n
}

// everything reports whether no file with bytes is left out.
func (s *fileSet) everything() bool {
	for i, f := range s.meta.Files {
		if !s.wanted[i] && !f.Pad && f.Length > 0 {
			return false
		}
	}
	return true
}

// arrange tells a manager how much which pieces are wanted, and in what order.
func (s *fileSet) arrange(m *piece.Manager, by *Selection) {
	priority := s.priorities(by.First, by.Low)
	m.SetPriority(func(i int) piece.Priority { return priority[i] })
	m.SetSequential(by.Sequential)
}

// priorities are those of the pieces: each has that of its most wanted file.
func (s *fileSet) priorities(first, low []bool) []piece.Priority {
	list := make([]piece.Priority, s.layout.Pieces())
	for p := range s.wantedPieces {
		list[p] = piece.Low
	}
	normal := make([]bool, len(s.wanted))
	for i := range normal {
		normal[i] = i >= len(low) || !low[i]
	}
	s.piecesOf(normal, func(p int) bool {
		list[p] = piece.Normal
		return true
	})
	s.piecesOf(first, func(p int) bool {
		list[p] = piece.High
		return true
	})
	return list
}
