package torrent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"gotor/torrent/network"
	"gotor/torrent/swarm"
)

// This file is the peers that the user names by host instead of address. A name
// that leads nowhere is no reason to give up a download that has other sources:
// it is looked up again, as a host may be started, or its name be published, after
// the download that wants it.

const (
	// peerNameRetry is how long to wait until a name is looked up again; it doubles
	// up to peerNameRetryMost.
	peerNameRetry     = 2 * time.Second
	peerNameRetryMost = 5 * time.Minute
)

// peerNames looks them up. It belongs to the run goroutine.
type peerNames struct {
	core    *core
	book    *swarm.Book
	looking int // how many are not found yet
}

// start begins to look up hosts, each once. failed, which may be nil, is told why one
// was not found the first time.
func (n *peerNames) start(hosts []string, failed func(host string, err error)) {
	for i, host := range hosts {
		if slices.Contains(hosts[:i], host) {
			continue
		}
		n.looking++
		n.core.spawn(func() { n.find(host, failed) })
	}
}

// find looks one up until it is found, or the torrent has ended.
func (n *peerNames) find(host string, failed func(host string, err error)) {
	for wait := peerNameRetry; ; wait = min(2*wait, peerNameRetryMost) {
		addrs, err := n.core.client.peerAddrs(n.core.ctx, host)
		if err == nil {
			n.core.post(func(now time.Time) {
				n.looking--
				for _, a := range addrs {
					n.book.Add(a, swarm.FromUser, now)
				}
			})
			return
		}
		if n.core.ctx.Err() != nil {
			return
		}
		if failed != nil {
			failed(host, err)
			failed = nil
		}
		n.core.post(func(time.Time) { n.core.note(PeerError{host, err.Error()}) })
		again := time.NewTimer(wait)
		select {
		case <-again.C:
		case <-n.core.ctx.Done():
			again.Stop()
			return
		}
	}
}

// peerAddrs are the addresses that HOST:PORT of a peer stands for; at least one.
func (c *Client) peerAddrs(ctx context.Context, hostport string) ([]netip.AddrPort, error) {
	found, err := network.Resolve(ctx, c.net, hostport)
	if err != nil {
		return nil, plainLookupError(err)
	}
	var addrs []netip.AddrPort
	for _, a := range found {
		if c.user.Named(a) {
			addrs = append(addrs, a)
		}
	}
	switch {
	case len(addrs) > 0:
		return addrs, nil
	case c.cfg.family() != "":
		return nil, fmt.Errorf("it has no IPv%s address", c.cfg.family())
	}
	return nil, errors.New("it has no address that a peer can be at")
}

// plainLookupError leaves out of a look-up's error the name, which the reader
// knows, and the server that was asked, which tells them nothing.
func plainLookupError(err error) error {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return errors.New(dns.Err)
	}
	return err
}
