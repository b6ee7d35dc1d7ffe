package torrent

import (
	"errors"
	"net"
	"net/netip"

	"gotor/torrent/swarm"
)

// maxDatagram is the longest packet that is taken: no protocol here sends more
// than an Ethernet frame holds.
const maxDatagram = 2048

// datagrams is the one UDP socket of a Client. What comes in is told apart by
// its first byte. Sends may come from any goroutine.
type datagrams struct {
	conn  net.PacketConn
	quick quickConn // conn, where it can do without an allocation per packet
}

// quickConn is what *net.UDPConn can do.
type quickConn interface {
	ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort([]byte, netip.AddrPort) (int, error)
}

func newDatagrams(c net.PacketConn) *datagrams {
	d := &datagrams{conn: c}
	d.quick, _ = c.(quickConn)
	return d
}

// addr is where the socket is bound.
func (d *datagrams) addr() netip.AddrPort {
	a, _ := netip.ParseAddrPort(d.conn.LocalAddr().String())
	return a
}

// send drops what cannot be sent: that is what networks do.
func (d *datagrams) send(p []byte, to netip.AddrPort) {
	if d.quick != nil {
		_, _ = d.quick.WriteToUDPAddrPort(p, to)
		return
	}
	_, _ = d.conn.WriteTo(p, net.UDPAddrFromAddrPort(to))
}

// maxReadErrors is how many errors in a row end a socket.
const maxReadErrors = 1000

// run hands packets to take, which must not keep them, until the socket is
// closed or broken.
func (d *datagrams) run(take func(p []byte, from netip.AddrPort)) {
	buf := make([]byte, maxDatagram)
	for bad := 0; bad < maxReadErrors; {
		n, from, err := d.read(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			// Most are about a packet of ours that nobody took, or about a packet
			// that was too long: the socket still works.
			bad++
		case from.IsValid():
			bad = 0
			take(buf[:n], from)
		}
	}
}

func (d *datagrams) read(buf []byte) (int, netip.AddrPort, error) {
	if d.quick != nil {
		n, from, err := d.quick.ReadFromUDPAddrPort(buf)
		return n, swarm.Unmapped(from), err
	}
	n, a, err := d.conn.ReadFrom(buf)
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	from, err := netip.ParseAddrPort(a.String())
	return n, swarm.Unmapped(from), err
}
