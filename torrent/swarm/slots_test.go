package swarm

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The number of slots settles where each gets a useful share of the line.
func TestSlotsFollowCapacity(t *testing.T) {
	for _, c := range []struct {
		name          string
		peers         int
		uplink, takes float64 // bytes/s; what one peer can take
		limit         int64
		least, most   int // slots after ten minutes
	}{
		{name: "1 Mbit/s line", peers: 60, uplink: 122 * kib, takes: 10 * mib, least: 6, most: 9},
		{name: "8 Mbit/s line", peers: 60, uplink: mib, takes: 10 * mib, least: 8, most: 8},
		{name: "20 Mbit/s line", peers: 60, uplink: 2.5 * mib, takes: 10 * mib, least: 8, most: 16},
		{name: "gigabit line", peers: 90, uplink: 110 * mib, takes: 110 * mib, least: 80, most: 80},
		{name: "no faster than the peers are", peers: 90, takes: 300 * kib, least: 80, most: 80},
		{name: "slow peers behind a fast line", peers: 90, uplink: 110 * mib, takes: 10 * kib, least: 50, most: 80},
		{name: "a crawling line", peers: 60, uplink: 20 * kib, takes: mib, least: 4, most: 5},
		{name: "nobody waits", peers: 3, uplink: 110 * mib, takes: mib, least: 8, most: 8},
		{name: "a limit of 1 MiB/s", peers: 60, uplink: mib, takes: 10 * mib, limit: mib, least: 4, most: 6},
		{name: "a limit of 50 KiB/s", peers: 60, uplink: 50 * kib, takes: 10 * mib, limit: 50 * kib, least: 4, most: 4},
	} {
		l := newChokeLab(t, 0)
		l.seeding, l.uplink, l.limit = true, c.uplink, c.limit
		l.crowd(c.peers, 0, c.takes)
		l.run(60)
		if n := l.c.slots.n; n < c.least || n > c.most {
			t.Errorf("%s: %d slots, want %d to %d", c.name, n, c.least, c.most)
		}
	}
}

func TestSlotsFixed(t *testing.T) {
	for _, n := range []int{1, 3, 200} {
		l := newChokeLab(t, n)
		l.seeding, l.uplink = true, 110*mib
		l.crowd(250, 0, mib)
		l.run(20)
		if l.c.slots.n != n || l.open() != n {
			t.Errorf("%d slots, %d taken, want %d", l.c.slots.n, l.open(), n)
		}
	}
}

// judged runs one trial: the load before, and after it what the sum came to.
func judged(before load, after float64) (n int, s slotCount) {
	s = newSlotCount(0)
	s.adapt(chokeStart, before)
	l := before
	l.rate, l.used = after, before.used+s.step
	s.adapt(chokeStart.Add(chokeRound), l)
	s.adapt(chokeStart.Add(trialTime), l)
	return s.n, s
}

func TestSlotsTrials(t *testing.T) {
	const n = firstSlots
	for _, c := range []struct {
		name   string
		before load
		after  float64
		want   int
		holds  bool // no other trial for a while
	}{
		{"more slots, more sent", load{n * 50 * kib, n, n, 5, 0}, (n + n/8) * 50 * kib, n + n/8, false},
		{"more slots, no more sent", load{n * 50 * kib, n, n, 5, 0}, n * 50 * kib, n, true},
		{"fewer slots, no less sent", load{n * 12 * kib, n, n, 0, 0}, n * 12 * kib, n * 3 / 4, false},
		{"fewer slots, less sent", load{n * 12 * kib, n, n, 0, 0}, n * 9 * kib, n, true},
		{"far too many slots", load{n * kib, n, n, 0, 0}, n * kib, n / 2, false},
		{"few ask for anything, and are served well", load{80 * kib, n, 4, 0, 0}, 80 * kib, n, false},
		{"at the limit", load{n * 60 * kib, n, n, 5, n * 61 * kib}, n * 60 * kib, minSlots, false},
		{"slots left over", load{10 * kib, n - 1, n - 1, 0, 0}, 10 * kib, n, false},
	} {
		got, s := judged(c.before, c.after)
		if got != c.want {
			t.Errorf("%s: %d slots, want %d", c.name, got, c.want)
		}
		if s.hold.IsZero() == c.holds {
			t.Errorf("%s: no other trial before %v", c.name, s.hold)
		}
	}
}

// Whatever is measured, the count stays within its bounds, and a step is never
// more than a quarter.
func TestSlotsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSlotCount(0)
		now := chokeStart
		limit := rapid.SampledFrom([]int64{0, 1, 5 * mib, 1 << 60}).Draw(t, "limit")
		for i := range rapid.IntRange(1, 50).Draw(t, "rounds") {
			was := s.n
			now = now.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds")) * time.Second)
			s.adapt(now, load{
				rate: rapid.Float64Range(0, 1e12).Draw(t, "rate"),
				used: rapid.IntRange(0, s.n).Draw(t, "used"), busy: rapid.IntRange(0, s.n).Draw(t, "busy"),
				waiting: rapid.IntRange(0, 100).Draw(t, "waiting"), limit: limit,
			})
			if s.n < minSlots || s.n > maxSlots {
				t.Fatalf("%d slots", s.n)
			}
			if i > 0 && (s.n > 2*was || s.n < was/2) {
				t.Fatalf("from %d to %d slots in one round", was, s.n)
			}
		}
	})
}

// Of few large pieces one has to be whole soon, or nothing is passed on.
func TestSlotsSuitFewLargePieces(t *testing.T) {
	for _, c := range []struct {
		pieces int
		length int64
		want   int
	}{
		{4, 4 << 20, 2}, {64, 4 << 20, 4}, {112, 1 << 20, 7}, {128, 4 << 20, firstSlots}, {10000, 4 << 20, firstSlots},
		{4, 512 << 10, firstSlots},
	} {
		s := newSlotCount(0)
		s.suit(c.pieces, c.length)
		if s.n != c.want {
			t.Errorf("%d pieces of %d KiB: %d slots, want %d", c.pieces, c.length>>10, s.n, c.want)
		}
		full := load{rate: 100 << 20, used: s.n, busy: s.n, waiting: 50}
		for i := range 20 {
			s.adapt(chokeStart.Add(time.Duration(i)*chokeRound), full)
		}
		if c.want < firstSlots && s.n != c.want {
			t.Errorf("%d pieces of %d KiB: %d slots after a while, want %d", c.pieces, c.length>>10, s.n, c.want)
		}
	}
	fixed := newSlotCount(6)
	if fixed.suit(4, 4<<20); fixed.n != 6 {
		t.Errorf("%d slots, the user wants 6", fixed.n)
	}
}
