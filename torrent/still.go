package torrent

import "time"

// stillness tells how long the process stood still: stopped by SIGSTOP, frozen with
// its container, asleep with the machine. No event tells of that, and most clocks
// go on meanwhile, so that afterwards everybody seems to have been silent for as
// long. It is noticed by looking at the clock in short steps: what lies between
// two looks beyond a step was not ours to use, so it is no silence of others.
//
// It is told the time. Limits on what others do (no peer, no byte, no metainfo,
// nobody who wants something) are put off by it; the limit for the whole job is not,
// which is a promise to whoever waits for us.
type stillness struct {
	step time.Duration // between two looks, at most
	seen time.Time     // the last look; zero: none yet
}

const (
	// stillStep is the most that may pass between two looks while a limit runs.
	stillStep = 5 * time.Second
	// stillParts is into how many steps the shortest limit is divided at least: what
	// passed before the process stood still, and is not known, is less than one.
	stillParts = 8
)

// newStillness looks often enough for limits so short; those of 0 are none.
func newStillness(limits ...time.Duration) (s stillness) {
	s.among(limits...)
	return s
}

// among looks often enough for other limits from now on.
func (s *stillness) among(limits ...time.Duration) {
	s.step = stillStep
	for _, l := range limits {
		if l > 0 {
			s.step = min(s.step, max(l/stillParts, time.Millisecond))
		}
	}
}

// look is to be called at each occasion, and returns how long we stood still since
// the last one. When no limit runs that may have been sleep of our own; no limit
// is wrong for being put off by it.
func (s *stillness) look(now time.Time) time.Duration {
	last := s.seen
	s.seen = now
	if last.IsZero() {
		return 0
	}
	return max(now.Sub(last)-s.step, 0)
}

// next is when look must be called again while a limit runs.
func (s *stillness) next() time.Time { return s.seen.Add(s.step) }
