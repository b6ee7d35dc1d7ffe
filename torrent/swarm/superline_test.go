package swarm

import (
	"slices"
	"testing"
	"time"
)

// serves tells the machine of the line to r.
func (l *superLab) serves(r *superRemote, what Serving) {
	l.t.Helper()
	l.wide = true
	l.apply(l.s.Serves(&r.SuperPeer, what, func() int64 { return l.sent }, l.now, l.made[:0]))
}

// fetch lets r ask for all that it was shown, and get it after d at rate bytes/s.
func (l *superLab) fetch(r *superRemote, d time.Duration, rate int) {
	l.t.Helper()
	for _, i := range slices.Clone(r.todo) {
		l.s.Requested(&r.SuperPeer, i)
	}
	l.serves(r, Busy)
	l.now = l.now.Add(d)
	l.sent += int64(d.Seconds() * float64(rate))
	l.has(r, slices.Clone(r.todo)...)
	l.serves(r, Sated)
}

// Those that have a slot are shown more when nobody is sent anything, twice as much
// each time while it lasts for next to nothing, and others are not.
func TestSuperLineIdle(t *testing.T) {
	l := newSuperLab(t, 200, mib)
	a, b := l.join("a"), l.join("b")
	l.serves(a, Sated) // has not asked yet
	l.wantReveals(a, leastWindow)
	l.fetch(a, time.Second, mib)
	l.wantReveals(a, leastWindow+1)
	l.fetch(a, 100*time.Millisecond, mib)
	l.wantReveals(a, leastWindow+3)
	l.fetch(a, 100*time.Millisecond, mib)
	l.wantReveals(a, leastWindow+7)
	l.fetch(a, 10*time.Second, mib)
	l.wantReveals(a, leastWindow+9)
	l.wantReveals(b, leastWindow) // we choke it
	for range 60 {
		l.fetch(a, 100*time.Millisecond, mib)
	}
	l.wantReveals(a, 200-leastWindow) // though its window is no larger than it may be
}

// A line that is full is left alone, and one that one peer cannot fill is not.
func TestSuperLineSlack(t *testing.T) {
	const best = 10 * mib
	l := newSuperLab(t, 200, mib)
	a, b, slow := l.join("a"), l.join("b"), l.join("slow")
	l.serves(slow, Busy)
	l.fetch(a, lineLook, best)
	l.fetch(b, lineLook, best)
	look := func(rate int) {
		t.Helper()
		l.now = l.now.Add(lineLook)
		if at := l.s.lookDue(); at.After(l.now) || at.IsZero() {
			t.Fatalf("to be looked at %v, want %v", at, l.now)
		}
		l.sent += int64(rate) * int64(lineLook) / int64(time.Second)
		l.apply(l.s.useLine(func() int64 { return l.sent }, l.now, nil))
	}
	look(best * 3 / 4)
	l.wantReveals(a, leastWindow)
	look(best / 4)
	l.wantReveals(a, leastWindow+1)
	l.wantReveals(b, leastWindow+1)
	l.wantReveals(slow, leastWindow) // is sent something
	if at := l.s.lookDue(); !at.IsZero() {
		t.Errorf("to be looked at %v although nobody is idle", at)
	}
}

// When little is left, who passes nothing on gets nothing of it.
func TestSuperLineOrder(t *testing.T) {
	l := newSuperLab(t, 3*leastWindow+2, mib)
	rider, good, third := l.join("rider"), l.join("good"), l.join("third")
	rider.failed = 3
	for _, r := range []*superRemote{rider, good} {
		l.s.RequestedAll(&r.SuperPeer)
		r.serving = Sated
	}
	l.serves(third, Sated) // that may still ask
	l.wantReveals(rider, leastWindow+1)
	l.wantReveals(good, leastWindow+1)
	l = newSuperLab(t, 2*leastWindow+1, mib)
	rider, good = l.join("rider"), l.join("good")
	rider.failed, rider.serving = 3, Sated
	l.s.RequestedAll(&rider.SuperPeer)
	l.s.RequestedAll(&good.SuperPeer)
	l.serves(good, Sated)
	l.wantReveals(rider, leastWindow)
	l.wantReveals(good, leastWindow+1)
}
