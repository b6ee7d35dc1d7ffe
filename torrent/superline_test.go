package torrent

import (
	"testing"
	"time"
)

// Relayers with slow uplinks do not keep a super-seed waiting: the first copy is
// out about when its line can have carried it.
func TestSuperSeedSlowRelayers(t *testing.T) {
	for _, c := range []struct {
		name  string
		peers int
		up    int64
		slow  int     // of them download slowly, too
		limit float64 // how many times what a full line needs
	}{
		{name: "two", peers: 2, up: mbit, limit: 1.5},
		{name: "six", peers: 6, up: mbit / 2, limit: 1.5},
		{name: "twelve", peers: 12, up: mbit / 2, limit: 1.5},
		// While it takes something, that the line has room is seen twice a second only.
		{name: "slow downloader", peers: 3, up: mbit / 2, slow: 1, limit: 2.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			if simRace && c.peers > 3 {
				t.Skip("slow under the race detector")
			}
			s := simSwarm{Name: c.name, Random: 1, Size: 16 * mib, PieceLength: 128 << 10, Seed: simPeer{
				Up: 20 * mbit, Latency: 20 * time.Millisecond, Spec: func(sp *order) { sp.SuperSeed = true }}}
			for i := range c.peers {
				p := simPeer{Up: c.up, Down: 100 * mbit, Latency: 20 * time.Millisecond}
				if i < c.slow {
					p.Down = mbit
				}
				s.Peers = append(s.Peers, p)
			}
			r := s.run(t)
			bound := float64(s.Size) / float64(s.Seed.Up)
			if got := r.whole.Seconds() / bound; got > c.limit {
				t.Errorf("the first copy took %v, %.2f times what a full line needs; want %.1f", r.whole, got, c.limit)
			}
		})
	}
}
