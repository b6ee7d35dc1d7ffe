package dht

import "net/netip"

// shares counts what each source holds of a store, so that no host can push the
// others out (threat: one host fills a store). An address and a port is a source
// where many nodes share an address, an address elsewhere, and in IPv6 a /64, of
// which one host can use any address: see addressRules.source.
//
// A source may hold a share of a store. When the store is full, who holds most
// makes room, and that is who wants to come in if it holds as many as anybody:
// so a host that has something here already takes nothing from those who have
// less.
type shares struct {
	held map[netip.AddrPort]int
	most int // that a source may hold, but a local one
}

func newShares(most int) shares { return shares{held: make(map[netip.AddrPort]int), most: most} }

func (s *shares) add(source netip.AddrPort) { s.held[source]++ }

func (s *shares) remove(source netip.AddrPort) {
	if s.held[source]--; s.held[source] <= 0 {
		delete(s.held, source)
	}
}

// keeper returns for whom an entry counts that two sources have put: the one that
// holds less. So a flood does not make what others put its own by putting it too,
// and does not lose it either by having put it first.
func (s *shares) keeper(old, new netip.AddrPort) netip.AddrPort {
	if s.held[new]+1 < s.held[old] {
		return new
	}
	return old
}

// full reports whether a source has its share.
func (s *shares) full(rules addressRules, source netip.AddrPort) bool {
	return s.held[source] >= s.most && !rules.exempt(source.Addr())
}

// payer returns which sources make room in a full store for an entry of source.
func (s *shares) payer(source netip.AddrPort) (pays func(netip.AddrPort) bool) {
	most := 0
	for _, n := range s.held {
		most = max(most, n)
	}
	if s.held[source] == most {
		return func(other netip.AddrPort) bool { return other == source }
	}
	return func(other netip.AddrPort) bool { return s.held[other] == most }
}
