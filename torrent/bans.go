package torrent

import (
	"errors"
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// maxBans bounds the hosts that are banned at a time.
const maxBans = 1024

var errForbidden = errors.New("the user has banned it")

// bans are the hosts that the user does not want to hear of for a time, see
// swarm.Hosts.Of. The zero value bans nobody, and asking it costs one load.
type bans struct {
	table atomic.Pointer[map[netip.Addr]time.Time] // until when, by host; not changed once it is here

	mu sync.Mutex // held by who replaces the table
}

// until is when the ban of an address ends; zero: it is not banned.
func (b *bans) until(ip netip.Addr, now time.Time) (end time.Time) {
	t := b.table.Load()
	if t == nil {
		return end
	}
	if end = (*t)[hosts.Of(ip)]; !now.Before(end) {
		return time.Time{}
	}
	return end
}

// set bans a host until a time; one that is over lifts the ban. When there are too
// many, the one that ends first goes.
func (b *bans) set(ip netip.Addr, until, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := make(map[netip.Addr]time.Time)
	if t := b.table.Load(); t != nil {
		maps.Copy(next, *t)
	}
	next[hosts.Of(ip)] = until
	maps.DeleteFunc(next, func(_ netip.Addr, end time.Time) bool { return !now.Before(end) })
	if len(next) > maxBans {
		delete(next, firstToEnd(next))
	}
	if len(next) == 0 {
		b.table.Store(nil)
		return
	}
	b.table.Store(&next)
}

// firstToEnd is the host whose ban ends first.
func firstToEnd(table map[netip.Addr]time.Time) (host netip.Addr) {
	for h, end := range table {
		if !host.IsValid() || end.Before(table[host]) {
			host = h
		}
	}
	return host
}

// Ban ends all connections with a host and lets none of it in, nor dials it, until a
// time: an IPv4 address, or the /64 that a public IPv6 address is in. A time that is
// over lifts the ban. At most 1,024 hosts are banned; of more, the one whose ban ends
// first is forgotten.
func (c *Client) Ban(ip netip.Addr, until time.Time) {
	ip = ip.Unmap().WithZone("")
	if !ip.IsValid() {
		return
	}
	now := time.Now()
	if c.bans.set(ip, until, now); !now.Before(until) {
		return
	}
	of := func(a netip.AddrPort) bool { return hosts.Of(a.Addr().WithZone("")) == hosts.Of(ip) }
	c.mu.Lock()
	defer c.mu.Unlock()
	for t := range c.torrents.all {
		t.core.post(func(now time.Time) { disconnect(t, of, errForbidden, now) })
	}
}

// banned reports whether a host is.
func (c *Client) banned(ip netip.Addr, now time.Time) bool { return !c.bans.until(ip, now).IsZero() }
