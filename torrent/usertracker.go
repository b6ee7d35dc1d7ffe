package torrent

import (
	"net/netip"
	"net/url"
	"slices"

	"gotor/torrent/network"
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

// userTrackers returns what makes the judges of exchanges with trackers that the
// user named. They may be in a private network whoever made the torrent, and on
// this machine whatever their path is; where they redirect to is for the rules.
func (c *Client) userTrackers(urls []string) func() *network.Guard {
	rules := network.Rules{Local: true, Only: c.onlyFamily(), Ask: func(u *url.URL, ip netip.Addr) error {
		if slices.ContainsFunc(urls, func(own string) bool { return sameTracker(own, u) }) {
			return nil
		}
		return network.TrackerPath(u, ip)
	}}
	return func() *network.Guard { return network.NewGuard(rules) }
}

// sameTracker reports whether u is what own says, but for its query.
func sameTracker(own string, u *url.URL) bool {
	o, err := url.Parse(own)
	return err == nil && o.Scheme == u.Scheme && o.Host == u.Host && o.EscapedPath() == u.EscapedPath()
}

// heardUser takes addresses from a tracker of the user's, which was judged whether
// it may name them.
func (t *Torrent) heardUser(from string, peers []netip.AddrPort) {
	t.heardBy(from, peers, t.core.client.userPolicy())
}
