package torrent

import (
	"testing"
	"time"
)

// The rate is that of the last seconds if somebody looks often, and else that
// since the last look: a line every ten seconds must not always say zero.
func TestMeterHoweverOftenLookedAt(t *testing.T) {
	const speed = 1000 // bytes a second, of a counter that begins to grow after a minute
	for _, every := range []time.Duration{50 * time.Millisecond, 500 * time.Millisecond, time.Second,
		meterSpan, meterSpan + time.Second, 10 * time.Second, time.Minute} {
		var m meter
		start := time.Unix(1000, 0)
		total := func(at time.Duration) int64 { return int64(max(0, at-time.Minute).Seconds() * speed) }
		for at := time.Duration(0); at < 10*time.Minute; at += every {
			rate := m.rate(total(at), start.Add(at))
			switch {
			case at <= time.Minute && rate != 0:
				t.Fatalf("looked at every %v: %d after %v, want 0", every, rate, at)
			case at > time.Minute+max(meterSpan, 2*every) && (rate < speed*9/10 || rate > speed*11/10):
				t.Fatalf("looked at every %v: %d after %v, want %d", every, rate, at, speed)
			}
		}
		// What came to rest is soon at rest.
		stop := 10 * time.Minute
		for at := stop; at <= stop+2*max(meterSpan, every); at += every {
			if rate := m.rate(total(stop), start.Add(at)); at > stop+max(meterSpan, every)+every && rate != 0 {
				t.Fatalf("looked at every %v: %d, %v after the end", every, rate, at-stop)
			}
		}
	}
}

// The first look has a rate, too: the average since the beginning, whatever the
// counter did before.
func TestMeterHasARateAtTheFirstLook(t *testing.T) {
	for _, at := range []time.Duration{time.Second, meterSpan, 10 * time.Second} {
		var m meter
		start := time.Unix(1000, 0)
		m.rate(0, start.Add(-time.Second))
		m.begin(500, start)
		if got, want := m.rate(500+3000, start.Add(at)), int64(3000/at.Seconds()); got != want {
			t.Errorf("%d after %v, want %d", got, at, want)
		}
	}
}

// Whoever looks at a download for the first time sees a rate and a time left.
func TestFirstSnapshotHasARate(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(8 << 20)
		m := l.single(payload, 64<<10)
		l.seed(m, payload, nil)
		tor := l.add(l.client(Config{MaxDown: 1 << 20}), of(m))
		time.Sleep(time.Second)
		if s := tor.Snapshot(); s.DownRate < 1<<19 || s.DownRate > 1<<21 || s.ETA <= 0 {
			t.Errorf("%d bytes in the first second: a rate of %d, %v left", s.Downloaded, s.DownRate, s.ETA)
		}
		tor.Stop()
		<-tor.Stopped()
	})
}
