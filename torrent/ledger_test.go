package torrent

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// entry is a torrent that does nothing, in a ledger.
func (l *ledger) entry(n byte) (*Torrent, *row) {
	t := &Torrent{core: &core{hash: [20]byte{n}}}
	return t, l.add(t, &Snapshot{Wanted: int64(n)})
}

// numbers are the hashes of what has changed and gone, by their first byte.
func (c *Changes) numbers() (changed, gone []byte) {
	for _, ch := range c.Changed {
		changed = append(changed, ch.Torrent.core.hash[0])
	}
	for _, h := range c.Gone {
		gone = append(gone, h[0])
	}
	return changed, gone
}

func TestLedger(t *testing.T) {
	var l ledger
	want := func(since uint64, all bool, changed, gone string) uint64 {
		t.Helper()
		c := l.since(since)
		a, b := c.numbers()
		if string(a) != changed || string(b) != gone || c.All != all {
			t.Errorf("since %d: changed %v, gone %v, all %v; want %v, %v, %v", since, a, b, c.All, []byte(changed), []byte(gone), all)
		}
		return c.Revision
	}
	r0 := want(0, true, "", "")
	one, row1 := l.entry(1)
	two, row2 := l.entry(2)
	r1 := want(r0, true, "\x01\x02", "") // nothing was known before
	want(r1, false, "", "")
	l.show(row1, &Snapshot{Wanted: 7})
	r2 := want(r1, false, "\x01", "")
	if c := l.since(r1); c.Changed[0].Snapshot.Wanted != 7 {
		t.Errorf("it looks like %+v", c.Changed[0].Snapshot)
	}
	l.show(row2, &Snapshot{})
	want(r1, false, "\x01\x02", "") // in the order in which they came
	r3 := want(r2, false, "\x02", "")
	l.remove(one)
	l.show(row1, &Snapshot{}) // a late word
	r4 := want(r3, false, "", "\x01")
	again, _ := l.entry(1)
	want(r4, false, "\x01", "")
	want(r3, false, "\x01", "\x01")
	want(1<<40, true, "\x02\x01", "") // of another process
	l.remove(again)
	l.remove(again)
	l.remove(two)
	want(0, true, "", "")

	// Of too many that have gone the first are forgotten, and who asks for them
	// is told everything.
	last := l.revision
	stays, _ := l.entry(9)
	for range maxDeparted + 1 {
		x, _ := l.entry(8)
		l.remove(x)
	}
	if c := l.since(last); !c.All || len(c.Changed) != 1 || c.Changed[0].Torrent != stays || len(l.departed) != maxDeparted {
		t.Errorf("all %v, %d changed, %d remembered", c.All, len(c.Changed), len(l.departed))
	}
	if c := l.since(l.lost); c.All || len(c.Gone) != maxDeparted {
		t.Errorf("all %v, %d gone", c.All, len(c.Gone))
	}
}

// A reader who asks nobody sees what those see who ask, a second later, and
// nothing while nothing happens.
func TestChanges(t *testing.T) {
	inLab(t, func(l *lab) {
		payload := blastPayload(4 << 20)
		spec := l.seedSpec(payload)
		seed, leech := l.client(Config{}), l.client(Config{MaxDown: 256 << 10})
		if n := len(leech.Torrents()); n != 0 {
			t.Errorf("%d torrents before there is one", n)
		}
		l.mustGet(seed, spec)
		idle := l.add(leech, order{Source: Source{Meta: l.single(blastPayload(100), 16<<10)}, Spec: Spec{Place: Place{Dir: t.TempDir()}, Seeding: Seeding{Seed: true}}})
		busy := l.add(leech, order{Source: Source{Meta: lonely(spec.Meta), Peers: []netip.AddrPort{l.addr(seed)}}, Spec: Spec{Seeding: Seeding{Seed: true}}})
		if got := leech.Torrents(); !slices.Equal(got, []*Torrent{idle, busy}) {
			t.Errorf("torrents %v", got)
		}
		all := leech.Changes(0)
		if !all.All || len(all.Changed) != 2 || all.Changed[0].Torrent != idle || all.Changed[1].Torrent != busy {
			t.Fatalf("%+v", all)
		}
		time.Sleep(5 * time.Second)
		before := leech.Changes(all.Revision)
		time.Sleep(2 * time.Second)
		now := leech.Changes(before.Revision)
		if len(now.Changed) != 1 || now.Changed[0].Torrent != busy {
			t.Fatalf("while one downloads: %+v", now)
		}
		s, exact := now.Changed[0].Snapshot, busy.Snapshot()
		if s.State != StateDownloading || s.DownRate == 0 || exact.Downloaded-s.Downloaded > 512<<10 || s.Downloaded == 0 {
			t.Errorf("seen %+v, is %+v", s, exact)
		}
		<-busy.Done()
		time.Sleep(time.Minute)
		end := leech.Changes(now.Revision)
		if i := len(end.Changed) - 1; i < 0 || end.Changed[i].Snapshot.State != StateSeeding || end.Changed[i].Snapshot.DownRate != 0 {
			t.Errorf("in the end %+v", end)
		}
		if c := leech.Changes(end.Revision); len(c.Changed)+len(c.Gone) > 0 || c.Revision != end.Revision {
			t.Errorf("nothing happens, and that is told as %+v", c)
		}
		time.Sleep(time.Hour)
		if c := leech.Changes(end.Revision); c.Revision-end.Revision > 20 {
			t.Errorf("%d revisions in an hour in which little happens", c.Revision-end.Revision)
		}
		busy.Stop()
		<-busy.Stopped()
		if c := leech.Changes(end.Revision); len(c.Gone) != 1 || c.Gone[0] != spec.Meta.InfoHash {
			t.Errorf("after one has ended: %+v", c)
		}
		if got := leech.Torrents(); !slices.Equal(got, []*Torrent{idle}) {
			t.Errorf("torrents %v", got)
		}
	})
}
