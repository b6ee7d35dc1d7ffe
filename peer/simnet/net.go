package simnet

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// never is later than every event.
const never = math.MaxInt64

// Options are what a whole internet has.
type Options struct {
	// Seed decides every random choice: which packets are lost and which are late.
	Seed uint64
	// Grain makes large simulations cheaper: things happen at multiples of it
	// only, later by up to one grain at each end of a line. Bandwidths stay
	// exact as long as a link has work. 0 means exact times.
	Grain time.Duration
}

// Net is one internet. Its hosts reach each other and nothing else.
type Net struct {
	epoch time.Time // immutable
	seed  uint64    // immutable
	grain int64     // immutable
	segs  sync.Pool // of *segment

	// mu guards everything of the network that is not the inside of a stream:
	// links and their flows, events, hosts and what is bound to them. It is
	// taken before the mutex of a pipe or socket, never after.
	mu    sync.Mutex
	queue eventQueue
	timer *time.Timer // made with the first event
	wake  int64       // when the timer will run; 0: it is running
	hosts map[netip.Addr]*Host
	nats  map[netip.Addr]*NAT
	names map[string][]netip.Addr
	conns uint64 // made so far
}

// New returns an internet without hosts. Its clock starts now, in the synctest
// bubble of the caller; everything of it must be used inside the same bubble.
func New(o Options) *Net {
	return &Net{
		epoch: time.Now(),
		seed:  o.Seed,
		grain: max(1, int64(o.Grain)),
		segs:  sync.Pool{New: func() any { return new(segment) }},
		wake:  never,
		hosts: make(map[netip.Addr]*Host),
		nats:  make(map[netip.Addr]*NAT),
		names: make(map[string][]netip.Addr),
	}
}

// HostOptions are what one host has.
type HostOptions struct {
	// Up and Down are the bandwidths of the line in bytes per second.
	// 0 means no limit.
	Up, Down int64
	// Latency is the one-way delay between the host and the core: a packet to
	// another host takes both latencies, a round trip takes them twice.
	Latency time.Duration
	// Loss is the probability, 0 to 1, that a packet is lost on the line, in
	// either direction. A datagram is gone then; a stream stands still for the
	// round trip that it takes to notice and to send again.
	Loss float64
	// Jitter delays every datagram by a random time from 0 to this on the line,
	// in either direction, so that they overtake each other. Streams keep their
	// order and have none.
	Jitter time.Duration
	// Window is how many bytes a stream to this host holds between the
	// sender's Write and this host's Read. 0 means 256 KiB.
	Window int
	// SendBuffer is how many bytes of a stream from this host wait at its
	// uplink; then the writer waits. 0 means as many as the window allows.
	SendBuffer int
	// Addrs are further addresses of the host.
	Addrs []netip.Addr
	// NAT is the router that the host is behind, nil for none. The addresses of
	// the host are known behind it only, and may be in use elsewhere.
	NAT *NAT
}

const defaultWindow = 256 << 10

// Host adds a host with the given address. It panics when a host has one of
// the addresses already, or when it is no unicast address: the test is wrong.
func (n *Net) Host(addr netip.Addr, o HostOptions) *Host {
	if o.Window <= 0 {
		o.Window = defaultWindow
	}
	h := &Host{
		net:       n,
		latency:   int64(o.Latency),
		loss:      o.Loss,
		jitter:    int64(o.Jitter),
		nat:       o.NAT,
		window:    o.Window,
		buffer:    o.SendBuffer,
		up:        newLink(n, o.Up),
		down:      newLink(n, o.Down),
		rand:      rand.New(rand.NewPCG(n.seed, hashAddr(addr))),
		port:      firstPort,
		conns:     make(map[*conn]struct{}),
		listeners: make(bindings[*listener]),
		sockets:   make(bindings[*packetConn]),
		flows:     make(map[flowKey]*packetFlow),
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	all := n.hosts
	if h.nat != nil {
		all = h.nat.hosts
	}
	for _, a := range append([]netip.Addr{addr}, o.Addrs...) {
		a = a.Unmap()
		if !a.IsValid() || a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() {
			panic("simnet: " + a.String() + " cannot be the address of a host")
		}
		if all[a] != nil || h.nat == nil && n.nats[a] != nil {
			panic("simnet: two hosts with the address " + a.String())
		}
		all[a] = h
		h.addrs = append(h.addrs, a)
	}
	return h
}

func hashAddr(a netip.Addr) uint64 {
	b := a.As16()
	f := fnv.New64a()
	f.Write(b[:])
	return binary.BigEndian.Uint64(f.Sum(nil))
}

// SetName makes every host resolve name to addrs; with none, the name does not
// exist (any more).
func (n *Net) SetName(name string, addrs ...netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.names[name] = addrs
}

// LookupNetIP returns the addresses of a name set by SetName, or of an address
// in text form, at once. network is "ip", "ip4" or "ip6". An unknown name gives
// a *net.DNSError with IsNotFound.
func (h *Host) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if err := ctx.Err(); err != nil {
		return nil, &net.DNSError{UnwrapErr: err, Err: err.Error(), Name: host, IsTimeout: err == context.DeadlineExceeded}
	}
	all := h.net.resolve(host)
	var out []netip.Addr
	for _, a := range all {
		if a = a.Unmap(); network == "ip" || network == "ip4" && a.Is4() || network == "ip6" && a.Is6() {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return out, nil
}

func (n *Net) resolve(host string) []netip.Addr {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.names[host]
}

// route returns the host that has the address to, as seen by from, or nil.
// The caller holds n.mu.
func (n *Net) route(from *Host, to netip.Addr) *Host {
	if to.IsLoopback() {
		return from
	}
	if from.nat != nil && from.nat.hosts[to] != nil {
		return from.nat.hosts[to]
	}
	return n.hosts[to]
}

// outside returns where the host to sees things come from that from sends with
// that address. The caller holds n.mu.
func outside(from, to *Host, addr netip.AddrPort, translate func(inside netip.AddrPort) netip.AddrPort) netip.AddrPort {
	if from.nat == nil || to != nil && to.nat == from.nat {
		return addr
	}
	return translate(addr)
}
