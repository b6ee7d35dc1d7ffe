package torrent

import (
	"net/netip"

	"gotor/torrent/swarm"
)

// This file is the trackers that the user names beside those of the torrent. Each
// is announced to whatever the others answer, for private torrents too, since it is
// his decision. They are not part of the torrent: nobody else is told of them.

// flatTiers gives each tracker a tier of its own, so that all are announced to.
func flatTiers(urls []string) [][]string {
	tiers := make([][]string, len(urls))
	for i, u := range urls {
		tiers[i] = []string{u}
	}
	return tiers
}

// heardUser takes addresses from a tracker of the user's, which was judged whether
// it may name them.
func (t *Torrent) heardUser(from string, peers []netip.AddrPort) {
	t.heardBy(from, peers, swarm.FromUserTracker, t.core.client.user)
}
