package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gotor/cmd/record"
)

// toyFile is a file of which a part may be missing yet.
type toyFile struct {
	path string
	data []byte

	mu      sync.Mutex
	here    int64         // the bytes before it are here
	changed chan struct{} // closed when more is
	broken  error         // what reads of the rest end with
	open    int           // how often it is open now
}

func newToyFile(path string, data []byte) *toyFile {
	return &toyFile{path: path, data: data, here: int64(len(data)), changed: make(chan struct{})}
}

// arrive sets how much is here, or what ends all waiting.
func (f *toyFile) arrive(here int64, broken error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.here, f.broken = here, broken
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *toyFile) opened() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open
}

// toyContent is an open toyFile.
type toyContent struct {
	*toyFile
	ctx context.Context
	at  int64
}

func (c *toyContent) Read(p []byte) (int, error) {
	for {
		c.mu.Lock()
		here, changed, broken := c.here, c.changed, c.broken
		c.mu.Unlock()
		switch {
		case c.at >= int64(len(c.data)):
			return 0, io.EOF
		case c.at < here:
			n := copy(p, c.data[c.at:here])
			c.at += int64(n)
			return n, nil
		case broken != nil:
			return 0, broken
		}
		select {
		case <-changed:
		case <-c.ctx.Done():
			return 0, c.ctx.Err()
		}
	}
}

func (c *toyContent) Seek(offset int64, whence int) (int64, error) {
	if whence != io.SeekStart {
		return 0, errors.New("only from the start")
	}
	c.at = offset
	return offset, nil
}

func (c *toyContent) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	return nil
}

func (c *toyContent) Path() string        { return c.path }
func (c *toyContent) Length() int64       { return int64(len(c.data)) }
func (c *toyContent) ETag() string        { return "abc-0" }
func (c *toyContent) Modified() time.Time { return toyModified() }

func toyModified() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC) }

// toyFiles is a session with the files of one torrent.
type toyFiles struct {
	Session
	torrent record.Torrent
	files   []*toyFile
}

func (s *toyFiles) Open(ctx context.Context, id string, file int) (Content, error) {
	if id != s.torrent.ID || file >= len(s.files) {
		return nil, record.NewProblem(record.CodeNotFound, "no file %d of %s", file, id)
	}
	f := s.files[file]
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open++
	return &toyContent{toyFile: f, ctx: ctx}, nil
}

func (s *toyFiles) Torrent(id string) (*record.Torrent, error) {
	if id != s.torrent.ID {
		return nil, record.NewProblem(record.CodeNotFound, "no torrent %s", id)
	}
	return &s.torrent, nil
}

func (s *toyFiles) Select(id, files string) (list []record.TorrentFile, err error) {
	if _, err := s.Torrent(id); err != nil {
		return nil, err
	}
	for i, f := range s.files {
		if files == "" || strings.Contains(files, fmt.Sprint(i)) {
			list = append(list, record.TorrentFile{Index: i, Path: f.path, Length: int64(len(f.data)), Executable: strings.HasSuffix(f.path, ".sh")})
		}
	}
	return list, nil
}

// serveToy makes handlers over some files.
func serveToy(files ...*toyFile) (*toyFiles, http.Handler, *links) {
	s := &toyFiles{torrent: record.Torrent{ID: id(1)}, files: files}
	l := &links{key: func() (k [32]byte) { k[0] = 7; return k }, now: time.Now}
	c := &contents{session: s, links: l}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"/torrents/{id}/files/{i}/content", c.file)
	mux.HandleFunc("GET "+base+"/torrents/{id}/archive.tar", c.archive)
	mux.HandleFunc("GET "+base+"/torrents/{id}/playlist.m3u8", c.playlist)
	return s, mux, l
}

// ask sends a request to a handler; headers are pairs.
func ask(h http.Handler, method, url string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func contentURL(file int) string {
	return fmt.Sprintf("http://localhost%s/torrents/%s/files/%d/content", base, id(1), file)
}

// noise is bytes that are all different from their neighbours'.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestContentRanges(t *testing.T) {
	data := noise(200_000)
	_, h, _ := serveToy(newToyFile("film.mkv", data), newToyFile("empty", nil))
	tests := []struct {
		header string
		status int
		part   string // of Content-Range
		want   []byte
	}{
		{"", 200, "", data},
		{"bytes=0-", 206, "bytes 0-199999/200000", data},
		{"bytes=0-0", 206, "bytes 0-0/200000", data[:1]},
		{"bytes=70000-140000", 206, "bytes 70000-140000/200000", data[70000:140001]},
		{"Bytes = 5-6", 206, "bytes 5-6/200000", data[5:7]},
		{"bytes=199999-400000", 206, "bytes 199999-199999/200000", data[199999:]},
		{"bytes=-1", 206, "bytes 199999-199999/200000", data[199999:]},
		{"bytes=-999999999999999999999", 206, "bytes 0-199999/200000", data},
		{"bytes=200000-", 416, "bytes */200000", nil},
		{"bytes=-0", 416, "bytes */200000", nil},
		{"bytes=6-5", 416, "bytes */200000", nil},
		{"bytes=x-5", 416, "bytes */200000", nil},
		{"bytes=+1-5", 416, "bytes */200000", nil},
		{"bytes=", 416, "bytes */200000", nil},
		{"bytes=1", 416, "bytes */200000", nil},
		{"bytes=" + strings.Repeat("1-1,", maxRanges+1), 416, "bytes */200000", nil},
		{"bytes=0-199999,0-199999", 200, "", data}, // more than the whole
		{"lines=1-2", 200, "", data},
		{"bytes", 200, "", data},
	}
	for _, tt := range tests {
		w := ask(h, "GET", contentURL(0), "Range", tt.header)
		if w.Code != tt.status || w.Header().Get("Content-Range") != tt.part {
			t.Errorf("%q: %d %q, want %d %q", tt.header, w.Code, w.Header().Get("Content-Range"), tt.status, tt.part)
		}
		if tt.want != nil && (!bytes.Equal(w.Body.Bytes(), tt.want) || w.Header().Get("Content-Length") != fmt.Sprint(len(tt.want))) {
			t.Errorf("%q: other bytes, or Content-Length %s", tt.header, w.Header().Get("Content-Length"))
		}
		if tt.want == nil && w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%q: no problem: %s", tt.header, w.Body)
		}
	}
	if w := ask(h, "GET", contentURL(1), "Range", "bytes=0-"); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("an empty file: %d", w.Code)
	}
	w := ask(h, "HEAD", contentURL(0), "Range", "bytes=0-0")
	if w.Code != 200 || w.Header().Get("Content-Length") != "200000" || w.Body.Len() != 0 || w.Header().Get("Accept-Ranges") != "bytes" {
		t.Errorf("HEAD: %d %v", w.Code, w.Header())
	}
}

// Whatever is asked for, the answer is that of net/http, but that ranges are bounded.
func TestContentLikeServeContent(t *testing.T) {
	data := noise(1000)
	_, h, _ := serveToy(newToyFile("a", data))
	r := rand.New(rand.NewPCG(1, 2))
	number := func() string {
		return []string{"", "0", "1", "999", "1000", "5000", fmt.Sprint(r.IntN(1100))}[r.IntN(7)]
	}
	for range 5000 {
		var specs []string
		for range 1 + r.IntN(3) {
			spec := number() + "-" + number()
			if spec == "-0" { // RFC 9110 calls it unsatisfiable; net/http answers with an empty range
				spec = "-1"
			}
			specs = append(specs, spec)
		}
		header := "bytes=" + strings.Join(specs, ",")
		got := ask(h, "GET", contentURL(0), "Range", header)
		want := ask(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/octet-stream")
			http.ServeContent(w, r, "a", time.Time{}, bytes.NewReader(data))
		}), "GET", contentURL(0), "Range", header)
		gotParts, wantParts := partsOf(t, got), partsOf(t, want)
		if got.Code != want.Code || gotParts != wantParts {
			t.Fatalf("%s: %d, want %d\n%.300q\n%.300q", header, got.Code, want.Code, gotParts, wantParts)
		}
	}
}

// partsOf is the body of an answer with the ranges of its parts; of a problem, "".
func partsOf(t *testing.T, w *httptest.ResponseRecorder) string {
	if w.Code >= 400 {
		return ""
	}
	kind, params, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "multipart/byteranges" {
		return w.Header().Get("Content-Range") + "\n" + w.Body.String()
	}
	if n := w.Header().Get("Content-Length"); n != fmt.Sprint(w.Body.Len()) {
		t.Fatalf("Content-Length %s, and %d bytes", n, w.Body.Len())
	}
	var all strings.Builder
	mr := multipart.NewReader(w.Body, params["boundary"])
	for {
		p, err := mr.NextPart()
		if err == io.EOF {
			return all.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s %s\n%s\n", p.Header.Get("Content-Range"), p.Header.Get("Content-Type"), b)
	}
}

func TestContentConditions(t *testing.T) {
	_, h, _ := serveToy(newToyFile("a", noise(10)))
	const tag = `"abc-0"`
	modified := toyModified().Format(http.TimeFormat)
	before, after := toyModified().Add(-time.Hour).Format(http.TimeFormat), toyModified().Add(time.Hour).Format(http.TimeFormat)
	for _, tt := range []struct {
		status  int
		headers []string
	}{
		{304, []string{"If-None-Match", tag}},
		{304, []string{"If-None-Match", `"x", W/"abc-0"`}},
		{304, []string{"If-None-Match", "*"}},
		{304, []string{"If-None-Match", tag, "Range", "bytes=99-"}}, // conditions come first
		{200, []string{"If-None-Match", `"x"`}},
		{200, []string{"If-None-Match", `"x"`, "If-Modified-Since", modified}},
		{304, []string{"If-Modified-Since", modified}},
		{200, []string{"If-Modified-Since", before}},
		{200, []string{"If-Modified-Since", "yesterday"}},
		{200, []string{"If-Match", tag}},
		{200, []string{"If-Match", "*"}},
		{412, []string{"If-Match", `"x"`}},
		{412, []string{"If-Match", `W/"abc-0"`}},
		{412, []string{"If-Unmodified-Since", before}},
		{200, []string{"If-Unmodified-Since", after}},
		{206, []string{"Range", "bytes=1-2", "If-Range", tag}},
		{200, []string{"Range", "bytes=1-2", "If-Range", `"x"`}},
		{200, []string{"Range", "bytes=1-2", "If-Range", `W/"abc-0"`}},
		{206, []string{"Range", "bytes=1-2", "If-Range", modified}},
		{200, []string{"Range", "bytes=1-2", "If-Range", after}},
		{200, []string{"Range", "bytes=99-", "If-Range", `"x"`}},
	} {
		w := ask(h, "GET", contentURL(0), tt.headers...)
		if w.Code != tt.status || tt.status < 400 && w.Header().Get("ETag") != tag {
			t.Errorf("%q: %d, want %d", tt.headers, w.Code, tt.status)
		}
	}
}

func TestContentTypes(t *testing.T) {
	_, h, _ := serveToy(newToyFile("a/b/film.MKV", []byte("x")), newToyFile("page.html", []byte("x")), newToyFile("logo.svg", []byte("x")), newToyFile("a.jpg", []byte("x")))
	for i, want := range []string{"video/x-matroska", "", "", "image/jpeg"} {
		w := ask(h, "GET", contentURL(i)+"?inline=1")
		kind, policy, how := w.Header().Get("Content-Type"), w.Header().Get("Content-Security-Policy"), w.Header().Get("Content-Disposition")
		switch {
		case want == "" && (kind != "application/octet-stream" || !strings.HasPrefix(how, "attachment;")):
			t.Errorf("file %d: %s, %s", i, kind, how)
		case want != "" && (kind != want || !strings.HasPrefix(policy, "sandbox;") || !strings.HasPrefix(how, "inline;")):
			t.Errorf("file %d: %s, %s, %s", i, kind, policy, how)
		}
		w = ask(h, "GET", contentURL(i))
		if kind, how := w.Header().Get("Content-Type"), w.Header().Get("Content-Disposition"); kind != "application/octet-stream" || !strings.HasPrefix(how, "attachment;") {
			t.Errorf("file %d, not inline: %s, %s", i, kind, how)
		}
	}
}

func TestDisposition(t *testing.T) {
	for name, want := range map[string]string{
		"plain.iso":           "plain.iso",
		"dir/plain.iso":       "plain.iso",
		`quo"te.iso`:          `quo"te.iso`,
		"100%.iso":            "100%.iso",
		"a b;c=d.iso":         "a b;c=d.iso",
		"Grüße 日本.iso":        "Grüße 日本.iso",
		"line\r\nbreak":       `line_r_nbreak`,
		"\u202egnp.exe":       "_u202egnp.exe",
		`c:\windows\evil.exe`: "c:_windows_evil.exe",
	} {
		got := disposition("attachment", name)
		if strings.ContainsAny(got, "\r\n") {
			t.Errorf("%q: a line end in %q", name, got)
		}
		_, params, err := mime.ParseMediaType(strings.Replace(got, `filename="`, `plain="`, 1))
		if err != nil || params["filename"] != want {
			t.Errorf("%q: %q in %s: %v", name, params["filename"], got, err)
		}
		if plain := params["plain"]; len(plain) == 0 || strings.ContainsFunc(plain, func(r rune) bool { return r > '~' }) {
			t.Errorf("%q: in ASCII it is %q", name, plain)
		}
	}
}

func TestContentUnknown(t *testing.T) {
	_, h, _ := serveToy(newToyFile("a", nil))
	for url, status := range map[string]int{
		contentURL(7): 404,
		strings.Replace(contentURL(0), "/0/", "/x/", 1):  404,
		strings.Replace(contentURL(0), "/0/", "/-1/", 1): 404,
		strings.Replace(contentURL(0), id(1), id(2), 1):  404,
		contentURL(0) + "?wait=soon":                     422,
	} {
		if w := ask(h, "GET", url); w.Code != status || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d", url, w.Code)
		}
	}
}

// inBubble serves a file of n bytes over pipes in a bubble.
func inBubble(t *testing.T, n int, test func(t *testing.T, f *toyFile, p *pipes, c *http.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newToyFile("a", noise(n))
		_, h, _ := serveToy(f)
		p, c := servePipes(t, h)
		test(t, f, p, c)
		synctest.Wait()
		if n := f.opened(); n != 0 {
			t.Errorf("%d readers are left open", n)
		}
	})
}

func TestContentWaits(t *testing.T) {
	inBubble(t, 300_000, func(t *testing.T, f *toyFile, _ *pipes, c *http.Client) {
		f.arrive(0, nil)
		go func() {
			for n := int64(0); n <= 300_000; n += 50_000 {
				time.Sleep(50 * time.Second) // each within the wait, all of them far beyond
				f.arrive(n, nil)
			}
		}()
		resp, err := c.Get(contentURL(0) + "?wait=101s")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, f.data) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}

func TestContentDoesNotCome(t *testing.T) {
	inBubble(t, 1000, func(t *testing.T, f *toyFile, _ *pipes, c *http.Client) {
		f.arrive(100, nil)
		begin := time.Now()
		req, _ := http.NewRequest("GET", contentURL(0)+"?wait=5s", nil)
		req.Header.Set("Range", "bytes=200-300")
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 503 || time.Since(begin) != 5*time.Second || resp.ContentLength == 101 {
			t.Errorf("nothing to tell yet: %s after %v", resp.Status, time.Since(begin))
		}
		// The first bytes are here: the answer has begun, and can only be cut.
		resp, err = c.Get(contentURL(0) + "?wait=5s")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if len(got) != 100 || err == nil {
			t.Errorf("a file that stops after 100 bytes: %d bytes, %v", len(got), err)
		}
		f.arrive(100, record.NewProblem(record.CodeConflict, "the torrent is paused"))
		req.Header.Set("Range", "bytes=100-")
		if resp, err = c.Do(req); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 409 {
			t.Errorf("a paused torrent: %s", resp.Status)
		}
	})
}

// Who goes away while bytes are waited for leaves nothing behind.
func TestContentReaderLeaves(t *testing.T) {
	inBubble(t, 1000, func(t *testing.T, f *toyFile, _ *pipes, c *http.Client) {
		f.arrive(0, nil)
		ctx, cancel := context.WithCancel(t.Context())
		req, _ := http.NewRequestWithContext(ctx, "GET", contentURL(0)+"?wait=1h", nil)
		failed := make(chan error)
		go func() {
			_, err := c.Do(req)
			failed <- err
		}()
		synctest.Wait()
		if f.opened() != 1 {
			t.Fatal("nobody reads")
		}
		cancel()
		if err := <-failed; err == nil {
			t.Error("an answer")
		}
		begin := time.Now()
		synctest.Wait()
		if f.opened() != 0 || time.Since(begin) > 0 {
			t.Error("the file is still open")
		}
	})
}

// Who does not take what was asked for is let go; who takes it slowly is not.
func TestContentStuckReader(t *testing.T) {
	inBubble(t, 1<<20, func(t *testing.T, f *toyFile, p *pipes, _ *http.Client) {
		conn, err := p.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", strings.TrimPrefix(contentURL(0), "http://localhost"))
		buf := make([]byte, step)
		for range 8 { // slowly
			if _, err := io.ReadFull(conn, buf); err != nil {
				t.Fatal(err)
			}
			time.Sleep(patience - time.Second)
		}
		if f.opened() != 1 {
			t.Fatal("a slow reader was let go")
		}
		time.Sleep(2 * patience)
		synctest.Wait()
		if f.opened() != 0 {
			t.Error("a reader that hangs is still served")
		}
	})
}

// After an answer the connection serves others, however late they come.
func TestContentKeepsConnection(t *testing.T) {
	inBubble(t, 1000, func(t *testing.T, f *toyFile, p *pipes, c *http.Client) {
		for range 3 {
			resp, err := c.Get(contentURL(0))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, f.data) {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
			resp.Body.Close()
			time.Sleep(10 * patience)
			p.Close() // no more connections
		}
	})
}
