package job

import (
	"net/netip"

	"gotor/torrent/network"
)

// Family keeps everything to one family of addresses; the zero value uses both.
// Not both may be set.
type Family struct{ IPv4Only, IPv6Only bool }

// Suffix is what the names of networks end with: "4", "6", or nothing for both.
func (o Family) Suffix() string {
	switch {
	case o.IPv4Only:
		return "4"
	case o.IPv6Only:
		return "6"
	}
	return ""
}

// uses reports whether an address is of a family to use.
func (o Family) uses(ip netip.Addr) bool {
	return !(o.IPv4Only && ip.Is6() || o.IPv6Only && ip.Is4())
}

// Of narrows a network to the family.
func (o Family) Of(n network.Network) network.Network { return network.OfFamily(n, o.Suffix()) }
