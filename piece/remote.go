package piece

// AppendRemote appends what the peer has as a bitfield message's payload.
func (m *Manager) AppendRemote(p *Peer, dst []byte) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	set := p.bits
	if p.seed {
		set = NewBitset(m.ledger.wants.n)
		set.fill(m.ledger.wants.n)
	} else if set == nil {
		set = NewBitset(m.ledger.wants.n)
	}
	return set.appendWire(dst, m.ledger.wants.n)
}
