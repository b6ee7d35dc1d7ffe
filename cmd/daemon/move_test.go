package daemon

import (
	"os"
	"slices"
	"testing"
	"time"

	"gotor/cmd/record"
	"gotor/torrent/session"
)

// Data that somebody has put elsewhere is found there, once it is hashed; what there
// was before stays.
func TestFound(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.files("album", map[string]int{"a/one": 100_000, "two": 50_000})
		h := l.home()
		d, stop := h.start()
		h.fetched(d, p)
		l.must(os.CopyFS(h.data("elsewhere", "album"), os.DirFS(h.data("album"))))
		_, err := d.Move(l.Context(), p.id, record.Move{Dir: h.data("elsewhere"), Found: true})
		l.must(err)
		h.untilSo(d, p.id, "found", func(t *record.Torrent) bool {
			return t.State == record.StateSeeding && t.Path == h.data("elsewhere", "album") && t.Verified == t.Wanted
		})
		l.leech(p, h.at(d))
		want := []string{"album/a/one", "album/two", "elsewhere/album/a/one", "elsewhere/album/two"}
		if got := l.names(h.data()); !slices.Equal(got, want) {
			t.Errorf("files %q, want %q", got, want)
		}
		// Where there is nothing, there is nothing of it.
		_, err = d.Pause(l.Context(), p.id)
		l.must(err)
		_, err = d.Move(l.Context(), p.id, record.Move{Dir: h.data("empty"), Found: true})
		l.must(err)
		row := h.until(d, p.id, record.StatePaused)
		h.untilSo(d, p.id, "missing", func(t *record.Torrent) bool { return t.State == record.StatePaused && t.Verified == 0 })
		if row.Dir != h.data("empty") {
			t.Errorf("it is in %s", row.Dir)
		}
		stop()
	})
}

// A complete torrent moves to another folder and is not hashed there; one that is
// half done goes on there; and both under other names.
func TestMove(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.files("album", map[string]int{"a/one": 100_000, "two": 50_000})
		h := l.home()
		d, stop := h.start()
		h.fetched(d, p)
		row, err := d.Move(l.Context(), p.id, record.Move{Dir: h.data("new", "place")})
		l.must(err)
		if row.State != record.StateMoving {
			t.Errorf("on its way: %+v", row)
		}
		h.untilSo(d, p.id, "moved", func(t *record.Torrent) bool { return t.Dir == h.data("new", "place") })
		row = h.until(d, p.id, record.StateSeeding)
		if row.Path != h.data("new", "place", "album") || h.count(d, p.id, "moved") != 1 {
			t.Errorf("moved: %+v", row)
		}
		if got, want := l.names(h.data()), []string{"new/place/album/a/one", "new/place/album/two"}; !slices.Equal(got, want) {
			t.Errorf("files %q, want %q", got, want)
		}
		_, err = d.Move(l.Context(), p.id, record.Move{Dir: l.dir})
		wantCode(t, err, record.CodeForbidden)
		l.leech(p, h.at(d))

		_, err = d.Rename(l.Context(), p.id, record.Rename{Name: "record"})
		l.must(err)
		h.until(d, p.id, record.StateSeeding)
		_, err = d.Rename(l.Context(), p.id, record.Rename{Path: "a", Name: "b"})
		l.must(err)
		h.until(d, p.id, record.StateSeeding)
		_, err = d.Rename(l.Context(), p.id, record.Rename{Path: "b/one", Name: "1"})
		l.must(err)
		h.until(d, p.id, record.StateSeeding)
		if got, want := l.names(h.data()), []string{"new/place/record/b/1", "new/place/record/two"}; !slices.Equal(got, want) {
			t.Errorf("files %q, want %q", got, want)
		}
		files, err := d.Files(p.id)
		l.must(err)
		if files[0].Path != "b/1" {
			t.Errorf("files %+v", files)
		}
		for path, name := range map[string]string{"c": "d", "two": "../x", "b": "two"} {
			if _, err := d.Rename(l.Context(), p.id, record.Rename{Path: path, Name: name}); err == nil {
				t.Errorf("%s was renamed to %s", path, name)
			}
		}
		stop()
		d, stop = h.start()
		l.leech(p, h.at(d))
		if h.count(d, p.id, "failed") != 0 {
			t.Errorf("after a restart: %+v", h.row(d, p.id))
		}
		r, err := d.Remove(l.Context(), p.id, record.RemoveData)
		l.must(err)
		if got := l.names(h.data()); r.RemovedFiles != 2 || len(got) != 0 {
			t.Errorf("removed %+v, left %q", r, got)
		}
		stop()
	})
}

// What is in the way stays, and the torrent stays where it is.
func TestMoveInTheWay(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 300_000)
		h := l.home()
		d, stop := h.start()
		h.fetched(d, p)
		l.must(os.MkdirAll(h.data("new"), 0o777))
		l.must(os.WriteFile(h.data("new", "film"), []byte("mine"), 0o666))
		_, err := d.Move(l.Context(), p.id, record.Move{Dir: h.data("new")})
		l.must(err)
		row := h.until(d, p.id, record.StateSeeding)
		if row.Dir != h.data() || len(row.Warnings) != 1 {
			t.Errorf("not moved: %+v", row)
		}
		b, err := os.ReadFile(h.data("new", "film"))
		l.must(err)
		if string(b) != "mine" {
			t.Error("what was in the way is gone")
		}
		_, err = d.Move(l.Context(), p.id, record.Move{Dir: h.data("new"), Overwrite: true})
		l.must(err)
		h.untilSo(d, p.id, "moved", func(t *record.Torrent) bool { return t.Dir == h.data("new") })
		l.wantSame(h.data("new", "film"), p.path)
		stop()
	})
}

// A download moves half done, and goes on with what it has.
func TestMoveHalfDone(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 4<<20)
		addr, gone := l.seed(p)
		defer gone()
		h := l.home()
		d, stop := h.start()
		_, _, err := d.Add(l.Context(), record.Add{Raw: p.raw, Peers: []string{addr}, Limits: &record.RateLimits{MaxDown: 100_000}})
		l.must(err)
		half := h.untilSo(d, p.id, "half done", func(t *record.Torrent) bool { return t.Verified > 2_000_000 })
		_, err = d.Move(l.Context(), p.id, record.Move{Dir: h.data("new")})
		l.must(err)
		h.untilSo(d, p.id, "moved", func(t *record.Torrent) bool { return t.Dir == h.data("new") })
		stop()
		d, stop = h.start()
		row := h.until(d, p.id, record.StateSeeding)
		l.wantSame(h.data("new", "film"), p.path)
		if row.Downloaded > 4<<20+200_000 || half.Verified > row.Downloaded {
			t.Errorf("%d bytes came for a torrent of %d", row.Downloaded, 4<<20)
		}
		stop()
	})
}

// Every state is the same after a start of another daemon.
func TestRestart(t *testing.T) {
	inLab(t, func(l *lab) {
		h := l.home()
		h.set.Queue.MaxDownloads.Value = 1
		d, stop := h.start()
		seeding, paused, failed, completed, stalled, queued, link := l.file("a", 10_000), l.file("bb", 20_000), l.file("ccc", 30_000), l.file("dddd", 40_000), l.file("eeeee", 50_000), l.file("ffffff", 60_000), l.file("ggggggg", 70_000)
		h.fetched(d, seeding)
		h.fetched(d, completed)
		_, err := d.Patch(l.Context(), completed.id, record.Patch{Seed: record.Some(record.SeedPatch{Mode: record.Some("never")})}, 0)
		l.must(err)
		l.must(os.MkdirAll(h.data("x", "ccc"), 0o777)) // a folder where a file is to be
		for _, a := range []record.Add{
			{Raw: paused.raw, Paused: true}, {Raw: failed.raw, Dir: h.data("x")}, {Raw: stalled.raw}, {Raw: queued.raw}, {Source: link.meta.Magnet(), Paused: true},
		} {
			_, _, err := d.Add(l.Context(), a)
			l.must(err)
			time.Sleep(time.Minute)
		}
		want := map[string]string{
			seeding.id: record.StateSeeding, paused.id: record.StatePaused, failed.id: record.StateFailed, completed.id: record.StateCompleted,
			stalled.id: record.StateStalled, queued.id: record.StateQueued, link.id: record.StatePaused,
		}
		before := map[string]*record.Torrent{}
		check := func(when string) {
			t.Helper()
			for id, state := range want {
				row := h.row(d, id)
				if row.State != state {
					t.Errorf("%s: %s is %s (%+v), want %s", when, row.Name, row.State, row.Error, state)
				}
				if was := before[id]; was != nil && (!was.Added.Equal(row.Added) || was.Downloaded != row.Downloaded || was.Verified != row.Verified || was.Path != row.Path || was.Magnet != row.Magnet) {
					t.Errorf("%s: %+v, was %+v", when, row, was)
				}
				before[id] = row
			}
		}
		check("before")
		for range 2 {
			stop()
			d, stop = h.start()
			time.Sleep(time.Minute)
			check("after a start")
		}
		l.must(os.Remove(h.data("x", "ccc")))
		_, err = d.Start(l.Context(), failed.id, true)
		l.must(err)
		h.until(d, failed.id, record.StateStalled)
		stop()
	})
}

// A move that was promised is neither begun nor forgotten while somebody works on the
// files, as who removes the torrent does: it is gone on with once he lets go.
func TestMoveWaits(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.files("album", map[string]int{"one": 100_000})
		h := l.home()
		d, stop := h.start()
		h.fetched(d, p)
		it, err := d.parts.roster.named(p.id)
		l.must(err)
		release, err := it.seize(l.Context())
		l.must(err)
		_, err = it.update(l.Context(), func(e *session.Entry) error {
			e.Move = &session.Move{To: e.Place, Since: time.Now()}
			e.Move.To.Dir = h.data("new")
			return nil
		})
		l.must(err)
		l.must(it.goOnMoving())
		if e, _ := it.entry(); e.Move == nil || e.Dir != h.data() {
			t.Errorf("while it is held: %+v", e)
		}
		release()
		h.untilSo(d, p.id, "moved", func(t *record.Torrent) bool { return t.Dir == h.data("new") })
		// And one that is under way goes with the torrent that is removed.
		_, err = d.Move(l.Context(), p.id, record.Move{Dir: h.data("other")})
		l.must(err)
		_, err = d.Remove(l.Context(), p.id, record.RemoveData)
		l.must(err)
		if got := l.names(h.data()); len(got) != 0 {
			t.Errorf("left: %q", got)
		}
		stop()
	})
}
