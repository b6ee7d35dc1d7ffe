package torrent

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"gotor/torrent/network"
	"gotor/tracker/lsd"
)

var errNoMulticast = errors.New("this network has no multicast")

// LocalNetwork is what a Network implements, beside the system's, that can reach
// the hosts of the local network all at once.
type LocalNetwork interface {
	// ListenLocal joins the groups of the local tracker (BEP 14) on all
	// interfaces that can do multicast: one socket for each. ipv4 and ipv6 say
	// which groups. local tells the addresses that are on these networks.
	ListenLocal(ipv4, ipv6 bool) (conns []net.PacketConn, local func(netip.Addr) bool, err error)
}

// systemGroups are the groups on the machine's own interfaces.
type systemGroups struct{}

func (systemGroups) ListenLocal(ipv4, ipv6 bool) ([]net.PacketConn, func(netip.Addr) bool, error) {
	conns, err := lsd.Listen(lsd.ListenOptions{IPv4: ipv4, IPv6: ipv6})
	return conns, lsd.OnLink(), err
}

// localOf is how the local network is reached beside n; nil: not at all.
func localOf(n network.Network) LocalNetwork {
	switch n := n.(type) {
	case LocalNetwork:
		return n
	case network.System:
		return systemGroups{}
	}
	return nil
}

// neighbours is a Client's part in the local tracker (BEP 14). The first torrent
// that asks begins it: who has only private torrents never sends a packet.
type neighbours struct {
	client *Client
	groups LocalNetwork // nil: there is none
	begin  func() error // opens the sockets, once
	runner atomic.Pointer[lsd.Runner]
}

func newNeighbours(c *Client, groups LocalNetwork) *neighbours {
	n := &neighbours{client: c, groups: groups}
	n.begin = sync.OnceValue(n.start)
	return n
}

func (n *neighbours) start() error {
	c := n.client
	if n.groups == nil {
		return errNoMulticast
	}
	conns, local, err := n.groups.ListenLocal(!c.cfg.IPv6Only, !c.cfg.IPv4Only)
	if err != nil {
		return err
	}
	n.runner.Store(lsd.NewRunner(lsd.Config{Port: c.endpoint.port(), Found: n.found, Local: local, Bug: c.bug}, conns...))
	return nil
}

// found is called by the runner.
func (n *neighbours) found(infoHash [20]byte, at netip.AddrPort) {
	if t := n.client.find(infoHash); t != nil {
		t.disco.nearby(at)
	}
}

// announce tells the local network of a torrent, which must not be private, from
// now on. An error says that there is none.
func (n *neighbours) announce(infoHash [20]byte) error {
	err := n.begin()
	if err == nil {
		n.runner.Load().Announce(infoHash)
	}
	return err
}

// remove ends what announce began.
func (n *neighbours) remove(infoHash [20]byte) {
	if r := n.runner.Load(); r != nil {
		r.Remove(infoHash)
	}
}

// close ends it. announce must not be called any more.
func (n *neighbours) close() {
	if r := n.runner.Load(); r != nil {
		r.Close()
	}
}
