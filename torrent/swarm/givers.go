package swarm

// maxGivers bounds the peers that are told apart; more are not counted.
const maxGivers = 1 << 16

// Givers counts the peers that gave something, each once however often it came. The
// zero value has none.
type Givers struct{ seen map[Remote]struct{} }

// Add counts a peer.
func (g *Givers) Add(r Remote) {
	if g.Has(r) || len(g.seen) >= maxGivers {
		return
	}
	if g.seen == nil {
		g.seen = map[Remote]struct{}{}
	}
	g.seen[r] = struct{}{}
}

// Has reports whether a peer was counted.
func (g *Givers) Has(r Remote) bool {
	_, has := g.seen[r]
	return has
}

// Len is how many there are.
func (g *Givers) Len() int { return len(g.seen) }
