package network

import (
	"context"
	"net"
	"net/netip"
)

// Network is the only way to the outside: every dial, listen and name look-up of
// gotor goes through one. Its methods may be called from any goroutine and end
// with their context.
type Network interface {
	// DialContext connects to HOST:PORT over "tcp" or "udp", also with "4" or "6"
	// appended. HOST may be a name.
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
	// Listen and ListenPacket open a port; an empty host is every address of ours,
	// and port 0 any that is free.
	Listen(ctx context.Context, network, address string) (net.Listener, error)
	ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
	Resolver
}

// Resolver looks names up.
type Resolver interface {
	// LookupNetIP returns the addresses of a host, which may be an address itself.
	// network is "ip", "ip4" or "ip6".
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}
