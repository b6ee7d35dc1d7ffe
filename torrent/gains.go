package torrent

import "sync"

// gains is what a connection's reader has heard of, that the remote has pieces or
// asks for them, and the loop has not yet looked at. It is bounded: when a remote
// says more than that at a time, it counts as all.
type gains struct {
	mu     sync.Mutex
	pieces []int
	all    bool
	told   bool // a notice waits in the mailbox
}

// maxGains bounds gains.pieces.
const maxGains = 256

// note takes one piece, or all with -1, and reports whether the loop must be told.
func (g *gains) note(piece int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if piece < 0 || len(g.pieces) >= maxGains {
		g.all, g.pieces = true, g.pieces[:0]
	} else if !g.all {
		g.pieces = append(g.pieces, piece)
	}
	tell := !g.told
	g.told = true
	return tell
}

// take empties it.
func (g *gains) take() (pieces []int, all bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	pieces, all = g.pieces, g.all
	g.pieces, g.all, g.told = nil, false, false
	return pieces, all
}
