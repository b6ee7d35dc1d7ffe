package torrent

import "time"

// Givers is how many peers have sent something that we asked for, in this run.
// Web servers are not among them.
func (t *Torrent) Givers() int {
	answer := make(chan int, 1)
	if t.core.post(func(time.Time) { answer <- t.peers.countGivers() }) {
		return <-answer
	}
	return int(t.peers.gave.Load())
}
