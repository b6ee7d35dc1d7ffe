package torrent

import (
	"context"
	"sync"
	"time"
)

// farewell is the time that torrents have to tell trackers that they go: goodbyeTime
// for each, and once the process goes the same for all of them together.
type farewell struct {
	going context.Context // done when the Client is being closed
	once  sync.Once
	end   time.Time // set by once
}

// until is how long a goodbye that begins now may take.
func (f *farewell) until(now time.Time) time.Time {
	if f.going.Err() == nil {
		return now.Add(goodbyeTime)
	}
	f.once.Do(func() { f.end = now.Add(goodbyeTime) })
	return f.end
}
