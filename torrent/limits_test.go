package torrent

import (
	"testing"

	"gotor/piece/storage"
)

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
		{3, 0, 100, 1},
	} {
		client, err := NewClient(Config{Port: -1, MaxPeers: c.all, MaxPeersPerTorrent: c.per})
		if err != nil {
			t.Fatal(err)
		}
		client.active.Store(int32(c.torrents))
		if got := client.peerLimit(); got != c.want && storage.OpenLimit() >= 2*maxAllPeers {
			t.Errorf("%+v: %d connections", c, got)
		}
		client.Close()
	}
}
