package torrent

import (
	"testing"
	"time"

	"gotor/torrent/swarm"
)

// An address is judged when it is dialled, by who named it: it may have been let in
// while the torrent was the user's own, and the torrent be a stranger's by now.
func TestPolicyChangesBeforeTheDial(t *testing.T) {
	for _, c := range []struct {
		name    string
		by      []swarm.Origin
		knocked bool
	}{
		{"a link", []swarm.Origin{swarm.FromLink}, false},
		{"a tracker of the torrent", []swarm.Origin{swarm.FromTracker}, false},
		{"a peer", []swarm.Origin{swarm.FromPeer}, false},
		{"a link and a tracker", []swarm.Origin{swarm.FromLink, swarm.FromTracker}, false},
		{"the user", []swarm.Origin{swarm.FromUser}, true},
		{"a tracker of the user's", []swarm.Origin{swarm.FromUserTracker}, true},
		{"the local network", []swarm.Origin{swarm.FromLocal}, true},
		{"the local network and a tracker", []swarm.Origin{swarm.FromLocal, swarm.FromTracker}, true},
		{"the peer itself", []swarm.Origin{swarm.FromIncoming}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				at, came := l.victim()
				tor := l.add(l.client(Config{Port: -1}), of(l.single(blastPayload(100_000), 16<<10)))
				l.until(tor, "it downloads", func(s Snapshot) bool { return s.State == StateDownloading })
				if tor.core.post(func(now time.Time) {
					for _, from := range c.by {
						tor.peers.book.Add(at, from, now)
					}
					tor.core.policy.Distrust()
				}); came.Load() > 0 {
					t.Fatal("dialled before it was named")
				}
				time.Sleep(time.Minute) // of the bubble's clock
				if got := came.Load() > 0; got != c.knocked {
					t.Errorf("named by %s: %d connections came", c.name, came.Load())
				}
				if s := tor.Snapshot(); !c.knocked && (len(s.PeerErrors) != 1 || s.PeerErrors[0].Addr != at.String()) {
					t.Errorf("told %+v", s.PeerErrors)
				}
			})
		})
	}
}
