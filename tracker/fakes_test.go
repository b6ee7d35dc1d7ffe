package tracker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"time"
)

// fakeNet is an internet in memory for synctest bubbles: TCP through net.Pipe,
// UDP servers as functions, names in a map.
type fakeNet struct {
	names map[string][]netip.Addr
	mu    sync.Mutex
	tcp   map[string]*fakeListener
	udp   map[netip.AddrPort]func(from netip.AddrPort, b []byte) []packet
	dials []string
	looks []string
	ports uint16
}

type packet struct {
	from netip.AddrPort
	b    []byte
}

func newFakeNet() *fakeNet {
	return &fakeNet{
		names: map[string][]netip.Addr{},
		tcp:   map[string]*fakeListener{},
		udp:   map[netip.AddrPort]func(netip.AddrPort, []byte) []packet{},
	}
}

// config is a Client's Config in this internet.
func (n *fakeNet) config() Config {
	return Config{
		DialContext: n.dial, ListenPacket: n.listenPacket, LookupNetIP: n.lookup,
		Proxy: func(*http.Request) (*url.URL, error) { return nil, nil }, // whatever the environment says
	}
}

func (n *fakeNet) lookup(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.looks = append(n.looks, host)
	if a := n.names[host]; a != nil {
		return append([]netip.Addr(nil), a...), nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func (n *fakeNet) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	n.mu.Lock()
	n.dials = append(n.dials, addr)
	l := n.tcp[addr]
	n.mu.Unlock()
	if l == nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	here, there := net.Pipe()
	select {
	case l.conns <- there:
		return here, nil
	case <-l.done:
		return nil, syscall.ECONNREFUSED
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// dialed returns the addresses of all dials so far.
func (n *fakeNet) dialed() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.dials...)
}

// opened is how many UDP sockets were.
func (n *fakeNet) opened() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return int(n.ports)
}

// hole makes connections to addr hang until their context ends.
func (n *fakeNet) hole(addr string) {
	n.tcp[addr] = &fakeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

// serve runs an HTTP server at addr until the test ends.
func (n *fakeNet) serve(t *testing.T, addr string, h http.HandlerFunc) {
	l := &fakeListener{conns: make(chan net.Conn), done: make(chan struct{})}
	n.mu.Lock()
	n.tcp[addr] = l
	n.mu.Unlock()
	s := &http.Server{Handler: h}
	var wg sync.WaitGroup
	wg.Go(func() { s.Serve(l) })
	t.Cleanup(func() { s.Close(); wg.Wait() })
}

type fakeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *fakeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *fakeListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *fakeListener) Addr() net.Addr { return &net.TCPAddr{} }

func (n *fakeNet) listenPacket(_ context.Context, network, _ string) (net.PacketConn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ports++
	ip := netip.MustParseAddr("192.0.2.1")
	if network == "udp6" {
		ip = netip.MustParseAddr("2001:db8::1")
	}
	return &fakePacketConn{n, netip.AddrPortFrom(ip, n.ports), make(chan packet, 100), make(chan struct{}), sync.Once{}}, nil
}

type fakePacketConn struct {
	n    *fakeNet
	addr netip.AddrPort
	in   chan packet
	done chan struct{}
	once sync.Once
}

func (c *fakePacketConn) WriteTo(b []byte, to net.Addr) (int, error) {
	c.n.mu.Lock()
	server := c.n.udp[to.(*net.UDPAddr).AddrPort()]
	c.n.mu.Unlock()
	if server != nil {
		for _, p := range server(c.addr, append([]byte(nil), b...)) {
			c.in <- p
		}
	}
	return len(b), nil
}

func (c *fakePacketConn) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case p := <-c.in:
		return copy(b, p.b), net.UDPAddrFromAddrPort(p.from), nil
	case <-c.done:
		return 0, nil, net.ErrClosed
	}
}
func (c *fakePacketConn) Close() error                     { c.once.Do(func() { close(c.done) }); return nil }
func (c *fakePacketConn) LocalAddr() net.Addr              { return net.UDPAddrFromAddrPort(c.addr) }
func (c *fakePacketConn) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (c *fakePacketConn) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (c *fakePacketConn) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// udpTracker is a BEP 15 tracker; answer turns one packet into another.
type udpTracker struct {
	peers []netip.AddrPort

	mu       sync.Mutex
	actions  []uint32 // of the packets that came
	requests [][]byte // announces and scrapes
	ids      []uint64 // connection ids given out; only the last is honoured
	refusal  string   // answers announces with an error
	lost     func(n int) bool
}

func (u *udpTracker) answer(b []byte) []byte {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := len(u.actions)
	action, transaction := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
	u.actions = append(u.actions, action)
	if u.lost != nil && u.lost(n) {
		return nil
	}
	head := func(action uint32) []byte {
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, action), transaction)
	}
	id := binary.BigEndian.Uint64(b)
	switch {
	case action == actConnect && id == protocolID:
		u.ids = append(u.ids, 0x1122334455667788+uint64(len(u.ids)))
		return binary.BigEndian.AppendUint64(head(actConnect), u.ids[len(u.ids)-1])
	case len(u.ids) == 0 || id != u.ids[len(u.ids)-1]:
		return append(head(actError), "Connection ID mismatch"...)
	}
	u.requests = append(u.requests, b)
	if u.refusal != "" {
		return append(head(actError), u.refusal...)
	}
	if action == actScrape {
		out := head(actScrape)
		for i := range (len(b) - 16) / 20 {
			for _, v := range []uint32{10, 20, 30} { // seeders, completed, leechers
				out = binary.BigEndian.AppendUint32(out, v+uint32(i))
			}
		}
		return out
	}
	out := head(actAnnounce)
	for _, v := range []uint32{1800, 7, 3} {
		out = binary.BigEndian.AppendUint32(out, v)
	}
	return appendPeersCompact(out, u.peers)
}

// seen returns the actions of the packets that came so far.
func (u *udpTracker) seen() []uint32 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]uint32(nil), u.actions...)
}

// forgetIDs is a tracker that was started anew.
func (u *udpTracker) forgetIDs() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ids = nil
}

// at puts the tracker at an address of the fake internet.
func (u *udpTracker) at(n *fakeNet, addr string) {
	a := netip.MustParseAddrPort(addr)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.udp[a] = func(_ netip.AddrPort, b []byte) []packet {
		if out := u.answer(b); out != nil {
			return []packet{{a, out}}
		}
		return nil
	}
}

// listen runs the tracker on a real loopback socket and returns its URL.
func (u *udpTracker) listen(t testing.TB, network, addr string) string {
	pc, err := net.ListenPacket(network, addr)
	if err != nil {
		t.Skipf("no %s here: %v", network, err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		b := make([]byte, 4096)
		for {
			n, from, err := pc.ReadFrom(b)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil && n >= 16 {
				if out := u.answer(append([]byte(nil), b[:n]...)); out != nil {
					pc.WriteTo(out, from)
				}
			}
		}
	})
	t.Cleanup(func() { pc.Close(); wg.Wait() })
	return "udp://" + pc.LocalAddr().String()
}

func appendPeersCompact(b []byte, peers []netip.AddrPort) []byte {
	for _, p := range peers {
		b = append(b, p.Addr().AsSlice()...)
		b = binary.BigEndian.AppendUint16(b, p.Port())
	}
	return b
}

// answerWith is an HTTP handler that says s.
func answerWith(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) }
}

// peersBody is an announce answer with the peers and an interval of 30 min.
func peersBody(peers ...string) string {
	compact := appendPeersCompact(nil, addrPorts(peers...))
	return fmt.Sprintf("d8:intervali1800e5:peers%d:%se", len(compact), compact)
}

func addrPorts(s ...string) (list []netip.AddrPort) {
	for _, a := range s {
		list = append(list, netip.MustParseAddrPort(a))
	}
	return list
}

func addrs(s ...string) (list []netip.Addr) {
	for _, a := range s {
		list = append(list, netip.MustParseAddr(a))
	}
	return list
}

// testRequest has a byte of every kind in hash and id.
func testRequest() Request {
	r := Request{Port: 6881, Uploaded: 1, Downloaded: 2, Left: 3, Key: 0xABCD}
	copy(r.InfoHash[:], "\x00 +%&=/?#~-_.aZ9\x7f\x80\xff\n")
	copy(r.PeerID[:], "-GT0001-abcdefghijkl")
	return r
}
