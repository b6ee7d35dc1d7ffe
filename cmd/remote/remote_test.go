package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gotor/cmd/record"
)

// dial is what a command gives a client.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

// at makes a client of a made-up daemon at a URL.
func at(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return client(t, Config{URL: srv.URL, Token: "secret-token", Agent: "gotor/test"})
}

func client(t *testing.T, c Config) *Client {
	t.Helper()
	c.Dial = dial
	made, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.Close)
	return made
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, p *record.Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

func TestSendsWhatIsAsked(t *testing.T) {
	var got []string
	c := at(t, func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 200)
		n, _ := r.Body.Read(body)
		if r.Header.Get("Authorization") != "Bearer secret-token" || r.Header.Get("User-Agent") != "gotor/test" {
			t.Errorf("%s: header %v", r.URL, r.Header)
		}
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", r.Method, r.URL, r.Header.Get("Content-Type"), body[:n])))
		answer(w, struct{}{})
	})
	ctx := t.Context()
	var p record.Patch
	p.Paused = record.Some(true)
	p.Limits.Set, p.Limits.Value.MaxUp = true, record.Opt[int64]{Set: true, Null: true}
	for _, call := range []func() error{
		func() error { _, err := c.Torrent(ctx, "aa"); return err },
		func() error { _, err := c.Do(ctx, "aa", Pause); return err },
		func() error { _, err := c.StartNow(ctx, "aa"); return err },
		func() error { _, err := c.Patch(ctx, "aa", p); return err },
		func() error { _, err := c.Remove(ctx, "aa", record.RemoveData); return err },
		func() error { _, err := c.Move(ctx, "aa", record.Move{Dir: "/d"}); return err },
		func() error {
			return c.SetFiles(ctx, "aa", []record.FilePriority{{Files: "0", Priority: "high"}})
		},
		func() error { _, err := c.Link(ctx, "aa", 3, 0); return err },
		func() error { return c.Shutdown(ctx, false) },
		func() error { return c.Shutdown(ctx, true) },
	} {
		if err := call(); err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"GET /api/v1/torrents/aa",
		"POST /api/v1/torrents/aa/pause application/json {}",
		`POST /api/v1/torrents/aa/start application/json {"now":true}`,
		`PATCH /api/v1/torrents/aa application/merge-patch+json {"paused":true,"limits":{"max_up":null}}`,
		"DELETE /api/v1/torrents/aa?data=true",
		`POST /api/v1/torrents/aa/move application/json {"dir":"/d"}`,
		`PATCH /api/v1/torrents/aa/files application/json [{"files":"0","priority":"high"}]`,
		"POST /api/v1/torrents/aa/files/3/links application/json {}",
		"POST /api/v1/shutdown application/json {}",
		"POST /api/v1/shutdown?until=ended application/json {}",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// What goes wrong has an exit code and a line that says what to do.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		h    http.HandlerFunc
		code int
		want string
	}{
		"a problem": {func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, record.NewProblem(record.Reason(record.ExitNoSpace), "no room for 3 GiB"))
		}, record.ExitNoSpace, "no room for 3 GiB"},
		"an id that is not there": {func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, record.NewProblem(record.CodeNotFound, "no torrent aa"))
		}, record.ExitUsage, "no torrent aa"},
		"several mistakes": {func(w http.ResponseWriter, _ *http.Request) {
			p := record.NewProblem(record.CodeInvalid, "it cannot be")
			p.Errors = []record.Located{{Location: "body.limits", Message: "below 0"}}
			refuse(w, p)
		}, record.ExitUsage, "it cannot be; body.limits: below 0"},
		"a wrong token": {func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, record.NewProblem(record.CodeUnauthorized, "a token is needed"))
		}, record.ExitOther, "--token-file"},
		"another server": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusNotFound) },
			record.ExitFetch, "no daemon of gotor: HTTP status 404"},
		"another page": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>hello") },
			record.ExitOther, "no daemon of gotor"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusFound)
		},
			record.ExitFetch, "HTTP status 302"},
		"a cut answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "{")
		}, record.ExitFetch, "unexpected EOF"},
	} {
		_, err := at(t, c.h).Torrent(t.Context(), "aa")
		if record.CodeOf(err) != c.code || !strings.Contains(fmt.Sprint(err), c.want) || strings.Contains(fmt.Sprint(err), "secret") {
			t.Errorf("%s: code %d, %v; want %d, %s", name, record.CodeOf(err), err, c.code, c.want)
		}
	}
}

func TestNoDaemon(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sock")
	_, err := client(t, Config{Socket: path}).Torrent(t.Context(), "aa")
	if record.CodeOf(err) != record.ExitFetch || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "gotor serve") {
		t.Errorf("no socket: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	own := errors.New("interrupted")
	cancel(own)
	if _, err := client(t, Config{Socket: path}).Torrent(ctx, "aa"); !errors.Is(err, own) {
		t.Errorf("our own end: %v", err)
	}
	for _, u := range []string{"127.0.0.1:1", "ftp://h", "http://", "http://u:p@h/", "http://h/?token=x", "http://h/#x"} {
		if _, err := New(Config{URL: u}); record.CodeOf(err) != record.ExitUsage || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%s: %v", u, err)
		}
	}
}

// Below a path of a reverse proxy, and with the API's own path given as well.
func TestPathOfProxy(t *testing.T) {
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.URL.Path)
		answer(w, struct{}{})
	}))
	defer srv.Close()
	for _, end := range []string{"", "/", "/bt/", "/bt/api/v1"} {
		if _, err := client(t, Config{URL: srv.URL + end}).Settings(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if want := []string{"/api/v1/settings", "/api/v1/settings", "/bt/api/v1/settings", "/bt/api/v1/settings"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// A .torrent goes as a file beside its options, a link as one of them.
func TestAddBodies(t *testing.T) {
	id := "aa"
	c := at(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Gotor-Existing", "true")
		if r.Header.Get("Content-Type") == "application/json" {
			var a record.Add
			if err := json.NewDecoder(r.Body).Decode(&a); err != nil || a.Source != "magnet:?x" || r.URL.Query().Get("merge") != "trackers" {
				t.Errorf("%+v, %v, %s", a, err, r.URL)
			}
		} else {
			f, _, err := r.FormFile("torrent")
			if err != nil {
				t.Error(err)
				return
			}
			raw, _ := io.ReadAll(f)
			if string(raw) != "d4:infoe" || !strings.Contains(r.FormValue("options"), `"labels":["a"]`) {
				t.Errorf("%q, %q", raw, r.FormValue("options"))
			}
		}
		answer(w, record.Torrent{ID: id})
	})
	for _, a := range []record.Add{{Source: "magnet:?x", MergeTrackers: true}, {Raw: []byte("d4:infoe"), Labels: []string{"a"}}} {
		got, existing, err := c.Add(t.Context(), a)
		if err != nil || got.ID != id || !existing {
			t.Errorf("%v, %v, %v", got, existing, err)
		}
	}
}

func TestListPages(t *testing.T) {
	next := "more"
	c := at(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("state") != "seeding" || q.Get("q") != "two words" {
			t.Errorf("%s", r.URL)
		}
		if q.Get("cursor") == "" {
			answer(w, record.TorrentPage{Items: []*record.Torrent{{ID: "1"}}, Next: &next})
			return
		}
		answer(w, record.TorrentPage{Items: []*record.Torrent{{ID: "2"}}})
	})
	list, err := c.List(t.Context(), Filter{State: "seeding", Words: "two words"})
	if err != nil || len(list) != 2 || list[1].ID != "2" {
		t.Errorf("%v, %v", list, err)
	}
}

func TestFind(t *testing.T) {
	two := strings.Repeat("7", 64)
	list := []*record.Torrent{
		{ID: strings.Repeat("a", 40), Name: "first"},
		{ID: "aaaaaaaab" + strings.Repeat("0", 31), Name: "twin"},
		{ID: "c" + strings.Repeat("1", 39), IDV2: &two, Name: "twin"},
		{ID: "d" + strings.Repeat("1", 39), Name: "aaaaaaaaa"}, // called like the first begins
	}
	asked := 0
	c := at(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		answer(w, record.TorrentPage{Items: list})
	})
	for name, want := range map[string]string{
		"first":     list[0].ID,
		"AAAAAAAAB": list[1].ID,
		"77777777":  list[2].ID,
		"aaaaaaaaa": list[3].ID,
		"twin":      "means 2 torrents",
		"aaaaaaaa":  "means 2 torrents",
		"aaa":       "eight digits",
		"nobody":    "gotor ctl ls",
		"ffffffff":  "gotor ctl ls",
	} {
		ids, err := c.Find(t.Context(), name)
		if err != nil && record.CodeOf(err) != record.ExitUsage || !strings.Contains(fmt.Sprint(ids, err), want) {
			t.Errorf("%s: %v, %v; want %s", name, ids, err, want)
		}
	}
	asked = 0
	whole := strings.Repeat("E", 40)
	if ids, err := c.Find(t.Context(), whole); err != nil || ids[0] != strings.ToLower(whole) || asked != 0 {
		t.Errorf("a whole hash: %v, %v, asked %d times", ids, err, asked)
	}
	if _, err := c.Find(t.Context(), "first", "AAAAAAAAB", whole); err != nil || asked != 1 {
		t.Errorf("three names: %v, asked %d times", err, asked)
	}
}
