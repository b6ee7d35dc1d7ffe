package job

import (
	"crypto/sha256"
	"hash"
	"io"

	"gotor/torrent/metainfo"
)

// SumWriter passes the stream of -o - on and hashes the files in it that a
// digest is expected of.
type SumWriter struct {
	w     io.Writer
	m     *metainfo.Torrent
	want  map[int][32]byte
	order []int     // selected files with bytes
	left  int64     // of order[0]
	h     hash.Hash // nil: order[0] is not checked
	err   error     // the first mismatch
}

// NewSumWriter makes one for the selected files of m (nil: all) that passes on to w.
// want has the digests, by index.
func NewSumWriter(w io.Writer, m *metainfo.Torrent, wanted []bool, want map[int][32]byte) *SumWriter {
	s := &SumWriter{w: w, m: m, want: want}
	for i := range m.Files {
		f := &m.Files[i]
		if f.Pad || f.Symlink || wanted != nil && !wanted[i] {
			continue
		}
		if f.Length > 0 {
			s.order = append(s.order, i)
			continue
		}
		if digest, ok := want[i]; ok {
			s.fail(compareSum(m, i, sha256.Sum256(nil), digest))
		}
	}
	s.open()
	return s
}

// open begins the next file.
func (s *SumWriter) open() {
	s.h = nil
	if len(s.order) == 0 {
		return
	}
	s.left = s.m.Files[s.order[0]].Length
	if _, ok := s.want[s.order[0]]; ok {
		s.h = sha256.New()
	}
}

func (s *SumWriter) Write(p []byte) (int, error) {
	// Hashed is what was written, also when the reader goes away in the middle.
	n, err := s.w.Write(p)
	for b := p[:n]; len(b) > 0 && len(s.order) > 0; {
		k := min(int64(len(b)), s.left)
		if s.h != nil {
			s.h.Write(b[:k])
		}
		b = b[k:]
		if s.left -= k; s.left > 0 {
			break
		}
		if s.h != nil {
			i := s.order[0]
			s.fail(compareSum(s.m, i, [32]byte(s.h.Sum(nil)), s.want[i]))
		}
		s.order = s.order[1:]
		s.open()
	}
	return n, err
}

func (s *SumWriter) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// Check returns the first mismatch, once everything was written.
func (s *SumWriter) Check() error { return s.err }
