package swarm

import (
	"testing"
	"time"
)

// The rate is that of the last seconds if somebody looks often, and else that
// since the last look: a line every ten seconds must not always say zero.
func TestRateHoweverOftenLookedAt(t *testing.T) {
	const speed = 1000 // bytes a second, of a counter that begins to grow after a minute
	for _, every := range []time.Duration{50 * time.Millisecond, 500 * time.Millisecond, time.Second,
		rateSpan, rateSpan + time.Second, 10 * time.Second, time.Minute} {
		var r Rate
		start := time.Unix(1000, 0)
		total := func(at time.Duration) int64 { return int64(max(0, at-time.Minute).Seconds() * speed) }
		for at := time.Duration(0); at < 10*time.Minute; at += every {
			rate := r.Look(total(at), start.Add(at))
			switch {
			case at <= time.Minute && rate != 0:
				t.Fatalf("looked at every %v: %d after %v, want 0", every, rate, at)
			case at > time.Minute+max(rateSpan, 2*every) && (rate < speed*9/10 || rate > speed*11/10):
				t.Fatalf("looked at every %v: %d after %v, want %d", every, rate, at, speed)
			}
		}
		// What came to rest is soon at rest.
		stop := 10 * time.Minute
		for at := stop; at <= stop+2*max(rateSpan, every); at += every {
			if rate := r.Look(total(stop), start.Add(at)); at > stop+max(rateSpan, every)+every && rate != 0 {
				t.Fatalf("looked at every %v: %d, %v after the end", every, rate, at-stop)
			}
		}
	}
}

// The first look has a rate, too: the average since the beginning, whatever the
// counter did before.
func TestRateHasARateAtTheFirstLook(t *testing.T) {
	for _, at := range []time.Duration{time.Second, rateSpan, 10 * time.Second} {
		var r Rate
		start := time.Unix(1000, 0)
		r.Look(0, start.Add(-time.Second))
		r.Begin(500, start)
		if got, want := r.Look(500+3000, start.Add(at)), int64(3000/at.Seconds()); got != want {
			t.Errorf("%d after %v, want %d", got, at, want)
		}
	}
}

func TestRate(t *testing.T) {
	var r Rate
	now := time.Unix(0, 0)
	for i := range 100 { // 1,000 bytes every 100 ms
		if got := r.Look(int64(i*1000), now); i > 20 && (got < 9900 || got > 10100) {
			t.Fatalf("after %d samples the rate is %d, want 10,000", i, got)
		}
		now = now.Add(100 * time.Millisecond)
	}
	now = now.Add(time.Minute)
	if got := r.Look(99_000, now); got != 0 {
		t.Errorf("a minute without a byte, but the rate is %d", got)
	}
}
