package network

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// OfFamily keeps a Network to one family of addresses: only is "4" or "6"; "" for
// both, which is n itself.
func OfFamily(n Network, only string) Network {
	if only == "" {
		return n
	}
	return oneFamily{n, only}
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
