package daemon

import (
	"path/filepath"
	"testing"
	"time"

	"gotor/torrent"
)

// visit has somebody who has a whole payload come to another who has.
func (l *lab) visit(p payload, to string) (stop func()) {
	l.Helper()
	_, h := l.host()
	c, err := torrent.NewClient(torrent.Config{Network: h, Name: "gotor/seed", Workers: 1})
	l.must(err)
	t, err := c.Add(torrent.Source{Meta: p.meta, Raw: p.raw, Local: true, PeerNames: []string{to}}, torrent.Lookup{})
	l.must(err)
	l.must(t.Begin(torrent.Spec{Place: torrent.Place{Dir: filepath.Dir(p.path)}, Seeding: torrent.Seeding{Seed: true, SeedOnly: true}}))
	<-t.Done()
	l.must(t.Err())
	return func() { l.must(c.Close()) }
}

// Other seeds wake one that sleeps, as nobody knows what they want before they are here.
// It is let go of them at once, and sleeps soon: only whoever was given something keeps it
// awake for longer.
func TestSeedsMeet(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 300_000)
		h := l.home()
		d, stop := h.start()
		defer stop()
		h.fetched(d, p)
		time.Sleep(sleepAfter + 10*time.Second)
		wantAwake := func(want int, what string) {
			t.Helper()
			if n := d.Stats().Active; n != want {
				t.Errorf("%d awake %s, want %d", n, what, want)
			}
		}
		wantAwake(0, "with nobody here")
		gone := l.visit(p, h.at(d))
		time.Sleep(5 * time.Second)
		wantAwake(1, "when a seed has come")
		if row := h.row(d, p.id); row.Peers != 0 {
			t.Errorf("%d peers, and none is of use", row.Peers)
		}
		time.Sleep(sleepSoon)
		wantAwake(0, "after a seed has come")
		gone()
		l.leech(p, h.at(d))
		time.Sleep(2 * sleepSoon)
		wantAwake(1, "after somebody has had it all")
		time.Sleep(sleepAfter)
		wantAwake(0, "long after that")
	})
}
