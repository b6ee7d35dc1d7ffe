package torrent

import "time"

// Givers is how many peers have sent something that we asked for, in this run.
// Web servers are not among them.
func (t *Torrent) Givers() int {
	answer := make(chan int, 1)
	count := func(time.Time) {
		n := t.givers.Len()
		for _, m := range t.members {
			if !t.givers.Has(m.key()) && m.conn.Stats().Downloaded > 0 {
				n++
			}
		}
		answer <- n
	}
	if t.core.post(count) {
		return <-answer
	}
	return int(t.counters.givers.Load())
}
