package tracker

import (
	"context"
	"net/netip"
	"time"
)

// Bounds of host names in answers: whoever runs a tracker must not be able to
// make many clients look up many names.
const (
	maxNamed    = 8 // of one answer
	maxHostName = 253
	nameTimeout = 2 * time.Second // for all of an answer: its other peers wait
)

// namedPeer is a peer whose "ip" is a host name: BEP 3 has "the IP address or dns
// name this peer is at".
type namedPeer struct {
	host string
	port uint16
}

// isHostName reports whether b can be looked up: letters, digits, hyphens,
// underscores and dots, and not a number.
func isHostName(b []byte) bool {
	letter := false
	for _, c := range b {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			letter = true
		case '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return letter && len(b) <= maxHostName && b[0] != '-' && b[0] != '.'
}

// appendNamed appends the addresses of peers that have names, which are yet to be
// judged; who cannot be found is left out.
func (c *Client) appendNamed(ctx context.Context, dst []netip.AddrPort, named []namedPeer) []netip.AddrPort {
	if len(named) == 0 {
		return dst
	}
	ctx, cancel := context.WithTimeout(ctx, nameTimeout)
	defer cancel()
	for _, p := range named {
		addrs, err := c.cfg.LookupNetIP(ctx, "ip", p.host)
		if err != nil {
			continue
		}
		for _, a := range addrs[:min(len(addrs), maxAddrs, maxPeers-len(dst))] {
			dst = appendPeer(dst, a, p.port)
		}
	}
	return dst
}
