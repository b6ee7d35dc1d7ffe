package api

import (
	"bytes"
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"gotor/cmd/record"
)

// filled is a made-up session whose first torrent has files.
type filled struct {
	*fakeSession
	toy *toyFiles
}

func (s *filled) Open(ctx context.Context, id string, file int) (Content, error) {
	return s.toy.Open(ctx, id, file)
}

func (s *filled) Select(id, files string) ([]record.TorrentFile, error) {
	return s.toy.Select(id, files)
}

func (s *filled) Files(id string) ([]record.TorrentFile, error) { return s.toy.Select(id, "") }

// newFilled makes a server whose torrent 0 has a film and a text.
func newFilled(t *testing.T) (h *harness, path string, film []byte) {
	film = noise(1000)
	toy, _, _ := serveToy(newToyFile("film.mkv", film), newToyFile("notes.txt", []byte("x")))
	toy.torrent.ID = fakeID(0)
	h = newHarness(t, 2, func(c *Config) {
		c.Session = &filled{c.Session.(*fakeSession), toy}
		c.URL, _ = url.Parse("https://box.example.org/")
	})
	return h, "/torrents/" + fakeID(0), film
}

func TestContentRoutes(t *testing.T) {
	h, path, film := newFilled(t)
	if a := h.want(200, "GET", path+"/files/0/content", ""); !bytes.Equal(a.body, film) {
		t.Error("other bytes")
	}
	if a := h.want(206, "GET", path+"/files/0/content?wait=5s", "", "Range", "bytes=1-2"); !bytes.Equal(a.body, film[1:3]) {
		t.Error("other bytes of a range")
	}
	h.want(304, "GET", path+"/files/0/content", "", "If-None-Match", `"abc-0"`)
	h.want(412, "GET", path+"/files/0/content", "", "If-Match", `"x"`)
	h.want(416, "GET", path+"/files/0/content", "", "Range", "bytes=1000-")
	h.want(404, "GET", path+"/files/2/content", "")
	h.want(422, "GET", path+"/files/x/content", "")
	h.want(422, "GET", path+"/files/0/content?wait=x", "")
	h.want(200, "HEAD", path+"/files/0/content", "")
	h.want(200, "GET", path+"/archive.tar?files=1", "")
	h.want(404, "GET", "/torrents/"+id(9)+"/archive.tar", "")
	h.want(200, "GET", path+"/playlist.m3u8", "")
	h.want(422, "GET", path+"/playlist.m3u8?ttl=0s", "")
}

// A link opens the file that it is for, without a token, and nothing else.
func TestLinkThroughGate(t *testing.T) {
	h, path, film := newFilled(t)
	link := decode[record.FileLink](h, h.want(200, "POST", path+"/files/0/links", `{"ttl":60}`))
	if d := time.Until(link.Expires); d > time.Minute || d < 50*time.Second {
		t.Errorf("good for %v", d)
	}
	h.want(404, "POST", path+"/files/7/links", `{}`)
	h.want(422, "POST", path+"/files/0/links", `{"ttl":0}`)
	u, err := url.Parse(link.URL)
	if err != nil || u.Host != "localhost:7470" {
		t.Fatalf("%s: %v", link.URL, err)
	}
	bare := func(method, uri string) answer {
		return h.do(method, strings.TrimPrefix(uri, base), "", "Authorization", "")
	}
	if a := bare("GET", u.RequestURI()); a.StatusCode != 200 || !bytes.Equal(a.body, film) {
		t.Errorf("the link: %d", a.StatusCode)
	}
	if a := bare("HEAD", u.RequestURI()); a.StatusCode != 200 {
		t.Errorf("HEAD of the link: %d", a.StatusCode)
	}
	query := "?" + u.RawQuery
	for _, other := range []string{
		path + "/files/1/content" + query, path + "/files" + query, path + query, "/torrents" + query,
		path + "/archive.tar" + query, path + "/playlist.m3u8" + query, "/events" + query,
		"/torrents/" + fakeID(1) + "/files/0/content" + query,
	} {
		if a := bare("GET", other); a.StatusCode != 401 {
			t.Errorf("GET %s with the signature of another file: %d", other, a.StatusCode)
		}
	}
	for _, method := range []string{"POST", "DELETE", "PATCH"} {
		if a := h.send(h.request(method, u.RequestURI(), "", "Authorization", "")); a.StatusCode != 401 {
			t.Errorf("%s with a signature: %d", method, a.StatusCode)
		}
	}
}
