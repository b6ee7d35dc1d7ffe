package torrent

import (
	"testing"
	"time"
)

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
