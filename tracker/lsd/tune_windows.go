package lsd

import (
	"net"

	"golang.org/x/sys/windows"
)

// tune lets other programs of this machine hear us, which Windows decides at the
// socket that receives. It is no loss if it fails.
func tune(c *net.UDPConn, v6 bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	level, loop := windows.IPPROTO_IP, windows.IP_MULTICAST_LOOP
	if v6 {
		level, loop = windows.IPPROTO_IPV6, windows.IPV6_MULTICAST_LOOP
	}
	_ = raw.Control(func(fd uintptr) {
		_ = windows.SetsockoptInt(windows.Handle(fd), level, loop, 1)
	})
}
