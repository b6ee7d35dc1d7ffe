package lsd

import (
	"net/netip"
	"time"
)

// Limits of what is believed and remembered (threat: floods with made-up sources).
const (
	window      = time.Minute // in which packets of a source are counted
	maxFrom     = 20          // packets of one source in a window: a machine may run several programs
	maxSources  = 256         // sources in a window; those beyond are not heard
	peerWindow  = 5 * time.Minute
	maxNewPeers = 64 // addresses of one torrent reported in a peerWindow
)

// sources counts packets per source in one window of time. The zero value is
// ready.
type sources struct {
	since  time.Time
	counts map[netip.Addr]int
}

// admit counts a packet and reports whether it may be served.
func (s *sources) admit(now time.Time, ip netip.Addr) bool {
	if s.counts == nil || now.Sub(s.since) >= window || now.Before(s.since) {
		s.since, s.counts = now, make(map[netip.Addr]int)
	}
	if _, known := s.counts[ip]; !known && len(s.counts) >= maxSources {
		return false
	}
	s.counts[ip]++
	return s.counts[ip] <= maxFrom
}

// newcomers remembers the peers of a torrent for at least one window of time, so
// that those heard of for the first time are known. The zero value is ready.
type newcomers struct {
	since      time.Time
	young, old map[netip.AddrPort]bool
}

// note reports whether a peer is new. It is not ok, and not noted, when too many
// came in this window.
func (c *newcomers) note(now time.Time, peer netip.AddrPort) (is, ok bool) {
	if c.young == nil || now.Sub(c.since) >= peerWindow || now.Before(c.since) {
		c.since, c.young, c.old = now, make(map[netip.AddrPort]bool), c.young
	}
	if c.young[peer] {
		return false, true
	}
	if len(c.young) >= maxNewPeers {
		return false, false
	}
	c.young[peer] = true
	return !c.old[peer], true
}

// Private reports whether ip is one that does not come from the internet at
// large: loopback, link-local, private and carrier ranges.
func Private(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsPrivate() ||
		ip.Is4() && ip.As4()[0] == 100 && ip.As4()[1]&0xc0 == 64 // RFC 6598
}

// within makes a predicate for sources: loopback, link-local, and the given
// networks.
func within(networks []netip.Prefix) func(netip.Addr) bool {
	return func(ip netip.Addr) bool {
		ip = ip.Unmap()
		if ip.IsLoopback() || ip.IsLinkLocalUnicast() {
			return true
		}
		for _, p := range networks {
			if p.Contains(ip.WithZone("")) {
				return true
			}
		}
		return false
	}
}
