package network

import (
	"net/netip"
)

// Class says where an address lies, as far as that decides who may send us there.
type Class uint8

// The classes of addresses.
const (
	// Nowhere is no host's address, or that of a cloud's metadata service: no
	// packet goes there, whoever named it.
	Nowhere Class = iota
	// Private cannot be reached from the internet at large: this machine, its
	// links, and networks behind routers.
	Private
	// Public is everywhere else.
	Public
)

// Classify returns where ip lies. An address that carries an IPv4 address is
// judged by that: whatever translates it, on this machine or behind it, sends the
// packet there.
func Classify(ip netip.Addr) Class {
	ip = ip.WithZone("").Unmap() // a prefix contains no address with a zone
	if !ip.IsValid() {
		return Nowhere
	}
	if ip.Is4() {
		return classify4(ip)
	}
	class := classify6(ip)
	for _, inner := range inside(ip) {
		class = min(class, classify4(inner))
	}
	return class
}

func classify4(ip netip.Addr) Class {
	switch {
	case ip.IsMulticast(), within(ip, nowhere4):
		return Nowhere
	case within(ip, private4):
		return Private
	}
	return Public
}

func classify6(ip netip.Addr) Class {
	switch {
	case ip.IsUnspecified(), ip.IsMulticast(), within(ip, nowhere6):
		return Nowhere
	case within(ip, private6):
		return Private
	}
	return Public
}

func within(ip netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

var (
	nowhere4 = prefixes(
		"0.0.0.0/8",          // this network (RFC 1122)
		"169.254.0.0/16",     // link-local (RFC 3927): metadata services of clouds
		"255.255.255.255/32", // broadcast
	)
	private4 = prefixes(
		"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // RFC 1918
		"127.0.0.0/8",   // this machine
		"100.64.0.0/10", // behind carrier NATs (RFC 6598)
		"192.0.0.0/24",  // between a host and its translators (RFC 6890)
		"240.0.0.0/4",   // reserved, and used inside some clouds
	)
	nowhere6 = prefixes(
		"fd00:ec2::254/128", "fd20:ce::254/128", // metadata services of clouds
	)
	private6 = prefixes(
		"::1/128",   // this machine
		"fc00::/7",  // RFC 4193
		"fe80::/10", // link-local
		"fec0::/10", // site-local (RFC 3879)
	)
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, s := range texts {
		all[i] = netip.MustParsePrefix(s)
	}
	return all
}

// The ways in which an IPv6 address carries an IPv4 address.
var (
	compatible = netip.MustParsePrefix("::/96")           // RFC 4291, 2.5.5.1
	translated = netip.MustParsePrefix("::ffff:0:0:0/96") // SIIT, RFC 2765
	nat64      = netip.MustParsePrefix("64:ff9b::/96")    // RFC 6052
	localNAT64 = netip.MustParsePrefix("64:ff9b:1::/48")  // RFC 8215
	sixToFour  = netip.MustParsePrefix("2002::/16")       // RFC 3056
	teredo     = netip.MustParsePrefix("2001::/32")       // RFC 4380
	loopback6  = netip.IPv6Loopback()
)

// inside returns the IPv4 addresses that ip, an IPv6 address, carries.
func inside(ip netip.Addr) []netip.Addr {
	b := ip.As16()
	at := func(i, j, k, l int) netip.Addr { return netip.AddrFrom4([4]byte{b[i], b[j], b[k], b[l]}) }
	last := at(12, 13, 14, 15)
	switch {
	case ip == loopback6:
		return nil
	case compatible.Contains(ip), translated.Contains(ip), nat64.Contains(ip):
		return []netip.Addr{last}
	case sixToFour.Contains(ip):
		return []netip.Addr{at(2, 3, 4, 5)}
	case teredo.Contains(ip): // the server, and the client, of which all bits are turned
		client := netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})
		return []netip.Addr{at(4, 5, 6, 7), client}
	case localNAT64.Contains(ip):
		return insideLocal(last, at(6, 7, 9, 10), at(7, 9, 10, 11), at(9, 10, 11, 12))
	}
	return nil
}

// insideLocal chooses among what an address of 64:ff9b:1::/48 carries: a network
// takes a prefix of 96, 48, 56 or 64 bits from there, and nobody else knows which
// (RFC 6052, 2.2). Readings in 0.0.0.0/8 are where another prefix has its zeros.
func insideLocal(readings ...netip.Addr) []netip.Addr {
	some := readings[:0]
	for _, r := range readings {
		if r.As4()[0] != 0 {
			some = append(some, r)
		}
	}
	if len(some) == 0 {
		return readings[:1] // zeros all over: nowhere
	}
	return some
}

// Loopback reports whether ip, or what it carries, is this machine.
func Loopback(ip netip.Addr) bool {
	ip = ip.WithZone("").Unmap()
	if !ip.IsValid() || ip.Is4() || ip.IsLoopback() {
		return ip.IsLoopback()
	}
	for _, inner := range inside(ip) {
		if inner.IsLoopback() {
			return true
		}
	}
	return false
}
