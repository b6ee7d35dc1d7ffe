package lsd

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// maxInterfaces bounds the sockets on machines with an interface per container.
const maxInterfaces = 16

// ListenOptions say where Listen listens.
type ListenOptions struct {
	// IPv4 and IPv6 are the groups to join.
	IPv4, IPv6 bool
	// Interface chooses interfaces. Default: those that are up and can do
	// multicast, without loopback.
	Interface func(net.Interface) bool
}

// Listen joins the groups of BEP 14 on the interfaces that there are now, with a
// socket for each group and interface that has an address of the family. Other
// programs may use the port, too. Packets leave through the interface of their
// socket, do not go beyond its network (TTL 1), and come to other programs of
// this machine as well. It fails when it joins no group at all; the error then has
// a line for each that failed.
//
// Interfaces that come up later are not used.
func Listen(o ListenOptions) ([]net.PacketConn, error) {
	if o.Interface == nil {
		o.Interface = usual
	}
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("local discovery: list network interfaces: %w", err)
	}
	var conns []net.PacketConn
	var errs []error
	used := 0
	for _, ifi := range all {
		if used >= maxInterfaces || !o.Interface(ifi) {
			continue
		}
		used++
		joined, err := join(ifi, o)
		conns, errs = append(conns, joined...), append(errs, err)
	}
	if len(conns) > 0 {
		return conns, nil
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("local discovery: %w", err)
	}
	return nil, errors.New("local discovery: no network interface is up and can do multicast")
}

func usual(ifi net.Interface) bool {
	const need = net.FlagUp | net.FlagMulticast
	return ifi.Flags&need == need && ifi.Flags&net.FlagLoopback == 0
}

// join opens the sockets of one interface.
func join(ifi net.Interface, o ListenOptions) (conns []net.PacketConn, err error) {
	addrs, err := ifi.Addrs()
	if err != nil {
		return nil, fmt.Errorf("addresses of %s: %w", ifi.Name, err)
	}
	var has [2]bool
	for _, p := range prefixes(addrs) {
		if p.Addr().Is4() {
			has[0] = o.IPv4
		} else {
			has[1] = o.IPv6
		}
	}
	var errs []error
	for f, network := range [...]string{"udp4", "udp6"} {
		if !has[f] {
			continue
		}
		c, err := net.ListenMulticastUDP(network, &ifi, net.UDPAddrFromAddrPort(group(f == 1)))
		if err != nil {
			errs = append(errs, fmt.Errorf("join on %s: %w", ifi.Name, err))
			continue
		}
		tune(c, f == 1)
		conns = append(conns, c)
	}
	return conns, errors.Join(errs...)
}

// OnLink makes a predicate for Config.Local: sources on the networks of the
// interfaces that there are now, loopback and link-local addresses. Unlike Private it
// believes public addresses of our own network, which are common in IPv6, and no
// private ones beyond it.
func OnLink() func(netip.Addr) bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return Private
	}
	return within(prefixes(addrs))
}

// prefixes returns the networks of interface addresses.
func prefixes(addrs []net.Addr) (list []netip.Prefix) {
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		ip, ok := netip.AddrFromSlice(n.IP)
		ones, _ := n.Mask.Size()
		if ok {
			list = append(list, netip.PrefixFrom(ip.Unmap(), ones))
		}
	}
	return list
}
