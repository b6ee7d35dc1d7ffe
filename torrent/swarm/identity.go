package swarm

import "net/netip"

// Same reports whether two connections lead to one peer, by the ids that the remotes
// gave and their addresses. One program often has several: an IPv4 and an IPv6
// address, or a private one beside the public one.
//
// An id proves little, though: some clients have a fixed one. So it must look like
// one that was made at random; and two public addresses of one family are taken for
// two peers behind two NATs, unless they are the same.
func (h Hosts) Same(id, other [20]byte, a, b netip.Addr) bool {
	a, b = a.Unmap(), b.Unmap()
	switch {
	case id != other:
		return false
	case a == b:
		return true
	case a.Is4() == b.Is4() && !h.Private(a) && !h.Private(b):
		return false
	}
	return looksRandom(id)
}

// Remote is what tells one peer from others over several connections: its id, or
// where that says nothing its address.
type Remote struct {
	id   [20]byte
	addr netip.AddrPort
}

// RemoteOf is who gave an id from an address.
func RemoteOf(id [20]byte, addr netip.AddrPort) Remote {
	if looksRandom(id) {
		return Remote{id: id}
	}
	return Remote{addr: addr}
}

// looksRandom reports whether the part of a peer id behind client and version
// (BEP 20) may be random: of 12 random bytes, even if they are digits, seldom fewer
// than 5 differ.
func looksRandom(id [20]byte) bool {
	var seen [256]bool
	different := 0
	for _, b := range id[8:] {
		if !seen[b] {
			seen[b] = true
			different++
		}
	}
	return different >= 5
}
