package simnet

import (
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"
)

var (
	_ net.Conn       = (*conn)(nil)
	_ net.Listener   = (*listener)(nil)
	_ net.PacketConn = (*packetConn)(nil)
)

// conn is one end of a stream. Besides the methods of net.Conn it has
// CloseWrite, as a *net.TCPConn has.
type conn struct {
	host          *Host
	id            uint64 // by order of making
	local, remote netip.AddrPort
	r, w          *pipe
}

// newConns returns both ends of a connection from a to b. The caller holds
// Net.mu.
func (n *Net) newConns(a, b *Host, from, to netip.AddrPort) (*conn, *conn) {
	ab := newPipe(n, a.up, b.down, a.latency+b.latency, b.window)
	ba := newPipe(n, b.up, a.down, a.latency+b.latency, a.window)
	if a == b {
		ab.latency, ab.first.link, ab.last.link = 0, nil, nil
		ba.latency, ba.first.link, ba.last.link = 0, nil, nil
	}
	ab.back, ba.back = ba, ab
	ab.buffer, ba.buffer = a.buffer, b.buffer
	if keep := (1 - a.loss) * (1 - b.loss); keep < 1 && a != b {
		ab.keep, ab.rand = keep, a.rand
		ba.keep, ba.rand = keep, b.rand
	}
	n.conns += 2
	return &conn{host: a, id: n.conns - 1, local: from, remote: to, r: ba, w: ab},
		&conn{host: b, id: n.conns, local: to, remote: from, r: ab, w: ba}
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.r.readBytes(b)
	if err != nil && err != io.EOF {
		err = c.opError("read", err)
	}
	return n, err
}

// Write copies b; it returns when the stream's window has taken all of it.
func (c *conn) Write(b []byte) (int, error) {
	n, err := c.w.writeBytes(b)
	if err != nil {
		err = c.opError("write", err)
	}
	return n, err
}

// CloseWrite ends the stream to the other side, which reads EOF after all
// that was written. Reading goes on.
func (c *conn) CloseWrite() error {
	c.w.closeWrite(syscall.EPIPE, false)
	return nil
}

// Close lets all calls in progress fail. What was written still arrives. The
// other side's later writes fail with ECONNRESET.
func (c *conn) Close() error {
	c.host.net.mu.Lock()
	_, open := c.host.conns[c]
	delete(c.host.conns, c)
	c.host.net.mu.Unlock()
	if !open {
		return c.opError("close", net.ErrClosed)
	}
	unread := c.r.closeRead()
	c.w.closeWrite(net.ErrClosed, unread)
	return nil
}

// cut breaks the connection for both ends. The caller holds Net.mu.
func (c *conn) cut(err error) {
	for _, p := range []*pipe{c.r, c.w} {
		for _, h := range []*hop{&p.first, &p.last} {
			h.dead, h.waiting = true, 0
		}
		p.reset(err)
	}
}

func (c *conn) LocalAddr() net.Addr                { return net.TCPAddrFromAddrPort(c.local) }
func (c *conn) RemoteAddr() net.Addr               { return net.TCPAddrFromAddrPort(c.remote) }
func (c *conn) SetReadDeadline(t time.Time) error  { return c.wrap("set", c.r.reader.setDeadline(t)) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.wrap("set", c.w.writer.setDeadline(t)) }

func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

func (c *conn) wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return c.opError(op, err)
}

func (c *conn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}
