package server

import (
	"net"
	"net/netip"
)

// socket is a PacketConn of whatever kind. Those of the system are read without
// allocation and, on Linux, answer from the address that was asked.
type socket struct {
	pc    net.PacketConn
	udp   *net.UDPConn // pc, or nil
	oob   []byte       // control message of the last datagram; nil: the socket gives none
	n     int          // bytes of it
	local netip.Addr   // that the last datagram came to; invalid: not known
}

// newSocket prepares a socket that is bound to an address; invalid: to all.
func newSocket(pc net.PacketConn, bound netip.Addr) *socket {
	s := &socket{pc: pc, local: bound}
	s.udp, _ = pc.(*net.UDPConn)
	if s.udp != nil && !bound.IsValid() && tellSources(s.udp) {
		s.oob = make([]byte, 128)
	}
	return s
}

// read reads a datagram. A sender whose address cannot be told is invalid.
func (s *socket) read(b []byte) (n int, from netip.AddrPort, err error) {
	switch {
	case s.oob != nil:
		n, s.n, _, from, err = s.udp.ReadMsgUDPAddrPort(b, s.oob)
		if s.local = takeSource(s.oob[:s.n]); !s.local.IsValid() {
			s.n = 0 // not one to send back
		}
		return n, from, err
	case s.udp != nil:
		return s.udp.ReadFromUDPAddrPort(b)
	}
	n, addr, err := s.pc.ReadFrom(b)
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	from, _ = netip.ParseAddrPort(addr.String())
	return n, from, nil
}

// write answers the last datagram.
func (s *socket) write(b []byte, to netip.AddrPort) {
	switch {
	case s.oob != nil:
		s.udp.WriteMsgUDPAddrPort(b, s.oob[:s.n], to)
	case s.udp != nil:
		s.udp.WriteToUDPAddrPort(b, to)
	default:
		s.pc.WriteTo(b, net.UDPAddrFromAddrPort(to))
	}
}
