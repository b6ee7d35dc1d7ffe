package torrent

import (
	"sync/atomic"
	"time"
)

// maxGivers bounds the peers that are told apart; more are not counted.
const maxGivers = 1 << 16

// givers counts the peers that have left after they gave something.
type givers struct {
	seen map[remoteKey]struct{} // belongs to the run goroutine
	n    atomic.Int64           // len(seen), for when that has ended
}

func (g *givers) add(peer remoteKey) {
	if _, again := g.seen[peer]; again || len(g.seen) >= maxGivers {
		return
	}
	if g.seen == nil {
		g.seen = map[remoteKey]struct{}{}
	}
	g.seen[peer] = struct{}{}
	g.n.Add(1)
}

// Givers is how many peers have sent something that we asked for, in this run.
// Web servers are not among them.
func (t *Torrent) Givers() int {
	answer := make(chan int, 1)
	count := func(time.Time) {
		n := len(t.givers.seen)
		for _, m := range t.members {
			if _, again := t.givers.seen[m.key()]; !again && m.conn.Stats().Downloaded > 0 {
				n++
			}
		}
		answer <- n
	}
	if t.core.post(count) {
		return <-answer
	}
	return int(t.givers.n.Load())
}
