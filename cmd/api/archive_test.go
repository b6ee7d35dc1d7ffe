package api

import (
	"archive/tar"
	"bytes"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func tarURL() string { return "http://localhost" + base + "/torrents/" + id(1) + "/archive.tar" }

func TestArchive(t *testing.T) {
	long := strings.Repeat("long/", 60) + "name.txt"
	files := []*toyFile{
		newToyFile("a.sh", noise(100)), newToyFile("empty", nil), newToyFile("sub/b", noise(70_000)),
		newToyFile(long, noise(512)), newToyFile("日本", noise(1)), newToyFile("last", nil),
	}
	s, h, _ := serveToy(files...)
	for _, folder := range []string{"", "The Folder", "artist/album"} {
		s.torrent.Folder = folder
		w := ask(h, "GET", tarURL())
		if w.Code != 200 || w.Header().Get("Content-Type") != "application/x-tar" {
			t.Fatalf("%d: %s", w.Code, w.Body)
		}
		checkLength(t, w)
		top := folder[strings.LastIndex(folder, "/")+1:]
		if top != "" {
			top += "/"
		}
		tr := tar.NewReader(w.Body)
		for _, f := range files {
			head, err := tr.Next()
			if err != nil {
				t.Fatal(err)
			}
			mode := int64(0o644)
			if f.path == "a.sh" {
				mode = 0o755
			}
			if head.Name != top+f.path || head.Mode != mode || !head.ModTime.Equal(time.Unix(0, 0)) {
				t.Errorf("%q with mode %o of %v, want %q", head.Name, head.Mode, head.ModTime, top+f.path)
			}
			if got, err := io.ReadAll(tr); err != nil || !bytes.Equal(got, f.data) {
				t.Errorf("%q has other bytes: %v", head.Name, err)
			}
		}
		if _, err := tr.Next(); err != io.EOF {
			t.Errorf("after the last file: %v", err)
		}
	}
	for _, f := range files {
		if f.opened() != 0 {
			t.Errorf("%s is left open", f.path)
		}
	}
}

func checkLength(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Result().ContentLength != int64(w.Body.Len()) {
		t.Errorf("Content-Length %d, and %d bytes", w.Result().ContentLength, w.Body.Len())
	}
}

func TestArchiveOfSome(t *testing.T) {
	_, h, _ := serveToy(newToyFile("a", noise(10)), newToyFile("b", noise(20)), newToyFile("c", noise(30)))
	w := ask(h, "GET", tarURL()+"?files=0,2")
	checkLength(t, w)
	var names []string
	for tr := tar.NewReader(w.Body); ; {
		head, err := tr.Next()
		if err != nil {
			break
		}
		names = append(names, head.Name)
	}
	if diff := cmp.Diff([]string{"a", "c"}, names); diff != "" {
		t.Error(diff)
	}
	head := ask(h, "HEAD", tarURL()+"?files=0,2")
	if head.Code != 200 || head.Body.Len() != 0 || head.Header().Get("Content-Length") != w.Header().Get("Content-Length") {
		t.Errorf("HEAD: %d %v", head.Code, head.Header())
	}
	if how := head.Header().Get("Content-Disposition"); !strings.Contains(how, `"a.tar"`) {
		t.Errorf("it is to be called %s", how)
	}
}

// What keeps the first byte away is told; nothing is left open.
func TestArchiveProblem(t *testing.T) {
	f := newToyFile("a", noise(10))
	s, h, _ := serveToy(f)
	f.here = 0
	if w := ask(h, "GET", tarURL()+"?wait=1s"); w.Code != 503 || f.opened() != 0 {
		t.Errorf("%d, %d open", w.Code, f.opened())
	}
	s.torrent.ID = id(2)
	if w := ask(h, "GET", tarURL()); w.Code != 404 {
		t.Errorf("an unknown torrent: %d", w.Code)
	}
}
