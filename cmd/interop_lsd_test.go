//go:build interop && linux

package cmd_test

import "testing"

// testLSD hands over an info-hash and nothing else, on a network where the data
// is at hand: no tracker, no address, no DHT, and gotor exchanges no peers.
//
// Not here, since the programs will not: aria2 and transmission over IPv6, where
// they have no local discovery.
func testLSD(t *testing.T, l *lab) {
	for _, x := range []struct {
		client string
		v6     bool
	}{
		{"aria2", false}, {"gotor", false}, {"libtorrent", false}, {"transmission", false},
		{"gotor", true}, {"libtorrent", true},
	} {
		t.Run(caseName(familyName(x.v6), "from", x.client), func(t *testing.T) {
			t.Parallel()
			w := ways{lsd: true, v6: x.v6}
			s := l.lan(t, oddFile(3_210_987))
			seeder := w.client(x.client).seed(t, l, s.net.station(t), s.torrent, s.copyData())
			g := gotorClient{w}.start(t, l, s.me, s.bareMagnet(), t.TempDir(), "--no-dht", "--no-pex", "--metadata-timeout", "60s")
			s.wantDone(g)
			if seeder.ended() {
				t.Errorf("%s ended", x.client)
			}
		})
		if x.client == "gotor" {
			continue // that was both directions
		}
		t.Run(caseName(familyName(x.v6), "to", x.client), func(t *testing.T) {
			t.Parallel()
			w := ways{lsd: true, v6: x.v6}
			s := l.lan(t, oddFile(3_210_987))
			seeder := gotorClient{w}.start(t, l, s.me, s.torrent, s.copyData(), "--seed", "--no-dht", "--no-pex")
			dir := t.TempDir()
			p, done := w.client(x.client).download(t, l, s.net.station(t), s.bareMagnet(), dir)
			until(t, x.client+" has everything", done, p, seeder.proc)
			s.payload.same(t, dir)
		})
	}
}
