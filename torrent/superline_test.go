package torrent

import (
	"slices"
	"testing"
	"time"
)

// Relayers with slow uplinks do not keep a super-seed waiting: the first copy is
// out about when its line can have carried it.
func TestSuperSeedSlowRelayers(t *testing.T) {
	for _, c := range []struct {
		name  string
		peers int
		up    int64
		slow  int     // of them download slowly, too
		limit float64 // how many times what a full line needs
	}{
		{name: "two", peers: 2, up: mbit, limit: 1.5},
		{name: "six", peers: 6, up: mbit / 2, limit: 1.5},
		{name: "twelve", peers: 12, up: mbit / 2, limit: 1.5},
		// While it takes something, that the line has room is seen twice a second only.
		{name: "slow downloader", peers: 3, up: mbit / 2, slow: 1, limit: 2.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			if simRace && c.peers > 3 {
				t.Skip("slow under the race detector")
			}
			s := simSwarm{Name: c.name, Random: 1, Size: 16 * mib, PieceLength: 128 << 10, Seed: simPeer{
				Up: 20 * mbit, Latency: 20 * time.Millisecond, Spec: func(sp *order) { sp.SuperSeed = true }}}
			for i := range c.peers {
				p := simPeer{Up: c.up, Down: 100 * mbit, Latency: 20 * time.Millisecond}
				if i < c.slow {
					p.Down = mbit
				}
				s.Peers = append(s.Peers, p)
			}
			r := s.run(t)
			bound := float64(s.Size) / float64(s.Seed.Up)
			if got := r.whole.Seconds() / bound; got > c.limit {
				t.Errorf("the first copy took %v, %.2f times what a full line needs; want %.1f", r.whole, got, c.limit)
			}
		})
	}
}

// serves tells the machine of the line to r.
func (l *superLab) serves(r *superRemote, slot, busy bool) {
	l.t.Helper()
	l.wide = true
	l.apply(l.s.serves(&r.superPeer, slot, busy, func() int64 { return l.sent }, l.now, l.made[:0]))
}

// fetch lets r ask for all that it was shown, and get it after d at rate bytes/s.
func (l *superLab) fetch(r *superRemote, d time.Duration, rate int) {
	l.t.Helper()
	for _, i := range slices.Clone(r.todo) {
		l.apply(l.s.requested(&r.superPeer, i, l.now, l.made[:0]))
	}
	l.serves(r, true, true)
	l.now = l.now.Add(d)
	l.sent += int64(d.Seconds() * float64(rate))
	l.has(r, slices.Clone(r.todo)...)
	l.serves(r, true, false)
}

// Those that have a slot are shown more when nobody is sent anything, twice as much
// each time while it lasts for next to nothing, and others are not.
func TestSuperLineIdle(t *testing.T) {
	l := newSuperLab(t, 200, mib)
	a, b := l.join("a"), l.join("b")
	l.serves(a, true, false) // has not asked yet
	l.wantReveals(a, superLeast)
	l.fetch(a, time.Second, mib)
	l.wantReveals(a, superLeast+1)
	l.fetch(a, 100*time.Millisecond, mib)
	l.wantReveals(a, superLeast+3)
	l.fetch(a, 100*time.Millisecond, mib)
	l.wantReveals(a, superLeast+7)
	l.fetch(a, 10*time.Second, mib)
	l.wantReveals(a, superLeast+9)
	l.wantReveals(b, superLeast) // we choke it
	for range 60 {
		l.fetch(a, 100*time.Millisecond, mib)
	}
	l.wantReveals(a, 200-superLeast) // though its window is no larger than it may be
}

// A line that is full is left alone, and one that one peer cannot fill is not.
func TestSuperLineSlack(t *testing.T) {
	const best = 10 * mib
	l := newSuperLab(t, 200, mib)
	a, b, slow := l.join("a"), l.join("b"), l.join("slow")
	l.serves(slow, true, true)
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
	l.wantReveals(a, superLeast)
	look(best / 4)
	l.wantReveals(a, superLeast+1)
	l.wantReveals(b, superLeast+1)
	l.wantReveals(slow, superLeast) // is sent something
	if at := l.s.lookDue(); !at.IsZero() {
		t.Errorf("to be looked at %v although nobody is idle", at)
	}
}

// When little is left, who passes nothing on gets nothing of it.
func TestSuperLineOrder(t *testing.T) {
	l := newSuperLab(t, 3*superLeast+2, mib)
	rider, good, third := l.join("rider"), l.join("good"), l.join("third")
	rider.failed = 3
	for _, r := range []*superRemote{rider, good} {
		l.s.requestedAll(&r.superPeer)
		r.slot = true
	}
	l.serves(third, true, false) // that may still ask
	l.wantReveals(rider, superLeast+1)
	l.wantReveals(good, superLeast+1)
	l = newSuperLab(t, 2*superLeast+1, mib)
	rider, good = l.join("rider"), l.join("good")
	rider.failed, rider.slot = 3, true
	l.s.requestedAll(&rider.superPeer)
	l.s.requestedAll(&good.superPeer)
	l.serves(good, true, false)
	l.wantReveals(rider, superLeast)
	l.wantReveals(good, superLeast+1)
}
