//go:build interop && linux

package cmd_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gotor/cmd/record"
)

// testREST uses the API of gotor serve with curl, in a real swarm.
func testREST(t *testing.T, l *lab) {
	l.need(t, "curl")
	for name, add := range map[string]func(d *served, s *swarm){
		"raw": func(d *served, s *swarm) {
			d.curl("/api/v1/torrents", "-H", "Content-Type: application/x-bittorrent", "--data-binary", "@"+s.torrent)
		},
		"multipart": func(d *served, s *swarm) { d.curl("/api/v1/torrents", "-F", "torrent=@"+s.torrent) },
		"link": func(d *served, s *swarm) {
			d.curl("/api/v1/torrents", "--json", string(jsonOf(d.t, map[string]string{"source": s.magnet()})))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := l.swarm(t, setup{payload: oddTree()})
			s.seed(libtorrent{})
			d := s.serve("--metrics-torrents")
			add(d, s)
			d.curl("/api/v1/torrents/" + s.hash.String() + "?until=done&wait=60s")
			d.done(s, d.roots[0])
			d.sameContent(s)
			d.metricsArePlain()
			d.curl("/api/v1/torrents/"+s.hash.String()+"?data=true", "-X", "DELETE")
			is(d, "it is there still", d.has(s.hash), false)
			if left := list(t, d.roots[0]); len(left) > 0 {
				t.Errorf("left on the disk: %q", left)
			}
		})
	}
	for _, x := range everybody() {
		t.Run("asleep to "+x.name, func(t *testing.T) {
			t.Parallel()
			testAsleep(t, l, x)
		})
	}
}

// sameContent compares a part of a file, as curl gets it, with what was shared.
func (d *served) sameContent(s *swarm) {
	d.t.Helper()
	const name = "a/b/c/big.dat"
	files := look[struct{ Items []record.TorrentFile }](d, "/torrents/"+s.hash.String()+"/files").Items
	i := slices.IndexFunc(files, func(f record.TorrentFile) bool { return f.Path == name })
	if i < 0 {
		d.t.Fatalf("no %s among %+v", name, files)
	}
	want, err := os.ReadFile(filepath.Join(s.data, s.payload.name, name))
	must(d.t, err)
	at := "/api/v1/torrents/" + s.hash.String() + "/files/" + string(jsonOf(d.t, files[i].Index)) + "/content"
	for r, want := range map[string][]byte{"0-": want, "262100-300000": want[262_100:300_001], "-17": want[len(want)-17:]} {
		if got := d.curl(at, "-r", r); !bytes.Equal(got, want) {
			d.t.Errorf("range %s: %s", r, difference(want, got))
		}
	}
}

// metricsArePlain has promtool look at the metrics, which must find nothing to say.
func (d *served) metricsArePlain() {
	d.t.Helper()
	d.lab.need(d.t, "promtool")
	c := d.host.command(d.t.TempDir(), d.lab.path("promtool"), "check", "metrics")
	c.Stdin = bytes.NewReader(d.curl("/metrics"))
	if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
		d.t.Errorf("promtool: %v\n%s", err, out)
	}
}

// testAsleep has another program download from a seed that sleeps: a daemon that
// starts again wakes none of its torrents, and announces them all the same.
func testAsleep(t *testing.T, l *lab, x leecher) {
	s := l.swarm(t, setup{payload: oddTree()})
	state := t.TempDir()
	first := s.serve("--state-dir", state)
	must(t, os.CopyFS(first.roots[0], os.DirFS(s.data)))
	first.curl("/api/v1/torrents", "-H", "Content-Type: application/x-bittorrent", "--data-binary", "@"+s.torrent)
	first.done(s, first.roots[0])
	if code := first.interrupt(t); code != 0 {
		t.Fatalf("exit code %d, want 0", code)
	}
	d := s.serve("--state-dir", state, "--dir", first.roots[0])
	is(d, "its state", d.row(s.hash).State, record.StateSeeding)
	is(d, "open files", d.openFiles(first.roots[0]), 0)
	is(d, "active", look[record.Stats](d, "/stats").Active, 0)
	s.seeders(1, d.proc)
	is(d, "open files", d.openFiles(first.roots[0]), 0)
	s.fetchAll([]leecher{x}, &seedRun{d.gotorRun, first.roots[0]})
	until(t, "what was uploaded is counted", func() bool { return d.row(s.hash).Uploaded >= s.payload.size() }, d.proc)
}

// openFiles is how many files below a folder the daemon holds open.
func (d *served) openFiles(dir string) (n int) {
	fds, err := filepath.Glob("/proc/" + strconv.Itoa(d.cmd.Process.Pid) + "/fd/*")
	must(d.t, err)
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && strings.HasPrefix(to, dir) {
			n++
		}
	}
	return n
}
