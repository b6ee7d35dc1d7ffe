package daemon

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/session"
)

// leech downloads a payload from somebody, and waits until it has it.
func (l *lab) leech(p payload, from string) {
	l.Helper()
	_, h := l.host()
	c, err := torrent.NewClient(torrent.Config{Network: h, Name: "gotor/leech", Workers: 1})
	l.must(err)
	defer c.Close()
	t, err := c.Add(torrent.Source{Meta: p.meta, Raw: p.raw, Local: true, PeerNames: []string{from}}, torrent.Lookup{})
	l.must(err)
	l.must(t.Begin(torrent.Spec{Place: torrent.Place{Dir: filepath.Join(l.TempDir())}}))
	select {
	case <-t.Done():
		l.must(t.Err())
	case <-time.After(time.Hour):
		l.Fatalf("not downloaded within an hour: %+v", t.Snapshot())
	}
}

// fetched is a daemon that has downloaded a payload, whose seed has gone.
func (h *home) fetched(d *Daemon, p payload) {
	h.Helper()
	addr, gone := h.seed(p)
	_, _, err := d.Add(h.Context(), record.Add{Raw: p.raw, Peers: []string{addr}})
	h.must(err)
	h.until(d, p.id, record.StateSeeding)
	gone()
}

// A seed without a peer falls asleep, keeps its state, and wakes for whoever comes.
func TestSleepAndWake(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 300_000)
		h := l.home()
		d, stop := h.start()
		h.fetched(d, p)
		if d.Stats().Active != 1 {
			t.Errorf("%d awake, want 1", d.Stats().Active)
		}
		time.Sleep(sleepAfter + 10*time.Second)
		if d.Stats().Active != 0 {
			t.Fatalf("%d awake after %v without a peer", d.Stats().Active, sleepAfter)
		}
		if row := h.until(d, p.id, record.StateSeeding); row.Peers != 0 {
			t.Errorf("asleep: %+v", row)
		}
		l.leech(p, h.at(d))
		row := h.untilSo(d, p.id, "uploaded", func(t *record.Torrent) bool { return t.Uploaded >= 300_000 })
		if row.State != record.StateSeeding || row.Error != nil {
			t.Errorf("after an upload: %+v", row)
		}
		time.Sleep(sleepAfter + 20*time.Second)
		if d.Stats().Active != 0 {
			t.Errorf("it did not fall asleep again")
		}
		stop()

		// So it is after a start: nobody is awake, and whoever comes is served. Nothing is
		// hashed, as the files look as they did.
		d, stop = h.start()
		time.Sleep(time.Minute)
		if d.Stats().Active != 0 {
			t.Errorf("%d awake after a start", d.Stats().Active)
		}
		l.leech(p, h.at(d))
		row = h.untilSo(d, p.id, "uploaded", func(t *record.Torrent) bool { return t.Uploaded >= 600_000 })
		if row.Error != nil {
			t.Errorf("after a restart: %+v", row)
		}
		stop()
	})
}

// A file of a seed that sleeps can be read.
func TestReadAsleep(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.files("album", map[string]int{"one": 100_000, "two": 50_000})
		h := l.home()
		d, stop := h.start()
		h.fetched(d, p)
		time.Sleep(sleepAfter + 10*time.Second)
		c, err := d.Open(l.Context(), p.id, 1)
		l.must(err)
		b := make([]byte, 60_000)
		n := 0
		for {
			k, err := c.Read(b[n:])
			n += k
			if err != nil {
				break
			}
		}
		if n != 50_000 || c.Path() != "two" || c.Length() != 50_000 || c.ETag() == "" {
			t.Errorf("read %d bytes of %s (%d)", n, c.Path(), c.Length())
		}
		time.Sleep(3 * sleepAfter)
		if d.Stats().Active != 1 {
			t.Error("it fell asleep while it was read")
		}
		l.must(c.Close())
		time.Sleep(sleepAfter + 10*time.Second)
		if d.Stats().Active != 0 {
			t.Error("it did not fall asleep when it was read")
		}
		stop()
	})
}

// What was just added can be read: nobody has to know that the floor has not yet seen
// it. Who waits in line is told so.
func TestReadAtOnce(t *testing.T) {
	inLab(t, func(l *lab) {
		p, q := l.file("film", 100_000), l.file("book", 50_000)
		seed, gone := l.seed(p)
		h := l.home()
		h.set.Queue.MaxDownloads.Value = 1
		d, run := h.prepare()
		_, _, err := d.Add(l.Context(), record.Add{Raw: p.raw, Peers: []string{seed}})
		l.must(err)
		_, _, err = d.Add(l.Context(), record.Add{Raw: q.raw})
		l.must(err)
		var c record.Content
		opened := make(chan error)
		go func() {
			var err error
			c, err = d.Open(l.Context(), p.id, 0)
			opened <- err
		}()
		synctest.Wait()
		stop := run()
		l.must(<-opened)
		if _, err := d.Open(l.Context(), q.id, 0); record.ProblemOf(err).Code != record.CodeConflict || !strings.Contains(err.Error(), "its turn") {
			t.Errorf("the second in line: %v", err)
		}
		if n, err := io.Copy(io.Discard, c); n != 100_000 || err != nil {
			t.Errorf("read %d bytes, %v", n, err)
		}
		l.must(c.Close())
		stop()
		gone()
	})
}

// How long it is given away: by time, by the settings, never.
func TestGoals(t *testing.T) {
	inLab(t, func(l *lab) {
		p, q := l.file("film", 100_000), l.file("book", 120_000)
		h := l.home()
		d, stop := h.start()
		h.fetched(d, p)
		begun := time.Now()
		_, err := d.Patch(l.Context(), p.id, record.Patch{Seed: record.Some(record.SeedPatch{Mode: record.Some("limits"), Time: record.Some(int64(3600))})}, 0)
		l.must(err)
		time.Sleep(55 * time.Minute)
		if state := h.row(d, p.id).State; state != record.StateSeeding {
			t.Errorf("it is %s before its time", state)
		}
		row := h.until(d, p.id, record.StateCompleted)
		if span := time.Since(begun); span < 59*time.Minute || d.Stats().Active != 0 {
			t.Errorf("completed after %v, %d awake: %+v", span, d.Stats().Active, row)
		}
		_, err = d.PatchSettings(l.Context(), record.SettingsPatch{Seed: record.Some(record.SeedPatch{Mode: record.Some("never")})}, 0)
		l.must(err)
		addr, gone := l.seed(q)
		_, _, err = d.Add(l.Context(), record.Add{Raw: q.raw, Peers: []string{addr}})
		l.must(err)
		h.until(d, q.id, record.StateCompleted)
		gone()
		stop()
		d, stop = h.start()
		h.until(d, q.id, record.StateCompleted)
		h.until(d, p.id, record.StateCompleted)
		stop()
	})
}

// Two at a time: the others wait in line, can be put elsewhere in it, and pass.
func TestQueue(t *testing.T) {
	inLab(t, func(l *lab) {
		h := l.home()
		h.set.Queue.MaxDownloads.Value = 2
		d, stop := h.start()
		var all []payload
		for _, name := range []string{"a", "bb", "ccc", "dddd"} {
			p := l.file(name, 100_000)
			all = append(all, p)
			_, _, err := d.Add(l.Context(), record.Add{Raw: p.raw})
			l.must(err)
		}
		time.Sleep(time.Minute)
		want := func(states ...string) {
			t.Helper()
			for i, p := range all {
				if row := h.row(d, p.id); row.State != states[i] {
					t.Errorf("%s is %s (%v), want %s", row.Name, row.State, row.Queue, states[i])
				}
			}
		}
		want(record.StateStalled, record.StateStalled, record.StateQueued, record.StateQueued)
		if q := h.row(d, all[3].id).Queue; q == nil || *q != 1 {
			t.Errorf("the last is at %v in line, want 1", q)
		}
		_, err := d.Patch(l.Context(), all[3].id, record.Patch{Queue: record.Some(0)}, 0)
		l.must(err)
		_, err = d.Pause(l.Context(), all[0].id)
		l.must(err)
		time.Sleep(time.Minute)
		want(record.StatePaused, record.StateStalled, record.StateQueued, record.StateStalled)
		_, err = d.Start(l.Context(), all[2].id, true)
		l.must(err)
		time.Sleep(time.Minute)
		want(record.StatePaused, record.StateStalled, record.StateStalled, record.StateStalled)
		stop()
	})
}

// A seed that sleeps wakes for new trackers, which would have to wait for its next
// announce else.
func TestTrackersWake(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 100_000)
		h := l.home()
		d, stop := h.start()
		defer stop()
		h.fetched(d, p)
		time.Sleep(2 * sleepAfter)
		if n := d.Stats().Active; n != 0 {
			t.Fatalf("%d are awake, and nobody has a use for that", n)
		}
		l.must(d.SetTrackers(l.Context(), p.id, [][]string{{"http://10.9.9.9/announce"}}))
		if d.parts.roster.find(session.ID(p.id)).running() == nil {
			t.Error("it sleeps on")
		}
	})
}

// A part of a torrent is given to others after a restart, too: a piece at the edge of
// its files, whose other bytes nobody has kept, is no reason to fail.
func TestPartRestarts(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.files("album", map[string]int{"one": 100_000, "two": 100_000})
		from, end := l.seed(p)
		h := l.home()
		d, stop := h.start()
		_, _, err := d.Add(l.Context(), record.Add{Raw: p.raw, Files: "0", Peers: []string{from}})
		l.must(err)
		h.until(d, p.id, record.StateSeeding)
		end()
		stop()
		now := time.Now().Add(time.Hour)
		l.must(os.Chtimes(h.data("album", "one"), now, now)) // so that everything is hashed again
		d, stop = h.start()
		time.Sleep(time.Second) // until it is decided who has a turn
		c, err := d.Open(l.Context(), p.id, 0)
		l.must(err)
		b := make([]byte, 50_000)
		_, err = io.ReadFull(c, b)
		l.must(err)
		l.must(c.Close())
		if row := h.row(d, p.id); row.State != record.StateSeeding || row.Error != nil || row.Verified != row.Wanted {
			t.Errorf("it is %+v", row)
		}
		stop()
	})
}
