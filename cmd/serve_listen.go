package cmd

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"gotor/cmd/record"
)

// maxClients bounds the connections of one listener: each costs memory, whoever it is
// from. The socket has its own, so that strangers cannot shut the user out.
const maxClients = 512

// door is one listener of the daemon.
type door struct {
	net.Listener
	url string // for stdout
	tls bool
}

// openDoors opens all listeners, or none.
func openDoors(ctx context.Context, o *serveOptions, s *streams) (doors []*door, err error) {
	defer func() {
		if err != nil {
			closeDoors(doors)
		}
	}()
	given, err := inherited()
	if err != nil {
		return nil, err
	}
	for _, l := range given {
		doors = append(doors, newDoor(l, o.tlsCert != ""))
	}
	path := (&daemonOptions{socket: o.socket}).socketPath(s)
	if path == "" {
		return doors, record.Usagef("no folder is known for the socket: neither XDG_RUNTIME_DIR nor HOME is set; give --socket")
	}
	l, err := listenSocket(ctx, path)
	if err != nil {
		return doors, err
	}
	doors = append(doors, newDoor(l, false))
	// What the system has opened for us is in the place of the default.
	if len(given) > 0 && !o.flags.Changed("listen") || o.listen[0] == "none" {
		return doors, nil
	}
	for _, at := range o.listen {
		l, err := machine().Listen(ctx, "tcp", at)
		if err != nil {
			return doors, record.WithCode(record.ExitOther, listenError(at, err))
		}
		doors = append(doors, newDoor(l, o.tlsCert != ""))
	}
	return doors, nil
}

func closeDoors(doors []*door) {
	for _, d := range doors {
		d.Close()
	}
}

// newDoor bounds a listener and makes the URL of it.
func newDoor(l net.Listener, secure bool) *door {
	d := &door{Listener: newBounded(l, maxClients)}
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		d.url = "unix:" + l.Addr().String()
		if s, ok := l.(*socketListener); ok {
			d.url = "unix:" + s.path
		}
		return d
	}
	d.tls = secure
	scheme := "http"
	if secure {
		scheme = "https"
	}
	d.url = fmt.Sprintf("%s://%s/", scheme, reachableAt(at.AddrPort()))
	return d
}

// reachableAt is an address under which a listener can be reached: for all addresses
// of the machine, one of them.
func reachableAt(at netip.AddrPort) netip.AddrPort {
	addr := at.Addr().Unmap()
	if addr.IsUnspecified() {
		own := machineAddrs()
		if addr = netip.AddrFrom4([4]byte{127, 0, 0, 1}); len(own) > 0 {
			addr = own[0].Addr()
		}
	}
	return netip.AddrPortFrom(addr, at.Port())
}

// exposed reports whether others than this machine can connect without TLS.
func (d *door) exposed() bool {
	at, ok := d.Addr().(*net.TCPAddr)
	return ok && !d.tls && !at.IP.IsLoopback()
}
