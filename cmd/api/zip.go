package api

import (
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
)

// minZip is how long an answer must be to be worth compressing.
const minZip = 4096

// zipper compresses long answers of JSON for whoever takes gzip. Anything else, and
// what comes bit by bit, passes as it is.
type zipper struct {
	quick, small sync.Pool // of *gzip.Writer
}

// largeZip is from where on an answer is made smaller rather than sooner.
const largeZip = 256 << 10

// newZipper makes one. A compressor takes some hundred KiB, and is used again.
func newZipper() *zipper {
	at := func(level int) sync.Pool {
		return sync.Pool{New: func() any {
			w, _ := gzip.NewWriterLevel(io.Discard, level) // the level exists
			return w
		}}
	}
	return &zipper{quick: at(gzip.BestSpeed), small: at(5)}
}

// poolFor are the compressors for an answer of n bytes.
func (z *zipper) poolFor(n int) *sync.Pool {
	if n < largeZip {
		return &z.quick
	}
	return &z.small
}

// wrap compresses the answers of a handler. To HEAD there is nothing to compress.
func (z *zipper) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Also where nothing is compressed: a cache must not give a compressed answer to who
		// does not take it.
		w.Header().Add("Vary", "Accept-Encoding")
		if r.Method == http.MethodHead || !takesGzip(r.Header.Get("Accept-Encoding")) {
			next.ServeHTTP(w, r)
			return
		}
		out := &zipWriter{ResponseWriter: w, zipper: z}
		next.ServeHTTP(out, r)
		out.finish()
	})
}

// takesGzip reads an Accept-Encoding.
func takesGzip(header string) bool {
	for c := range strings.SplitSeq(header, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(c), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q = strings.ReplaceAll(q, " ", "")
			return q != "q=0" && !strings.HasPrefix(q, "q=0.0")
		}
	}
	return false
}

// zipWriter waits with the status until it knows whether the body is compressed.
type zipWriter struct {
	http.ResponseWriter
	zipper *zipper
	status int          // 0: not known yet, or sent
	sent   bool         // the status is
	pool   *sync.Pool   // of zip
	zip    *gzip.Writer // nil: the body passes as it is
}

// Unwrap is for http.ResponseController.
func (w *zipWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader keeps the status of what may be compressed.
func (w *zipWriter) WriteHeader(status int) {
	if w.sent || status < 200 {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	if w.status = status; !isJSON(w.Header().Get("Content-Type")) {
		w.begin()
	}
}

// Write decides with the first piece of the body: JSON is written at once.
func (w *zipWriter) Write(b []byte) (int, error) {
	if !w.sent {
		if h := w.Header(); len(b) >= minZip && isJSON(h.Get("Content-Type")) && h.Get("Content-Encoding") == "" {
			h.Set("Content-Encoding", "gzip")
			h.Del("Content-Length")
			if tag := h.Get("ETag"); strings.HasPrefix(tag, `"`) {
				h.Set("ETag", "W/"+tag) // the same torrent, by other bytes
			}
			w.pool = w.zipper.poolFor(len(b))
			w.zip = w.pool.Get().(*gzip.Writer)
			w.zip.Reset(w.ResponseWriter)
		}
		w.begin()
	}
	if w.zip != nil {
		return w.zip.Write(b)
	}
	return w.ResponseWriter.Write(b)
}

// FlushError is for http.ResponseController: what is flushed comes bit by bit.
func (w *zipWriter) FlushError() error {
	w.begin()
	if w.zip != nil {
		if err := w.zip.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// begin sends the status.
func (w *zipWriter) begin() {
	if w.sent {
		return
	}
	w.sent = true
	if w.status != 0 {
		w.ResponseWriter.WriteHeader(w.status)
	}
}

// finish ends the body.
func (w *zipWriter) finish() {
	w.begin()
	if w.zip == nil {
		return
	}
	// It goes back empty, and holds nothing of the answer.
	_ = w.zip.Close() // the reader is gone
	w.zip.Reset(io.Discard)
	w.pool.Put(w.zip)
}

// isJSON reports whether a Content-Type is that of JSON; problems are short.
func isJSON(header string) bool {
	kind, _, err := mime.ParseMediaType(header)
	return err == nil && kind == typeJSON
}
