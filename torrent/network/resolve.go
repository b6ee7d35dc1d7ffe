package network

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// Resolve returns the addresses that HOST:PORT leads to, without IPv4 addresses in
// IPv6 clothes. An address needs no looking up. The error of a look-up is the
// Resolver's.
func Resolve(ctx context.Context, r Resolver, hostport string) ([]netip.AddrPort, error) {
	return resolve(ctx, hostport, func(ctx context.Context, host string) ([]netip.Addr, error) { return lookUp(ctx, r, host) })
}

func resolve(ctx context.Context, hostport string, find func(ctx context.Context, host string) ([]netip.Addr, error)) ([]netip.AddrPort, error) {
	host, port, err := splitHostPort(hostport)
	if err != nil {
		return nil, err
	}
	ips, err := find(ctx, host)
	if err != nil {
		return nil, err
	}
	addrs := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		addrs[i] = netip.AddrPortFrom(ip, port)
	}
	return addrs, nil
}

// splitHostPort is net.SplitHostPort with a port that can be connected to.
func splitHostPort(hostport string) (host string, port uint16, err error) {
	host, service, err := net.SplitHostPort(hostport)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(service, 10, 16)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("port %q is not a number from 1 to 65535", service)
	}
	return host, uint16(n), nil
}

// lookUp returns the addresses of a host, unmapped. The slice is the caller's.
func lookUp(ctx context.Context, r Resolver, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip.Unmap()}, nil
	}
	found, err := r.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	ips := make([]netip.Addr, len(found))
	for i, ip := range found {
		ips[i] = ip.Unmap()
	}
	return ips, nil
}
