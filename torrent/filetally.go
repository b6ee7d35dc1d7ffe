package torrent

// fileTally counts for each wanted file the pieces that it still waits for. It
// belongs to the run goroutine.
type fileTally struct {
	set  *fileSet
	left []int32 // by file: pieces not verified yet
}

func newFileTally(s *fileSet) *fileTally {
	c := &fileTally{set: s, left: make([]int32, len(s.wanted))}
	for i, f := range s.meta.Files {
		if s.wanted[i] && f.Length > 0 {
			ps := s.pieces(i)
			c.left[i] = int32(ps.End - ps.First)
		}
	}
	return c
}

// verified counts piece p, and appends the selected files that are complete
// with it to dst. It must be called once per piece, unless lost was since.
func (c *fileTally) verified(p int, dst []int) []int {
	c.set.of(p, func(file int, _ int64) {
		if !c.set.wanted[file] {
			return
		}
		if c.left[file]--; c.left[file] == 0 {
			dst = append(dst, file)
		}
	})
	return dst
}

// lost takes back what verified has counted.
func (c *fileTally) lost(p int) {
	c.set.of(p, func(file int, _ int64) {
		if c.set.wanted[file] {
			c.left[file]++
		}
	})
}

// complete reports whether file i is selected and all its pieces are verified.
func (c *fileTally) complete(i int) bool { return c.set.wanted[i] && c.left[i] == 0 }
