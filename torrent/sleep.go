package torrent

import (
	"sync"
	"time"

	"gotor/tracker"
)

// This file is how a torrent seeds without a Torrent: Sleep ends the one that there is
// and tells nobody, Client.AnnounceAsleep (asleep.go) keeps it announced meanwhile, and
// Config.Wake brings another one when a peer comes. What trackers have been told passes
// from one to the next by the slumber.

// Sleep ends the torrent as Stop does, but its trackers are not told, and the local
// network goes on hearing of it: it still seeds, asleep. Its connections end. Who ends
// its sleep for good calls Client.AnnounceAsleep with EventStopped.
func (t *Torrent) Sleep() {
	t.core.post(func(time.Time) {
		t.asleep = true
		t.stop()
	})
}

// slumber is what is known about torrents between their Torrents. Methods may be called
// from any goroutine.
type slumber struct {
	mu    sync.Mutex
	all   map[[20]byte]*dream
	sweep int // when there are so many, those that nobody has touched for long go
}

// dream is what a Torrent, or an announce without one, leaves to the next. It belongs
// to whoever has taken it.
type dream struct {
	trackers *tracker.Memory // of them; nil: nothing
	dht      time.Time       // when the DHT is to be told again
	down, up int64           // what trackers were told that was carried before
	seen     time.Time       // put here
}

// fresh reports whether nothing was announced yet.
func (d *dream) fresh() bool { return d.trackers == nil }

// forgetAfter is how long what is not asked for is kept: trackers and the DHT have
// forgotten the torrent by then.
const forgetAfter = 3 * time.Hour

// take takes what is known of a torrent out; an empty one if nothing is.
func (s *slumber) take(infoHash [20]byte) *dream {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.all[infoHash]
	if d == nil {
		return new(dream)
	}
	delete(s.all, infoHash)
	return d
}

// put keeps what is known.
func (s *slumber) put(infoHash [20]byte, d *dream, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = make(map[[20]byte]*dream)
	}
	if len(s.all) >= max(s.sweep, 64) {
		for h, o := range s.all {
			if now.Sub(o.seen) > forgetAfter {
				delete(s.all, h)
			}
		}
		s.sweep = 2 * len(s.all)
	}
	d.seen = now
	s.all[infoHash] = d
}
