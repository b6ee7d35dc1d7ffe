package ui

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gotor/torrent"
)

// The log of a seed has a line when something has changed, else one in ten minutes.
func TestSeedLog(t *testing.T) {
	idle := func(change func(*torrent.Snapshot)) torrent.Snapshot {
		s := giving()
		s.UpRate, s.Interested, s.Unchoked = 0, 0, 0
		change(&s)
		return s
	}
	start := fakeTime()
	for name, c := range map[string]struct {
		minutes int
		at      func(minute int, s *torrent.Snapshot)
		want    string // the minutes in which there is a line
	}{
		"nothing happens":  {31, func(int, *torrent.Snapshot) {}, "[0 10 20 30]"},
		"a peer comes":     {18, func(m int, s *torrent.Snapshot) { s.Peers = m / 7 }, "[0 7 14]"},
		"bytes are sent":   {20, func(m int, s *torrent.Snapshot) { s.Uploaded = int64(min(m, 3)) }, "[0 1 2 3 13]"},
		"the rate changes": {9, func(m int, s *torrent.Snapshot) { s.UpRate = int64(10 * max(0, m-5)) }, "[0 6]"},
		"nobody finds it": {9, func(m int, s *torrent.Snapshot) {
			s.Trackers, s.Peers, s.Decided = nil, 0, m > 2
			s.DHT.Stored = m / 6
		}, "[0 3 6]"},
		"it is checked again": {9, func(m int, s *torrent.Snapshot) {
			if m == 4 || m == 5 {
				s.State = torrent.StateChecking
			}
		}, "[0 4 5 6]"},
	} {
		var log seedLog
		var got []int
		for m := range c.minutes {
			s := idle(func(s *torrent.Snapshot) { c.at(m, s) })
			if log.due(0, &s, start.Add(time.Duration(m)*time.Minute)) {
				got = append(got, m)
			}
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: lines in minutes %v, want %s", name, got, c.want)
		}
	}
}

// Plain progress thins out each seed for itself, and the one line for many.
func TestPlainProgressOfSeeds(t *testing.T) {
	for _, n := range []int{2, plainRows + 1} {
		f := newFakeScreen()
		synctest.Test(t, func(t *testing.T) {
			f.Now = time.Now
			u := StartDisplay(NewPrinter(f.Screen, ModePlain, false), n)
			for i := range n {
				s := giving()
				s.Name = fmt.Sprint("seed ", i)
				u.Add(Row{ID: i, Snapshot: func() torrent.Snapshot { return s }})
			}
			time.Sleep(seedQuiet + 3*plainPeriod)
			u.Stop()
		})
		want := map[int]string{2: "seed 0,seed 1,seed 0,seed 1,", plainRows + 1: "5 torrents,5 torrents,"}[n]
		got := ""
		for line := range strings.Lines(f.out.String()) {
			if name, _, ok := strings.Cut(line, ": "); ok {
				got += name + ","
			}
		}
		if got != want {
			t.Errorf("%d seeds: lines of %q, want %q", n, got, want)
		}
	}
}
