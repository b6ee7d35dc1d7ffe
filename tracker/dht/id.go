package dht

import (
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"math/bits"
	"net/netip"
)

// ID is a node id or a target, an info-hash for instance: a point in the space
// of 160 bits whose distances are the XOR of two points (BEP 5).
type ID [20]byte

// String returns the 40 hex digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Contact is a node as others name it: "compact node info" (BEP 5, 32).
type Contact struct {
	ID   ID
	Addr netip.AddrPort
}

// closer reports whether a is closer to the target than b is.
func closer(target, a, b *ID) bool {
	for i := range target {
		if a[i] != b[i] {
			return a[i]^target[i] < b[i]^target[i]
		}
	}
	return false
}

// commonBits returns how many leading bits are the same, 0 to 160.
func commonBits(a, b *ID) int {
	for i := range a {
		if d := a[i] ^ b[i]; d != 0 {
			return i*8 + bits.LeadingZeros8(d)
		}
	}
	return 160
}

// checkedBits are the bits of an id that its address determines (BEP 42).
const checkedBits = 0xfffff800

// addressHash is the number whose first 21 bits start an id (BEP 42: crc32c of
// the masked address with three bits of the id's last byte in it).
func addressHash(ip netip.Addr, r byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	if ip.Is4() {
		a := ip.As4()
		v := binary.BigEndian.Uint32(a[:])&0x030f3fff | uint32(r&7)<<29
		return crc32.Checksum(binary.BigEndian.AppendUint32(a[:0], v), table)
	}
	a := ip.As16()
	v := binary.BigEndian.Uint64(a[:])&0x0103070f1f3f7fff | uint64(r&7)<<61
	return crc32.Checksum(binary.BigEndian.AppendUint64(a[:0], v), table)
}

// addressID turns a random id into one that belongs to an address: its first
// 21 bits are determined by the address and by its own last byte (BEP 42).
func addressID(ip netip.Addr, random ID) ID {
	head := addressHash(ip, random[19])&checkedBits | binary.BigEndian.Uint32(random[:])&^checkedBits
	binary.BigEndian.PutUint32(random[:], head)
	return random
}

// belongs reports whether an id is one of those that an address may have.
func belongs(id *ID, ip netip.Addr) bool {
	return (binary.BigEndian.Uint32(id[:])^addressHash(ip, id[19]))&checkedBits == 0
}

// addressRules tells local addresses from others. Locally many nodes share an
// address, and their external address says nothing about them (BEP 42).
type addressRules struct{ strictLocal bool }

// exempt reports whether the per-address rules do not hold for ip.
func (r addressRules) exempt(ip netip.Addr) bool { return !r.strictLocal && isLocal(ip) }

func isLocal(ip netip.Addr) bool {
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
}

// trusted reports whether an id may be believed at its address.
func (r addressRules) trusted(id *ID, ip netip.Addr) bool {
	return r.exempt(ip) || belongs(id, ip)
}

// place is what only one node of a table or search may have: the /24 or /64
// of its address, or the exact address where the rules do not hold.
func (r addressRules) place(addr netip.AddrPort) netip.AddrPort {
	ip := addr.Addr()
	if r.exempt(ip) {
		return addr
	}
	size := 24
	if ip.Is6() {
		size = 64
	}
	network, err := ip.Prefix(size)
	if err != nil { // an invalid address
		return addr
	}
	return netip.AddrPortFrom(network.Addr(), 0)
}

// source is whom a packet is counted for: its address, in IPv6 the /64 of it, of
// which one host can use any; where the rules do not hold, address and port.
func (r addressRules) source(addr netip.AddrPort) netip.AddrPort {
	if ip := addr.Addr(); ip.Is4() && !r.exempt(ip) {
		return netip.AddrPortFrom(ip, 0)
	}
	return r.place(addr)
}

// usable reports whether packets may be sent to an address that somebody else
// named. Global nodes must not make us talk to somebody's private network.
func usable(addr netip.AddrPort, from netip.Addr) bool {
	ip := addr.Addr()
	switch {
	case addr.Port() == 0, !ip.IsValid(), ip.Zone() != "", ip.IsUnspecified(), ip.IsMulticast(), ip.Is4In6():
		return false
	case ip.Is4() && (ip.As4()[0] == 0 || ip.As4()[0] >= 240):
		return false // this network; reserved and broadcast
	}
	return !isLocal(ip) || isLocal(from)
}
