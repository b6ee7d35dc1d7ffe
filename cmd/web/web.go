// Package web is the page of a daemon: what npm run build makes of the sources beside
// it, in the binary. It knows nothing of torrents; the page asks the API.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// dist has each file of the page twice: by brotli, and by gzip for browsers on plain
// HTTP, which do not take brotli there.
//
//go:embed all:dist
var dist embed.FS

// policy: scripts, styles, pictures, sound and connections of our own only, nothing that
// stands in the text of the page, and nobody frames it. Pictures may be made by the page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const (
	// The name of a file below assets changes with what is in it.
	forever = "public, max-age=31536000, immutable"
	// For index.html, which names the others, a browser asks each time.
	askAgain = "no-cache"
)

// Handler answers GET and HEAD for the page, which is the same for everybody.
func Handler() http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a constant
	}
	return handler{files}
}

// handler serves files that lie compressed.
type handler struct{ files fs.FS }

// ServeHTTP implements http.Handler. The places in the page are behind the # of an
// address, so that / is the only path beside those of its files.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	kind := kindOf(name)
	encoding := encodingFor(r.Header.Get("Accept-Encoding"))
	body, err := h.read(name, encoding)
	if err != nil || kind == "" {
		http.Error(w, "there is nothing at this path", http.StatusNotFound)
		return
	}
	set := w.Header()
	set.Set("Content-Security-Policy", policy)
	set.Set("Content-Type", kind)
	set.Set("Cache-Control", askAgain)
	if strings.HasPrefix(name, "assets/") {
		set.Set("Cache-Control", forever)
	}
	if encoding != "" {
		set.Set("Content-Encoding", encoding)
	}
	if !slices.Contains(set.Values("Vary"), "Accept-Encoding") {
		set.Add("Vary", "Accept-Encoding")
	}
	sum := sha256.Sum256(body)
	set.Set("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body)) // it knows If-None-Match
}

// read is a file as it is sent with an encoding; "": as it is.
func (h handler) read(name, encoding string) ([]byte, error) {
	switch encoding {
	case "br":
		return fs.ReadFile(h.files, name+".br")
	case "gzip":
		return fs.ReadFile(h.files, name+".gz")
	}
	f, err := h.files.Open(name + ".gz")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z) // of our own making
}

// kindOf is the media type of a file that a build makes; "": it makes no such files.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	}
	return ""
}

// encodingFor is the best that an Accept-Encoding takes of what there is; "": none.
func encodingFor(header string) string {
	taken := make(map[string]bool)
	for c := range strings.SplitSeq(strings.ToLower(header), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(c), ";")
		q = strings.ReplaceAll(q, " ", "")
		taken[strings.TrimSpace(name)] = q != "q=0" && !strings.HasPrefix(q, "q=0.0")
	}
	for _, name := range []string{"br", "gzip"} {
		if taken[name] {
			return name
		}
	}
	return ""
}
