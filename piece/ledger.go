package piece

import (
	"hash/maphash"
	"math/rand/v2"
	"time"
)

// ledger is what is known of a torrent: which pieces we have and want, what
// became of those that are begun, who has which, and who was asked for what. It
// is told what happens, keeps its parts in step, and leaves in an after what is
// to be done about it: it has no lock, no clock and no memory for blocks. The
// Manager's mutex guards it.
type ledger struct {
	layout  *Layout
	wants   wants
	begun   begun
	reqs    requests
	fellows fellows
	blame   blame
	heads   readHeads

	peers    []*Peer
	webs     []*Peer // those that are servers
	seeds    int
	rates    float64 // sum of the peers' meter.rate
	unchoked int     // peers that do not choke us
	idle     int     // peers whose last Pick found too few blocks

	epoch time.Time
	now   int64 // what clock returned last
}

// newLedger returns one for a torrent of which we have nothing and want all. known
// tells which pieces can be verified; nil: all.
func newLedger(l *Layout, known func(int) bool, sequential bool, rng *rand.Rand) ledger {
	return ledger{
		layout: l, wants: newWants(l, known, sequential, rng), reqs: requests{free: noReq},
		blame: blame{seed: maphash.MakeSeed(), suspects: make(map[uint32]*suspect)},
	}
}

// clock turns a time into nanoseconds since the first time we were told one.
func (l *ledger) clock(now time.Time) int64 {
	if l.epoch.IsZero() {
		l.epoch = now
	}
	l.now = int64(now.Sub(l.epoch))
	return l.now
}

// settle is the end of a call: pieces that nothing came of are put back, and
// those are to be woken who can do something with what has become free.
func (l *ledger) settle(after *after) {
	if len(l.begun.emptied) > 0 {
		l.putBack()
	}
	if l.begun.freed {
		l.begun.freed = false
		l.wakeIdle(after)
	}
	for i, p := range l.reqs.uncapped {
		after.wake(p)
		l.reqs.uncapped[i] = nil
	}
	l.reqs.uncapped = l.reqs.uncapped[:0]
}

// wakeIdle wakes the peers that found nothing to pick.
func (l *ledger) wakeIdle(after *after) {
	if l.idle == 0 {
		return
	}
	for _, p := range l.peers {
		if p.idle && l.interesting(p) {
			l.setIdle(p, false)
			after.wake(p)
		}
	}
}

// setIdle notes whether p waits for blocks to become free.
func (l *ledger) setIdle(p *Peer, idle bool) {
	if p.idle == idle {
		return
	}
	p.idle = idle
	if idle {
		l.idle++
	} else {
		l.idle--
	}
}

// interesting reports whether p has pieces we want.
func (l *ledger) interesting(p *Peer) bool {
	if p.seed {
		return l.wants.leftPieces > 0
	}
	return p.wanted > 0
}

// mayGive reports whether p may be asked for anything we want.
func (l *ledger) mayGive(p *Peer) bool {
	return (!p.choked || len(p.fast) > 0) && l.interesting(p)
}

// leechers is how many peers have not everything.
func (l *ledger) leechers() int { return len(l.peers) - l.seeds }

// company reports whether peers other than servers are there to give.
func (l *ledger) company() bool { return l.unchoked > len(l.webs) || l.leechers() > 0 }

// crowds reports whether one more piece would take more than its part of a
// budget of share blocks; see picker.choose.
func (l *ledger) crowds(share int) bool {
	return l.begun.planned+l.layout.maxBlocks() > share*3/4
}

// offers reports whether a has a free block that p may be asked for.
func (l *ledger) offers(a *active, p *Peer, now int64) bool {
	if a.nfree == 0 || a.doomed || !p.may(a.index) || !l.wants.inWindow(a.index) {
		return false
	}
	if a.parole && !a.paroledTo(p, now) {
		return false
	}
	if p.late == 0 {
		return true
	}
	for b, ok := a.free.next(a.hint); ok; b, ok = a.free.next(b + 1) {
		if r := l.reqs.find(p, a, b); r == noReq || p.gaveUp(&l.reqs.all[r]) {
			return true
		}
	}
	return false
}

// servesBegun reports whether p has any piece that is begun and not complete.
func (l *ledger) servesBegun(p *Peer) bool {
	for _, a := range l.begun.active {
		if !a.done && !a.doomed && l.wants.inWindow(a.index) && p.may(a.index) {
			return true
		}
	}
	return false
}

// before reports whether a is to be finished before b.
func (l *ledger) before(a, b *active) bool {
	if l.wants.inOrder() {
		prio := l.wants.order.prio
		return prio[a.index] > prio[b.index] || prio[a.index] == prio[b.index] && a.index < b.index
	}
	return a.missing() < b.missing()
}
