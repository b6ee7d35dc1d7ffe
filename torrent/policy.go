package torrent

import (
	"net/netip"

	"gotor/torrent/network"
	"gotor/torrent/swarm"
)

// private reports whether ip is not reachable from the internet at large.
func private(ip netip.Addr) bool { return network.Classify(ip) != network.Public }

// hosts tells hosts apart, whoever counts or bans them.
var hosts = swarm.Hosts{Private: private}
