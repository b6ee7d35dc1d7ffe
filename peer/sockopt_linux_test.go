package peer

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// What may sit unsent in the kernel follows the size of the batches.
func TestLimitUnsent(t *testing.T) {
	near, _ := tcpPair(t)
	raw, err := near.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	c := uploadConn(t)
	c.cfg.Conn = near
	for size, want := range map[int]int{minBatch: 2 * minBatch, maxBatch: maxUnsent} {
		c.wr.up.size = size
		if err := c.rd.handle(requestFor(1, 0, 100)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.wr.turn(c.born); err != nil {
			t.Fatal(err)
		}
		got := 0
		raw.Control(func(fd uintptr) {
			got, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT)
		})
		if err != nil || got != want {
			t.Errorf("%d bytes may be unsent in batches of %d, want %d (%v)", got, size, want, err)
		}
	}
}
