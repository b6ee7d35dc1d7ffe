//go:build interop && linux

package cmd_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gotor/cmd/record"
)

// testRPCLibraries drives gotor serve with libraries for Transmission's RPC.
func testRPCLibraries(t *testing.T, l *lab) {
	for name, lib := range map[string]struct {
		find   func(t *testing.T) string // the interpreter that has it
		script string
		bare   bool // it removes the torrent, and leaves its data
	}{
		"python3-transmissionrpc":     {pythonWith("/usr/bin/python3", "transmissionrpc"), "rpc_old.py", false},
		"transmission-rpc":            {newestPython, "rpc_new.py", false},
		"libtransmission-client-perl": {perlClient, "rpc.pl", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			with := lib.find(t)
			s := l.swarm(t, setup{payload: oddTree()})
			s.seed(libtorrent{})
			d := s.serve()
			p := d.host.start(t, t.TempDir(), with, testdata(t, lib.script), d.host.addr(apiPort), apiToken, s.torrent, d.roots[1])
			if code := p.wait(t); code != 0 || !strings.HasSuffix(p.out.String(), "ok\n") {
				t.Fatalf("exit code %d: %s", code, tail(p.out.String()))
			}
			is(d, "it is there still", d.has(s.hash), false)
			if lib.bare {
				s.payload.same(t, d.roots[1])
			} else if left := list(t, d.roots[1]); len(left) > 0 {
				t.Errorf("left on the disk: %q", left)
			}
		})
	}
	t.Run("fields of Sonarr", func(t *testing.T) {
		t.Parallel()
		testSonarr(t, l)
	})
}

// pythonWith finds a Python that has a module.
func pythonWith(python, module string) func(t *testing.T) string {
	return func(t *testing.T) string {
		if out, err := exec.Command(python, "-c", "import "+module).CombinedOutput(); err != nil {
			lacking(t, "%s has no %s: %s", python, module, tail(string(out)))
		}
		return python
	}
}

// newestPython makes an environment with a library that Debian has not got. It comes
// from the network: without one the test is skipped, whatever is required.
func newestPython(t *testing.T) string {
	dir := t.TempDir()
	for _, argv := range [][]string{
		{"python3", "-m", "venv", dir},
		{filepath.Join(dir, "bin/pip"), "install", "-q", "--retries", "0", "--timeout", "20", "transmission-rpc==7.0.11"},
	} {
		if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
			t.Skipf("%q: %v: %s", argv, err, tail(string(out)))
		}
	}
	return filepath.Join(dir, "bin/python3")
}

func perlClient(t *testing.T) string {
	if out, err := exec.Command("perl", "-MTransmission::Client", "-e1").CombinedOutput(); err != nil {
		lacking(t, "perl has no Transmission::Client: %s", tail(string(out)))
	}
	return "perl"
}

// testSonarr asks for what Sonarr and its like ask for, about a complete torrent.
func testSonarr(t *testing.T, l *lab) {
	s := l.swarm(t, setup{payload: oddTree()})
	s.seed(libtorrent{})
	d := s.serve()
	if status, b := d.ask("POST", "/api/v1/torrents", "application/json",
		jsonOf(t, map[string]any{"source": s.magnet(), "labels": []string{"tv"}, "seed": map[string]any{"mode": "limits", "ratio": 1.5, "idle": 1800}})); status != 201 {
		t.Fatalf("%d: %s", status, b)
	}
	d.done(s, d.roots[0])
	r := &transmissionRPC{host: d.host, client: d.web, at: d.url("/transmission/rpc"), token: apiToken}
	b, err := r.call("torrent-get", map[string]any{"fields": strings.Fields(`id hashString name downloadDir totalSize leftUntilDone
		isFinished eta status secondsDownloading secondsSeeding errorString uploadedEver downloadedEver seedRatioLimit seedRatioMode
		seedIdleLimit seedIdleMode fileCount file-count labels`)})
	must(t, err)
	var answer struct {
		Arguments struct{ Torrents []map[string]any }
	}
	must(t, json.Unmarshal(b, &answer))
	if len(answer.Arguments.Torrents) != 1 {
		t.Fatalf("%s", b)
	}
	got, row := answer.Arguments.Torrents[0], d.row(s.hash)
	for name, want := range map[string]any{
		"id": 1.0, "hashString": s.hash.String(), "name": s.payload.name, "downloadDir": d.roots[0], "totalSize": float64(s.payload.size()),
		"leftUntilDone": 0.0, "isFinished": false, "eta": -1.0, "status": 6.0, "errorString": "", "uploadedEver": 0.0,
		"seedRatioLimit": 1.5, "seedRatioMode": 1.0, "seedIdleLimit": 30.0, "seedIdleMode": 1.0,
		"fileCount": float64(len(s.payload.files)), "file-count": float64(len(s.payload.files)), "downloadedEver": float64(row.Downloaded),
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if labels, _ := got["labels"].([]any); len(labels) != 1 || labels[0] != "tv" {
		t.Errorf("labels are %v", got["labels"])
	}
	for _, name := range []string{"secondsDownloading", "secondsSeeding"} {
		if n, ok := got[name].(float64); !ok || n < 0 || n > 600 {
			t.Errorf("%s is %v", name, got[name])
		}
	}
	if row.Downloaded < s.payload.size() {
		t.Errorf("downloaded %d of %d bytes", row.Downloaded, s.payload.size())
	}
	is(d, "state", row.State, record.StateSeeding)
}

func jsonOf(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return b
}
