package job

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gotor/cmd/record"
)

const aHashOfNobody = "0123456789abcdef0123456789abcdef01234567"

// A URL may redirect to a link: it is as good as the link, but for what is lost and
// for commands that need a torrent.
func TestFetchLink(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", map[string]string{
			"/good": "magnet:?xt=urn:btih:" + aHashOfNobody + "&dn=a%20b&tr=udp%3A%2F%2Ft%3A1&tr=wss%3A%2F%2Fu",
			"/bad":  "magnet:?xt=urn:btih:12",
			"/odd":  "gopher://h/",
		}[r.URL.Path])
		w.WriteHeader(http.StatusFound)
	}))
	defer srv.Close()
	f := newFakeLoader("")
	l := f.Loader
	src, err := l.Open(t.Context(), srv.URL+"/good")
	if err != nil || src.Meta != nil || src.Link == nil || src.Link.Name != "a b" || len(src.Link.Trackers) != 1 || !src.Local {
		t.Fatalf("%+v, %v", src, err)
	}
	if !strings.Contains(f.said.String(), "tracker left out") {
		t.Errorf("what was lost is not said: %q", f.said.String())
	}
	for _, c := range []struct {
		path, text string
		code       int
	}{{"/good", "a link is not enough", record.ExitMalformed}, {"/bad", "no info-hash", record.ExitMalformed}, {"/odd", "neither http nor https", record.ExitFetch}} {
		if _, err := l.Load(t.Context(), srv.URL+c.path); record.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.path, err)
		}
	}
	if _, _, err := l.FetchLinked(t.Context(), srv.URL+"/good"); err == nil {
		t.Error("a link that leads to a link has no torrent, and no error")
	}
}

func TestOpenLink(t *testing.T) {
	for _, c := range []struct {
		arg      string
		bad      int // exit code of opening it
		unusable int // exit code of downloading it
	}{
		{"magnet:?xt=urn:btih:" + aHashOfNobody, 0, 0},
		{aHashOfNobody, 0, 0},
		{strings.Repeat("A", 32), 0, 0},
		{"magnet:?xt=urn:btih:" + aHashOfNobody + "&xt=urn:btmh:1220" + strings.Repeat("0", 64), 0, 0},
		{"magnet:?xt=urn:btmh:1220" + strings.Repeat("0", 64), 0, record.ExitMalformed},
		{strings.Repeat("0", 64), 0, record.ExitMalformed},
		{"magnet:?xs=urn:btpk:" + strings.Repeat("0", 64), 0, 0},
		{"magnet:?dn=x", record.ExitMalformed, 0},
		{"magnet:?xt=urn:btih:01", record.ExitMalformed, 0},
	} {
		f := newFakeLoader("")
		src, err := f.Loader.Open(t.Context(), c.arg)
		if record.CodeOf(err) != c.bad {
			t.Errorf("%s: %v", c.arg, err)
		}
		if err != nil {
			continue
		}
		if !src.Local || src.Meta != nil || src.Arg != c.arg {
			t.Errorf("%s: %+v", c.arg, src)
		}
		if err := src.Usable(); record.CodeOf(err) != c.unusable {
			t.Errorf("%s: %v", c.arg, err)
		} else if err == nil && !src.Link.HasKey && src.Link.InfoHash == [20]byte{} && !strings.HasPrefix(c.arg, "A") {
			t.Errorf("%s: no info-hash", c.arg)
		}
	}
}

// What is odd in a link is said, and what is secret in it is not.
func TestLinkWarnings(t *testing.T) {
	f := newFakeLoader("")
	arg := "magnet:?xt=urn:btih:" + aHashOfNobody + "&tr=ftp%3A%2F%2Fme%3Asesame%40h%2F&so=x"
	if _, err := f.Loader.Open(t.Context(), arg); err != nil {
		t.Fatal(err)
	}
	if got := f.said.String(); strings.Count(got, "gotor: warning: magnet:") != 2 || strings.Contains(got, "sesame") {
		t.Errorf("stderr: %q", got)
	}
}
