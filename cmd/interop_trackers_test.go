//go:build interop && linux

package cmd_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testTrackers finds the seeder by each kind of tracker and list of trackers.
func testTrackers(t *testing.T, l *lab) {
	dead := "http://10.88.0.250:6969/announce" // nobody has this address
	shut := "udp://10.88.0.1:7/announce"       // nothing listens there
	for name, tiers := range map[string]func(h *host) []string{
		"http": func(h *host) []string { return []string{h.announceURL("http")} },
		"udp":  func(h *host) []string { return []string{h.announceURL("udp")} },
		// One tracker per tier, and tiers proper.
		"dead in tier 1, alive in tier 2": func(h *host) []string { return []string{dead, h.announceURL("http")} },
		"tier 1 of two dead, tier 2 alive": func(h *host) []string {
			return []string{dead + "," + shut, h.announceURL("udp") + "," + dead}
		},
		"dead and alive in one tier": func(h *host) []string { return []string{dead + "," + shut + "," + h.announceURL("http")} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := l.swarm(t, setup{payload: oddFile(1_234_567), tiers: tiers})
			// The seeder need not find its way past dead trackers.
			p := libtorrent{}.start(t, l, s.net.host(t), s.torrent, s.copyData(), "--tracker", s.tracker.host.announceURL("http"))
			s.seeders(1, p)
			s.get("--peer-timeout", "40s") // a dead tracker holds nobody up for long
		})
	}
	t.Run("all dead", func(t *testing.T) {
		t.Parallel()
		s := l.swarm(t, setup{payload: oddFile(1000), tiers: func(*host) []string { return []string{shut, dead} }})
		s.startGet(t.TempDir(), "--peer-timeout", "5s").wantCode(t, 11)
	})
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		s := l.swarm(t, setup{payload: oddFile(1000)})
		s.startGet(t.TempDir(), "--peer-timeout", "2s").wantCode(t, 5)
	})
	t.Run("not on the tracker's list", func(t *testing.T) {
		t.Parallel()
		s := l.swarm(t, setup{payload: oddFile(1000)})
		s.tracker.proc.kill()
		l.tracker(t, s.tracker.host, hash{})
		g := s.startGet(t.TempDir(), "--peer-timeout", "2s")
		g.wantCode(t, 11)
		if !strings.Contains(g.stderr.String(), "not authorized") {
			t.Errorf("stderr does not tell what the tracker said: %s", g.stderr.String())
		}
	})
	for _, scheme := range []string{"http", "udp"} {
		t.Run(caseName("scrape", scheme), func(t *testing.T) { testScrape(t, l, scheme) })
	}
	t.Run("nginx", func(t *testing.T) { testNginx(t, l) })
}

// testScrape asks opentracker about a swarm of one seeder and one leecher.
func testScrape(t *testing.T, l *lab, scheme string) {
	t.Parallel()
	s := l.swarm(t, setup{payload: oddFile(1_234_567), tiers: func(h *host) []string { return []string{h.announceURL(scheme)} }})
	s.seed(libtorrent{})
	libtorrent{}.start(t, l, s.net.host(t), s.torrent, t.TempDir(), "--no-download")
	s.leechers(1)
	g := l.start(t, s.me, nil, "scrape", "--json", s.torrent)
	g.wantCode(t, 0)
	for _, want := range []string{`"seeders":1`, `"leechers":1`} {
		if !strings.Contains(strings.ReplaceAll(g.stdout.String(), " ", ""), want) {
			t.Errorf("no %s in %s", want, g.stdout.String())
		}
	}
}

// testNginx puts a web server of another maker before everything that gotor
// fetches by HTTP: the torrent, and a tracker that is behind a redirect, gzip
// and TLS.
func testNginx(t *testing.T, l *lab) {
	t.Parallel()
	l.need(t, "nginx")
	s := l.swarm(t, setup{
		payload: oddFile(1_234_567),
		tiers:   func(h *host) []string { return []string{h.announceURL("http"), "https://10.88.0.3:8443/jump/announce"} },
	})
	web := s.net.host(t)
	if web.addr(8443) != "10.88.0.3:8443" {
		t.Fatal("the web server is at " + web.addr(8443))
	}
	dir := t.TempDir()
	certificate(t, dir, web)
	startNginx(t, l, web, dir, fmt.Sprintf(`
server {
	listen 8080;
	root %s;
}
server {
	listen 8443 ssl;
	ssl_certificate cert.pem;
	ssl_certificate_key key.pem;
	location /jump/ { return 302 /announce$is_args$args; }
	location /announce {
		proxy_pass http://%s;
		gzip on;
		gzip_types *;
		gzip_min_length 0;
	}
}`, filepath.Dir(s.torrent), s.tracker.host.addr(trackerPort)))
	p := libtorrent{}.start(t, l, s.net.host(t), s.torrent, s.copyData(), "--tracker", s.tracker.host.announceURL("http"))
	s.seeders(1, p)
	// The tracker itself is out of gotor's reach.
	run(t, "ip", "-n", s.me.ns, "route", "add", "prohibit", s.tracker.host.ip.String())
	s.env = []string{"SSL_CERT_FILE=" + filepath.Join(dir, "cert.pem")}
	s.torrent = "http://" + web.addr(8080) + "/" + filepath.Base(s.torrent)
	s.get()
}

// startNginx runs nginx with the given servers, in dir.
func startNginx(t *testing.T, l *lab, h *host, dir, servers string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, "nginx.conf"), fmt.Appendf(nil, `
daemon off;
master_process off;
user root;
pid %[1]s/pid;
error_log stderr info;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/t1;
	proxy_temp_path %[1]s/t2;
	fastcgi_temp_path %[1]s/t3;
	uwsgi_temp_path %[1]s/t4;
	scgi_temp_path %[1]s/t5;
	%[2]s
}
`, dir, servers), 0o644))
	p := h.start(t, dir, l.path("nginx"), "-p", dir, "-c", "nginx.conf", "-e", "stderr")
	until(t, "nginx listens", func() bool { return h.listening(8443) }, p)
}

// certificate writes cert.pem and key.pem for a host.
func certificate(t *testing.T, dir string, h *host) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{h.ip.AsSlice()},
	}
	cert, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	write := func(name, kind string, b []byte) {
		must(t, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600))
	}
	write("cert.pem", "CERTIFICATE", cert)
	write("key.pem", "PRIVATE KEY", der)
}
