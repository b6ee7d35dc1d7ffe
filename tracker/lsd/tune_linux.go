package lsd

import (
	"net"

	"golang.org/x/sys/unix"
)

// tune lets other programs of this machine hear us, and keeps away what came in
// through other interfaces: Linux gives a socket the packets of all groups that
// any program joined. What fails costs duplicates, no more.
func tune(c *net.UDPConn, v6 bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	level, loop, all := unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, unix.IP_MULTICAST_ALL
	if v6 {
		level, loop, all = unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, unix.IPV6_MULTICAST_ALL
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), level, loop, 1)
		_ = unix.SetsockoptInt(int(fd), level, all, 0)
	})
}
