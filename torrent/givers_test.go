package torrent

import (
	"testing"
	"time"
)

// Who gave something is counted once, whether it is still here or not, and who
// gave nothing is not counted.
func TestGivers(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		m := l.single(payload, 65536)
		l.seed(m, payload, func(c *blastConfig) { c.CloseAfter = 200_000 }) // then it is gone
		l.seed(m, payload, func(c *blastConfig) { c.UnchokeAfter = time.Minute })
		l.seed(m, payload, func(c *blastConfig) { c.UnchokeAfter = 10 * time.Hour })
		got := l.mustGet(l.client(Config{}), of(m))
		<-got.Stopped()
		if n := got.Givers(); n != 2 {
			t.Errorf("%d peers gave something, want 2", n)
		}
		again := l.mustGet(l.client(Config{}), of(m))
		if n := again.Givers(); n != 0 {
			t.Errorf("%d peers gave something that was here already", n)
		}
	})
}

func TestGiversStay(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(1 << 20)
		m := l.single(payload, 65536)
		l.seed(m, payload, nil)
		l.seed(m, payload, nil)
		got := l.add(l.client(Config{}), order{Source: Source{Meta: m}, Spec: Spec{Seeding: Seeding{Seed: true}}})
		<-got.Done()
		if n := got.Givers(); n < 1 || n > 2 {
			t.Errorf("%d peers gave something, while they are here", n)
		}
		got.Stop()
		<-got.Stopped()
		if n := got.Givers(); n < 1 || n > 2 {
			t.Errorf("%d peers gave something, after the end", n)
		}
	})
}
