package job

import (
	"archive/tar"
	"io"
	"path"
	"time"

	"gotor/torrent/metainfo"
)

// TarWriter makes a tar archive of a stream that holds the bytes of some files
// one after the other. Content passes through without a copy.
//
// The archive depends on nothing but the info dictionary and the selection, so
// that everybody who downloads the same files gets the same bytes: no times, no
// owners, the torrent's order. That is also why the creation date is left out: it
// is no part of what the info-hash stands for, and a magnet link does not have it.
type TarWriter struct {
	tar   *tar.Writer
	m     *metainfo.Torrent
	top   string // folder of all files; "": none
	files []int  // selected, not begun yet
	left  int64  // of the file that was begun last
	ended bool   // the end marker is written, or cannot be
}

// NewTarWriter takes the selection (nil: all). flat leaves out the torrent's
// folder, as on disk.
func NewTarWriter(w io.Writer, m *metainfo.Torrent, wanted []bool, flat bool) *TarWriter {
	t := &TarWriter{tar: tar.NewWriter(w), m: m}
	if m.Multi && !flat {
		t.top = m.Name
	}
	for i := range m.Files {
		if selectable(&m.Files[i]) && (wanted == nil || wanted[i]) {
			t.files = append(t.files, i)
		}
	}
	return t
}

// Write takes bytes of the files. With the last one it ends the archive.
func (t *TarWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		if err := t.next(); err != nil {
			return n, err
		}
		if t.left == 0 {
			return n, tar.ErrWriteTooLong // more than the files hold; cannot be
		}
		k, err := t.tar.Write(p[:min(int64(len(p)), t.left)])
		n += k
		t.left -= int64(k)
		if err != nil {
			return n, err
		}
		p = p[k:]
	}
	return n, t.End()
}

// next begins files until there is one that lacks bytes: empty ones have none.
func (t *TarWriter) next() error {
	for t.left == 0 && len(t.files) > 0 {
		if err := t.tar.WriteHeader(t.header(t.files[0])); err != nil {
			return err
		}
		t.left = t.m.Files[t.files[0]].Length
		t.files = t.files[1:]
	}
	return nil
}

// End ends the archive if no byte is missing any more. Empty files at the end are
// listed first.
func (t *TarWriter) End() error {
	if t.left > 0 || t.ended {
		return nil
	}
	for _, i := range t.files {
		if t.m.Files[i].Length > 0 {
			return nil
		}
	}
	t.ended = true
	if err := t.next(); err != nil {
		return err
	}
	return t.tar.Close()
}

// header describes file i. Names that USTAR cannot hold, and sizes from 8 GiB on,
// make it a PAX header.
func (t *TarWriter) header(i int) *tar.Header {
	f := &t.m.Files[i]
	h := &tar.Header{Typeflag: tar.TypeReg, Name: path.Join(t.top, f.SlashPath()), Size: f.Length, Mode: 0o644, ModTime: time.Unix(0, 0)}
	if f.Exec {
		h.Mode = 0o755
	}
	return h
}
