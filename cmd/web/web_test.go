package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// get asks a handler for a path with headers given as name, value, name, value.
func get(t *testing.T, h http.Handler, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The page and all files that it names are in the binary.
func TestPageIsWhole(t *testing.T) {
	h := Handler()
	page := get(t, h, "/")
	text := body(t, page)
	if page.StatusCode != http.StatusOK || !strings.Contains(text, `<div id="root">`) {
		t.Fatalf("status %d, body %.200q", page.StatusCode, text)
	}
	named := regexp.MustCompile(`(?:src|href)="\./([^"]+)"`).FindAllStringSubmatch(text, -1)
	if len(named) < 3 {
		t.Errorf("the page names %d files, want a script, a style and an icon at least", len(named))
	}
	for _, m := range named {
		r := get(t, h, "/"+m[1])
		if r.StatusCode != http.StatusOK || body(t, r) == "" {
			t.Errorf("%s: status %d", m[1], r.StatusCode)
		}
		if got := r.Header.Get("Cache-Control"); got != forever {
			t.Errorf("%s: Cache-Control %q, want %q", m[1], got, forever)
		}
	}
}

// Nothing that the page itself says may run or load beside its files: there is no script
// and no style in its text, and no address of elsewhere.
func TestPageKeepsItsPolicy(t *testing.T) {
	r := get(t, Handler(), "/")
	p := r.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(p, want) {
			t.Errorf("the policy %q lacks %q", p, want)
		}
	}
	if strings.Contains(p, "unsafe") {
		t.Errorf("the policy %q has something unsafe", p)
	}
	text := body(t, r)
	for _, bad := range []string{"http://", "https://", "<style", "style=", "onload", "<script>"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q in it", bad)
		}
	}
}

func TestEncodings(t *testing.T) {
	h := handler{fstest.MapFS{
		"index.html.br": {Data: []byte("as brotli has it")},
		"index.html.gz": {Data: zipped(t, "plain text")},
	}}
	for _, tt := range []struct{ accept, encoding, body string }{
		{"", "", "plain text"},
		{"deflate, zstd", "", "plain text"},
		{"gzip, deflate", "gzip", string(zipped(t, "plain text"))},
		{"gzip, deflate, br, zstd", "br", "as brotli has it"},
		{"br;q=0, gzip;q=0.5", "gzip", string(zipped(t, "plain text"))},
		{"BR", "br", "as brotli has it"},
		{"gzip;q=0", "", "plain text"},
	} {
		r := get(t, h, "/", "Accept-Encoding", tt.accept)
		if e, b := r.Header.Get("Content-Encoding"), body(t, r); e != tt.encoding || b != tt.body {
			t.Errorf("%q: encoding %q, body %q; want %q, %q", tt.accept, e, b, tt.encoding, tt.body)
		}
		if v := r.Header.Get("Vary"); v != "Accept-Encoding" {
			t.Errorf("%q: Vary %q", tt.accept, v)
		}
	}
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A browser that has the page is told so, for each encoding by itself.
func TestPageIsAskedForAgain(t *testing.T) {
	h := Handler()
	first := get(t, h, "/", "Accept-Encoding", "br")
	if c := first.Header.Get("Cache-Control"); c != askAgain {
		t.Errorf("Cache-Control %q, want %q", c, askAgain)
	}
	tag := first.Header.Get("ETag")
	if r := get(t, h, "/", "Accept-Encoding", "br", "If-None-Match", tag); r.StatusCode != http.StatusNotModified {
		t.Errorf("the same again: status %d, want 304", r.StatusCode)
	}
	if r := get(t, h, "/", "Accept-Encoding", "gzip", "If-None-Match", tag); r.StatusCode != http.StatusOK {
		t.Errorf("by another encoding: status %d, want 200", r.StatusCode)
	}
}

// What the build has left in both encodings is the same: a browser that takes brotli and
// one that takes gzip see one page.
func TestEveryFileIsThereTwice(t *testing.T) {
	count := make(map[string]int)
	err := fs.WalkDir(dist, "dist", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		base, br := strings.CutSuffix(name, ".br")
		base, gz := strings.CutSuffix(base, ".gz")
		if !br && !gz {
			t.Errorf("%s is not compressed", name)
		}
		count[base]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range count {
		if n != 2 {
			t.Errorf("%s is there in %d encodings, want 2", name, n)
		}
	}
}

func TestOtherPathsAreNotFound(t *testing.T) {
	for _, path := range []string{"/index", "/assets/", "/assets/none.js", "/../web.go", "/index.html.br", "/dist/index.html", "//"} {
		if r := get(t, Handler(), path); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, r.StatusCode)
		}
	}
}
