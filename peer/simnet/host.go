package simnet

import (
	"cmp"
	"math/rand/v2"
	"net/netip"
	"slices"
	"syscall"
)

// firstPort is where a host starts to hand out ports (RFC 6335, section 6).
const firstPort = 49152

// Host is one computer on the internet. Its methods may be called from any
// goroutine of the bubble.
type Host struct {
	// Immutable.
	net     *Net
	addrs   []netip.Addr
	latency int64 // nanoseconds
	loss    float64
	jitter  int64 // nanoseconds
	nat     *NAT  // nil: none
	window  int
	buffer  int // 0: no limit but the window
	up      *link
	down    *link

	// Guarded by Net.mu.
	off       bool
	rand      *rand.Rand
	port      uint16 // handed out last
	listeners bindings[*listener]
	sockets   bindings[*packetConn]
	conns     map[*conn]struct{}      // not closed by this host
	flows     map[flowKey]*packetFlow // of datagrams waiting at up or down
}

// Addr returns the first address of h.
func (h *Host) Addr() netip.Addr { return h.addrs[0] }

// Stats counts the bytes of payload that have passed the line of a host.
type Stats struct{ Sent, Received int64 }

// Stats returns what h has sent and received until now. Traffic of a host with
// itself does not count.
func (h *Host) Stats() Stats {
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	return Stats{Sent: h.up.passed, Received: h.down.passed}
}

// SetDown cuts h off from the internet, or brings it back. Nobody is told:
// streams stand still and go on later, datagrams sent meanwhile are lost, who dials h waits
// until h is back or the dial times out, and who dials from h is told that the
// network is unreachable. Traffic of h with itself goes on.
func (h *Host) SetDown(down bool) {
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	h.off = down
	h.up.setDown(down)
	h.down.setDown(down)
}

// Cut breaks all connections between h and the host with the address peer, or
// all of h when peer is the zero Addr. Both ends get ECONNRESET at once, after
// what had arrived. It returns how many there were.
func (h *Host) Cut(peer netip.Addr) int {
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	var cut []*conn
	for c := range h.conns {
		if !c.w.first.dead && (!peer.IsValid() || c.remote.Addr() == peer.Unmap()) {
			cut = append(cut, c)
		}
	}
	// Not in the order of the map: readers wake in the order of the cuts.
	slices.SortFunc(cut, func(a, b *conn) int { return cmp.Compare(a.id, b.id) })
	for _, c := range cut {
		c.cut(syscall.ECONNRESET)
	}
	return len(cut)
}

// source picks the address from which h sends to the address to.
func (h *Host) source(to netip.Addr) (netip.Addr, error) {
	if to.IsLoopback() {
		return to, nil
	}
	i := slices.IndexFunc(h.addrs, func(a netip.Addr) bool { return a.Is4() == to.Is4() })
	if i < 0 || h.off && !slices.Contains(h.addrs, to) {
		return netip.Addr{}, syscall.ENETUNREACH
	}
	return h.addrs[i], nil
}

// binding is a socket and the address it is bound to: one of the host's, or
// unspecified (all of the family), or the zero Addr (all).
type binding[T any] struct {
	addr   netip.Addr
	socket T
}

// bindings are the sockets of one protocol on one host, by port.
type bindings[T comparable] map[uint16][]binding[T]

// find returns what is bound to addr.
func (b bindings[T]) find(addr netip.AddrPort) (T, bool) {
	for _, bound := range b[addr.Port()] {
		if overlap(bound.addr, addr.Addr()) {
			return bound.socket, true
		}
	}
	var none T
	return none, false
}

func overlap(a, b netip.Addr) bool {
	return a == b || !a.IsValid() || !b.IsValid() || a.Is4() == b.Is4() && (a.IsUnspecified() || b.IsUnspecified())
}

// bind binds s to addr, on a free port when addr has none, and returns where.
func (b bindings[T]) bind(h *Host, addr netip.AddrPort, s T) (netip.AddrPort, error) {
	for range 1 << 14 {
		try := addr
		if addr.Port() == 0 {
			try = netip.AddrPortFrom(addr.Addr(), h.nextPort())
		}
		if _, taken := b.find(try); !taken {
			b[try.Port()] = append(b[try.Port()], binding[T]{try.Addr(), s})
			return try, nil
		}
		if addr.Port() != 0 {
			break
		}
	}
	return netip.AddrPort{}, syscall.EADDRINUSE
}

func (b bindings[T]) unbind(addr netip.AddrPort, s T) {
	b[addr.Port()] = slices.DeleteFunc(b[addr.Port()], func(bound binding[T]) bool { return bound.socket == s })
}

func (h *Host) nextPort() uint16 {
	if h.port++; h.port < firstPort {
		h.port = firstPort
	}
	return h.port
}

// dialPort returns where an outgoing connection comes from: a port on which
// nobody listens, while there is one.
func (h *Host) dialPort(local netip.Addr) netip.AddrPort {
	var a netip.AddrPort
	for range 1 << 14 {
		a = netip.AddrPortFrom(local, h.nextPort())
		if _, taken := h.listeners.find(a); !taken {
			break
		}
	}
	return a
}
