package api

import (
	"context"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestLinks(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	key := byte(1)
	l := &links{key: func() (k [32]byte) { k[0] = key; return k }, now: func() time.Time { return now }}
	link := l.make("http://localhost:7470", id(1), 3, time.Hour)
	if !link.Expires.Equal(now.Add(time.Hour)) {
		t.Errorf("expires %v", link.Expires)
	}
	allowed := func(u string) bool { return l.allow(httptest.NewRequest("GET", u, nil)) }
	if !allowed(link.URL) || !allowed(link.URL+"&inline=1&wait=5s") {
		t.Error("a fresh link opens nothing")
	}
	expires, signature := "expires=1003600", ""
	if u, err := url.Parse(link.URL); err == nil {
		signature = u.Query().Get("signature")
	}
	for _, other := range []string{
		strings.Replace(link.URL, "/files/3/", "/files/4/", 1),
		strings.Replace(link.URL, "/files/3/", "/files/03/", 1),
		strings.Replace(link.URL, "/files/3/", "/files/%33/", 1),
		strings.Replace(link.URL, "/files/3/", "%2Ffiles/3/", 1),
		strings.Replace(link.URL, id(1), id(2), 1),
		strings.Replace(link.URL, "/content?", "/links?", 1),
		strings.Replace(link.URL, "/files/3/content?", "?", 1),
		strings.Replace(link.URL, "/files/3/content?", "/archive.tar?", 1),
		strings.Replace(link.URL, expires, "expires=1003601", 1),
		strings.Replace(link.URL, expires, expires+"&expires=9999999", 1),
		strings.Replace(link.URL, expires, "", 1),
		strings.Replace(link.URL, signature, "", 1),
		strings.Replace(link.URL, signature, signature[1:], 1),
		link.URL + "&signature=" + signature,
	} {
		if other == link.URL {
			t.Fatalf("a test that tests nothing: %s", link.URL)
		}
		if allowed(other) {
			t.Errorf("opened by the signature of another address: %s", other)
		}
	}
	key = 2
	if allowed(link.URL) {
		t.Error("opened with another key")
	}
	key = 1
	now = now.Add(time.Hour)
	if allowed(link.URL) {
		t.Error("opened after its end")
	}
}

// Links lead to where whoever asks can reach the daemon.
func TestLinkRoot(t *testing.T) {
	public, err := url.Parse("https://box.example/torrents/")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		url    *url.URL
		host   string
		header string
		socket bool
		want   string
	}{
		{public, "localhost:7470", "", false, "http://localhost:7470"},
		{public, "Box.example", "", false, "https://box.example/torrents"},
		{public, "box.example:7470", "", false, "http://box.example:7470"}, // not by the proxy
		{public, "localhost", "", true, "https://box.example/torrents"},
		{nil, "localhost", "", true, "http://localhost"},
		{nil, "box.example", "https", false, "https://box.example"},
		{nil, "box.example", "gopher", false, "http://box.example"},
	} {
		l := &links{url: c.url}
		r := httptest.NewRequest("GET", "http://localhost/", nil)
		r.Host = c.host
		r.Header.Set("X-Forwarded-Proto", c.header)
		if c.socket {
			r = r.WithContext(context.WithValue(r.Context(), linkKey{}, link{socket: true}))
		}
		if got := l.root(r); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestPlaylist(t *testing.T) {
	_, h, l := serveToy(
		newToyFile("Show 10.mkv", nil), newToyFile("show 9.mkv", nil), newToyFile("notes.txt", nil),
		newToyFile("cover.jpg", nil), newToyFile("Show 1\n#EXTINF.mp3", nil),
	)
	get := func(query string) []string {
		w := ask(h, "GET", "http://box:7470"+base+"/torrents/"+id(1)+"/playlist.m3u8"+query)
		if w.Code != 200 {
			t.Fatalf("%d: %s", w.Code, w.Body)
		}
		return strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	}
	lines := get("?ttl=1h")
	want := []string{`#EXTM3U`, `#EXTINF:-1,Show 1\n#EXTINF.mp3`, "4", `#EXTINF:-1,show 9.mkv`, "1", `#EXTINF:-1,Show 10.mkv`, "0"}
	if len(lines) != len(want) {
		t.Fatalf("%q", lines)
	}
	for i, line := range lines {
		if strings.HasPrefix(want[i], "#") {
			if line != want[i] {
				t.Errorf("line %d is %q, want %q", i, line, want[i])
			}
			continue
		}
		if !strings.HasPrefix(line, "http://box:7470"+base+"/torrents/"+id(1)+"/files/"+want[i]+"/content?") || !l.allow(httptest.NewRequest("GET", line, nil)) {
			t.Errorf("line %d is %q", i, line)
		}
	}
	if w := ask(h, "GET", "http://box"+base+"/torrents/"+id(1)+"/playlist.m3u8?ttl=1000h"); w.Code != 422 {
		t.Errorf("a link for ever: %d", w.Code)
	}
	_, h, _ = serveToy(newToyFile("notes.txt", nil))
	if w := ask(h, "GET", "http://box"+base+"/torrents/"+id(1)+"/playlist.m3u8"); w.Code != 404 {
		t.Errorf("nothing to play: %d", w.Code)
	}
}

func TestCompareNatural(t *testing.T) {
	ordered := []string{"", "1", "02", "2", "10", "a1b2", "a1b10", "A2", "a10", "a10x", "b"}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := compareNatural(a, b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%q and %q: %d", a, b, got)
			}
		}
	}
}
