package server

import (
	"encoding/binary"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// tellSources has a socket that is bound to all addresses tell with each
// datagram to which of them it came. An answer must leave from there: a client
// takes it from nowhere else, and to a container, say, the kernel would answer
// from the address of the bridge. False: the socket cannot.
func tellSources(u *net.UDPConn) bool {
	raw, err := u.SyscallConn()
	if err != nil {
		return false
	}
	level, option := unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO // of IPv4 datagrams, too
	if addrOf(u.LocalAddr()).Is4() {
		level, option = unix.IPPROTO_IP, unix.IP_PKTINFO
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), level, option, 1) })
	return err == nil && failed == nil
}

// takeSource returns the address that the control message of a datagram tells.
// It makes the message one that sends an answer from there, by whatever
// interface leads back: what the kernel tells has the form of what it takes.
func takeSource(oob []byte) netip.Addr {
	const at = unix.SizeofCmsghdr // struct in6_pktinfo or in_pktinfo
	if len(oob) < at+12 {
		return netip.Addr{}
	}
	// The last two fields of the header are level and type.
	switch [2]uint32{binary.NativeEndian.Uint32(oob[at-8:]), binary.NativeEndian.Uint32(oob[at-4:])} {
	case [2]uint32{unix.IPPROTO_IP, unix.IP_PKTINFO}:
		clear(oob[at : at+4]) // the interface
		return netip.AddrFrom4([4]byte(oob[at+4:]))
	case [2]uint32{unix.IPPROTO_IPV6, unix.IPV6_PKTINFO}:
		if len(oob) >= at+20 {
			clear(oob[at+16 : at+20])
			return netip.AddrFrom16([16]byte(oob[at:])).Unmap()
		}
	}
	return netip.Addr{}
}
