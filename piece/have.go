package piece

import "fmt"

// This file is what the remotes have, as they tell it.

// forgetBits takes p's pieces out of the counts.
func (l *ledger) forgetBits(p *Peer) {
	if p.seed {
		p.seed = false
		l.seeds--
	}
	if p.bits != nil {
		l.wants.order.addAll(p.bits, p.count, -1)
	}
	p.bits, p.count, p.wanted, p.dry, p.cache = nil, 0, 0, 0, p.cache[:0]
}

// SetBitfield takes the payload of a bitfield message. It fails if the length
// is wrong or a spare bit is set (BEP 3); then close the connection.
func (m *Manager) SetBitfield(p *Peer, wire []byte) error {
	set, n, err := parseBitfield(wire, m.ledger.wants.n)
	if err != nil {
		return err
	}
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if !p.left {
		m.ledger.forgetBits(p)
		m.ledger.setBits(p, set, n)
		m.ledger.gained(p, &after)
	}
	return nil
}

// setBits records what p has.
func (l *ledger) setBits(p *Peer, set Bitset, n int) {
	if n == l.wants.n {
		p.seed = true
		l.seeds++
		l.fellows.drop(p)
		return
	}
	if n > 0 {
		p.bits, p.count = set, n
		p.wanted = set.countBoth(l.wants.wanted)
		l.wants.order.addAll(set, n, 1)
	}
}

// gained follows a change of what p has or of what we want.
func (l *ledger) gained(p *Peer, after *after) {
	p.dry = 0
	if l.interesting(p) != p.told {
		after.interest(p)
	}
	if p.idle {
		l.setIdle(p, false)
		after.wake(p)
	}
}

// SetHaveAll says that the peer has every piece (BEP 6).
func (m *Manager) SetHaveAll(p *Peer) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if !p.left {
		m.ledger.forgetBits(p)
		m.ledger.setBits(p, nil, m.ledger.wants.n)
		m.ledger.gained(p, &after)
	}
}

// SetHaveNone says that the peer has no piece (BEP 6), as after Join.
func (m *Manager) SetHaveNone(p *Peer) {
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if !p.left {
		m.ledger.forgetBits(p)
		m.ledger.gained(p, &after)
	}
}

// SetHave takes a have message. It fails if there is no such piece.
func (m *Manager) SetHave(p *Peer, index uint32) error {
	if int64(index) >= int64(m.ledger.wants.n) {
		return fmt.Errorf("have: no piece %d", index)
	}
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if !p.left && !p.has(index) {
		m.ledger.setHave(p, index)
		if m.ledger.wants.wanted.Has(index) {
			m.ledger.gained(p, &after)
		}
		m.ledger.lookAgain()
	}
	return nil
}

// setHave counts one more piece that p has.
func (l *ledger) setHave(p *Peer, i uint32) {
	if p.count++; p.count == l.wants.n && !p.lost { // as a seed it leaves the buckets
		l.wants.order.addAll(p.bits, p.count-1, -1)
		p.seed, p.bits, p.count, p.wanted = true, nil, 0, 0
		l.seeds++
		l.fellows.drop(p)
		return
	}
	if p.bits == nil {
		p.bits = NewBitset(l.wants.n)
	}
	p.bits.Set(i)
	if l.wants.order.avail[i] == 0 && p.key != 0 && !l.wants.ours.Has(i) {
		l.fellows.noteFresh(p, l.now)
	}
	l.wants.order.add(i, 1)
	if l.wants.wanted.Has(i) {
		p.wanted++
		if l.wants.startable.Has(i) && len(p.cache) < cacheSize {
			p.cache = append(p.cache, i)
		}
	}
}

// SetDontHave takes an lt_donthave message (BEP 54): the peer has lost a piece.
func (m *Manager) SetDontHave(p *Peer, index uint32) error {
	if int64(index) >= int64(m.ledger.wants.n) {
		return fmt.Errorf("donthave: no piece %d", index)
	}
	var after after
	m.mu.Lock()
	defer m.unlock(&after)
	if !p.left && p.has(index) {
		m.ledger.setDontHave(p, index)
		m.ledger.gained(p, &after)
	}
	return nil
}

// setDontHave counts one fewer.
func (l *ledger) setDontHave(p *Peer, i uint32) {
	if p.seed {
		all := NewBitset(l.wants.n)
		all.fill(l.wants.n)
		all.Clear(i)
		l.forgetBits(p)
		l.setBits(p, all, l.wants.n-1)
		// Or a peer that loses and regains one piece over and over would cost
		// a pass over all pieces each time.
		p.lost = true
		return
	}
	p.bits.Clear(i)
	p.count--
	l.wants.order.add(i, -1)
	if l.wants.wanted.Has(i) {
		p.wanted--
	}
}

// RemoteHas reports whether the peer has piece i, 0 <= i < Pieces.
func (m *Manager) RemoteHas(p *Peer, i int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return p.has(uint32(i))
}

// Interesting reports whether the peer has a piece that we want and miss.
func (m *Manager) Interesting(p *Peer) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ledger.interesting(p)
}

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
