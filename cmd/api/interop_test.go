//go:build interop

package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"gotor/cmd/record"
)

// A real daemon stands requests made from the description: it has an answer to each
// that is as described, none of them is a fault of its own, and what it has then
// outlives it. Nothing that it is asked for leads out of this machine.
func TestInteropGeneratedRequests(t *testing.T) {
	n := requestsToMake(t, 10_000)
	d := startDaemon(t)
	var made atomic.Int64
	took := make([]atomic.Int64, 6) // by hundreds
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			g := newGenerator(d.harness, uint64(worker))
			g.ids = d.ids
			g.words = append(slices.DeleteFunc(g.words, func(w string) bool { return w == "192.0.2.1:1" || strings.HasPrefix(w, "http") }),
				"127.0.0.1:1", "http://127.0.0.1:1/x", d.root, d.root+"/x")
			ops := slices.DeleteFunc(operations(d.s.routes.api.OpenAPI()), func(op *huma.Operation) bool { return op.OperationID == "shut-down" })
			for i := worker; made.Add(1) <= int64(n); i++ {
				if i%200 == 0 { // what was removed comes back
					d.add()
				}
				r := g.request(ops[i%len(ops)])
				if status := d.judge(r, g.sent); status > 0 {
					took[status/100].Add(1)
				}
			}
		})
	}
	all.Wait()
	t.Logf("answers with 2xx %d, 3xx %d, 4xx %d, 5xx %d", took[2].Load(), took[3].Load(), took[4].Load(), took[5].Load())
	if took[2].Load() < int64(n)/20 || took[4].Load() < int64(n)/20 {
		t.Error("it does not reach far")
	}
	before := d.state()
	d.stop()
	d.start()
	if diff := cmp.Diff(before, d.state()); diff != "" {
		t.Errorf("the next run has another state: %s", diff)
	}
	d.stop()
}

// realDaemon is a gotor serve with some torrents, reached over its socket.
type realDaemon struct {
	*harness          // for the description; its session is not asked
	gotor, home, root string
	torrents          [][]byte
	ids               []string
	client            *http.Client
	process           *exec.Cmd
	ended             chan error
	log               *bytes.Buffer
}

func startDaemon(t *testing.T) *realDaemon {
	home, err := os.MkdirTemp("", "gotor-api") // the name of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	d := &realDaemon{harness: newHarness(t, 0, nil), gotor: os.Getenv("GOTOR"), home: home, root: filepath.Join(home, "root")}
	if d.gotor == "" {
		d.gotor = filepath.Join(home, "gotor")
		d.run("go", "build", "-o", d.gotor, "../..")
	}
	d.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "unix", filepath.Join(home, "s"))
	}}}
	t.Cleanup(d.client.CloseIdleConnections)
	if err := os.MkdirAll(d.root, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 12 {
		data, file := filepath.Join(d.root, fmt.Sprintf("film%d.mkv", i)), filepath.Join(home, fmt.Sprint(i, ".torrent"))
		if err := os.WriteFile(data, bytes.Repeat([]byte{byte(i)}, 50_000*(i+1)), 0o644); err != nil {
			t.Fatal(err)
		}
		d.run(d.gotor, "create", "-o", file, data)
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d.torrents = append(d.torrents, b)
	}
	d.start()
	d.add()
	for id := range d.state().Torrents {
		d.ids = append(d.ids, id)
	}
	slices.Sort(d.ids)
	return d
}

func (d *realDaemon) run(name string, args ...string) {
	d.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		d.Fatalf("%s %s: %v\n%s", name, args, err, out)
	}
}

// start starts the daemon, and returns when it answers.
func (d *realDaemon) start() {
	d.Helper()
	d.log = new(bytes.Buffer)
	d.process = exec.Command(d.gotor, "serve", "--dir", d.root, "--state-dir", filepath.Join(d.home, "state"), "--socket", filepath.Join(d.home, "s"),
		"--listen", "none", "--port", "none", "--no-dht", "--no-lsd")
	d.process.Env = append(os.Environ(), "XDG_CONFIG_HOME="+d.home, "GOTOR_TOKEN=")
	d.process.Stderr = d.log
	out, err := d.process.StdoutPipe()
	if err == nil {
		err = d.process.Start()
	}
	if err != nil {
		d.Fatal(err)
	}
	d.ended = make(chan error, 1)
	process := d.process
	d.Cleanup(func() { _ = process.Process.Kill() })
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil { // it tells where it is
		d.Fatalf("the daemon does not start: %v\n%s", err, d.log)
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		d.ended <- process.Wait()
	}()
}

// stop ends the daemon, which must have had no trouble.
func (d *realDaemon) stop() {
	d.Helper()
	if a := d.ask("POST", "/shutdown?until=ended", "", nil); a.StatusCode != http.StatusNoContent {
		d.Errorf("the end: %d %s", a.StatusCode, a.body)
	}
	if err := <-d.ended; err != nil {
		d.Errorf("the daemon ended with %v", err)
	}
	for _, word := range []string{"a bug", "panic", "goroutine "} {
		if strings.Contains(d.log.String(), word) {
			d.Errorf("the daemon's log has %q\n%.4000s", word, d.log)
			return
		}
	}
}

// add adds all torrents that are not there.
func (d *realDaemon) add() {
	d.Helper()
	for _, b := range d.torrents {
		if a := d.ask("POST", "/torrents", typeTorrent, b); a.StatusCode != 200 && a.StatusCode != 201 {
			d.Errorf("adding: %d %s", a.StatusCode, a.body)
		}
	}
}

func (d *realDaemon) ask(method, path, kind string, body []byte) answer {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Context(), method, "http://localhost"+base+path, bytes.NewReader(body))
	if err != nil {
		d.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	resp, err := d.client.Do(r)
	if err != nil {
		d.Fatalf("%s %s: %v\n%s", method, path, err, d.log)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		d.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{resp, b}
}

// judge sends a request and judges what comes; 0: it waits for something that does not
// happen, as it was asked to.
func (d *realDaemon) judge(r *http.Request, sent any) int {
	ctx, cancel := context.WithTimeout(d.Context(), time.Second)
	defer cancel()
	r.RequestURI = "" // of a server
	resp, err := d.client.Do(r.WithContext(ctx))
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return 0
	case err != nil:
		d.Errorf("%s %s: no answer: %v", r.Method, r.URL, err)
		return 0
	}
	defer resp.Body.Close()
	a := answer{Response: resp}
	a.body, err = io.ReadAll(resp.Body)
	switch resp.StatusCode {
	case http.StatusInternalServerError, http.StatusNotImplemented:
		body, _ := json.Marshal(sent)
		d.Errorf("%s %s: %d %s\nbody: %.500s", r.Method, r.URL, resp.StatusCode, a.body, body)
	default:
		if err == nil {
			d.describes(r, a)
		}
	}
	return resp.StatusCode
}

// daemonState is what a daemon has promised to keep.
type daemonState struct {
	Settings record.Settings
	Torrents map[string]keptTorrent
}

type keptTorrent struct {
	Name, Dir  string
	Paused     bool
	Labels     []string
	Limits     record.RateLimits
	Seed       record.SeedGoal
	Sequential bool
}

func (d *realDaemon) state() daemonState {
	d.Helper()
	if a := d.ask("GET", "/stats", "", nil); !bytes.Contains(a.body, []byte(`"ready":""`)) {
		d.Errorf("it is not ready: %s", a.body)
	}
	s := daemonState{Settings: decode[record.Settings](d.harness, d.ask("GET", "/settings", "", nil)), Torrents: make(map[string]keptTorrent)}
	s.Settings.Revision = 0
	for _, row := range decode[record.TorrentPage](d.harness, d.ask("GET", "/torrents", "", nil)).Items {
		if a := d.ask("GET", "/torrents/"+row.ID, "", nil); a.StatusCode != http.StatusOK {
			d.Errorf("a torrent of the list: %d %s", a.StatusCode, a.body)
		}
		s.Torrents[row.ID] = keptTorrent{row.Name, row.Dir, row.Paused, row.Labels, row.Limits, row.Seed, row.Sequential}
	}
	return s
}
