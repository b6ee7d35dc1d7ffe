package torrent

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// spoiled is a fault of a seeder: it sends piece p wrong so many times.
func spoiled(p int, times int64) func(*blastConfig) {
	var n atomic.Int64
	return func(c *blastConfig) {
		c.Corrupt = func(piece, begin int) bool { return piece == p && begin == 0 && n.Add(1) <= times }
	}
}

// A peer that is the only source of some pieces is asked again after wrong data,
// however often, and whoever else has other pieces.
func TestParole(t *testing.T) {
	for name, helped := range map[string]bool{"alone": false, "beside one that has the other half": true} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				payload := blastPayload(1 << 20)
				m := l.single(payload, 64<<10)
				l.seed(m, payload, spoiled(3, 6))
				if helped {
					l.seed(m, payload, func(c *blastConfig) { c.Have = func(p int) bool { return p >= 8 } })
				}
				start := time.Now()
				l.mustGet(l.client(Config{}), of(m))
				l.wantFile("payload", payload)
				if d := time.Since(start); d > 2*time.Minute {
					t.Errorf("took %v", d)
				}
			})
		})
	}
}

// It has to wait between two bad pieces, so that one who never sends anything
// else does not cost the line.
func TestParolePauses(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		m := l.single(payload, 64<<10)
		seed := l.seed(m, payload, spoiled(3, 1<<40))
		_, err := l.get(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Limits: Limits{StallTimeout: 10 * time.Minute}}})
		if !errors.Is(err, ErrStalled) {
			t.Errorf("ended with %v", err)
		}
		if n := seed.Sent(); n > 4<<20 {
			t.Errorf("took %d bytes of a torrent of %d in ten minutes", n, len(payload))
		}
	})
}

// When somebody else has its pieces it is banned.
func TestParoleEnds(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		m := l.single(payload, 64<<10)
		bad := l.seed(m, payload, spoiled(3, 1<<40))
		tor := l.add(l.client(Config{}), of(m))
		l.until(tor, "all but one piece", func(s Snapshot) bool { return s.PiecesDone == 15 })
		time.Sleep(time.Minute)
		was := bad.Peers()
		if was < 3 {
			t.Errorf("it was asked %d times", was)
		}
		good := l.client(Config{})
		spec := l.seedSpec(payload)
		spec.Meta = m
		l.mustGet(good, spec)
		tor.AddPeer(l.addr(good))
		<-tor.Done()
		if tor.Err() != nil {
			t.Fatal(tor.Err())
		}
		l.wantFile("payload", payload)
	})
}
