package torrent

import "time"

// Givers is how many peers have sent something that we asked for, in this run.
// Web servers are not among them.
func (t *Torrent) Givers() int {
	n, ok := ask(t.core, t.outcome.stopped, func(time.Time) int { return t.peers.countGivers() })
	if !ok {
		n = int(t.peers.gave.Load())
	}
	return n
}
