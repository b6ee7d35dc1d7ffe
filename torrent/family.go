package torrent

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// LocalNetwork is what a Network implements that can reach the hosts of the
// local network all at once.
type LocalNetwork interface {
	// ListenLocal joins the groups of the local tracker (BEP 14) on all
	// interfaces that can do multicast: one socket for each. ipv4 and ipv6 say
	// which groups. local tells the addresses that are on these networks.
	ListenLocal(ipv4, ipv6 bool) (conns []net.PacketConn, local func(netip.Addr) bool, err error)
}

// oneFamily keeps a Network to IPv4 or to IPv6.
type oneFamily struct {
	net    Network
	suffix string // "4" or "6"
}

// network is the name of a network with the family in it.
func (n oneFamily) network(name string) (string, error) {
	base := strings.TrimRight(name, "46")
	if base != name && base+n.suffix != name {
		return "", fmt.Errorf("%s: only IPv%s may be used", name, n.suffix)
	}
	return base + n.suffix, nil
}

func (n oneFamily) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	network, err := n.network(network)
	if err != nil {
		return nil, err
	}
	return n.net.DialContext(ctx, network, address)
}

func (n oneFamily) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	network, err := n.network(network)
	if err != nil {
		return nil, err
	}
	return n.net.Listen(ctx, network, address)
}

func (n oneFamily) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	network, err := n.network(network)
	if err != nil {
		return nil, err
	}
	return n.net.ListenPacket(ctx, network, address)
}

func (n oneFamily) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	network, err := n.network(network)
	if err != nil {
		return nil, err
	}
	return n.net.LookupNetIP(ctx, network, host)
}

// ListenLocal implements LocalNetwork where the Network does.
func (n oneFamily) ListenLocal(ipv4, ipv6 bool) ([]net.PacketConn, func(netip.Addr) bool, error) {
	l, ok := n.net.(LocalNetwork)
	if !ok {
		return nil, nil, errNoMulticast
	}
	return l.ListenLocal(ipv4 && n.suffix == "4", ipv6 && n.suffix == "6")
}

// family is what an address counts to: "4" or "6".
func family(ip netip.Addr) string {
	if ip.Unmap().Is4() {
		return "4"
	}
	return "6"
}
