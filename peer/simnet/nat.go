package simnet

import (
	"net/netip"
	"strconv"
	"time"
)

// NATKind says how a NAT maps and filters datagrams, in the words of RFC 3489
// and, in brackets, of RFC 4787.
type NATKind int

const (
	// FullCone gives a socket one port, which takes datagrams from everybody
	// (endpoint-independent mapping and filtering).
	FullCone NATKind = iota
	// AddressRestricted takes them from hosts that the socket has sent to
	// (endpoint-independent mapping, address-dependent filtering).
	AddressRestricted
	// PortRestricted takes them from addresses and ports that the socket has
	// sent to (endpoint-independent mapping, address and port-dependent filtering).
	PortRestricted
	// Symmetric gives a socket another port for each address and port that it
	// sends to, and takes datagrams from there only (address and port-dependent
	// mapping and filtering).
	Symmetric
)

// natLifetime is how long a mapping lasts after the last datagram out: the least
// that RFC 4787 allows.
const natLifetime = 2 * time.Minute

// NAT is a router that gives several hosts one address. It takes no time and no
// bandwidth and stands where their lines meet the core. Hosts behind it reach
// each other by their own addresses, and by its address like everybody else.
type NAT struct {
	net  *Net
	addr netip.Addr
	kind NATKind

	// Guarded by Net.mu.
	hosts    map[netip.Addr]*Host
	forwards map[uint16]netip.AddrPort
	mapped   map[natKey]*mapping
	ports    map[uint16]*mapping
	port     uint16 // handed out last
}

// natKey is what gets a port of its own. to is zero but for Symmetric.
type natKey struct{ inside, to netip.AddrPort }

// mapping is a port of a NAT that stands for a socket inside.
type mapping struct {
	inside  netip.AddrPort
	port    uint16
	sentTo  map[netip.AddrPort]bool // as far as the kind looks at it
	expires int64
}

// NAT adds a router with the given address. It panics when that is taken.
func (n *Net) NAT(addr netip.Addr, kind NATKind) *NAT {
	r := &NAT{net: n, addr: addr.Unmap(), kind: kind, port: firstPort,
		hosts: make(map[netip.Addr]*Host), forwards: make(map[uint16]netip.AddrPort),
		mapped: make(map[natKey]*mapping), ports: make(map[uint16]*mapping)}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hosts[r.addr] != nil || n.nats[r.addr] != nil {
		panic("simnet: two hosts with the address " + r.addr.String())
	}
	n.nats[r.addr] = r
	return r
}

// Addr returns the address that the hosts behind r have outside.
func (r *NAT) Addr() netip.Addr { return r.addr }

// Forward leads what comes to a port of r, streams and datagrams from anybody,
// to an address inside; the zero AddrPort ends it. Without it no stream gets in.
func (r *NAT) Forward(port uint16, inside netip.AddrPort) {
	r.net.mu.Lock()
	defer r.net.mu.Unlock()
	if inside.IsValid() {
		r.forwards[port] = inside
	} else {
		delete(r.forwards, port)
	}
}

// Forget drops all mappings, as when the router starts anew. Forwards stay.
func (r *NAT) Forget() {
	r.net.mu.Lock()
	defer r.net.mu.Unlock()
	clear(r.mapped)
	clear(r.ports)
}

// out is called when a socket inside sends to an address outside: it returns
// where that will seem to come from. The caller holds Net.mu.
func (r *NAT) out(inside, to netip.AddrPort) netip.AddrPort {
	if port, ok := r.forwarded(inside); ok {
		return netip.AddrPortFrom(r.addr, port)
	}
	key := natKey{inside: inside}
	if r.kind == Symmetric {
		key.to = to
	}
	m, now := r.mapped[key], r.net.now()
	if m == nil || m.expires <= now {
		if m != nil {
			delete(r.ports, m.port)
		}
		m = &mapping{inside: inside, port: r.freePort(inside.Port()), sentTo: make(map[netip.AddrPort]bool)}
		r.mapped[key], r.ports[m.port] = m, m
	}
	m.expires = now + int64(natLifetime)
	m.sentTo[r.filter(to)] = true
	return netip.AddrPortFrom(r.addr, m.port)
}

// forwarded returns the port that leads to an address inside, the first of
// several.
func (r *NAT) forwarded(inside netip.AddrPort) (port uint16, ok bool) {
	for p, to := range r.forwards {
		if to == inside && (!ok || p < port) {
			port, ok = p, true
		}
	}
	return port, ok
}

// filter is the part of a remote address that counts.
func (r *NAT) filter(remote netip.AddrPort) netip.AddrPort {
	switch r.kind {
	case FullCone:
		return netip.AddrPort{}
	case AddressRestricted:
		return netip.AddrPortFrom(remote.Addr(), 0)
	}
	return remote
}

// freePort returns a port for a mapping: the one inside, if there is one, it is
// free and the NAT is no symmetric one.
func (r *NAT) freePort(wish uint16) uint16 {
	if wish != 0 && r.kind != Symmetric && r.free(wish) {
		return wish
	}
	for range 1 << 16 {
		if r.port++; r.port < firstPort {
			r.port = firstPort
		}
		if r.free(r.port) {
			return r.port
		}
	}
	panic("simnet: the NAT at " + r.addr.String() + " has no port left of " + strconv.Itoa(1<<16-firstPort))
}

func (r *NAT) free(port uint16) bool {
	m := r.ports[port]
	_, forwarded := r.forwards[port]
	return !forwarded && (m == nil || m.expires <= r.net.now())
}

// in is called when a datagram comes from outside: it returns which host and
// address inside get it, if any. The caller holds Net.mu.
func (r *NAT) in(from, to netip.AddrPort) (*Host, netip.AddrPort) {
	inside, ok := r.forwards[to.Port()]
	if m := r.ports[to.Port()]; !ok && m != nil && m.expires > r.net.now() && m.sentTo[r.filter(from)] {
		inside = m.inside
	}
	return r.hosts[inside.Addr()], inside
}
