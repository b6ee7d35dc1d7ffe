package daemon

import (
	"slices"
	"sync"
	"time"

	"gotor/cmd/record"
)

// syncTimes counts how long what was promised took to be on disk. Its methods may be
// called from any goroutine.
type syncTimes struct {
	mu sync.Mutex
	h  record.Histogram // seconds
	n  int64
}

func newSyncTimes() *syncTimes {
	s := &syncTimes{h: record.Histogram{Bounds: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .5, 2}}}
	s.h.Counts = make([]uint64, len(s.h.Bounds)+1)
	return s
}

// add counts one sync.
func (s *syncTimes) add(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, _ := slices.BinarySearch(s.h.Bounds, took.Seconds())
	s.h.Counts[i]++
	s.h.Sum += took.Seconds()
	s.n++
}

// get is how many there were, and their times.
func (s *syncTimes) get() (int64, *record.Histogram) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.h
	h.Counts = slices.Clone(h.Counts)
	return s.n, &h
}
