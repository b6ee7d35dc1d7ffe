//go:build !linux && !windows

package lsd

import (
	"net"

	"golang.org/x/sys/unix"
)

// tune lets other programs of this machine hear us. It is no loss if it fails.
func tune(c *net.UDPConn, v6 bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		if v6 {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, 1)
			return
		}
		_ = unix.SetsockoptByte(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, 1)
	})
}
