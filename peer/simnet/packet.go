package simnet

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

const (
	maxDatagram = 65507     // of payload, over IPv4
	maxQueue    = 256 << 10 // bytes that wait in one place; more is dropped
)

// packet is one datagram on its way.
type packet struct {
	from, to netip.AddrPort
	src, dst *Host
	nat      *NAT // that it is for, while dst is nil
	data     []byte
}

// fire is the arrival at the NAT or at the line of the receiver.
func (p *packet) fire(int) {
	if p.dst != nil {
		p.dst.enter(p)
		return
	}
	if p.dst, p.to = p.nat.in(p.from, p.to); p.dst != nil {
		p.dst.approach(p, 0)
	}
}

// flowKey names the datagrams between two addresses at the uplink or downlink
// of a host.
type flowKey struct {
	from, to netip.AddrPort
	up       bool
}

// packetFlow is a queue of datagrams at a link, guarded by Net.mu. It exists
// while there are some.
type packetFlow struct {
	flow
	host  *Host
	key   flowKey
	list  []*packet
	bytes int
}

func (f *packetFlow) next(int) int {
	if len(f.list) == 0 {
		delete(f.host.flows, f.key)
		return 0
	}
	return max(1, len(f.list[0].data))
}

func (f *packetFlow) pass(int) {
	p := f.list[0]
	f.list[0] = nil
	f.list = f.list[1:]
	f.bytes -= len(p.data)
	if f.key.up {
		f.host.leave(p)
	} else {
		f.host.receive(p)
	}
}

// queuePacket puts p in the queue of its flow at one of the links of h.
func (h *Host) queuePacket(p *packet, up bool) {
	if h.off {
		return
	}
	l := h.down
	if up {
		l = h.up
	}
	key := flowKey{p.from, p.to, up}
	f := h.flows[key]
	if f == nil {
		f = &packetFlow{host: h, key: key}
		f.src = f
		h.flows[key] = f
	}
	if f.bytes+len(p.data) > maxQueue {
		return
	}
	f.list = append(f.list, p)
	f.bytes += len(p.data)
	l.push(&f.flow)
}

// leave is called when p has left the line of h: it reaches that of its
// destination, or a NAT, if it is not lost.
func (h *Host) leave(p *packet) {
	delay, ok := h.fate()
	switch {
	case !ok:
	case p.dst == nil:
		h.net.after(delay, p, 0)
	default:
		p.dst.approach(p, delay)
	}
}

// approach has p come to the line of h after a delay, and what the way to it
// takes.
func (h *Host) approach(p *packet, delay int64) {
	if more, ok := h.fate(); ok {
		h.net.after(delay+more, p, 0)
	}
}

// fate draws how long a datagram takes between h and the core, and whether it
// gets there.
func (h *Host) fate() (delay int64, ok bool) {
	if h.loss > 0 && h.rand.Float64() < h.loss {
		return 0, false
	}
	delay = h.latency
	if h.jitter > 0 {
		delay += h.rand.Int64N(h.jitter)
	}
	return delay, true
}

// enter is called when p comes to the line of h.
func (h *Host) enter(p *packet) { h.queuePacket(p, false) }

// receive gives p to the socket it is for, if there is one with room.
func (h *Host) receive(p *packet) {
	s, ok := h.sockets.find(p.to)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bytes+len(p.data) <= maxQueue {
		s.queue = append(s.queue, p)
		s.bytes += len(p.data)
		s.reader.cond.Broadcast()
	}
}

// ListenPacket opens a datagram socket on "host:port" with the rules of Listen.
// network is "udp", "udp4" or "udp6". Besides the methods of net.PacketConn the
// socket has ReadFromUDPAddrPort and WriteToUDPAddrPort of a *net.UDPConn.
func (h *Host) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	s := &packetConn{host: h}
	s.reader.cond.L = &s.mu
	addr, err := h.bindAddr(ctx, network, "udp", address)
	if err == nil {
		h.net.mu.Lock()
		s.addr, err = h.sockets.bind(h, addr, s)
		h.net.mu.Unlock()
	}
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	return s, nil
}

type packetConn struct {
	host *Host
	addr netip.AddrPort // as bound

	mu     sync.Mutex
	queue  []*packet
	bytes  int
	reader side
}

func (s *packetConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := s.ReadFromUDPAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// ReadFromUDPAddrPort waits for a datagram; what does not fit into b is lost.
func (s *packetConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if err := s.reader.check(); err != nil {
			return 0, netip.AddrPort{}, s.opError("read", err)
		}
		if len(s.queue) > 0 {
			p := s.queue[0]
			s.queue[0] = nil
			s.queue = s.queue[1:]
			s.bytes -= len(p.data)
			return copy(b, p.data), p.from, nil
		}
		s.reader.wait()
	}
}

func (s *packetConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	u, ok := addr.(*net.UDPAddr)
	if !ok {
		return 0, s.opError("write", &net.AddrError{Err: "not a UDP address", Addr: addr.String()})
	}
	return s.WriteToUDPAddrPort(b, u.AddrPort())
}

// WriteToUDPAddrPort sends a copy of b, or loses it; it never waits.
func (s *packetConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if len(b) > maxDatagram {
		return 0, s.opError("write", syscall.EMSGSIZE)
	}
	s.mu.Lock()
	err := s.reader.err
	s.mu.Unlock()
	if err == nil {
		err = s.send(b, netip.AddrPortFrom(to.Addr().Unmap(), to.Port()))
	}
	if err != nil {
		return 0, s.opError("write", err)
	}
	return len(b), nil
}

func (s *packetConn) send(b []byte, to netip.AddrPort) error {
	h := s.host
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	from := s.addr.Addr()
	if !from.IsValid() || from.IsUnspecified() {
		var err error
		if from, err = h.source(to.Addr()); err != nil {
			return err
		}
	}
	if from.Is4() != to.Addr().Is4() {
		return syscall.ENETUNREACH
	}
	p := &packet{from: netip.AddrPortFrom(from, s.addr.Port()), to: to, src: h, data: append([]byte(nil), b...)}
	if p.dst = h.net.route(h, to.Addr()); p.dst == h {
		h.receive(p)
		return nil
	}
	p.from = outside(h, p.dst, p.from, func(a netip.AddrPort) netip.AddrPort { return h.nat.out(a, to) })
	if p.nat = h.net.nats[to.Addr()]; p.dst != nil || p.nat != nil { // else it is lost on the way
		h.queuePacket(p, true)
	}
	return nil
}

// Close ends reads; what had arrived is lost.
func (s *packetConn) Close() error {
	s.host.net.mu.Lock()
	defer s.host.net.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reader.err != nil {
		return s.opError("close", net.ErrClosed)
	}
	s.host.sockets.unbind(s.addr, s)
	s.queue, s.bytes = nil, 0
	s.reader.fail(net.ErrClosed)
	return nil
}

func (s *packetConn) LocalAddr() net.Addr              { return net.UDPAddrFromAddrPort(shown(s.addr)) }
func (s *packetConn) SetDeadline(t time.Time) error    { return s.SetReadDeadline(t) }
func (s *packetConn) SetWriteDeadline(time.Time) error { return nil } // writes do not wait
func (s *packetConn) SetReadDeadline(t time.Time) error {
	if err := s.reader.setDeadline(t); err != nil {
		return s.opError("set", err)
	}
	return nil
}

func (s *packetConn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "udp", Source: s.LocalAddr(), Err: err}
}
