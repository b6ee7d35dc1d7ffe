//go:build interop && linux

package cmd_test

import "testing"

// testLab lets the other programs serve each other: where this fails, the
// laboratory is at fault and not gotor.
func testLab(t *testing.T, l *lab) {
	for _, pair := range []struct{ from, to string }{
		{"transmission", "aria2"}, {"aria2", "libtorrent"}, {"libtorrent", "transmission"},
	} {
		t.Run(pair.from+"-to-"+pair.to, func(t *testing.T) {
			t.Parallel()
			s := l.swarm(t, setup{payload: oddFile(5_000_000)})
			s.seed(clients[pair.from])
			dir := t.TempDir()
			p, done := clients[pair.to].download(t, l, s.me, s.torrent, dir)
			until(t, pair.to+" has everything", func() bool { return done() }, p)
			s.payload.same(t, dir)
		})
	}
}
