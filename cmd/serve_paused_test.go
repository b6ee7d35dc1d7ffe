package cmd

import (
	"bytes"
	"strings"
	"testing"
)

// What is complete can be saved although it is paused or was given away for long enough:
// one file, a part of it, and the archive. It stays what it is.
func TestServeReadsPaused(t *testing.T) {
	film, text := noise(600_000), noise(70_000)
	s := serveFrom(t, map[string][]byte{"film.mkv": film, "sub/text.txt": text})
	id := s.add("&seed=%7B%22mode%22:%22never%22%7D").ID
	at := "/torrents/" + id
	s.torrent(id, "?wait=1m&until=done")
	read := func(state string) {
		t.Helper()
		if got := s.read(200, "GET", at+"/files/0/content", "", nil); !bytes.Equal(got, film) {
			t.Errorf("%s: %d bytes of the film are not it", state, len(got))
		}
		if got := s.read(206, "GET", at+"/files/1/content", "", nil, "Range", "bytes=1000-1999"); !bytes.Equal(got, text[1000:2000]) {
			t.Errorf("%s: %d bytes of the text are not it", state, len(got))
		}
		if got := s.read(200, "GET", at+"/archive.tar", "", nil); !bytes.Contains(got, film) || !bytes.Contains(got, text) {
			t.Errorf("%s: an archive of %d bytes without the files", state, len(got))
		}
		if row := s.torrent(id, ""); row.State != state || row.Error != nil {
			t.Errorf("after it was read it is %s (%+v), and not %s", row.State, row.Error, state)
		}
	}
	read("completed")
	s.read(202, "POST", at+"/pause", "", nil)
	read("paused")
	s.read(200, "DELETE", at+"?data=true", "", nil)

	s.add("&paused=true")
	if got := s.read(409, "GET", at+"/files/0/content", "", nil); !strings.Contains(string(got), "not complete") {
		t.Errorf("what is not there: %s", got)
	}
}
