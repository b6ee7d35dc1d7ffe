package torrent

import (
	"errors"
	"net"
	"net/netip"
	"sync"

	"gotor/torrent/swarm"
)

const (
	// maxDatagram is the longest packet that is taken: no protocol here sends more
	// than an Ethernet frame holds.
	maxDatagram = 2048
	// readBatch is how many packets are taken from the socket at a time, where it
	// can give several.
	readBatch = 16
	// maxReadErrors is how many errors in a row end a socket.
	maxReadErrors = 1000
)

// datagram is a packet and who sent it or is to get it.
type datagram struct {
	p    []byte
	addr netip.AddrPort
}

// batchConn is a socket that moves several packets with one call.
type batchConn interface {
	// readBatch waits for a packet and fills the first of ms with what is there.
	// Each p comes with the room that there is and goes with the packet. An error
	// comes without packets.
	readBatch(ms []datagram) (int, error)
	// writeBatch sends ms in their order. What cannot be sent is dropped: that is
	// what networks do.
	writeBatch(ms []datagram)
}

// datagrams is a UDP socket. Sends may come from any goroutine.
type datagrams struct {
	conn  net.PacketConn
	batch batchConn // over conn
	spare sync.Pool // of *[1]datagram, for send
}

func newDatagrams(c net.PacketConn) *datagrams {
	d := &datagrams{conn: c}
	d.spare.New = func() any { return new([1]datagram) }
	one := oneByOne{conn: c}
	one.quick, _ = c.(quickConn)
	d.batch = one
	return d
}

// addr is where the socket is bound.
func (d *datagrams) addr() netip.AddrPort {
	a, _ := netip.ParseAddrPort(d.conn.LocalAddr().String())
	return a
}

// send sends one packet.
func (d *datagrams) send(p []byte, to netip.AddrPort) {
	one := d.spare.Get().(*[1]datagram)
	one[0] = datagram{p, to}
	d.batch.writeBatch(one[:])
	one[0] = datagram{}
	d.spare.Put(one)
}

// run hands packets to take, which must not keep them, until the socket is
// closed or broken.
func (d *datagrams) run(take func(p []byte, from netip.AddrPort)) {
	room := make([]byte, readBatch*maxDatagram)
	ms := make([]datagram, readBatch)
	for bad := 0; bad < maxReadErrors; {
		for i := range ms {
			ms[i].p = room[i*maxDatagram : (i+1)*maxDatagram]
		}
		n, err := d.batch.readBatch(ms)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			// Most are about a packet of ours that nobody took, or about a packet
			// that was too long: the socket still works.
			bad++
			continue
		}
		for _, m := range ms[:n] {
			if m.addr.IsValid() {
				bad = 0
				take(m.p, m.addr)
			}
		}
	}
}

// oneByOne moves packets one by one: any socket can do that.
type oneByOne struct {
	conn  net.PacketConn
	quick quickConn // conn, where it can do without an allocation per packet
}

// quickConn is what *net.UDPConn can do.
type quickConn interface {
	ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort([]byte, netip.AddrPort) (int, error)
}

func (o oneByOne) writeBatch(ms []datagram) {
	for _, m := range ms {
		if o.quick != nil {
			_, _ = o.quick.WriteToUDPAddrPort(m.p, m.addr)
		} else {
			_, _ = o.conn.WriteTo(m.p, net.UDPAddrFromAddrPort(m.addr))
		}
	}
}

func (o oneByOne) readBatch(ms []datagram) (int, error) {
	n, from, err := o.read(ms[0].p)
	if err != nil {
		return 0, err
	}
	ms[0] = datagram{ms[0].p[:n], swarm.Unmapped(from)}
	return 1, nil
}

func (o oneByOne) read(buf []byte) (int, netip.AddrPort, error) {
	if o.quick != nil {
		return o.quick.ReadFromUDPAddrPort(buf)
	}
	n, a, err := o.conn.ReadFrom(buf)
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	from, err := netip.ParseAddrPort(a.String())
	return n, from, err
}
