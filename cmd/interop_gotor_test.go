//go:build interop && linux

package cmd_test

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// gotorRun is a running gotor. Its streams are kept apart.
type gotorRun struct {
	*proc
	stdout output
	stderr output
	dir    string // where it downloads to
}

// start starts gotor on a host, in an empty working directory.
func (l *lab) start(t *testing.T, h *host, env []string, args ...string) *gotorRun {
	t.Helper()
	g := &gotorRun{}
	c := h.command(t.TempDir(), append([]string{l.gotor}, args...)...)
	c.Env = append(append(c.Env, "XDG_STATE_HOME="+l.state), env...)
	c.Stdout, c.Stderr = &g.stdout, &g.stderr
	g.proc = startProc(t, "gotor", c)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("gotor %s\nstdout: %s\nstderr: %s", strings.Join(args, " "), tail(g.stdout.String()), tail(g.stderr.String()))
		}
	})
	return g
}

// startGet starts a download of the swarm's torrent into dir.
func (s *swarm) startGet(dir string, args ...string) *gotorRun {
	s.t.Helper()
	args = append([]string{"get", s.torrent, "-o", dir + "/", "--port", strconv.Itoa(peerPort)}, args...)
	g := s.lab.start(s.t, s.me, s.env, args...)
	g.dir = dir
	return g
}

// startResume goes on with the download in dir from what lies there.
func (l *lab) startResume(t *testing.T, h *host, dir string) *gotorRun {
	t.Helper()
	g := l.start(t, h, nil, "resume", dir, "--port", strconv.Itoa(peerPort))
	g.dir = dir
	return g
}

// get downloads into a new folder and checks everything that must hold then.
func (s *swarm) get(args ...string) *gotorRun {
	s.t.Helper()
	g := s.startGet(s.t.TempDir(), args...)
	s.wantDone(g)
	return g
}

// wantDone waits for a download and checks what must hold after each that
// succeeds: the exit code, the path on stdout, no escape codes on stderr, the
// bytes, and that nothing else is left.
func (s *swarm) wantDone(g *gotorRun) {
	s.t.Helper()
	if code := g.wait(s.t); code != 0 {
		s.t.Fatalf("exit code %d, want 0", code)
	}
	if got, want := g.stdout.String(), filepath.Join(g.dir, s.payload.name)+"\n"; got != want {
		s.t.Errorf("stdout is %q, want %q", got, want)
	}
	if strings.Contains(g.stderr.String(), "\x1b") {
		s.t.Errorf("escape codes on stderr: %q", g.stderr.String())
	}
	s.payload.same(s.t, g.dir)
}

// wantCode waits for a run that must fail with one line and an exit code.
func (g *gotorRun) wantCode(t *testing.T, want int) {
	t.Helper()
	if code := g.wait(t); code != want {
		t.Fatalf("exit code %d, want %d", code, want)
	}
	if strings.Contains(g.stderr.String(), "goroutine ") {
		t.Errorf("a crash: %s", g.stderr.String())
	}
}

// progressLine is what the tests read of the NDJSON of --progress json.
type progressLine struct {
	Event    string
	State    string
	Verified int64
	Resumed  int64
	Checked  int64
	ToCheck  int64 `json:"to_check"`
	Peers    int
}

// progress is the last progress line, or a zero one. It needs --progress json.
func (g *gotorRun) progress() (last progressLine) {
	for line := range strings.Lines(g.stderr.String()) {
		var p progressLine
		if json.Unmarshal([]byte(line), &p) == nil && p.Event == "progress" {
			last = p
		}
	}
	return last
}

// reaches waits until the download has verified n bytes.
func (g *gotorRun) reaches(t *testing.T, n int64) {
	t.Helper()
	until(t, "gotor has verified "+strconv.FormatInt(n, 10)+" bytes", func() bool { return g.progress().Verified >= n }, g.proc)
}
