package swarm

import "net/netip"

// MaxPerHost bounds the connections from one public host, see Hosts.Of (threat: one
// host that takes all slots). Loopback and private addresses are exempt.
const MaxPerHost = 3

// Hosts tells hosts apart by their addresses. Whoever has one address of a kind may
// have many more, so what is counted or refused is the host, not the address.
type Hosts struct {
	// Private reports whether an address cannot be reached from the internet at
	// large. Several networks may have such a one, and so may several peers.
	Private func(netip.Addr) bool
}

// Of is what counts as one host: an IPv4 address, or the /64 that an IPv6 address
// is in, of which whoever has one has them all.
func (h Hosts) Of(ip netip.Addr) netip.Addr {
	if ip = ip.Unmap(); ip.Is4() || h.Private(ip) {
		return ip
	}
	p, _ := ip.WithZone("").Prefix(64)
	return p.Addr()
}

// Key is what is remembered of a peer that is refused: its whole host, but of a
// private one the port only, since many peers may share it (a machine with several
// seeders).
func (h Hosts) Key(a netip.AddrPort) netip.AddrPort {
	return h.withPort(a, h.Of(a.Addr()))
}

// address is a's IP address, without the port unless it is private.
func (h Hosts) address(a netip.AddrPort) netip.AddrPort {
	return h.withPort(a, a.Addr().Unmap())
}

// withPort is host with the port of a, if a is private.
func (h Hosts) withPort(a netip.AddrPort, host netip.Addr) netip.AddrPort {
	if h.Private(a.Addr().Unmap()) {
		return netip.AddrPortFrom(host, a.Port())
	}
	return netip.AddrPortFrom(host, 0)
}

// Unmapped is the one spelling of an address that IPv4 and IPv6 both can write.
func Unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
