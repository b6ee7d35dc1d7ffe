package swarm

import (
	"cmp"
	"slices"
	"time"
)

// superLine is what a SuperSeed knows of our uplink. Windows that move when
// something was passed on are for relayers that are as fast as we are. Slow ones
// would leave the line idle (docs/measured.md, swarm). So while it is not full, more
// is shown, whatever came of what was shown before:
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

// Serving says what our line has to carry to a peer.
type Serving uint8

// What it may be.
const (
	Choked Serving = iota // nothing: it has no slot
	Sated                 // nothing: all that it asked for is sent
	Busy                  // something that it asked for
)

// Serves is told what our line has to carry to a peer. sent tells how much was sent
// to all so far, in bytes.
func (s *SuperSeed) Serves(p *SuperPeer, what Serving, sent func() int64, now time.Time, dst []Reveal) []Reveal {
	if !p.joined() {
		return dst
	}
	p.serving = what
	return s.useLine(sent, now, dst)
}

// useLine shows more while the line is not full.
func (s *SuperSeed) useLine(sent func() int64, now time.Time, dst []Reveal) []Reveal {
	if s.queue.len() == 0 {
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
func (s *SuperSeed) idles(p *SuperPeer) bool {
	return p.serving == Sated && !p.quiet && p.unasked() == 0
}

// load is how many peers idle, and how many are being sent something.
func (s *SuperSeed) load() (idle, busy int) {
	for _, p := range s.peers {
		switch {
		case p.serving == Busy:
			busy++
		case s.idles(p):
			idle++
		}
	}
	return idle, busy
}

// idlers returns the n peers that idle, the best relayers first.
func (s *SuperSeed) idlers(n int) []*SuperPeer {
	idle := make([]*SuperPeer, 0, n)
	for _, p := range s.peers {
		if s.idles(p) {
			idle = append(idle, p)
		}
	}
	slices.SortFunc(idle, func(a, b *SuperPeer) int {
		return cmp.Or(cmp.Compare(a.failed, b.failed), cmp.Compare(len(a.window), len(b.window)), cmp.Compare(a.index, b.index))
	})
	return idle
}

// showMore shows n pieces to the peers in turn.
func (s *SuperSeed) showMore(peers []*SuperPeer, n int, now time.Time, dst []Reveal) []Reveal {
	for len(peers) > 0 {
		rest := peers[:0]
		for _, p := range peers {
			if n == 0 {
				return dst
			}
			if p.unasked() >= mostWindow || !s.room(p) {
				continue
			}
			piece, ok := s.take(p.revealed)
			if !ok {
				continue
			}
			dst = s.reveal(p, piece, now, dst)
			rest, n = append(rest, p), n-1
		}
		peers = rest
	}
	return dst
}

// room makes room in a window that is as large as it gets: a piece that the peer has
// is not shown to others anyhow. It reports whether there is any.
func (s *SuperSeed) room(p *SuperPeer) bool {
	if len(p.window) < maxShown {
		return true
	}
	for _, w := range p.window {
		if p.has.Has(uint32(w.piece)) {
			return s.drop(&p.share, w.piece)
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
func (s *SuperSeed) lookDue() (at time.Time) {
	if s.queue.len() == 0 {
		return at
	}
	if idle, busy := s.load(); idle > 0 && busy > 0 {
		at = s.line.looked.Add(lineLook)
	}
	return at
}
