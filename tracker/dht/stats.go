package dht

import (
	"net/netip"
	"time"
)

// Stats is what a person may want to know of a node.
type Stats struct {
	Nodes4, Good4 int // nodes of the IPv4 table, and those that answered lately
	Nodes6, Good6 int
	External4     netip.Addr // our address as others see it; invalid: not known
	External6     netip.Addr

	// Local is how many nodes of the tables are on loopback or private networks.
	Local int

	Lookups  int // running, without those for the table
	Waiting  int // for their turn
	InFlight int // queries without an answer yet

	Torrents, Peers, Items int // stored for others

	// Since the start: packets received and sent, queries served, packets that
	// were nothing, packets of sources that send too many.
	Received, Sent, Queries, Garbage, Blocked int64
}

// Stats returns the figures of now.
func (n *Node) Stats(now time.Time) Stats {
	s := n.counted
	if f := n.fams[0]; f != nil {
		s.Nodes4, s.Good4 = f.table.count(now)
		s.External4 = f.external
	}
	if f := n.fams[1]; f != nil {
		s.Nodes6, s.Good6 = f.table.count(now)
		s.External6 = f.external
	}
	for _, f := range n.fams {
		if f != nil {
			s.Local += f.table.local()
		}
	}
	for _, l := range n.running {
		if l.only == nil {
			s.Lookups++
		}
	}
	s.Waiting, s.InFlight = len(n.waiting), len(n.calls)
	s.Torrents, s.Peers, s.Items = len(n.peers.swarms), n.peers.total, len(n.items.items)
	return s
}
