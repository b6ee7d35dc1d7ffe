package torrent

import (
	"context"
	"net"
	"net/netip"

	"gotor/tracker/lsd"
)

// systemNetwork is the machine's own network.
type systemNetwork struct{}

func (systemNetwork) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

func (systemNetwork) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	var l net.ListenConfig
	return l.Listen(ctx, network, address)
}

func (systemNetwork) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	var l net.ListenConfig
	return l.ListenPacket(ctx, network, address)
}

func (systemNetwork) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, network, host)
}

// ListenLocal implements LocalNetwork.
func (systemNetwork) ListenLocal(ipv4, ipv6 bool) ([]net.PacketConn, func(netip.Addr) bool, error) {
	conns, err := lsd.Listen(lsd.ListenOptions{IPv4: ipv4, IPv6: ipv6})
	return conns, lsd.OnLink(), err
}
