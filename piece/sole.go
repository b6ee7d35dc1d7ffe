package piece

import "net/netip"

// Sole reports whether those peers that are picks out, by address, have a piece
// that we want and miss and that no other peer or server has.
func (m *Manager) Sole(is func(netip.AddrPort) bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	others := NewBitset(m.ledger.wants.n)
	var theirs []*Peer
	for _, p := range m.ledger.peers {
		switch {
		case is(p.addr):
			theirs = append(theirs, p)
		case p.seed:
			return false
		default:
			for i, w := range p.bits {
				others[i] |= w
			}
		}
	}
	for i, w := range m.ledger.wants.wanted {
		if len(theirs) == 0 && w&^others[i] != 0 {
			return true
		}
		for _, p := range theirs {
			has := ^uint64(0)
			if !p.seed {
				if p.bits == nil {
					continue
				}
				has = p.bits[i]
			}
			if w&has&^others[i] != 0 {
				return true
			}
		}
	}
	return false
}
