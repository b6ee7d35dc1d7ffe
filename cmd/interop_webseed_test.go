//go:build interop && linux

package cmd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// nginxSites are web servers as people run them. %[1]s is the folder with the
// payload.
var nginxSites = map[string]string{
	"plain":      `location / { root "%[1]s"; }`,
	"gzip":       `gzip on; gzip_types *; gzip_min_length 1; location / { root "%[1]s"; }`,
	"no ranges":  `max_ranges 0; location / { root "%[1]s"; }`,
	"slow":       `location / { root "%[1]s"; limit_rate 4m; }`,
	"redirects":  `location / { return 302 /files$request_uri; } location /files/ { alias "%[1]s/"; }`,
	"short life": `keepalive_requests 1; location / { root "%[1]s"; }`,
}

// nginx serves the payload on a host of its own and returns the URL of the
// folder.
func (s *swarm) nginx(site string) (url string, h *host, log string) {
	s.t.Helper()
	s.lab.need(s.t, "nginx")
	h = s.net.host(s.t)
	dir := s.t.TempDir()
	log = filepath.Join(dir, "access.log")
	conf := fmt.Sprintf(`user root; worker_processes 1; daemon off; pid %[2]s/pid; error_log stderr;
events { worker_connections 256; }
http { access_log %[2]s/access.log; sendfile on; default_type text/plain;
client_body_temp_path %[2]s/a; proxy_temp_path %[2]s/b; fastcgi_temp_path %[2]s/c; uwsgi_temp_path %[2]s/d; scgi_temp_path %[2]s/e;
server { listen 80; %[1]s } }`, fmt.Sprintf(nginxSites[site], s.data), dir)
	file := filepath.Join(dir, "nginx.conf")
	must(s.t, os.WriteFile(file, []byte(conf), 0o644))
	p := h.start(s.t, dir, s.lab.path("nginx"), "-p", dir, "-c", file)
	until(s.t, "nginx listens", func() bool { return h.listening(80) }, p)
	return "http://" + h.ip.String() + "/", h, log
}

// listWebSeed makes the swarm's torrent anew, with a web seed in it.
func (s *swarm) listWebSeed(url string) {
	s.t.Helper()
	out := filepath.Join(s.t.TempDir(), "web.torrent")
	run(s.t, s.lab.gotor, "create", "-q", "-o", out, "--piece-length", "256KiB", "--web-seed", url,
		"--tracker", s.tracker.host.announceURL("http"), filepath.Join(s.data, s.payload.name))
	if got := infoHash(s.t, out); got != s.hash {
		s.t.Fatalf("info-hash %v, want %v", got, s.hash)
	}
	s.torrent = out
}

// testWebSeeds downloads each shape from each kind of server, where there is no
// peer; and has all clients download together with one server behind them.
func testWebSeeds(t *testing.T, l *lab) {
	for site := range nginxSites {
		for shape, payload := range payloads {
			t.Run(caseName(site, shape), func(t *testing.T) {
				t.Parallel()
				s := l.swarm(t, setup{payload: payload, maker: "gotor", own: true})
				url, _, log := s.nginx(site)
				s.get("--mirror", url)
				b, err := os.ReadFile(log)
				must(t, err)
				if n := strings.Count(string(b), "\n"); n > 40 {
					t.Errorf("%d requests", n)
				}
			})
		}
	}
	t.Run("everybody", func(t *testing.T) {
		t.Parallel()
		s := l.swarm(t, setup{payload: oddFile(30_123_456), maker: "gotor", own: true})
		url, _, _ := s.nginx("slow")
		s.listWebSeed(url)
		type run struct {
			name, dir string
			p         *proc
			done      func() bool
		}
		var runs []run
		for _, x := range everybody() {
			dir := t.TempDir()
			p, done := x.client.download(t, l, s.net.host(t), s.torrent, dir)
			runs = append(runs, run{x.name, dir, p, done})
		}
		s.get()
		for _, r := range runs {
			until(t, r.name+" is done", r.done, r.p)
		}
	})
	t.Run("fleet", func(t *testing.T) {
		t.Parallel()
		testWebFleet(t, l)
	})
}

// testWebFleet starts 8 gotors together behind one nginx, every host with 40
// Mbit/s, and counts what nginx sends.
func testWebFleet(t *testing.T, l *lab) {
	l.need(t, "tc")
	s := l.swarm(t, setup{payload: oddFile(32 << 20), maker: "gotor", own: true})
	url, h, log := s.nginx("plain")
	shape := func(h *host) {
		run(t, "ip", "netns", "exec", h.ns, "tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", "40mbit", "burst", "64kb", "latency", "100ms")
	}
	shape(h)
	s.listWebSeed(url)
	start := time.Now()
	var all []*gotorRun
	for range 8 {
		h := s.net.host(t)
		shape(h)
		all = append(all, l.start(t, h, s.env, "get", "-o", t.TempDir()+"/", "--seed-time", "5s", s.torrent))
	}
	for _, g := range all {
		if code := g.wait(t); code != 0 {
			t.Errorf("exit code %d", code)
		}
	}
	b, err := os.ReadFile(log)
	must(t, err)
	var sent int64
	for line := range strings.Lines(string(b)) { // the 10th field: bytes of the body
		if f := strings.Fields(line); len(f) > 9 {
			n, _ := strconv.ParseInt(f[9], 10, 64)
			sent += n
		}
	}
	copies := float64(sent) / float64(s.payload.size())
	t.Logf("%.2f copies were sent to 8 in %d requests; everybody was done, 5 s of seeding included, in %v", copies, strings.Count(string(b), "\n"), time.Since(start))
	if copies > 2 || copies < 1 {
		t.Errorf("nginx sent %.2f copies, want 1 to 2", copies)
	}
}
