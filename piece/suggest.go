package piece

// maxSuggested bounds Peer.suggested.
const maxSuggested = 64

// Suggest says that the remote would like to give this piece (BEP 6). Only so
// many are kept; the rest is ignored.
func (m *Manager) Suggest(p *Peer, index uint32) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if !p.left && int64(index) < int64(m.ledger.wants.n) && len(p.suggested) < maxSuggested {
		p.suggested = append(p.suggested, index)
		if p.idle && m.ledger.wants.startable.Has(index) {
			m.ledger.setIdle(p, false)
			after.wake(p)
		}
	}
}

// suggestedPiece returns a piece the peer suggests; super-seeding works best
// when it is followed.
func (pk *picker) suggestedPiece(p *Peer) (uint32, bool) {
	for len(p.suggested) > 0 {
		i := p.suggested[0]
		p.suggested = p.suggested[:copy(p.suggested, p.suggested[1:])]
		if pk.l.wants.startable.Has(i) && p.may(i) {
			return i, true
		}
	}
	return 0, false
}

// chooseSuggested begins the piece that a seed suggests, if no leecher has it. A seed knows what it
// has sent to everybody, of whom we know but some: while it has us on a piece
// that it suggested, wait is to leave everything else to others.
func (pk *picker) chooseSuggested(p *Peer, share int, after *after) (a *active, wait bool) {
	if pk.l.crowds(share) {
		return nil, false
	}
	for k, i := range p.suggested {
		if pk.l.wants.order.avail[i] > 0 || !pk.l.wants.startable.Has(i) || !p.may(i) {
			continue
		}
		if !pk.makeState(int(i), after) {
			break
		}
		p.suggested = append(p.suggested[:k], p.suggested[k+1:]...)
		p.advised = true
		return pk.l.activate(i), false
	}
	return nil, p.advised && p.pending > 0 && len(pk.l.fellows.peers) > 0
}
