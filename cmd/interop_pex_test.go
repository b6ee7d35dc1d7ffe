//go:build interop && linux

package cmd_test

import (
	"strings"
	"testing"
)

// testPEX lets a download learn from one peer where another is (BEP 11): it is
// told the address of a peer in the middle, which has next to nothing or gives
// next to nothing, but is connected to a seeder. There is no DHT, no local
// discovery, and the tracker that brings the two others together is not named
// to it.
//
// Not here, since they cannot be told a peer: aria2 and transmission at the end of
// the chain.
func testPEX(t *testing.T, l *lab) {
	for _, middle := range []string{"gotor", "libtorrent", "transmission"} {
		t.Run(caseName("through", middle), func(t *testing.T) {
			t.Parallel()
			s := l.swarm(t, setup{payload: oddFile(3_210_987), own: true})
			seeder := s.seed(libtorrent{})
			h, p := s.middle(middle)
			s.torrent = s.bareMagnet() + "&x.pe=" + h.addr(peerPort)
			s.get("--no-dht", "--metadata-timeout", "80s")
			s.wantMet(seeder, p)
		})
	}
	t.Run("through gotor to libtorrent", func(t *testing.T) {
		t.Parallel()
		// The seeder is no libtorrent: two of them that learn of each other at the
		// same time dial each other, and each takes the other's for a duplicate.
		s := l.swarm(t, setup{payload: oddFile(3_210_987), own: true})
		at := s.net.host(t)
		s.seeders(1, gotorClient{}.seed(t, l, at, s.torrent, s.copyData()))
		h, p := s.middle("gotor")
		dir := t.TempDir()
		end, done := libtorrent{}.download(t, l, s.me, s.bareMagnet()+"&x.pe="+h.addr(peerPort), dir)
		until(t, "libtorrent has everything", done, end, p)
		s.payload.same(t, dir)
		if !strings.Contains(end.out.String(), "peer "+at.ip.String()+":") || p.ended() {
			t.Error("the seeder was not met")
		}
	})
}

// wantMet checks that the data came from the seeder: it has had a connection with
// us, while the one in the middle goes on.
func (s *swarm) wantMet(seeder, middle *proc) {
	s.t.Helper()
	if !strings.Contains(seeder.out.String(), "peer "+s.me.ip.String()+":") {
		s.t.Error("the seeder has not met us")
	}
	if middle.ended() {
		s.t.Errorf("%s ended", middle.name)
	}
}

// middle starts a downloader that is found by its address alone and passes on
// next to nothing: it learns of the seeder from the tracker.
func (s *swarm) middle(name string) (*host, *proc) {
	s.t.Helper()
	h, dir := s.net.host(s.t), s.t.TempDir()
	var p *proc
	switch name {
	case "gotor":
		p = gotorClient{}.start(s.t, s.lab, h, s.torrent, dir, "--no-dht", "--max-down", "20K", "--max-up", "10K").proc
	case "libtorrent":
		p = libtorrent{}.start(s.t, s.lab, h, s.torrent, dir, "--down-rate", "20000", "--rate", "10000")
	case "transmission":
		p, _ = transmission{slow: true}.download(s.t, s.lab, h, s.torrent, dir)
	}
	s.leechers(1, p)
	return h, p
}
