//go:build interop && linux

package cmd_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// testMagnets downloads from the other programs by magnet link, and lets them
// download from gotor seed in the same way: all that is handed over is a link.
func testMagnets(t *testing.T, l *lab) {
	for _, x := range everybody() {
		t.Run(caseName("from", x.name, "by tracker"), func(t *testing.T) {
			t.Parallel()
			s := l.swarm(t, setup{payload: oddTree(), own: true})
			s.seed(x.client)
			s.torrent = s.magnet()
			s.get("--metadata-timeout", "60s")
			s.fetchTorrent()
		})
		t.Run(caseName("from", x.name, "by x.pe"), func(t *testing.T) {
			t.Parallel()
			s := l.swarm(t, setup{payload: oddFile(7_654_321), own: true})
			h := s.net.host(t)
			s.seeders(1, x.client.seed(t, l, h, s.torrent, s.copyData()))
			s.torrent = "magnet:?xt=urn:btih:" + s.hash.String() + "&x.pe=" + h.addr(peerPort)
			s.get("--metadata-timeout", "60s")
		})
		t.Run(caseName("to", x.name), func(t *testing.T) {
			t.Parallel()
			// opentracker: aria2 announces left=0 while it has a link alone, as a
			// seeder does, and gotor tracker gives seeders no other seeder.
			s := l.swarm(t, setup{payload: oddTree()})
			link := s.magnet()
			seed := s.startSeed()
			s.torrent = link
			s.fetchAll([]leecher{x}, seed)
			seed.wantSeeded(s)
		})
	}
}

// magnet is the link to the swarm's torrent, as gotor makes it.
func (s *swarm) magnet() string {
	s.t.Helper()
	return strings.TrimSpace(run(s.t, s.lab.gotor, "magnet", s.torrent))
}

// fetchTorrent makes a torrent of the link, and nothing else.
func (s *swarm) fetchTorrent() {
	s.t.Helper()
	dir := s.t.TempDir()
	out := filepath.Join(dir, "x.torrent")
	g := s.lab.start(s.t, s.me, s.env, "magnet", "--metadata-timeout", "60s", "-o", out, s.torrent)
	if code := g.wait(s.t); code != 0 || g.stdout.String() != "" {
		s.t.Fatalf("exit code %d, stdout %q", code, g.stdout.String())
	}
	if got := infoHash(s.t, out); got != s.hash {
		s.t.Errorf("info-hash %v, want %v", got, s.hash)
	}
	if files, _ := filepath.Glob(dir + "/*"); len(files) != 1 {
		s.t.Errorf("written were %q", files)
	}
}
