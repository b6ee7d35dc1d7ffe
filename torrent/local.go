package torrent

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"

	"gotor/tracker/lsd"
)

var errNoMulticast = errors.New("this network has no multicast")

// neighbours is a Client's part in the local tracker (BEP 14). The first torrent
// that asks begins it: who has only private torrents never sends a packet.
type neighbours struct {
	client *Client
	begin  func() error // opens the sockets, once
	runner atomic.Pointer[lsd.Runner]
}

func newNeighbours(c *Client) *neighbours {
	n := &neighbours{client: c}
	n.begin = sync.OnceValue(n.start)
	return n
}

func (n *neighbours) start() error {
	c := n.client
	l, ok := c.net.(LocalNetwork)
	if !ok {
		return errNoMulticast
	}
	conns, local, err := l.ListenLocal(!c.cfg.IPv6Only, !c.cfg.IPv4Only)
	if err != nil {
		return err
	}
	n.runner.Store(lsd.NewRunner(lsd.Config{Port: c.endpoint.port(), Found: n.found, Local: local, Bug: c.bug}, conns...))
	return nil
}

// found is called by the runner.
func (n *neighbours) found(infoHash [20]byte, at netip.AddrPort) {
	if t := n.client.find(infoHash); t != nil {
		t.nearby(at)
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
