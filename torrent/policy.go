package torrent

import (
	"context"
	"net/netip"
	"sync/atomic"

	"gotor/torrent/network"
	"gotor/torrent/swarm"
)

// policy says which addresses one torrent may make us contact (threats: peer
// lists, trackers and redirects that point into the private network or at a
// cloud's metadata service). The rules are those of package network; this is who
// has named what.
type policy struct {
	net   Network
	local bool // the torrent came from the user or from a private address
	// foreign: the metainfo came from elsewhere after all.
	foreign atomic.Bool
	only    string // the family that may be used, "4" or "6"; "": both
}

var errForbidden = network.ErrForbidden

// rules are those for what the torrent itself names.
func (p *policy) rules() network.Rules {
	return network.Rules{Local: p.local && !p.foreign.Load(), Only: p.only}
}

// tracker returns the judge of one exchange with a tracker.
func (p *policy) tracker() *network.Guard {
	r := p.rules()
	r.Ask = network.TrackerPath
	return network.NewGuard(r)
}

// familyAllowed reports whether the user lets us use the address's family.
func (p *policy) familyAllowed(ip netip.Addr) bool { return p.only == "" || p.only == family(ip) }

// named reports whether the torrent may name the address of a peer or a node.
func (p *policy) named(a netip.AddrPort) bool {
	return a.Port() != 0 && network.Reachable(a.Addr(), p.rules().Local) && p.familyAllowed(a.Addr())
}

// told reports whether somebody else may lead us to the address of a peer: to a
// private one only if he is in a private network himself.
func (p *policy) told(a netip.AddrPort, byPrivate bool) bool {
	return p.named(a) && (byPrivate || !private(a.Addr()))
}

// LookupNetIP resolves a host that the torrent names to the addresses that may be
// contacted; an error wraps errForbidden when there are others only.
func (p *policy) LookupNetIP(ctx context.Context, of, host string) ([]netip.Addr, error) {
	ips, err := p.net.LookupNetIP(ctx, of, host)
	if err != nil {
		return nil, err
	}
	return network.NewGuard(p.rules()).Allow(nil, host, ips)
}

// private reports whether ip is not reachable from the internet at large.
func private(ip netip.Addr) bool { return network.Classify(ip) != network.Public }

// hosts tells hosts apart, whoever counts or bans them.
var hosts = swarm.Hosts{Private: private}
