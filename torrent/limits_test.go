package torrent

import (
	"testing"

	"gotor/piece/storage"
)

// A torrent alone may have what there is, up to its own bound; of many each has a part
// as soon as it wants it.
func TestPeerLimit(t *testing.T) {
	for _, c := range []struct {
		all, per, torrents, want int
	}{
		{0, 0, 1, maxPeers},
		{0, 0, 10, maxAllPeers / 10},
		{100, 0, 1, maxPeers},
		{50, 0, 1, 50},
		{50, 0, 5, 10},
		{0, 200, 1, 200},
		{3, 0, 3, 1},
	} {
		client, err := NewClient(Config{Port: -1, MaxPeers: c.all, MaxPeersPerTorrent: c.per})
		if err != nil {
			t.Fatal(err)
		}
		seats := make([]*seat, c.torrents)
		for i := range seats {
			seats[i] = newSeat(&core{client: client}, func() (held, want int) { return seats[i].held, 1000 }, func() {})
		}
		for range maxAllPeers { // they come one by one
			for _, s := range seats {
				if s.held < s.limit() {
					s.tell(s.held+1, 1000)
				}
			}
		}
		for _, s := range seats {
			if s.held != c.want && storage.OpenLimit() >= 2*maxAllPeers {
				t.Errorf("%+v: %d connections", c, s.held)
			}
		}
		client.Close()
	}
}

// However few descriptors there are, the limits leave enough of them.
func TestLimitsScale(t *testing.T) {
	for _, n := range []int{48, 64, 96, 128, 256, 512, 1024, 4096, 1 << 20} {
		l := limitsFor(n, Config{})
		files := max(8, min(512, (n-ownDescriptors)/4))
		if sum := files + l.members + l.lobby + l.halfOpen + ownDescriptors; sum > n+8 {
			t.Errorf("of %d descriptors, %d are given away: %+v", n, sum, l)
		}
		if l.members < leastPeers || l.lobby < leastStrangers || l.dialing < leastStrangers {
			t.Errorf("of %d descriptors, too few are used: %+v", n, l)
		}
	}
	if l := limitsFor(1<<20, Config{}); l != (limits{maxAllPeers, maxHandshakes, maxHalfOpen, maxDialing}) {
		t.Errorf("without a limit worth the name: %+v", l)
	}
	if l := limitsFor(1<<20, Config{MaxPeers: 7}); l.members != 7 {
		t.Errorf("the user's limit is %d, not 7", l.members)
	}
}
