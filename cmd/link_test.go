package cmd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"gotor/cmd/record"
	"gotor/cmd/ui"
	"gotor/torrent/metainfo"
)

const someHash = "0123456789abcdef0123456789abcdef01234567"

func TestIsLink(t *testing.T) {
	t.Chdir(t.TempDir())
	file := strings.Repeat("ab", 20)
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for arg, want := range map[string]bool{
		"magnet:?xt=": true, "MAGNET:": true, someHash: true, strings.ToUpper(someHash): true, strings.Repeat("a", 32): true,
		strings.Repeat("0", 64): true, "1220" + strings.Repeat("0", 64): true,
		" magnet:?xt=": true, "<magnet:?xt=>": true, someHash + "\n": true,
		file: false, "x.torrent": false, "-": false, "http://h/" + someHash: false, someHash[1:]: false, strings.Repeat("g", 40): false, "magnet": false,
	} {
		if got := isLink(arg); got != want {
			t.Errorf("isLink(%q) = %v", arg, got)
		}
	}
}

// A URL may redirect to a link: it is as good as the link, but for what is lost and
// for commands that need a torrent.
func TestFetchLink(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", map[string]string{
			"/good": "magnet:?xt=urn:btih:" + someHash + "&dn=a%20b&tr=udp%3A%2F%2Ft%3A1&tr=wss%3A%2F%2Fu",
			"/bad":  "magnet:?xt=urn:btih:12",
			"/odd":  "gopher://h/",
		}[r.URL.Path])
		w.WriteHeader(http.StatusFound)
	}))
	defer srv.Close()
	f := newFake("")
	l := &loader{s: f.streams}
	src, err := l.open(t.Context(), srv.URL+"/good")
	if err != nil || src.meta != nil || src.link == nil || src.link.Name != "a b" || len(src.link.Trackers) != 1 || !src.local {
		t.Fatalf("%+v, %v", src, err)
	}
	if !strings.Contains(f.stderr.String(), "tracker left out") {
		t.Errorf("what was lost is not said: %q", f.stderr.String())
	}
	for _, c := range []struct {
		path, text string
		code       int
	}{{"/good", "a link is not enough", record.ExitMalformed}, {"/bad", "no info-hash", record.ExitMalformed}, {"/odd", "neither http nor https", record.ExitFetch}} {
		if _, err := l.load(t.Context(), srv.URL+c.path); record.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.path, err)
		}
	}
	if _, _, err := l.fetchLinked(t.Context(), srv.URL+"/good"); err == nil {
		t.Error("a link that leads to a link has no torrent, and no error")
	}
}

func TestOpenLink(t *testing.T) {
	for _, c := range []struct {
		arg      string
		bad      int // exit code of opening it
		unusable int // exit code of downloading it
	}{
		{"magnet:?xt=urn:btih:" + someHash, 0, 0},
		{someHash, 0, 0},
		{strings.Repeat("A", 32), 0, 0},
		{"magnet:?xt=urn:btih:" + someHash + "&xt=urn:btmh:1220" + strings.Repeat("0", 64), 0, 0},
		{"magnet:?xt=urn:btmh:1220" + strings.Repeat("0", 64), 0, record.ExitMalformed},
		{strings.Repeat("0", 64), 0, record.ExitMalformed},
		{"magnet:?xs=urn:btpk:" + strings.Repeat("0", 64), 0, 0},
		{"magnet:?dn=x", record.ExitMalformed, 0},
		{"magnet:?xt=urn:btih:01", record.ExitMalformed, 0},
	} {
		f := newFake("")
		src, err := (&loader{s: f.streams}).open(t.Context(), c.arg)
		if record.CodeOf(err) != c.bad {
			t.Errorf("%s: %v", c.arg, err)
		}
		if err != nil {
			continue
		}
		if !src.local || src.meta != nil || src.arg != c.arg {
			t.Errorf("%s: %+v", c.arg, src)
		}
		if err := src.usable(); record.CodeOf(err) != c.unusable {
			t.Errorf("%s: %v", c.arg, err)
		} else if err == nil && !src.link.HasKey && src.link.InfoHash == [20]byte{} && !strings.HasPrefix(c.arg, "A") {
			t.Errorf("%s: no info-hash", c.arg)
		}
	}
}

// What is odd in a link is said, and what is secret in it is not.
func TestLinkWarnings(t *testing.T) {
	f := newFake("")
	arg := "magnet:?xt=urn:btih:" + someHash + "&tr=ftp%3A%2F%2Fme%3Asesame%40h%2F&so=x"
	if _, err := (&loader{s: f.streams}).open(t.Context(), arg); err != nil {
		t.Fatal(err)
	}
	if got := f.stderr.String(); strings.Count(got, "gotor: warning: magnet:") != 2 || strings.Contains(got, "sesame") {
		t.Errorf("stderr: %q", got)
	}
}

func TestShortArg(t *testing.T) {
	link := "magnet:?xt=urn:btih:" + someHash + "&tr=http%3A%2F%2Fh%2F0a1b2c3d4e5f6a7b8c9d0e1f%2Fannounce"
	for arg, want := range map[string]string{
		link:                           "magnet:?xt=urn:btih:" + someHash + "&tr=http%3A%2F%2Fh%2...",
		"magnet:?dn=a\x1b":             `magnet:?dn=a\x1b`,
		"x.torrent":                    "x.torrent",
		"magnet:?tr=http%3A%2F%2Fh%2F": "magnet:?tr=http%3A%2F%2Fh%2F",
	} {
		if got := shortArg(arg); got != want {
			t.Errorf("%q: %q, want %q", arg, got, want)
		}
	}
	if got := record.Redact(shortArg(link)); strings.Contains(got, "0a1b2c") {
		t.Errorf("%q", got)
	}
}

func TestSelectRanges(t *testing.T) {
	files := []metainfo.File{{Path: []string{"a"}}, {Path: []string{"p"}, Pad: true}, {Path: []string{"b"}}, {Path: []string{"c"}}}
	for _, c := range []struct {
		ranges []metainfo.Range
		want   string
		code   int
	}{
		{nil, "[]", 0},
		{[]metainfo.Range{{First: 0, Last: 0}}, "[true false false false]", 0},
		{[]metainfo.Range{{First: 1, Last: 2}}, "[false false true false]", 0},
		{[]metainfo.Range{{First: 3, Last: 200_000}, {First: 0, Last: 0}}, "[true false false true]", 0},
		{[]metainfo.Range{{First: 1, Last: 1}, {First: 9, Last: 9}}, "", record.ExitMalformed},
	} {
		got, err := selectRanges(files, c.ranges)
		if record.CodeOf(err) != c.code || err == nil && fmt.Sprint(got) != c.want {
			t.Errorf("%v: %v, %v", c.ranges, got, err)
		}
	}
}

func TestMetadataLimit(t *testing.T) {
	yes, no := func() bool { return true }, func() bool { return false }
	given := timeValue{d: time.Second, set: true}
	never := timeValue{set: true}
	for _, c := range []struct {
		v    timeValue
		tty  func() bool
		want time.Duration
	}{{timeValue{}, yes, 0}, {timeValue{}, no, 5 * time.Minute}, {given, yes, time.Second}, {given, no, time.Second}, {never, no, 0}} {
		if got := metadataLimit(c.v, c.tty); got != c.want {
			t.Errorf("%+v: %v, want %v", c.v, got, c.want)
		}
	}
}

// A link is planned as a torrent is, with the limits of its run.
func TestAwait(t *testing.T) {
	o, err := captureGet(t, nil, "--metadata-timeout", "7s", "-o", "d/", "--files", "x", someHash)
	if err != nil {
		t.Fatal(err)
	}
	f := newFake("")
	r, err := newRunner(&o.transferOptions, f.streams)
	if err != nil {
		t.Fatal(err)
	}
	l := &loader{s: f.streams}
	src, err := l.open(t.Context(), someHash)
	if err != nil {
		t.Fatal(err)
	}
	j, err := o.prepare(t.Context(), r, l, src)
	if err != nil {
		t.Fatal(err)
	}
	if s, how := &j.source, &j.lookup; s.Meta != nil || s.Link == nil || !s.Local || how.Dir != "d/" || how.MetadataTimeout != 7*time.Second {
		t.Errorf("%+v, %+v", s, how)
	}
	m, err := metainfo.Parse(tinyTorrent())
	if err != nil {
		t.Fatal(err)
	}
	if err := j.plan(tinyTorrent(), m); err != nil {
		t.Fatal(err)
	}
	if spec := &j.spec; j.meta != m || !j.perFile || spec.Dir != "d/" || len(spec.Wanted) != 1 || spec.Verify != nil {
		t.Errorf("planned %+v", spec)
	}
	other := *m
	other.Files = []metainfo.File{{Path: []string{"y"}}}
	if err := j.plan(tinyTorrent(), &other); record.CodeOf(err) != record.ExitUsage {
		t.Errorf("a plan without a file to select: %v", err)
	}
}

// magnet and show end when they are told to.
func TestLookupCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := newFake("")
	l := &loader{s: f.streams}
	src, err := l.open(t.Context(), someHash)
	if err != nil {
		t.Fatal(err)
	}
	o := &lookupOptions{peers: []string{"127.0.0.1:1"}, progress: progressOptions{mode: ui.ModeNone}}
	if err := o.resolve(ctx, l, src); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
