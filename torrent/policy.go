package torrent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
)

// policy says which addresses one torrent may make us contact (threats: peer
// lists, trackers and redirects that point into the private network or at a
// cloud's metadata service). It is asked with addresses, never with names, and
// at dial time, so that a name cannot be made to point elsewhere in between.
type policy struct {
	net   Network
	local bool // the torrent came from the user or from a private address
	// foreign: the metainfo came from elsewhere after all.
	foreign atomic.Bool
	only    string // the family that may be used, "4" or "6"; "": both
	// proxies are the hosts that the user's environment names as HTTP proxies;
	// they may be anywhere.
	proxies map[string]bool

	mu sync.Mutex
	// exempt holds the addresses that the proxies' names led to.
	exempt map[netip.Addr]bool
}

var (
	errForbidden = errors.New("address not allowed for this torrent")

	// linkLocal4 holds the metadata services of clouds.
	linkLocal4 = netip.MustParsePrefix("169.254.0.0/16")
	// carrier is shared address space behind carrier NATs, RFC 6598.
	carrier = netip.MustParsePrefix("100.64.0.0/10")
)

// allowed reports whether ip may be contacted.
func (p *policy) allowed(ip netip.Addr) bool {
	return Reachable(ip, p.local && !p.foreign.Load()) && p.familyAllowed(ip)
}

// familyAllowed reports whether the user lets us use the address's family.
func (p *policy) familyAllowed(ip netip.Addr) bool { return p.only == "" || p.only == family(ip) }

// Reachable reports whether ip may be contacted for a torrent. One that came
// from the user or from a private address (local) may lead to private addresses,
// any other to those of the internet only, and none to what names no host or to
// the IPv4 link-local network, where clouds have their metadata services.
func Reachable(ip netip.Addr, local bool) bool {
	ip = ip.Unmap()
	switch {
	case !ip.IsValid(), ip.IsUnspecified(), ip.IsMulticast(), linkLocal4.Contains(ip),
		ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return false
	case private(ip):
		return local
	}
	return true
}

// private reports whether ip is not reachable from the internet at large.
func private(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || carrier.Contains(ip)
}

// peerAllowed is allowed for the address of a peer from a list.
func (p *policy) peerAllowed(a netip.AddrPort) bool { return a.Port() != 0 && p.allowed(a.Addr()) }

// DialContext dials a host that a torrent or a redirect named: it resolves the
// name, leaves out forbidden addresses, and tries the rest in order.
func (p *policy) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if _, err := strconv.ParseUint(service, 10, 16); err != nil {
		return nil, fmt.Errorf("port %q is not a number from 1 to 65535", service)
	}
	ips, err := p.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var firstErr error
	for _, ip := range ips {
		if network == "tcp4" && !ip.Is4() || network == "tcp6" && !ip.Is6() {
			continue
		}
		c, err := p.net.DialContext(ctx, network, net.JoinHostPort(ip.String(), service))
		if err == nil {
			return c, nil
		}
		if firstErr == nil {
			firstErr = err
		}
	}
	if firstErr == nil {
		firstErr = fmt.Errorf("%s has no address for %s", host, network)
	}
	return nil, firstErr
}

// LookupNetIP resolves host to the addresses that may be contacted; an error
// wraps errForbidden when there are others only.
func (p *policy) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	ips := make([]netip.Addr, 0, 4)
	if ip, err := netip.ParseAddr(host); err == nil {
		ips = append(ips, ip)
	} else if ips, err = p.net.LookupNetIP(ctx, network, host); err != nil {
		return nil, err
	}
	n := 0
	for _, ip := range ips {
		if ip = ip.Unmap(); p.allowed(ip) || p.ofProxy(host, ip) {
			ips[n] = ip
			n++
		}
	}
	if n == 0 && len(ips) > 0 {
		return nil, fmt.Errorf("%s is at %s: %w", host, ips[0], errForbidden)
	}
	return ips[:n], nil
}

// ofProxy reports whether ip is a proxy's, which host is or led to before.
func (p *policy) ofProxy(host string, ip netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.proxies[host] {
		if p.exempt == nil {
			p.exempt = make(map[netip.Addr]bool)
		}
		p.exempt[ip] = true
	}
	return p.exempt[ip]
}

// hostOf is what counts as one host: an IPv4 address, or the /64 that an IPv6
// address is in, of which whoever has one has them all.
func hostOf(ip netip.Addr) netip.Addr {
	if ip = ip.Unmap(); ip.Is4() || private(ip) {
		return ip
	}
	p, _ := ip.WithZone("").Prefix(64)
	return p.Addr()
}
