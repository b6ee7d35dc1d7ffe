package network

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"
)

const (
	// maxAddrs bounds the addresses of one name that are tried.
	maxAddrs = 8
	// headStart is how long an address is tried before the next one is, too (RFC
	// 8305).
	headStart = 250 * time.Millisecond
)

// dialer connects to hosts by name, to addresses that were judged.
type dialer struct {
	net Network // gets addresses only
	// allow chooses among the addresses of a host; see Guard.Allow.
	allow func(host string, addrs []netip.Addr) ([]netip.Addr, error)
}

// dial connects to HOST:PORT. Networks are "tcp", "tcp4" and "tcp6". It returns
// when all attempts that it began have ended.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := splitHostPort(address)
	if err != nil {
		return nil, err
	}
	ips, err := d.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var to []string
	for _, ip := range ips {
		if wrong := network == "tcp4" && !ip.Is4() || network == "tcp6" && !ip.Is6(); !wrong && len(to) < maxAddrs {
			to = append(to, netip.AddrPortFrom(ip, port).String())
		}
	}
	switch len(to) {
	case 0:
		return nil, fmt.Errorf("%s has no address for %s", host, network)
	case 1:
		return d.net.DialContext(ctx, network, to[0])
	}
	return d.race(ctx, network, to)
}

// resolve returns the addresses of a host that may be used.
func (d *dialer) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	ips, err := lookUp(ctx, d.net, host)
	if err != nil {
		return nil, err
	}
	return d.allow(host, ips)
}

// race connects to the first address that takes it. They are tried in their order,
// each when the one before has failed or has had its head start. The goroutines
// of the attempts end before it returns.
func (d *dialer) race(ctx context.Context, network string, to []string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	type result struct {
		c   net.Conn
		err error
	}
	results, running := make(chan result), 0
	defer func() {
		for cancel(); running > 0; running-- {
			if r := <-results; r.c != nil {
				r.c.Close()
			}
		}
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var firstErr error
	for len(to) > 0 || running > 0 {
		select {
		case <-timer.C:
			if len(to) > 0 {
				address := to[0]
				to = to[1:]
				running++
				go func() {
					c, err := d.net.DialContext(ctx, network, address)
					results <- result{c, err}
				}()
				timer.Reset(headStart)
			}
		case r := <-results:
			if running--; r.err == nil {
				return r.c, nil
			}
			if firstErr == nil {
				firstErr = r.err
			}
			timer.Reset(0) // the next one's turn
		}
	}
	return nil, firstErr
}
