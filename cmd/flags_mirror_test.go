package cmd

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent"
)

func TestMirrorOptions(t *testing.T) {
	o := mirrorOptions{mirrors: []string{"https://a/x?y", "http://b/"}, headers: []string{"K: V"}, noWebSeeds: true}
	if err := o.check(nil); err != nil {
		t.Fatal(err)
	}
	h := http.Header{"K": {"V"}}
	want := []torrent.Mirror{{URL: "https://a/x?y", Header: h}, {URL: "http://b/", Header: h}}
	p := (&transferOptions{mirrorOptions: o}).terms(new(job.Peers), nil).Prepare(new(job.Source))
	if !cmp.Equal(p.Source.Mirrors, want) || !p.Source.NoWebSeeds {
		t.Errorf("%+v", p.Source.Mirrors)
	}
}

// TestHeaderStaysHome: the mirror gets the header, and the host that it redirects
// to does not; nothing shows it.
func TestHeaderStaysHome(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "data")
	if err := os.WriteFile(file, []byte(strings.Repeat("0123456789", 9000)), 0o666); err != nil {
		t.Fatal(err)
	}
	var told, leaked int
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Token") != "" || r.Header.Get("Authorization") != "" {
			leaked++
		}
		http.ServeFile(w, r, file)
	}))
	defer there.Close()
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Token") != "s3cret" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		told++
		http.Redirect(w, r, there.URL+"/signed?sig=s3cret", http.StatusFound)
	}))
	defer home.Close()
	f := newFake("")
	if code := f.gotor(t, "create", "-q", "-o", filepath.Join(dir, "x.torrent"), file); code != 0 {
		t.Fatal(f.stderr.String())
	}
	get := func(args ...string) (int, string) {
		f := newFake("")
		code := f.gotor(t, append([]string{"get", "--port", "none", "--no-dht", "--no-lsd", "--json", "--progress", "json", "--peer-timeout", "5s",
			"-o", filepath.Join(dir, "out") + "/", "--mirror", home.URL + "/f?key=s3cret", filepath.Join(dir, "x.torrent")}, args...)...)
		return code, f.stdout.String() + f.stderr.String()
	}
	if code, out := get(); code != record.ExitFetch || strings.Contains(out, "s3cret") {
		t.Errorf("without the header: exit code %d\n%s", code, out)
	}
	code, out := get("--header", "X-Token: s3cret")
	if code != 0 || told == 0 || leaked > 0 || strings.Contains(out, "s3cret") {
		t.Errorf("exit code %d, told %d times, leaked %d times\n%s", code, told, leaked, out)
	}
}
