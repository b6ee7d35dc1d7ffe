package storage

import (
	"errors"
	"io"
	"os"
)

// fill copies to a new side file what sources have of its ranges.
func (x *sideIndex) fill(f *os.File, sources ...*sideReader) error {
	for i, r := range x.ranges {
		to := io.NewOffsetWriter(f, x.pos[i])
		for _, src := range sources {
			if err := src.copyTo(to, r, r.Off); err != nil {
				return err
			}
		}
	}
	return nil
}

// partWriter writes to the .part file of a file.
type partWriter struct {
	files *files
	f     *file
}

// WriteAt writes p at offset off of the file.
func (w *partWriter) WriteAt(p []byte, off int64) (int, error) {
	h, err := w.files.openWrite(w.f, false)
	if h == nil {
		return len(p), err
	}
	defer w.files.cache.release(h)
	w.files.markDirty(w.f)
	n, err := h.f.WriteAt(p, off)
	return n, pathError("write", w.f.path()+partSuffix, err)
}

// sideReader reads a side file by torrent offsets.
type sideReader struct {
	r     io.ReaderAt
	index *sideIndex
}

// copyTo copies what the side file has of a range to dst, where the torrent's
// byte base has offset 0. Blocks of zeros are taken for holes and left out.
func (sr *sideReader) copyTo(dst io.WriterAt, r Range, base int64) error {
	buf := make([]byte, 64<<10)
	for _, c := range intersect(sr.index.ranges, []Range{r}) {
		for c.Len > 0 {
			pos, _ := sr.index.locate(c.Off)
			p := buf[:min(c.Len, int64(len(buf)))]
			n, err := sr.r.ReadAt(p, pos)
			if n == 0 {
				return ignoreEOF(err) // never written
			}
			if !allZero(p[:n]) {
				if _, err := dst.WriteAt(p[:n], c.Off-base); err != nil {
					return err
				}
			}
			c.Off, c.Len = c.Off+int64(n), c.Len-int64(n)
		}
	}
	return nil
}

// allZero reports whether p holds nothing but zeros.
func allZero(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}

// ignoreEOF turns the end of a file into no error.
func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
