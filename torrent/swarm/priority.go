package swarm

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"net/netip"
)

// OurAddr is how others see us; what is zero is not known.
type OurAddr struct{ V4, V6 netip.AddrPort }

// priority is the canonical one of a connection to peer, 0 if our address of its
// kind is not known. The higher is kept.
func (us OurAddr) priority(peer netip.AddrPort) uint32 {
	self := us.V6
	if peer.Addr().Unmap().Is4() {
		self = us.V4
	}
	return canonicalPriority(self, peer)
}

// canonicalPriority is BEP 40's: the CRC32-C of both addresses, masked and in
// order, or of the ports if the addresses are equal. It is 0 for addresses of
// different kinds.
func canonicalPriority(a, b netip.AddrPort) uint32 {
	ip, other := a.Addr().Unmap(), b.Addr().Unmap()
	if !ip.IsValid() || !other.IsValid() || ip.BitLen() != other.BitLen() {
		return 0
	}
	var x, y []byte
	if ip.WithZone("") == other.WithZone("") {
		x, y = binary.BigEndian.AppendUint16(nil, a.Port()), binary.BigEndian.AppendUint16(nil, b.Port())
	} else {
		x, y = ip.AsSlice(), other.AsSlice()
		maskPair(x, y)
	}
	if bytes.Compare(x, y) > 0 {
		x, y = y, x
	}
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(x, table), table, y)
}

// maskPair hides what an owner of many neighbouring addresses could choose
// freely: of each byte behind the network's, every other bit. What counts as the
// network is two bytes of IPv4 or six of IPv6, and for two addresses that agree
// in those, one byte more than they agree in (FF.FF.FF.55 in one /16, all in one
// /24, and so on in steps of eight bits for IPv6).
func maskPair(x, y []byte) {
	clear := 2
	if len(x) == 16 {
		clear = 6
	}
	if bytes.Equal(x[:clear], y[:clear]) {
		for clear < len(x) && x[clear] == y[clear] {
			clear++
		}
		clear++
	}
	for i := clear; i < len(x); i++ {
		x[i] &= 0x55
		y[i] &= 0x55
	}
}
