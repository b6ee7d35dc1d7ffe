package piece

// AppendRemote appends what the peer has as a bitfield message's payload.
func (m *Manager) AppendRemote(p *Peer, dst []byte) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	set := p.bits
	if p.seed {
		set = NewBitset(m.n)
		set.fill(m.n)
	} else if set == nil {
		set = NewBitset(m.n)
	}
	return set.appendWire(dst, m.n)
}
