package network

import (
	"net/netip"
	"strconv"
	"strings"
)

// literal returns the address that a host is without being looked up: an address
// in any of the ways in which systems and proxies read one, or a name of this
// machine itself.
func literal(host string) (netip.Addr, bool) {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap(), true
	}
	switch {
	case host == "localhost", strings.HasSuffix(host, ".localhost"), host == "localhost.localdomain",
		host == "localhost4", host == "localhost6", host == "ip6-localhost", host == "ip6-loopback":
		return netip.IPv6Loopback(), true
	}
	return numbers(host)
}

// numbers reads an IPv4 address as inet_aton does: one to four numbers, decimal,
// octal or hexadecimal, the last of which fills what is left. Resolvers of other
// programs, a proxy's among them, take that for an address.
func numbers(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var ip uint64
	for i, p := range parts {
		if p == "" || p[0] < '0' || p[0] > '9' || strings.Contains(p, "_") {
			return netip.Addr{}, false
		}
		n, err := strconv.ParseUint(p, 0, 32)
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		if err != nil || n >= 1<<bits {
			return netip.Addr{}, false
		}
		ip = ip<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)}), true
}
