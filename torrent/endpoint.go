package torrent

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"gotor/torrent/network"
	"gotor/torrent/swarm"
)

// endpoint is a Client's place on the network: the listener and the UDP socket
// under one number where they can have it, and what the world sees of them. Everybody
// who tells others where we are asks it. Its ports stay what they are; the addresses
// may change while we run, and are asked for each time anew. Its methods may be called
// from any goroutine.
type endpoint struct {
	// Immutable.
	network  network.Network
	listener net.Listener // nil: we take no connections
	udp      *datagrams   // nil: none is wanted, or none can be had
	udpErr   error        // why none can be had
	demux    demux        // of udp

	mu      sync.Mutex
	outside outside
}

// portTries is how many numbers that the system proposes are tried.
const portTries = 3

// openEndpoint takes a port: the given one, which must be free for TCP; with 0 the
// first of 6881-6889, or any, that is free for all that is wanted; with -1 nobody
// can connect. udp says whether a UDP socket is wanted, which gets another number
// when that of the listener is taken everywhere. A host that lets nobody listen can
// still download: only the error about a given port is one.
func openEndpoint(ctx context.Context, n network.Network, port int, udp bool) (*endpoint, error) {
	e := &endpoint{network: n}
	var err error
	switch {
	case port > 0:
		if e.listener, err = e.listenTCP(ctx, port); err != nil {
			return nil, fmt.Errorf("cannot listen on port %d, choose another with --port: %w", port, err)
		}
		if udp {
			_ = e.listenUDP(ctx, port)
		}
	case port == 0:
		e.listenAny(ctx, udp)
	}
	if udp && e.udp == nil {
		e.udpErr = e.listenUDP(ctx, 0)
	}
	return e, nil
}

// listenAny takes the first number that is free for both, else the first that is
// free for connections.
func (e *endpoint) listenAny(ctx context.Context, udp bool) {
	ports := []int{6881, 6882, 6883, 6884, 6885, 6886, 6887, 6888, 6889}
	for range portTries {
		ports = append(ports, 0)
	}
	var spare net.Listener
	for _, p := range ports {
		l, err := e.listenTCP(ctx, p)
		if err != nil {
			continue
		}
		if !udp || e.listenUDP(ctx, int(portOf(l.Addr()))) == nil {
			e.listener = l
			break
		}
		if spare == nil {
			spare = l
		} else {
			l.Close()
		}
	}
	switch {
	case e.listener == nil:
		e.listener = spare
	case spare != nil:
		spare.Close()
	}
}

func (e *endpoint) listenTCP(ctx context.Context, port int) (net.Listener, error) {
	return e.network.Listen(ctx, "tcp", ":"+strconv.Itoa(port))
}

func (e *endpoint) listenUDP(ctx context.Context, port int) error {
	conn, err := e.network.ListenPacket(ctx, "udp", ":"+strconv.Itoa(port))
	if err != nil {
		return err
	}
	e.udp = newDatagrams(conn)
	return nil
}

func portOf(a net.Addr) uint16 {
	at, _ := netip.ParseAddrPort(a.String())
	return at.Port()
}

// port is where others reach us by TCP; 0: nowhere.
func (e *endpoint) port() uint16 {
	if e.listener == nil {
		return 0
	}
	return portOf(e.listener.Addr())
}

// udpPort is where others reach us by UDP; 0: nowhere.
func (e *endpoint) udpPort() uint16 {
	if e.udp == nil {
		return 0
	}
	return e.udp.addr().Port()
}

// run hands out what comes to the UDP socket until close. Without one it returns.
func (e *endpoint) run() {
	if e.udp != nil {
		e.udp.run(e.demux.deliver)
	}
}

// send sends a packet; there must be a UDP socket.
func (e *endpoint) send(p []byte, to netip.AddrPort) { e.udp.send(p, to) }

// heard takes by which address a host says that it sees us.
func (e *endpoint) heard(host, addr netip.Addr) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.outside.heard(time.Now(), host, addr)
}

// agreed takes by which address the nodes of the DHT see us.
func (e *endpoint) agreed(addr netip.Addr) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.outside.agreed(time.Now(), addr)
}

// public are our addresses on the internet, as far as they are known.
func (e *endpoint) public() (addrs []netip.Addr) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, k := range []addrKind{{}, {ipv6: true}} {
		if a := e.outside.addr(time.Now(), k); a.IsValid() {
			addrs = append(addrs, a)
		}
	}
	return addrs
}

// us is how a remote sees us, whom a connection leads to that has its own end at
// local. That end is taken where nobody has told anything else.
func (e *endpoint) us(remote netip.Addr, local net.Addr) swarm.OurAddr {
	e.mu.Lock()
	defer e.mu.Unlock()
	now, near := time.Now(), private(remote)
	v4, v6 := e.outside.addr(now, addrKind{private: near}), e.outside.addr(now, addrKind{ipv6: true, private: near})
	if a, err := netip.ParseAddrPort(local.String()); err == nil {
		own := a.Addr().Unmap()
		if !v4.IsValid() && own.Is4() {
			v4 = own
		}
		if !v6.IsValid() && own.Is6() {
			v6 = own
		}
	}
	port := e.port()
	return swarm.OurAddr{V4: netip.AddrPortFrom(v4, port), V6: netip.AddrPortFrom(v6, port)}
}

// closeListener ends the taking of connections.
func (e *endpoint) closeListener() {
	if e.listener != nil {
		e.listener.Close()
	}
}

// closeUDP ends run. Nothing must be sent any more.
func (e *endpoint) closeUDP() {
	if e.udp != nil {
		e.udp.conn.Close()
	}
}
