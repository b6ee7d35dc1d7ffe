package simnet

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// item is a source of a given number of packets of a given size, or of a
// stream when the size is 0.
type item struct {
	flow
	size, left int
	got        int
	done       func(*item)
}

func (s *item) next(limit int) int {
	if s.size == 0 {
		return min(limit, s.left)
	}
	return min(s.size, s.left)
}

func (s *item) pass(n int) {
	s.left -= n
	s.got += n
	if s.left == 0 && s.done != nil {
		s.done(s)
	}
}

// load puts sources on a link at time t: positive sizes are packets.
func load(l *link, t int64, bytes int, sizes ...int) []*item {
	items := make([]*item, len(sizes))
	for i, size := range sizes {
		items[i] = &item{size: size, left: bytes}
		items[i].src = items[i]
		l.pushAt(&items[i].flow, t)
	}
	return items
}

// serve lets the events of n happen until time end, without a timer.
func serve(n *Net, end int64) {
	for len(n.queue.heap) > 0 && n.queue.heap[0].at <= end {
		e := n.queue.pop()
		e.to.fire(e.n)
	}
}

// stopped is a Net whose timer never runs, for tests that call serve.
func stopped() *Net {
	n := New(Options{})
	n.wake = 0
	return n
}

func TestQuantum(t *testing.T) {
	for rate, want := range map[int64]int{0: maxQuantum, 1: minQuantum, 181_000: minQuantum, 2_500_000: 20_000, 1_000_000_000: maxQuantum} {
		if got := newLink(stopped(), rate).quantum; got != want {
			t.Errorf("a link of %d bytes/s sends %d at a time, want %d", rate, got, want)
		}
	}
}

// Whatever the sizes of the packets, at any time no two flows with enough to
// send differ by more than what deficit round robin allows: the largest packet
// and a quantum, each way.
func TestSharesAreEqualInBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := stopped()
		l := newLink(n, rapid.Int64Range(1, 1<<30).Draw(t, "rate"))
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 40, 1400, 65_000}), 2, 6).Draw(t, "sizes")
		items := load(l, 0, 1<<40, sizes...)
		for range 300 {
			e := n.queue.pop()
			e.to.fire(0)
			least, most := items[0].got, items[0].got
			for _, s := range items {
				least, most = min(least, s.got), max(most, s.got)
			}
			if most-least > 2*(65_000+l.quantum) {
				t.Fatalf("shares from %d to %d bytes with sizes %v", least, most, sizes)
			}
		}
	})
}

// The time for many bytes is exactly their number over the rate, however they
// are cut, with idle time in between not counted.
func TestRateIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := stopped()
		rate := rapid.Int64Range(1, 1<<32).Draw(t, "rate")
		l := newLink(n, rate)
		count := rapid.IntRange(1, 1000).Draw(t, "packets")
		load(l, 0, count*997, 997)
		serve(n, never)
		want := float64(count*997) / float64(rate) * 1e9
		if got := float64(l.free); got < want-1-want*1e-12 || got > want+want*1e-12 {
			t.Fatalf("%d bytes at %d bytes/s took %.0f ns, want %.1f", count*997, rate, got, want)
		}
		if l.passed != int64(count*997) {
			t.Fatalf("%d bytes passed", l.passed)
		}
	})
}

// A flow that comes late waits for one turn of each other flow, not for all
// they have to send.
func TestLateFlowWaitsOneRound(t *testing.T) {
	n := stopped()
	l := newLink(n, 1_000_000) // 8000 bytes a turn
	load(l, 0, 1_000_000, 0, 0, 0)
	serve(n, int64(100*ms))
	var at int64
	late := load(l, int64(100*ms), 10, 0)[0]
	late.done = func(*item) { at = l.free }
	serve(n, int64(time.Second))
	if at < int64(100*ms) || at > int64(100*ms+4*turn) {
		t.Errorf("ten bytes came through at %v", time.Duration(at))
	}
}

func TestDownLinkKeepsWhatWaits(t *testing.T) {
	for _, rate := range []int64{0, 1_000_000} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			n := stopped()
			l := newLink(n, rate)
			l.setDown(true)
			s := load(l, 0, 100_000, 0)[0]
			serve(n, never)
			if s.got != 0 {
				t.Fatalf("%d bytes passed a link that is down", s.got)
			}
			l.setDown(false)
			serve(n, never)
			if s.got != 100_000 || s.queued {
				t.Errorf("%d bytes passed the link that is up again", s.got)
			}
		})
	}
}
