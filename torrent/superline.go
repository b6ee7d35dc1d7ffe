package torrent

import (
	"cmp"
	"slices"
	"time"
)

// superLine is what superSeed knows of our uplink. Windows that move when
// something was passed on are for relayers that are as fast as we are. Slow ones
// would leave the line idle: with six that have 0.5 Mbit/s the first copy took ten
// times as long as a line of 20 Mbit/s needs for it. So while it is not full, more
// is shown, whatever came of what was shown before, and it takes 1.2 times as long:
//
//   - When nobody who has a slot is being sent anything, all of them are shown
//     the next pieces, at least one each, and twice as many as last time if those
//     lasted for less than a second.
//   - When somebody is, but all together take less than half of what the line
//     has carried before, those who are sent nothing are. Nothing tells of that:
//     it is looked at every lineLook.
//
// What is shown so was in no window, and so is shown to nobody else meanwhile:
// the first copy still costs little more than its size. Those that have failed
// to pass on, or have much that is not passed on yet, come last.
type superLine struct {
	spurt  int       // pieces shown when the line was last idle
	idle   time.Time // when that was
	looked time.Time // when its load was last looked at, and
	sent   int64     // how much had been sent by then
	best   float64   // bytes/s that it has carried
}

const (
	lineLook = 500 * time.Millisecond
	// mostSpurt bounds superLine.spurt, of pieces that are sent in no time.
	mostSpurt = 32
)

// serves is told whether a peer has a slot, and whether there is something that it
// asked for and is not sent. sent tells how much was sent to all so far.
func (s *superSeed) serves(p *superPeer, slot, busy bool, sent func() int64, now time.Time, dst []superReveal) []superReveal {
	if s.finished() || s.trusting || !s.knows(p) {
		return dst
	}
	p.slot, p.busy = slot, slot && busy
	return s.useLine(sent, now, dst)
}

// requestedAll is told that a peer has asked for very much.
func (s *superSeed) requestedAll(p *superPeer) {
	for i := range p.window {
		p.window[i].asked = true
	}
}

// useLine shows more while the line is not full.
func (s *superSeed) useLine(sent func() int64, now time.Time, dst []superReveal) []superReveal {
	if s.finished() || s.queue.len() == 0 {
		return dst
	}
	slack := s.line.look(sent, now)
	idle, busy := s.load()
	if idle == 0 || busy > 0 && !slack {
		return dst
	}
	return s.showMore(s.idlers(idle), s.line.ranDry(idle, now), now, dst)
}

// idles reports whether a peer has a slot, is sent nothing and has been shown
// nothing that it could ask for.
func (s *superSeed) idles(p *superPeer) bool {
	return p.slot && !p.quiet && !p.busy && s.unasked(p) == 0
}

// load is how many peers idle, and how many are being sent something.
func (s *superSeed) load() (idle, busy int) {
	for _, p := range s.peers {
		switch {
		case p.busy:
			busy++
		case s.idles(p):
			idle++
		}
	}
	return idle, busy
}

// idlers returns the n peers that idle, the best relayers first.
func (s *superSeed) idlers(n int) []*superPeer {
	idle := make([]*superPeer, 0, n)
	for _, p := range s.peers {
		if s.idles(p) {
			idle = append(idle, p)
		}
	}
	slices.SortFunc(idle, func(a, b *superPeer) int {
		return cmp.Or(cmp.Compare(a.failed, b.failed), cmp.Compare(len(a.window), len(b.window)), cmp.Compare(a.index, b.index))
	})
	return idle
}

// showMore shows n pieces to the peers in turn.
func (s *superSeed) showMore(peers []*superPeer, n int, now time.Time, dst []superReveal) []superReveal {
	for len(peers) > 0 {
		rest := peers[:0]
		for _, p := range peers {
			if n == 0 {
				return dst
			}
			if s.unasked(p) >= superMost || !s.room(p) {
				continue
			}
			piece, ok := s.take(p)
			if !ok {
				continue
			}
			dst = s.show(p, piece, now, dst)
			rest, n = append(rest, p), n-1
		}
		peers = rest
	}
	return dst
}

// room makes room in a window that is as large as it gets: a piece that the peer has
// is not shown to others anyhow. It reports whether there is any.
func (s *superSeed) room(p *superPeer) bool {
	if len(p.window) < maxShown {
		return true
	}
	for _, w := range p.window {
		if p.has.Has(uint32(w.piece)) {
			return s.drop(p, w.piece)
		}
	}
	return false
}

// ranDry is how many pieces are shown to so many idle peers.
func (l *superLine) ranDry(idle int, now time.Time) int {
	if now.Sub(l.idle) < 2*lineLook {
		l.spurt = min(2*l.spurt, mostSpurt)
	} else {
		l.spurt /= 2
	}
	l.spurt, l.idle = max(l.spurt, idle), now
	return l.spurt
}

// look takes how much was sent so far, and reports whether the line carried less
// than half of its best since the last look.
func (l *superLine) look(sent func() int64, now time.Time) (slack bool) {
	d := now.Sub(l.looked)
	if d < lineLook {
		return false
	}
	was := l.sent
	l.looked, l.sent = now, sent()
	rate := float64(l.sent-was) / d.Seconds()
	fresh := d < 2*lineLook // else it was idle for some of the time
	if rate >= l.best {
		l.best = rate
		return false
	}
	l.best -= l.best / 32 // lines change
	return fresh && rate < l.best/2
}

// lookDue is when the line is to be looked at; zero: there is no reason to.
func (s *superSeed) lookDue() (at time.Time) {
	if s.finished() || s.trusting || s.queue.len() == 0 {
		return at
	}
	if idle, busy := s.load(); idle > 0 && busy > 0 {
		at = s.line.looked.Add(lineLook)
	}
	return at
}
