package torrent

import "net/netip"

// maxAlso bounds how many further addresses of a member are kept in mind.
const maxAlso = 8

// sameRemote reports whether two connections lead to one peer, by the ids that the
// remotes gave and their addresses. One program often has several: an IPv4 and an
// IPv6 address, or a private one beside the public one.
//
// An id proves little, though: some clients have a fixed one. So it must look like
// one that was made at random; and two public addresses of one family are taken for
// two peers behind two NATs, unless they are the same.
func sameRemote(id, other [20]byte, a, b netip.Addr) bool {
	a, b = a.Unmap(), b.Unmap()
	switch {
	case id != other:
		return false
	case a == b:
		return true
	case a.Is4() == b.Is4() && !private(a) && !private(b):
		return false
	}
	return looksRandom(id)
}

// remoteKey is what tells one remote from others over several connections: its id,
// or where that says nothing its address.
type remoteKey struct {
	id   [20]byte
	addr netip.AddrPort
}

func (m *member) key() remoteKey {
	if looksRandom(m.id) {
		return remoteKey{id: m.id}
	}
	return remoteKey{addr: m.addr}
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
