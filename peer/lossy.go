package peer

import (
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// A remote may drop requests that are too many for it and say nothing (one without
// BEP 6 cannot). The Manager finds out which when it answers younger ones; here the
// pipeline learns how many it takes, and a silent remote is made to answer.

const (
	// A remote that owes us blocks and sends none for doubtFactor times the expected
	// time, within these bounds, is nudged: asked for one of them once more. Then
	// after twice that time, and so on, until it counts as snubbed. An honest one
	// sends a block twice for that; one that has lost our requests would not send
	// any more at all.
	doubtFactor  = 4
	doubtMin     = 2 * time.Second
	doubtMax     = 30 * time.Second
	doubtUnknown = 10 * time.Second // of a remote that has never delivered

	// maxLosses bounds the exponent of what is asked of a remote until it is trusted
	// with one request more.
	maxLosses = 8
)

// lost notes that n requests are lost, because the remote queues no more than room
// unless that is 0.
func (p *pipeline) lost(n, room int) {
	p.settle(n)
	if room > 0 {
		p.most, p.proven = room, 0
		p.losses = min(p.losses+1, maxLosses)
	}
	p.resize()
}

// grow follows blocks of a remote that has lost requests: it is trusted with more
// again, after the first time with twice as many, later with one at a time, and
// after ever more blocks. What is lost for that costs no time while others come.
func (p *pipeline) grow(blocks int) {
	if p.most == 0 {
		return
	}
	if p.proven += blocks; p.proven < p.most<<p.losses {
		return
	}
	more := 1
	if p.losses == 1 {
		more = p.most
	}
	if p.most, p.proven = p.most+more, 0; p.most >= p.limit {
		p.most, p.losses = 0, 0
	}
}

// doubtAt returns when a silent remote is to be nudged, zero: it is not.
func (p *pipeline) doubtAt() time.Time {
	if p.left == 0 || p.snubbed {
		return time.Time{}
	}
	if p.doubts > 0 {
		return p.doubted.Add(p.doubtAfter() << min(p.doubts, 8))
	}
	return p.progress.Add(p.doubtAfter())
}

// doubtLook returns when to look at doubtAt again: of a remote of which nothing is
// known soon, since it is the reader that learns, and it does not wake the writer.
func (p *pipeline) doubtLook(now time.Time) time.Time {
	at := p.doubtAt()
	if soon := now.Add(doubtMin); at.After(soon) && p.delay == 0 {
		return soon
	}
	return at
}

// doubtAfter is how long a silence may be for nothing to be wrong.
func (p *pipeline) doubtAfter() time.Duration {
	if p.delay == 0 {
		return doubtUnknown
	}
	expected := p.delay
	if p.rate > 0 {
		expected += time.Duration(piece.BlockSize / p.rate * float64(time.Second))
	}
	return min(max(doubtFactor*expected, doubtMin), doubtMax)
}

// doubt reports whether it is time to nudge the remote.
func (p *pipeline) doubt(now time.Time) bool {
	at := p.doubtAt()
	if at.IsZero() || now.Before(at) {
		return false
	}
	p.doubted, p.doubts = now, p.doubts+1
	return true
}

// appendNudge asks a remote that has been silent for too long once more for the
// last block that it owes.
func (w *writer) appendNudge(dst []byte, now time.Time) []byte {
	nudge, look := w.out.ask.doubts(now)
	w.later(look)
	if !nudge {
		return dst
	}
	b, ok := w.cfg.Manager.Nudge(w.peer, now)
	if !ok {
		return dst
	}
	w.tally.asked.Add(1)
	return wire.Append(dst, blockMessage(wire.Request, b))
}
