package api

import (
	"archive/tar"
	"context"
	"io"
	"net/http"
	"path"
	"path/filepath"
	"strconv"
	"time"

	"gotor/cmd/record"
)

// archive serves files of a torrent as one tar archive: the bytes that get --tar
// would write, verified, in the torrent's order. Its length is known before.
func (c *contents) archive(w http.ResponseWriter, r *http.Request) {
	span, p := waitOf(r)
	if p != nil {
		refuse(w, p)
		return
	}
	id := r.PathValue("id")
	t, err := c.session.Torrent(id)
	if err != nil {
		refuse(w, record.ProblemOf(err))
		return
	}
	files, err := c.session.Select(id, r.URL.Query().Get("files"))
	if err != nil {
		refuse(w, record.ProblemOf(err))
		return
	}
	a := tarball{top: topOf(t), files: files}
	length, err := a.length()
	if err != nil {
		refuse(w, record.ProblemOf(err))
		return
	}
	// One file is open at a time: a torrent may have more than there are descriptors.
	open := func(file int) (io.ReadCloser, error) { return c.open(r.Context(), id, file, span) }
	first, err := a.first(r.Method, open)
	if err != nil {
		refuse(w, record.ProblemOf(err))
		return
	}
	name := a.top
	if name == "" && len(files) > 0 {
		name = path.Base(files[0].Path)
	}
	h := w.Header()
	h.Set("Content-Type", typeTar)
	h.Set("Content-Disposition", disposition("attachment", name+".tar"))
	// With a length whoever unpacks it sees that the connection was cut.
	h.Set("Content-Length", strconv.FormatInt(length, 10))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodGet {
		return
	}
	out := newSteady(w)
	if a.write(out, first, open) != nil {
		out.cut()
	}
	out.end()
}

// open opens a file whose first byte is here.
func (c *contents) open(ctx context.Context, id string, file int, span time.Duration) (io.ReadCloser, error) {
	return openWaiting(ctx, c.session, id, file, span)
}

// topOf is the folder that all files of an archive lie in; empty: none.
func topOf(t *record.Torrent) string {
	if t.Folder == "" {
		return ""
	}
	return path.Base(filepath.ToSlash(t.Folder))
}

// tarball is an archive of some files. It depends on the torrent and the selection
// alone: no times and no owners, as with get --tar.
type tarball struct {
	top   string
	files []record.TorrentFile
}

// header is that of a file. There is no owner and no time in it: the same files make
// the same bytes on every machine.
func (a *tarball) header(f *record.TorrentFile) *tar.Header {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: path.Join(a.top, f.Path), Size: f.Length, Mode: 0o644, ModTime: time.Unix(0, 0)}
	if f.Executable {
		h.Mode = 0o755
	}
	return h
}

const tarBlock = 512

// length is that of the whole archive.
func (a *tarball) length() (int64, error) {
	total := int64(2 * tarBlock) // the end
	for i := range a.files {
		var head counter
		if err := tar.NewWriter(&head).WriteHeader(a.header(&a.files[i])); err != nil {
			return 0, record.NewProblem(record.CodeInvalid, "%q cannot be in an archive: %v", a.files[i].Path, err)
		}
		total += int64(head) + (a.files[i].Length+tarBlock-1)/tarBlock*tarBlock
	}
	return total, nil
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// first opens the first file that has bytes, and waits for one of them, so that what
// keeps them away can still be told as a problem. nil: there is none, or nobody wants
// to read it.
func (a *tarball) first(method string, open func(int) (io.ReadCloser, error)) (*begun, error) {
	if method != http.MethodGet {
		return nil, nil
	}
	for i := range a.files {
		if a.files[i].Length == 0 {
			continue
		}
		f, err := open(a.files[i].Index)
		if err != nil {
			return nil, err
		}
		b := &begun{ReadCloser: f}
		if _, err := io.ReadFull(f, b.head[:]); err != nil {
			f.Close()
			return nil, err
		}
		return b, nil
	}
	return nil, nil
}

// begun is an open file of which one byte was read.
type begun struct {
	io.ReadCloser
	head  [1]byte
	given bool
}

// Read implements io.Reader.
func (b *begun) Read(p []byte) (int, error) {
	if b.given || len(p) == 0 {
		return b.ReadCloser.Read(p)
	}
	b.given = true
	return copy(p, b.head[:]), nil
}

// write writes the archive. It closes first, which is that of the first file that has
// bytes.
func (a *tarball) write(w *steady, first *begun, open func(int) (io.ReadCloser, error)) error {
	if first != nil {
		defer first.Close()
	}
	to := tar.NewWriter(w)
	buf := make([]byte, step)
	for i := range a.files {
		f := &a.files[i]
		if err := to.WriteHeader(a.header(f)); err != nil {
			return err
		}
		if f.Length == 0 {
			continue
		}
		if first != nil {
			err := copyExactly(to, first, f.Length, buf, w.Flush)
			if first = nil; err != nil {
				return err
			}
			continue
		}
		if err := copyFile(to, f, open, buf, w.Flush); err != nil {
			return err
		}
	}
	return to.Close()
}

// copyFile writes the bytes of one file, which it opens for that.
func copyFile(to io.Writer, f *record.TorrentFile, open func(int) (io.ReadCloser, error), buf []byte, flush func() error) error {
	from, err := open(f.Index)
	if err != nil {
		return err
	}
	defer from.Close()
	return copyExactly(to, from, f.Length, buf, flush)
}
