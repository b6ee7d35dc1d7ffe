package torrent

import (
	"net/netip"
	"testing"
	"time"
)

// Limits change while a download runs, in both directions and at both ends.
func TestSetLimits(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		spec := l.seedSpec(payload)
		seed, leech := l.client(Config{}), l.client(Config{MaxDown: 1})
		l.mustGet(seed, spec)
		tor := l.add(leech, order{Source: Source{Meta: lonely(spec.Meta), Peers: []netip.AddrPort{l.addr(seed)}}})
		got := func(after time.Duration) int64 {
			before := tor.Snapshot().Downloaded
			time.Sleep(after)
			return tor.Snapshot().Downloaded - before
		}
		time.Sleep(time.Minute)
		if n := got(time.Minute); n > 64<<10 {
			t.Errorf("%d bytes in a minute at 1 B/s", n)
		}
		leech.SetLimits(32<<10, 0)
		if n := got(10 * time.Second); n < 200<<10 || n > 500<<10 {
			t.Errorf("%d bytes in 10 s at 32 KiB/s", n)
		}
		leech.SetLimits(0, 0)
		seed.SetLimits(0, 16<<10)
		time.Sleep(2 * time.Second)
		if n := got(10 * time.Second); n < 100<<10 || n > 300<<10 {
			t.Errorf("%d bytes in 10 s when 16 KiB/s are sent", n)
		}
		seed.SetLimits(0, 0)
		start := time.Now()
		<-tor.Done()
		if err := tor.Err(); err != nil || time.Since(start) > 10*time.Second {
			t.Errorf("without limits it took %v: %v", time.Since(start), err)
		}
		l.wantFile("payload", payload)
	})
}
