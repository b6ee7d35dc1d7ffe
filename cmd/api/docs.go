package api

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"embed"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/yaml"
	"github.com/swaggest/swgui/v5/static"

	"gotor/cmd/record"
)

// docsFiles are our own files of the page that shows the description. All others are
// the static files of swgui.
//
//go:embed docs.html docs.js
var docsFiles embed.FS

// docsPolicy: scripts, styles, pictures and connections of our own only; the style
// sheet has pictures in itself.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// description is the OpenAPI description, made when it is first asked for.
type description struct {
	api        huma.API
	log        func(text string)
	once       sync.Once
	json, yaml []byte
}

// mount mounts the description and the page that shows it.
func (d *description) mount(mux *http.ServeMux) {
	mux.HandleFunc("GET "+base+"/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		d.write()
		w.Header().Set("Content-Type", typeJSON)
		_, _ = w.Write(d.json)
	})
	mux.HandleFunc("GET "+base+"/openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		d.write()
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(d.yaml)
	})
	mux.HandleFunc("GET "+base+"/docs/{file...}", serveDocs)
	mux.HandleFunc("GET /docs/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", ".."+base+"/docs/") // http.Redirect would forget a proxy's path
		w.WriteHeader(http.StatusFound)
	})
}

// write writes the description once: nothing of it changes when the server is made.
func (d *description) write() {
	d.once.Do(func() {
		if err := d.encode(); err != nil {
			d.log(err.Error())
		}
	})
}

// encode makes of the description JSON, and YAML of that.
func (d *description) encode() error {
	b, err := json.Marshal(d.api.OpenAPI())
	if err != nil {
		return err
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	if b, err = json.MarshalIndent(spellNulls(v), "", " "); err != nil {
		return err
	}
	d.json = append(b, '\n')
	var text bytes.Buffer
	err = yaml.Convert(&text, bytes.NewReader(d.json))
	d.yaml = text.Bytes()
	return err
}

// serveDocs serves one file of the page.
func serveDocs(w http.ResponseWriter, r *http.Request) {
	name := cmp.Or(r.PathValue("file"), "docs.html")
	kind := map[string]string{".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
		".png": "image/png"}[path.Ext(name)]
	w.Header().Set("Content-Security-Policy", docsPolicy)
	w.Header().Set("Content-Type", kind)
	if b, err := docsFiles.ReadFile(name); err == nil {
		_, _ = w.Write(b)
		return
	}
	if b, err := static.FS.ReadFile(name); err == nil && kind == "image/png" {
		_, _ = w.Write(b)
		return
	}
	// The rest is compressed in the program: most browsers get it as it is.
	f, err := static.FS.Open(name + ".gz")
	if err != nil || kind == "" || strings.Contains(name, "/") {
		refuse(w, record.NewProblem(record.CodeNotFound, "there is nothing at this path"))
		return
	}
	defer f.Close()
	if takesGzip(r.Header.Get("Accept-Encoding")) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.Copy(w, f)
		return
	}
	if z, err := gzip.NewReader(f); err == nil {
		_, _ = io.Copy(w, z) // the bytes are our own
	}
}
