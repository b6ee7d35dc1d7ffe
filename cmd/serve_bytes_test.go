package cmd

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gotor/cmd/record"
)

// child is a gotor in a process of its own.
type child struct {
	*exec.Cmd
	out   *bufio.Reader
	err   syncBuffer
	ended chan struct{}
}

const childToken = "a-token-for-tests-only"

// spawn starts gotor in a folder. It ends with the test.
func spawn(t *testing.T, dir string, args ...string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: exec.Command(self), ended: make(chan struct{})}
	c.Args = append([]string{"gotor"}, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "HOME="+dir, "XDG_STATE_HOME="+filepath.Join(dir, "state"), "XDG_RUNTIME_DIR="+dir, "GOTOR_NO_DHT=true", "GOTOR_TOKEN="+childToken)
	c.Stderr = &c.err
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_, _ = io.Copy(io.Discard, c.out)
		_ = c.Wait()
		if t.Failed() {
			t.Logf("gotor %s\n%s", strings.Join(args, " "), c.err.String())
		}
	})
	return c
}

// line reads lines of stdout until one begins so, and returns the rest of it.
func (c *child) line(t *testing.T, prefix string) string {
	t.Helper()
	for {
		l, err := c.out.ReadString('\n')
		if err != nil {
			t.Fatalf("no line %q: %v", prefix, err)
		}
		if rest, ok := strings.CutPrefix(strings.TrimSpace(l), prefix); ok {
			return rest
		}
	}
}

// served is a running daemon, and a seed that has what it is to download.
type served struct {
	*testing.T
	site   string
	source string // folder of the data
	file   string // the .torrent
	peer   string
}

// serveFrom starts a seed of some files and a daemon.
func serveFrom(t *testing.T, files map[string][]byte, seed ...string) *served {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts processes")
	}
	dir := t.TempDir()
	s := &served{T: t, source: filepath.Join(dir, "pack"), file: filepath.Join(dir, "pack.torrent")}
	for name, data := range files {
		path := filepath.Join(s.source, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	made := spawn(t, dir, "create", s.source, "-o", s.file)
	made.line(t, s.file)
	s.peer = "127.0.0.1:" + freePort(t)
	spawn(t, dir, append([]string{"seed", s.file, s.source, "--port", s.peer[len("127.0.0.1:"):], "--state-dir", "none"}, seed...)...)
	root := filepath.Join(dir, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	d := spawn(t, dir, "serve", "--dir", root, "--listen", "127.0.0.1:0", "--port", "none", "--state-dir", filepath.Join(dir, "daemon"))
	s.site = "http://" + strings.TrimSuffix(d.line(t, "http://"), "/")
	return s
}

// do sends a request with the token; the answer's body is the caller's.
func (s *served) do(ctx context.Context, method, path, kind string, body io.Reader, headers ...string) *http.Response {
	s.Helper()
	at := s.site + "/api/v1" + path
	if path == "/metrics" {
		at = s.site + path
	}
	r, err := http.NewRequestWithContext(ctx, method, at, body)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+childToken)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	return resp
}

// read sends a request and reads the answer, which must have a status.
func (s *served) read(status int, method, path, kind string, body io.Reader, headers ...string) []byte {
	s.Helper()
	resp := s.do(s.Context(), method, path, kind, body, headers...)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status {
		s.Fatalf("%s %s: %s, %v\n%.500s", method, path, resp.Status, err, b)
	}
	return b
}

// add adds the torrent with the seed as its peer.
func (s *served) add(query string) record.Torrent {
	s.Helper()
	raw, err := os.ReadFile(s.file)
	if err != nil {
		s.Fatal(err)
	}
	var row record.Torrent
	b := s.read(201, "POST", "/torrents?peers="+s.peer+query, "application/x-bittorrent", bytes.NewReader(raw))
	if err := json.Unmarshal(b, &row); err != nil {
		s.Fatal(err)
	}
	return row
}

func (s *served) torrent(id, query string) (row record.Torrent) {
	s.Helper()
	if err := json.Unmarshal(s.read(200, "GET", "/torrents/"+id+query, "", nil), &row); err != nil {
		s.Fatal(err)
	}
	return row
}

// noise is bytes that no piece has twice.
func noise(n int) []byte {
	r := rand.NewChaCha8([32]byte{byte(n)})
	b := make([]byte, n)
	_, _ = r.Read(b)
	return b
}

// A thousand ranges of a file that is being downloaded are the bytes of the file.
func TestServeRangesWhileDownloading(t *testing.T) {
	const size = 24 << 20
	film := noise(size)
	s := serveFrom(t, map[string][]byte{"film.mkv": film, "sub/notes.txt": []byte("notes\n")})
	id := s.add("&limits=" + `%7B%22max_down%22:4194304%7D`).ID
	var (
		all   sync.WaitGroup
		left  atomic.Int64
		early atomic.Int64 // read before the download was complete
	)
	left.Store(1000)
	for worker := range uint64(8) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(worker, 1))
			for left.Add(-1) >= 0 && !t.Failed() {
				from := r.IntN(size)
				to := min(size, from+1+r.IntN(100_000))
				got := s.read(206, "GET", "/torrents/"+id+"/files/0/content", "", nil, "Range", fmt.Sprintf("bytes=%d-%d", from, to-1))
				if !bytes.Equal(got, film[from:to]) {
					t.Errorf("bytes %d to %d are others", from, to)
				}
				if s.torrent(id, "").Progress < 1 {
					early.Add(1)
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d of 1000 ranges were read while it was downloading", early.Load())
	if early.Load() == 0 {
		t.Error("none was read while it was downloading")
	}
	if row := s.torrent(id, "?wait=60s&until=done"); row.State != record.StateSeeding {
		t.Errorf("at last it is %s", row.State)
	}
	if got := s.read(200, "GET", "/torrents/"+id+"/files/0/content", "", nil); !bytes.Equal(got, film) {
		t.Error("the whole file is another one")
	}
}

// An archive from the daemon is, byte for byte, that of get --tar, and can be asked
// for before anything is here.
func TestServeArchive(t *testing.T) {
	s := serveFrom(t, map[string][]byte{"b.bin": noise(3 << 20), "a/empty": nil, "a/one": []byte("1"), strings.Repeat("long/", 40) + "x": noise(100_000)})
	id := s.add("").ID
	got := s.read(200, "GET", "/torrents/"+id+"/archive.tar", "", nil)
	get := spawn(t, t.TempDir(), "get", s.file, "--tar", "-o", "-", "--peer", s.peer, "--port", "none")
	want, err := io.ReadAll(get.out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes, and get --tar has %d", len(got), len(want))
	}
}

// Who follows the events hears of each milestone once, and of bytes as they come.
func TestServeEvents(t *testing.T) {
	s := serveFrom(t, map[string][]byte{"film.mkv": noise(8 << 20)})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	resp := s.do(ctx, "GET", "/events?topics=rows,torrents&interval=200ms", "", nil)
	defer resp.Body.Close()
	id := s.add("&limits=" + `%7B%22max_down%22:4194304%7D`).ID
	var what []string
	row, between := map[string]json.RawMessage{}, 0
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for name := ""; lines.Scan() && !(len(what) > 0 && what[len(what)-1] == "completed" && string(row["state"]) == `"seeding"`); {
		key, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case key == "event":
			name = value
		case key == "data" && name == record.EventTorrent:
			var m record.Milestone
			if err := json.Unmarshal([]byte(value), &m); err != nil || m.ID != id {
				t.Fatalf("%s: %v", value, err)
			}
			what = append(what, m.What)
		case key == "data" && name == record.EventRows:
			var ev record.RowsEvent
			if err := json.Unmarshal([]byte(value), &ev); err != nil {
				t.Fatal(err)
			}
			for _, raw := range ev.Rows {
				if err := json.Unmarshal(raw, &row); err != nil {
					t.Fatal(err)
				}
			}
			if p := string(row["progress"]); p != "" && p != "0" && p != "1" {
				between++
			}
		}
	}
	if ctx.Err() != nil || cmp.Or(what...) != "added" || between == 0 {
		t.Errorf("heard of %q, and %d times of bytes: %v, %s", what, between, ctx.Err(), row["state"])
	}
	seen := map[string]bool{}
	for _, w := range what {
		if seen[w] && w != "checked" {
			t.Errorf("%s was told twice: %q", w, what)
		}
		seen[w] = true
	}
	figures := string(s.read(200, "GET", "/metrics", "", nil))
	for _, want := range []string{"gotor_verified_bytes_total 8.388608e+06\n", `gotor_payload_received_bytes_total{source="peer"} 8.388608e+06`, `gotor_torrents{state="seeding"} 1`} {
		if !strings.Contains(figures, want) {
			t.Errorf("the metrics have no %q", want)
		}
	}
	if strings.Contains(figures, "gotor_journal_syncs_total 0\n") || !strings.Contains(figures, "gotor_journal_sync_seconds_count ") {
		t.Error("the metrics know of no sync")
	}
}
