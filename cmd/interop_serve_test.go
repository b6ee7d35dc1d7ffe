//go:build interop && linux

package cmd_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gotor/cmd/record"
)

const (
	apiPort  = 7470
	apiToken = "a-token-of-the-tests-0123456789abcdef"
)

// served is a running gotor serve, with the two roots that it may use.
type served struct {
	*gotorRun
	t     *testing.T
	lab   *lab
	host  *host
	roots [2]string
	web   *http.Client
}

// serve starts the daemon on a host, with Transmission's RPC, and waits until it
// answers.
func (l *lab) serve(t *testing.T, h *host, args ...string) *served {
	t.Helper()
	state := t.TempDir()
	d := &served{t: t, lab: l, host: h, roots: [2]string{t.TempDir(), t.TempDir()}, web: h.client()}
	args = append([]string{"serve", "--dir", d.roots[0], "--dir", d.roots[1], "--listen", h.addr(apiPort),
		"--state-dir", state, "--socket", filepath.Join(state, "s"), "--port", strconv.Itoa(peerPort),
		"--no-dht", "--no-lsd", "--transmission-rpc"}, args...)
	d.gotorRun = l.start(t, h, []string{"GOTOR_TOKEN=" + apiToken}, args...)
	until(t, "gotor serve is ready", func() bool { return strings.Contains(d.stdout.String(), "http://") }, d.proc)
	return d
}

// serve starts the daemon where gotor runs in a swarm.
func (s *swarm) serve(args ...string) *served {
	s.t.Helper()
	return s.lab.serve(s.t, s.me, args...)
}

func (d *served) url(path string) string {
	return "http://" + d.host.addr(apiPort) + path
}

// ask sends a request and returns the status and the body of its answer.
func (d *served) ask(method, path, kind string, body []byte) (int, []byte) {
	d.t.Helper()
	req, err := http.NewRequest(method, d.url(path), bytes.NewReader(body))
	must(d.t, err)
	req.Header.Set("Authorization", "Bearer "+apiToken)
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := d.web.Do(req)
	must(d.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(d.t, err)
	return resp.StatusCode, b
}

// look reads an answer of the API.
func look[T any](d *served, path string) (v T) {
	d.t.Helper()
	status, b := d.ask("GET", "/api/v1"+path, "", nil)
	if status != http.StatusOK {
		d.t.Fatalf("GET %s: %d %s", path, status, b)
	}
	must(d.t, json.Unmarshal(b, &v))
	return v
}

// row is a torrent as the API tells it.
func (d *served) row(x hash) record.Torrent {
	d.t.Helper()
	return look[record.Torrent](d, "/torrents/"+x.String())
}

// has says whether there is such a torrent.
func (d *served) has(x hash) bool {
	d.t.Helper()
	status, _ := d.ask("GET", "/api/v1/torrents/"+x.String(), "", nil)
	return status == http.StatusOK
}

// priorities are those of the files, in the order of the torrent.
func (d *served) priorities(x hash) (out []string) {
	d.t.Helper()
	list := look[struct{ Items []record.TorrentFile }](d, "/torrents/"+x.String()+"/files")
	for _, f := range list.Items {
		out = append(out, f.Priority)
	}
	return out
}

// reaches waits until a torrent is in a state.
func (d *served) reaches(x hash, state string) {
	d.t.Helper()
	until(d.t, "the torrent is "+state, func() bool { return d.row(x).State == state }, d.proc)
}

// done waits until a torrent is complete, and compares it.
func (d *served) done(s *swarm, dir string) {
	d.t.Helper()
	d.reaches(s.hash, record.StateSeeding)
	s.payload.same(d.t, dir)
}

// curl runs curl at the daemon's host with the token, and returns what it printed.
func (d *served) curl(path string, args ...string) []byte {
	d.t.Helper()
	d.lab.need(d.t, "curl")
	argv := append([]string{d.lab.path("curl"), "-sS", "--fail-with-body", "-H", "Authorization: Bearer " + apiToken}, args...)
	c := d.host.command(d.t.TempDir(), append(argv, d.url(path))...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		d.t.Fatalf("curl %q %s: %v\n%s%s", args, path, err, out, errs.String())
	}
	return out
}
