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
	testHybridMagnets(t, l)
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

// testHybridMagnets downloads hybrid torrents from libtorrent by the version 1
// half of their links, which leads to an info dictionary and to no piece layers.
func testHybridMagnets(t *testing.T, l *lab) {
	for _, p := range []payload{oddTree(), oddFile(7_654_321)} {
		t.Run(caseName("hybrid", p.name), func(t *testing.T) {
			t.Parallel()
			s := l.swarm(t, setup{payload: p, maker: hybridMaker, own: true})
			s.seed(libtorrent{})
			full := s.magnet()
			if !strings.Contains(full, "xt=urn:btmh:") {
				t.Fatalf("%s has no version 2 hash", full)
			}
			for _, link := range []string{full, s.v1Link()} {
				s := s.in(t)
				s.torrent = link
				s.get("--metadata-timeout", "60s")
				s.fetchTorrent()
				s.showLink()
			}
		})
	}
}

// v1Link names the torrent by its version 1 hash alone, and the tracker.
func (s *swarm) v1Link() string {
	return "magnet:?xt=urn:btih:" + s.hash.String() + "&tr=" + s.tracker.host.announceURL("http")
}

// showLink shows what the link leads to.
func (s *swarm) showLink() {
	s.t.Helper()
	g := s.lab.start(s.t, s.me, s.env, "show", "--metadata-timeout", "60s", "--json", s.torrent)
	if code := g.wait(s.t); code != 0 || !strings.Contains(g.stdout.String(), s.hash.String()) {
		s.t.Fatalf("exit code %d, stdout %q", code, g.stdout.String())
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
