package daemon

import (
	"testing"

	"gotor/cmd/record"
)

// A torrent is downloaded, is seen to be complete, survives a start of another daemon
// on the same folder, and can be taken out.
func TestDownload(t *testing.T) {
	inLab(t, func(l *lab) {
		before := goroutines()
		p := l.files("album", map[string]int{"a/one": 100_000, "two": 50_000})
		addr, gone := l.seed(p)
		h := l.home()
		d, stop := h.start()
		row, existing, err := d.Add(l.Context(), record.Add{Raw: p.raw, Peers: []string{addr}, Labels: []string{"music"}})
		l.must(err)
		if existing || row.ID != p.id || row.Name != "album" || row.Size != 150_000 || row.Labels[0] != "music" {
			t.Errorf("added %+v, %v", row, existing)
		}
		done := h.until(d, p.id, record.StateSeeding)
		if done.Completed == nil || done.Verified != 150_000 || done.Progress != 1 || done.Downloaded < 150_000 {
			t.Errorf("complete: %+v", done)
		}
		l.wantSame(h.data("album", "a", "one"), p.path+"/a/one")
		_, existing, err = d.Add(l.Context(), record.Add{Raw: p.raw})
		l.must(err)
		if !existing {
			t.Error("the torrent was added twice")
		}
		var what []string
		for _, m := range d.Milestones(0) {
			what = append(what, m.What)
		}
		if len(what) != 2 || what[0] != "added" || what[1] != "completed" {
			t.Errorf("milestones %q, want added and completed", what)
		}
		stop()
		gone()

		d, stop = h.start()
		again, err := d.Torrent(p.id)
		l.must(err)
		if again.State != record.StateSeeding || again.Downloaded != done.Downloaded || !again.Added.Equal(done.Added) {
			t.Errorf("after a restart: %+v", again)
		}
		_, err = d.Remove(l.Context(), p.id, record.KeepData)
		l.must(err)
		if _, err := d.Torrent(p.id); err == nil {
			t.Error("a torrent that was removed is there")
		}
		l.wantSame(h.data("album", "two"), p.path+"/two")
		stop()
		if n := goroutines(); n > before { // one of another test may have ended meanwhile
			t.Errorf("%d goroutines at the end, %d at the start", n, before)
		}
	})
}

// A magnet link waits for its metainfo, and becomes a download.
func TestMagnet(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 200_000)
		addr, gone := l.seed(p)
		defer gone()
		h := l.home()
		d, stop := h.start()
		row, _, err := d.Add(l.Context(), record.Add{Source: p.meta.Magnet(), Peers: []string{addr}})
		l.must(err)
		if row.ID != p.id {
			t.Errorf("added %+v", row)
		}
		_, err = d.Files(p.id)
		wantCode(t, err, record.CodeConflict)
		h.until(d, p.id, record.StateSeeding)
		l.wantSame(h.data("film"), p.path)
		files, err := d.Files(p.id)
		l.must(err)
		if len(files) != 1 || files[0].Path != "film" || files[0].Verified != 200_000 {
			t.Errorf("files %+v", files)
		}
		stop()
	})
}

// Pause and start hold over a restart.
func TestPause(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 200_000)
		h := l.home()
		d, stop := h.start()
		_, _, err := d.Add(l.Context(), record.Add{Raw: p.raw, Paused: true})
		l.must(err)
		h.until(d, p.id, record.StatePaused)
		_, err = d.Start(l.Context(), p.id, false)
		l.must(err)
		h.until(d, p.id, record.StateStalled)
		row, err := d.Pause(l.Context(), p.id)
		l.must(err)
		if row.State != record.StatePaused || !row.Paused {
			t.Errorf("paused: %+v", row)
		}
		stop()
		d, stop = h.start()
		h.until(d, p.id, record.StatePaused)
		stop()
	})
}
