package torrent

import (
	"net/netip"
	"slices"
	"time"

	"gotor/torrent/network"
)

// Limits of what others say about our address.
const (
	// maxVotes is how many hosts are believed to have an opinion, for each kind of
	// address: the latest ones. Few, so that after a change of our address, with
	// which all connections begin anew, the new one has the majority soon.
	maxVotes = 16
	// votesNeeded is how many must agree: one liar cannot make up an address.
	votesNeeded = 2
	// voteLife is how long a vote counts: longer than the longest interval
	// between two announces.
	voteLife = 2 * time.Hour
)

// outside finds out by which addresses the world knows us, from what others say
// they see: trackers (BEP 24), peers (BEP 10, yourip) and nodes of the DHT (BEP 42).
// Each host has one vote, its last, about addresses of its own family, and the
// majority decides. It is a machine that is told the time; the zero value is ready.
type outside struct{ views map[addrKind][]vote } // the latest last

// addrKind is what an address of ours may be. We have other ones in a private network
// than on the internet, so what is said there is kept apart.
type addrKind struct{ ipv6, private bool }

type vote struct {
	host   netip.Addr // who says so, see swarm.Hosts; see agreedHost
	addr   netip.Addr
	weight int
	at     time.Time
}

// heard takes what a host says that it sees us as. One on the internet cannot see
// an address of a private network, and nobody sees the address of the other family.
func (o *outside) heard(now time.Time, host, addr netip.Addr) {
	host, addr = host.Unmap(), addr.Unmap().WithZone("")
	if !host.IsValid() || !addr.IsValid() || host.Is4() != addr.Is4() || private(addr) && !private(host) {
		return
	}
	o.put(vote{host: hosts.Of(host), addr: addr, weight: 1, at: now})
}

// agreed takes what the nodes of the DHT have agreed on, each of another network:
// enough as long as nobody denies it.
func (o *outside) agreed(now time.Time, addr netip.Addr) {
	if addr = addr.Unmap().WithZone(""); addr.IsValid() {
		o.put(vote{host: agreedHost, addr: addr, weight: votesNeeded, at: now})
	}
}

// agreedHost stands for all the nodes of the DHT: it is nobody's address.
var agreedHost = netip.IPv6Unspecified()

// put replaces a host's vote.
func (o *outside) put(v vote) {
	if network.Classify(v.addr) == network.Nowhere || v.addr.IsLoopback() {
		return // nobody sees that from outside
	}
	k := addrKind{ipv6: v.addr.Is6(), private: private(v.addr)}
	all := slices.DeleteFunc(o.views[k], func(old vote) bool { return old.host == v.host })
	if len(all) >= maxVotes {
		all = slices.Delete(all, 0, 1)
	}
	if o.views == nil {
		o.views = make(map[addrKind][]vote)
	}
	o.views[k] = append(all, v)
}

// addr is our address of a kind, as those who can reach it see it; invalid: not known.
func (o *outside) addr(now time.Time, k addrKind) netip.Addr {
	counts, total := make(map[netip.Addr]int), 0
	for _, v := range o.views[k] {
		if now.Sub(v.at) < voteLife {
			counts[v.addr] += v.weight
			total += v.weight
		}
	}
	for a, n := range counts {
		if n >= votesNeeded && 2*n > total {
			return a
		}
	}
	return netip.Addr{}
}
