package swarm

import "time"

// slotCount decides how many peers are unchoked at a time.
//
// Few slots spread pieces fast: with eight a piece of 256 KiB takes 0.8 s of a
// 20 Mbit/s uplink, with fifty it takes 5 s, and nobody can pass anything on
// before (docs/measured.md, swarm). That slots idle when their holders find nothing
// to ask for is seen to by Choker.Lend. So there are few to begin with, and others
// where that is better:
//
//   - While everybody who takes anything gets goodSlot on average and others
//     wait, slots are added.
//   - Otherwise a change is tried: fewer slots while each gets less than
//     usefulSlot, more while others wait. After two rounds the sum of what is
//     sent tells whether the uplink was full: then more slots were of no use, and
//     fewer did no harm. So many peers behind a slow line get few slots, and slow
//     peers behind a fast line keep theirs.
type slotCount struct {
	n     int
	most  int // there may be; 0: maxSlots
	fixed bool
	begun bool
	short bool // the last trial showed an uplink that was not full
	// A trial changed n by step at tried; before is the load then.
	step   int
	before load
	tried  time.Time
	hold   time.Time // no trial before
}

const (
	minSlots   = 4 // BEP 3
	firstSlots = 8 // before anything was measured
	maxSlots   = 80
	goodSlot   = 256 << 10 // bytes/s
	usefulSlot = 16 << 10  // bytes/s
	trialTime  = 2 * chokeRound
	trialHold  = 12 * chokeRound // after a trial that failed
	// Of a torrent with few large pieces there is one slot for each fewPieces, and
	// at least two. A piece takes slots times as long as alone, and to come from the
	// seed to N peers, one after the other, s*log(N)/log(s+1) times that: nothing
	// beside hundreds of pieces, three times all of four (docs/measured.md, swarm).
	largePiece = 1 << 20 // bytes
	fewPieces  = 16
)

// load is what a round sees.
type load struct {
	rate    float64 // bytes/s sent to all
	used    int     // slots
	busy    int     // of them that something was sent to
	waiting int     // peers for one
	limit   int64   // bytes/s that may be sent; 0: any
}

func newSlotCount(fixed int) slotCount {
	if fixed > 0 {
		return slotCount{n: fixed, fixed: true}
	}
	return slotCount{n: firstSlots}
}

// adapt changes n by what the last round has shown.
func (s *slotCount) adapt(now time.Time, l load) {
	if s.fixed {
		return
	}
	if !s.begun && l.limit > 0 {
		s.set(int(min(l.limit/goodSlot, firstSlots)))
	}
	s.begun = true
	each := l.rate / float64(max(l.busy, 1))
	switch {
	case s.step != 0:
		s.judge(now, l)
	case l.waiting > 0 && l.used >= s.n && each >= goodSlot:
		s.set(s.n + max(1, s.n/4))
	case s.short && l.waiting > 0 && l.used >= s.n:
		s.try(now, l, max(1, s.n/4))
	case now.Before(s.hold):
	case each < usefulSlot && l.busy >= minSlots && l.used >= s.n: // towards what would be useful
		s.try(now, l, -max(1, min(s.n/2, s.n-int(l.rate/usefulSlot))))
	case l.waiting > 0 && l.used >= s.n && (l.limit == 0 || l.rate < 0.9*float64(l.limit)):
		s.try(now, l, max(1, s.n/8))
	}
}

func (s *slotCount) set(n int) {
	s.n = min(max(n, minSlots), maxSlots)
	if s.most > 0 {
		s.n = min(s.n, s.most)
	}
}

// suit is told what the torrent is cut into.
func (s *slotCount) suit(pieces int, length int64) {
	if s.fixed || length < largePiece || pieces >= fewPieces*firstSlots {
		return
	}
	s.most = max(2, pieces/fewPieces)
	s.n = min(s.n, s.most)
}

// try changes n for as long as a trial takes.
func (s *slotCount) try(now time.Time, l load, step int) {
	was := s.n
	s.set(s.n + step)
	s.step, s.before, s.tried = s.n-was, l, now
}

// judge ends a trial: the uplink was full if the sum changed by less than half
// of what the slots added or taken away should have made.
func (s *slotCount) judge(now time.Time, l load) {
	if now.Sub(s.tried) < trialTime {
		return
	}
	share := s.before.rate / float64(max(s.before.used, 1)) * float64(s.step) // of all, since which will go is not known
	change := l.rate - s.before.rate
	full := s.step > 0 && change < share/2 || s.step < 0 && change > share/2
	if full == (s.step > 0) { // slots added in vain, or taken away to our loss
		s.set(s.n - s.step)
		s.hold = now.Add(trialHold)
	}
	s.short = !full
	s.step = 0
}
