package peer

import (
	"net"

	"golang.org/x/sys/unix"
)

// maxUnsent is how much payload may sit in the kernel without having been
// sent. What sits there stands in front of our requests and cannot be taken
// back when we choke.
const maxUnsent = 128 << 10

// limitUnsent sets TCP_NOTSENT_LOWAT: a write then waits while that much is
// unsent, whatever the size of the send buffer. It is an optimisation; what
// fails is ignored.
func limitUnsent(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, maxUnsent)
	})
}
