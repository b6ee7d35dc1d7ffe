package piece

import (
	"hash/maphash"
	"net/netip"
	"slices"
)

// badCopy is what remains of a piece that failed its hash with blocks of
// several peers: who gave which block, and a keyed digest of each. When a good
// copy comes, the digests that differ name the liars.
type badCopy struct {
	givers []giver
	who    []uint16
	digest []uint64
}

// suspect is a piece with bad copies, oldest first.
type suspect struct{ copies []*badCopy }

// Bounds of the evidence, against peers that send nothing but rubbish.
const (
	maxCopies        = 4
	maxSuspectBlocks = 1 << 17 // 10 bytes each
)

// accuse looks at a copy that failed its hash. A sole giver is guilty; of
// several, the evidence is kept.
func (m *Manager) accuse(a *active, x *worker) (*badCopy, []netip.AddrPort, error) {
	if len(a.givers) == 1 {
		return nil, []netip.AddrPort{a.givers[0].addr}, nil
	}
	c := &badCopy{
		givers: slices.Clone(a.givers),
		who:    make([]uint16, a.n),
		digest: make([]uint64, a.n),
	}
	err := m.eachBlock(a, x, func(b int, p []byte) {
		c.who[b] = a.blocks[b].giver
		c.digest[b] = maphash.Bytes(m.digestSeed, p)
	})
	return c, nil, err
}

// convict compares a good copy with the bad ones before it and returns who gave
// blocks that differ.
func (m *Manager) convict(a *active, x *worker) (guilty []netip.AddrPort, err error) {
	m.mu.Lock()
	s := m.suspects[a.index]
	m.mu.Unlock()
	if s == nil {
		return nil, nil
	}
	err = m.eachBlock(a, x, func(b int, p []byte) {
		good := maphash.Bytes(m.digestSeed, p)
		for _, c := range s.copies {
			if addr := c.givers[c.who[b]].addr; c.digest[b] != good && !slices.Contains(guilty, addr) {
				guilty = append(guilty, addr)
			}
		}
	})
	return guilty, err
}

// remember keeps a bad copy of piece i, at the cost of the oldest evidence.
func (m *Manager) remember(i uint32, c *badCopy) {
	s := m.suspects[i]
	if s == nil {
		s = new(suspect)
		m.suspects[i] = s
		m.suspectOrder = append(m.suspectOrder, i)
	}
	if len(s.copies) == maxCopies {
		m.suspectBlocks -= len(s.copies[0].who)
		s.copies = slices.Delete(s.copies, 0, 1)
	}
	s.copies = append(s.copies, c)
	m.suspectBlocks += len(c.who)
	for m.suspectBlocks > maxSuspectBlocks && m.suspectOrder[0] != i {
		m.forgive(m.suspectOrder[0])
	}
}

// forgive drops the evidence about piece i.
func (m *Manager) forgive(i uint32) {
	s := m.suspects[i]
	if s == nil {
		return
	}
	for _, c := range s.copies {
		m.suspectBlocks -= len(c.who)
	}
	delete(m.suspects, i)
	k := slices.Index(m.suspectOrder, i)
	m.suspectOrder = slices.Delete(m.suspectOrder, k, k+1)
}
