//go:build interop && linux

package cmd_test

import (
	"strings"
	"testing"
)

// testOwnTracker has the other programs find each other through gotor tracker:
// a seeder of each kind by a leecher of each other kind, over each transport.
// gotor itself takes no part in the transfer.
func testOwnTracker(t *testing.T, l *lab) {
	for _, scheme := range []string{"http", "udp"} {
		for _, seeder := range everybody() {
			for _, leecher := range everybody() {
				if leecher.name == seeder.name {
					continue
				}
				t.Run(caseName(scheme, seeder.name, "to", leecher.name), func(t *testing.T) {
					t.Parallel()
					testPair(t, l, scheme, over(scheme, seeder.client), over(scheme, leecher.client))
				})
			}
		}
	}
}

// over is a client that speaks to trackers by a transport.
func over(scheme string, c client) client {
	if _, ok := c.(aria2); ok && scheme == "udp" {
		return aria2UDP{}
	}
	return c
}

// testPair lets one program download from another, each on a host of its own.
func testPair(t *testing.T, l *lab, scheme string, seeder, leecher client) {
	s := l.swarm(t, setup{payload: oddFile(1_234_567), own: true, tiers: func(h *host) []string { return []string{h.announceURL(scheme)} }})
	from := s.seed(seeder)
	dir := t.TempDir()
	to, done := leecher.download(t, l, s.net.host(t), s.torrent, dir)
	until(t, "the leecher has everything", done, from, to, s.tracker.proc)
	s.payload.same(t, dir)
	// It has understood all that it was told, and ends as it should.
	if code := s.tracker.proc.interrupt(t); code != 0 {
		t.Errorf("gotor tracker: exit code %d", code)
	}
	if said := s.tracker.proc.out.String(); !strings.Contains(said, " 0 refused; ") || !strings.Contains(said, s.tracker.host.announceURL("udp")+"\n") {
		t.Errorf("gotor tracker says %q", said)
	}
}

// aria2UDP is aria2 with a socket for UDP: it has none without its DHT, which
// finds nobody in a network of its own.
type aria2UDP struct{ aria2 }

func (c aria2UDP) seed(t *testing.T, l *lab, h *host, torrent, dir string) *proc {
	l.need(t, "aria2c")
	return h.start(t, t.TempDir(), c.args(l, h, torrent, dir, "--check-integrity=true", "--seed-ratio=0.0", "--enable-dht=true")...)
}

func (c aria2UDP) download(t *testing.T, l *lab, h *host, torrent, dir string) (*proc, func() bool) {
	l.need(t, "aria2c")
	p := h.start(t, t.TempDir(), c.args(l, h, torrent, dir, "--seed-time=0", "--enable-dht=true")...)
	return p, func() bool { return p.ended() && p.err == nil }
}
