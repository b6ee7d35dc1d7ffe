package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gotor/cmd/record"
)

// toyDaemon is a made-up daemon on a unix socket: it has what it is given, and notes
// what it is asked for. The real one is in the scripts; this one can answer what that
// never would.
type toyDaemon struct {
	socket   string
	torrents []*record.Torrent
	files    []record.TorrentFile
	events   []string                   // what /events says, one connection after the other
	refuse   map[string]*record.Problem // by method and path
	removed  record.Removed

	// looked is closed when somebody has asked for a torrent; until then no events are
	// told, if hold says so.
	hold   bool
	looked chan struct{}
	once   sync.Once

	mu    sync.Mutex
	asked []string // method, path, body
}

// newToyDaemon starts one; it ends with the test.
func newToyDaemon(t *testing.T, torrents ...*record.Torrent) *toyDaemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "gotor-toy") // the name of a socket is short
	noErr(t, err)
	d := &toyDaemon{socket: filepath.Join(dir, "s"), torrents: torrents, refuse: map[string]*record.Problem{}, looked: make(chan struct{})}
	l, err := net.Listen("unix", d.socket)
	noErr(t, err)
	srv := &http.Server{Handler: d}
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		<-done
		os.RemoveAll(dir)
	})
	return d
}

// ServeHTTP implements http.Handler.
func (d *toyDaemon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	path := strings.TrimPrefix(r.URL.Path, "/api/v1")
	d.mu.Lock()
	asked := path
	if r.Method == "POST" && r.URL.RawQuery != "" {
		asked += "?" + r.URL.RawQuery
	}
	d.asked = append(d.asked, strings.TrimSpace(r.Method+" "+asked+" "+string(body)))
	d.mu.Unlock()
	if r.Method == "GET" && strings.HasPrefix(path, "/torrents/") {
		defer d.once.Do(func() { close(d.looked) }) // when it is answered
	}
	if p := d.refuse[r.Method+" "+path]; p != nil {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(p.Status)
		json.NewEncoder(w).Encode(p)
		return
	}
	if path == "/events" {
		if d.hold {
			<-d.looked
		}
		d.tell(w)
		return
	}
	v := d.answer(r.Method, path)
	if v == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

// answer is what a request is answered with; nil: there is nothing.
func (d *toyDaemon) answer(method, path string) any {
	switch path {
	case "/readyz", "/shutdown":
		return "ok"
	case "/torrents":
		if method == "POST" {
			return d.torrents[0]
		}
		return record.TorrentPage{Items: d.torrents}
	case "/settings":
		return toySettings()
	case "/session/code":
		return record.LoginLink{Code: "once", URL: "http://t/#code=once"}
	case "/token":
		return map[string]string{"token": "brand-new"}
	}
	rest, ok := strings.CutPrefix(path, "/torrents/")
	if !ok {
		return nil
	}
	id, rest, _ := strings.Cut(rest, "/")
	for _, t := range d.torrents {
		if t.ID == id {
			return d.about(t, method, rest)
		}
	}
	return nil
}

// about is an answer about one torrent.
func (d *toyDaemon) about(t *record.Torrent, method, what string) any {
	switch {
	case what == "" && method == "DELETE":
		return d.removed
	case what == "files":
		return record.FilePage{Total: len(d.files), Items: d.files}
	case what == "peers":
		return []record.TorrentPeer{{Addr: "10.0.0.7:6881", Client: "evil\x1b[2J", Source: "dht", Transport: "tcp", Encryption: "none", Flags: "D", Progress: 0.5}}
	case what == "trackers":
		next := fakeTime().Add(90 * time.Second)
		return []record.TorrentTracker{{URL: "http://t/***", State: "failed", Error: "no\x1b", Next: &next}}
	case strings.HasSuffix(what, "/links"):
		return record.FileLink{URL: "http://127.0.0.1:7470/api/v1/torrents/" + t.ID + "/" + strings.TrimSuffix(what, "/links") + "/content?sig=x", Expires: fakeTime()}
	}
	return t
}

// tell says the next of the events.
func (d *toyDaemon) tell(w http.ResponseWriter) {
	d.mu.Lock()
	text := "event: bye\ndata: {}\n\n"
	if len(d.events) > 0 {
		text, d.events = d.events[0], d.events[1:]
	}
	d.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, text)
}

// requests are what it was asked for, without what only looks for ids.
func (d *toyDaemon) requests() (list []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.asked {
		if a != "GET /torrents" {
			list = append(list, a)
		}
	}
	return list
}

// toyTorrent is a torrent whose id is a digit, forty times.
func toyTorrent(digit, name, state string) *record.Torrent {
	return &record.Torrent{ID: strings.Repeat(digit, 40), Name: name, State: state, Labels: []string{}, Warnings: []string{}, Added: fakeTime(),
		Seed: record.SeedGoal{Mode: "default"}, Size: 3 << 20, Wanted: 3 << 20}
}

// toySettings are complete, as a daemon's are.
func toySettings() json.RawMessage {
	s := record.Settings{MaxUp: record.Knob[int64]{Value: 1 << 20, From: record.FromFlag, Fixed: true}}
	s.Schedule.Value, s.Roots.Value, s.Watch.Value, s.Private.Value = []record.Slot{}, []string{"/srv"}, []record.WatchDir{}, []string{}
	b, _ := json.Marshal(s)
	return bytes.ReplaceAll(b, []byte(`"from":""`), []byte(`"from":"default"`))
}
