package api

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"gotor/cmd/record"
)

// contents serves the bytes of files while they are downloaded and after.
type contents struct {
	session Session
	links   *links
}

// file serves one file (RFC 9110, section 14): whole, a part, or several.
func (c *contents) file(w http.ResponseWriter, r *http.Request) {
	span, p := waitOf(r)
	if p != nil {
		refuse(w, p)
		return
	}
	index, err := strconv.ParseUint(r.PathValue("i"), 10, 31)
	if err != nil {
		refuse(w, record.NewProblem(record.CodeNotFound, "a file is named by its index in the torrent"))
		return
	}
	f, err := openWaiting(r.Context(), c.session, r.PathValue("id"), int(index), span)
	if err != nil {
		refuse(w, record.ProblemOf(err))
		return
	}
	defer f.Close()
	// Conditions are judged before a range is looked at (RFC 9110, section 13.2.2).
	v := version{etag: `"` + f.ETag() + `"`, modified: f.Modified().Truncate(time.Second)}
	h := w.Header()
	h.Set("ETag", v.etag)
	h.Set("Accept-Ranges", "bytes")
	if !v.modified.IsZero() {
		h.Set("Last-Modified", v.modified.UTC().Format(http.TimeFormat))
	}
	switch v.judge(r) {
	case http.StatusNotModified:
		w.WriteHeader(http.StatusNotModified)
		return
	case http.StatusPreconditionFailed:
		refuse(w, record.NewProblem(record.CodeStale, "the file is another one"))
		return
	}
	a, ok := answerTo(r, v, f)
	if !ok {
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", f.Length()))
		p := record.NewProblem(record.CodeInvalid, "range: the file has %d bytes, and an answer at most %d parts", f.Length(), maxRanges)
		p.Status, p.Title = http.StatusRequestedRangeNotSatisfiable, http.StatusText(http.StatusRequestedRangeNotSatisfiable)
		refuse(w, p)
		return
	}
	a.send(w, r, f)
}

// waitOf is how long a request wants to wait for bytes.
func waitOf(r *http.Request) (time.Duration, *record.Problem) {
	text := r.URL.Query().Get("wait")
	if text == "" {
		return defaultWait, nil
	}
	d, ok := parseSpan(text)
	if !ok {
		return 0, badQuery("wait", "a span is like 60s")
	}
	return min(max(d, time.Second), maxWait), nil
}

// typeOf are the headers that say what a browser may do with a file: save it or, if
// that was asked for and it is a harmless type, show it, without any rights of the
// page's origin.
func typeOf(r *http.Request, path string) map[string]string {
	if in := r.URL.Query().Get("inline"); in != "" && in != "0" && in != "false" {
		if kind := mediaType(path); kind != "" {
			return map[string]string{
				"Content-Type": kind, "Content-Disposition": disposition("inline", path),
				"Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'",
			}
		}
	}
	return map[string]string{"Content-Type": typeBytes, "Content-Disposition": disposition("attachment", path)}
}

// parts is what an answer consists of.
type parts struct {
	status int
	header map[string]string
	list   []part
	tail   string
	length int64 // of everything
}

// part is a text, and a range of the file after it.
type part struct {
	text string
	byteRange
}

// answerTo lays out the answer to a request for a file; false: none of the ranges is
// there.
func answerTo(r *http.Request, v version, f Content) (*parts, bool) {
	size := f.Length()
	a := &parts{status: http.StatusOK, header: typeOf(r, f.Path()), list: []part{{"", byteRange{0, size}}}, length: size}
	header := r.Header.Get("Range")
	// If-Range: parts of another file would be put together with what the caller has.
	if header == "" || r.Method != http.MethodGet || !v.ranges(r) {
		return a, true
	}
	ranges, ok := parseRanges(header, size)
	if !ok || len(ranges) == 0 {
		return a, ok
	}
	a.status = http.StatusPartialContent
	// One part stands alone (RFC 9110, section 15.3.7.1): many clients know only that.
	if len(ranges) == 1 {
		a.list[0].byteRange = ranges[0]
		a.length = ranges[0].length
		a.header["Content-Range"] = contentRange(ranges[0], size)
		return a, true
	}
	// A boundary that nobody can guess cannot be in the file on purpose.
	kind, boundary := a.header["Content-Type"], rand.Text()
	a.header["Content-Type"] = typeRanges + "; boundary=" + boundary
	a.list, a.tail = nil, "\r\n--"+boundary+"--\r\n"
	a.length = int64(len(a.tail))
	for _, br := range ranges {
		text := fmt.Sprintf("\r\n--%s\r\nContent-Type: %s\r\nContent-Range: %s\r\n\r\n", boundary, kind, contentRange(br, size))
		a.list = append(a.list, part{text, br})
		a.length += int64(len(text)) + br.length
	}
	return a, true
}

// contentRange says which bytes an answer has; the last one counts.
func contentRange(r byteRange, size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", r.start, r.start+r.length-1, size)
}

// send sends the answer. The first bytes are waited for before it begins, so that
// what keeps them away can be told as a problem; later the connection is cut.
func (a *parts) send(w http.ResponseWriter, r *http.Request, f io.ReadSeeker) {
	// One buffer for each answer, however long it is.
	buf := make([]byte, step)
	var first []byte
	if r.Method == http.MethodGet && a.list[0].length > 0 {
		var err error
		if first, err = firstBytes(f, a.list[0].byteRange, buf); err != nil {
			refuse(w, record.ProblemOf(err))
			return
		}
	}
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	w.Header().Set("Content-Length", strconv.FormatInt(a.length, 10))
	w.WriteHeader(a.status)
	if r.Method != http.MethodGet {
		return
	}
	out := newSteady(w)
	if err := a.write(out, f, first, buf); err != nil {
		out.cut()
	}
	out.end()
}

// firstBytes reads what there is at the beginning of a range.
func firstBytes(f io.ReadSeeker, r byteRange, buf []byte) ([]byte, error) {
	if _, err := f.Seek(r.start, io.SeekStart); err != nil {
		return nil, err
	}
	n, err := io.ReadAtLeast(f, buf[:min(r.length, int64(len(buf)))], 1)
	return buf[:n], err
}

// write writes all parts; first are the bytes of the first range that were read. buf
// may be under them.
func (a *parts) write(w *steady, f io.ReadSeeker, first, buf []byte) error {
	for i, p := range a.list {
		if _, err := io.WriteString(w, p.text); err != nil {
			return err
		}
		if i > 0 {
			if _, err := f.Seek(p.start, io.SeekStart); err != nil {
				return err
			}
		} else if _, err := w.Write(first); err != nil {
			return err
		} else {
			p.length -= int64(len(first))
		}
		if err := copyExactly(w, f, p.length, buf, w.Flush); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, a.tail)
	return err
}

// copyExactly copies n bytes through buf; fewer are an error. When the next bytes may
// be long in coming, those before are flushed.
func copyExactly(w io.Writer, r io.Reader, n int64, buf []byte, flush func() error) error {
	for n > 0 {
		k, err := r.Read(buf[:min(n, int64(len(buf)))])
		if k > 0 {
			if _, err := w.Write(buf[:k]); err != nil {
				return err
			}
			n -= int64(k)
		}
		if err == nil && n > 0 && k < len(buf) {
			err = flush()
		}
		if err != nil && n > 0 {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}
