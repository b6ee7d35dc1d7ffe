package peer

import (
	"net"

	"golang.org/x/sys/unix"
)

// limitUnsent sets TCP_NOTSENT_LOWAT: a write then waits while n bytes are
// unsent, whatever the size of the send buffer. What sits there stands in front
// of our requests and cannot be taken back when we choke. It is an
// optimisation; what fails is ignored.
func limitUnsent(conn net.Conn, n int) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, n)
	})
}
