package network

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// System is the machine's own network. The zero value uses it as the machine
// routes. It fails closed: where it cannot do what its fields ask for, nothing
// leaves another way.
type System struct {
	// Interface is the name or an address of the network interface that everything
	// leaves by, names that are looked up included. Nothing can be bound to one so
	// far, so all methods fail when it is set.
	Interface string
	// Proxy is what everything goes through (socks5, http), names included: it is
	// handed them as DialContext gets them. None is spoken so far, so all methods
	// fail when it is set.
	Proxy *url.URL
}

// unsupported says what of a System cannot be done.
func (s System) unsupported() error {
	switch {
	case s.Interface != "":
		return errors.New("sending by a chosen interface is not supported")
	case s.Proxy != nil:
		return errors.New("sending through a proxy is not supported")
	}
	return nil
}

// DialContext implements Network.
func (s System) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := s.unsupported(); err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

// Listen implements Network.
func (s System) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	if err := s.unsupported(); err != nil {
		return nil, err
	}
	var l net.ListenConfig
	return l.Listen(ctx, network, address)
}

// ListenPacket implements Network.
func (s System) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	if err := s.unsupported(); err != nil {
		return nil, err
	}
	var l net.ListenConfig
	return l.ListenPacket(ctx, network, address)
}

// LookupNetIP implements Network. localhost is this machine, and no name server is
// asked about it (RFC 6761, 6.3): a container may have no file of hosts.
func (s System) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if err := s.unsupported(); err != nil {
		return nil, err
	}
	if own := localhost(network, host); own != nil {
		return own, nil
	}
	return net.DefaultResolver.LookupNetIP(ctx, network, host)
}

// localhost returns what the name of this machine itself leads to; nil for others.
func localhost(network, host string) []netip.Addr {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host != "localhost" && !strings.HasSuffix(host, ".localhost") {
		return nil
	}
	v4, v6 := netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()
	switch network {
	case "ip4":
		return []netip.Addr{v4}
	case "ip6":
		return []netip.Addr{v6}
	}
	return []netip.Addr{v4, v6}
}

// HTTPProxy returns the proxy that the environment names for an HTTP request
// (HTTP_PROXY, HTTPS_PROXY, NO_PROXY); nil: none. An error does not quote it, as it
// may have a password in it.
func HTTPProxy(req *http.Request) (*url.URL, error) {
	proxy, err := http.ProxyFromEnvironment(req)
	if err != nil {
		return nil, errors.New("the HTTP proxy that is set is not a URL")
	}
	return proxy, nil
}
