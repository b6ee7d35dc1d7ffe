package piece

import (
	"hash/maphash"
	"net/netip"
	"slices"
)

// A piece that fails its hash names its giver if there was one. Otherwise who gave
// which block is kept, and the piece is fetched again from one peer alone (parole).

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

// blame is the evidence against peers that sent wrong bytes.
type blame struct {
	seed     maphash.Seed // liars must not be able to make collisions
	suspects map[uint32]*suspect
	order    []uint32 // the suspects, oldest first
	blocks   int      // in all copies
}

// suspected reports whether piece i has failed its hash, so that one peer alone
// is to give it.
func (bl *blame) suspected(i uint32) bool { return bl.suspects[i] != nil }

// newBadCopy returns the evidence about a copy of a, without digests.
func newBadCopy(a *active) *badCopy {
	return &badCopy{givers: slices.Clone(a.givers), who: make([]uint16, a.n), digest: make([]uint64, a.n)}
}

// note takes block b of a, with these bytes.
func (c *badCopy) note(a *active, b int, digest uint64) {
	c.who[b], c.digest[b] = a.blocks[b].giver, digest
}

// liars appends who gave block b otherwise than with this digest, each once.
func (s *suspect) liars(dst []netip.AddrPort, b int, digest uint64) []netip.AddrPort {
	for _, c := range s.copies {
		if addr := c.givers[c.who[b]].addr; c.digest[b] != digest && !slices.Contains(dst, addr) {
			dst = append(dst, addr)
		}
	}
	return dst
}

// remember keeps a bad copy of piece i, at the cost of the oldest evidence.
func (bl *blame) remember(i uint32, c *badCopy) {
	s := bl.suspects[i]
	if s == nil {
		s = new(suspect)
		bl.suspects[i] = s
		bl.order = append(bl.order, i)
	}
	if len(s.copies) == maxCopies {
		bl.blocks -= len(s.copies[0].who)
		s.copies = slices.Delete(s.copies, 0, 1)
	}
	s.copies = append(s.copies, c)
	bl.blocks += len(c.who)
	for bl.blocks > maxSuspectBlocks && bl.order[0] != i {
		bl.forgive(bl.order[0])
	}
}

// forgive drops the evidence about piece i.
func (bl *blame) forgive(i uint32) {
	s := bl.suspects[i]
	if s == nil {
		return
	}
	for _, c := range s.copies {
		bl.blocks -= len(c.who)
	}
	delete(bl.suspects, i)
	k := slices.Index(bl.order, i)
	bl.order = slices.Delete(bl.order, k, k+1)
}
