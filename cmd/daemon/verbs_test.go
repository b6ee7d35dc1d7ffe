package daemon

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
	"gotor/torrent/session"
)

// names are all files below a folder.
func (l *lab) names(dir string) (all []string) {
	filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, p)
			all = append(all, filepath.ToSlash(rel))
		}
		return nil
	})
	return all
}

// What is removed with a torrent are its own files: not what lies beside them, nor
// what a link leads to.
func TestRemoveData(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.files("album", map[string]int{"a/one": 100_000, "two": 50_000})
		h := l.home()
		d, stop := h.start()
		h.fetched(d, p)
		l.must(os.WriteFile(h.data("album", "a", "notes"), []byte("mine"), 0o666))
		l.must(os.WriteFile(h.data("other"), []byte("mine"), 0o666))
		_, err := d.Remove(l.Context(), p.id, "all")
		wantCode(t, err, record.CodeInvalid)
		r, err := d.Remove(l.Context(), p.id, record.RemoveData)
		l.must(err)
		if r.RemovedFiles != 2 || r.Freed < 150_000 || r.Left == nil {
			t.Errorf("removed %+v", r)
		}
		if got, want := l.names(h.data()), []string{"album/a/notes", "other"}; !slices.Equal(got, want) {
			t.Errorf("left %q, want %q", got, want)
		}
		if _, err := d.Torrent(p.id); err == nil {
			t.Error("it is still there")
		}
		// It can come back.
		h.fetched(d, p)
		stop()
	})
}

// Of one that is half done, the unfinished files go.
func TestRemovePartial(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 4<<20)
		addr, gone := l.seed(p)
		h := l.home()
		d, stop := h.start()
		_, _, err := d.Add(l.Context(), record.Add{Raw: p.raw, Peers: []string{addr}, Limits: &record.RateLimits{MaxDown: 100_000}})
		l.must(err)
		h.untilSo(d, p.id, "half done", func(t *record.Torrent) bool { return t.Verified > 500_000 })
		if h.row(d, p.id).DownRate > 300_000 {
			t.Errorf("%d bytes/s, limited to 100,000", h.row(d, p.id).DownRate)
		}
		r, err := d.Remove(l.Context(), p.id, record.RemovePart)
		l.must(err)
		if names := l.names(h.data()); r.RemovedFiles != 1 || len(names) != 0 {
			t.Errorf("removed %+v, left %q", r, names)
		}
		gone()
		stop()
	})
}

// What another torrent has, too, is not removed with one of them.
func TestRemoveShared(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 100_000)
		h := l.home()
		d, stop := h.start()
		h.fetched(d, p)
		raw, err := metainfo.Create(l.Context(), p.path, metainfo.CreateOptions{PieceLength: 32 << 10, Workers: 1})
		l.must(err)
		other, _, err := d.Add(l.Context(), record.Add{Raw: raw, Paused: true})
		l.must(err)
		_, err = d.Remove(l.Context(), p.id, record.RemoveData)
		wantCode(t, err, record.CodeConflict)
		l.wantSame(h.data("film"), p.path)
		_, err = d.Remove(l.Context(), other.ID, record.KeepData)
		l.must(err)
		_, err = d.Remove(l.Context(), p.id, record.RemoveData)
		l.must(err)
		if got := l.names(h.data()); len(got) != 0 {
			t.Errorf("left: %q", got)
		}
		stop()
	})
}

// A removal that an earlier run has written down is tried until it is done; until then
// nothing else is done to the files.
func TestRemoveGoesOn(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 100_000)
		addr, gone := l.seed(p)
		defer gone()
		h := l.home()
		d, stop := h.start()
		_, _, err := d.Add(l.Context(), record.Add{Raw: p.raw, Dir: h.data("x"), Peers: []string{addr}})
		l.must(err)
		h.until(d, p.id, record.StateSeeding)
		it, err := d.parts.roster.named(p.id)
		l.must(err)
		release, err := it.seize(l.Context())
		l.must(err)
		_, err = it.update(l.Context(), func(e *session.Entry) error { e.Remove = record.RemoveData; return nil })
		l.must(err)
		l.must(os.Rename(h.data("x"), h.data("y"))) // the link leads out of the roots
		l.must(os.Symlink(l.dir, h.data("x")))
		release()
		time.Sleep(3 * restTime)
		if row := h.row(d, p.id); len(row.Warnings) != 1 {
			t.Errorf("warnings %q, want one", row.Warnings)
		}
		_, err = d.Check(l.Context(), p.id)
		wantCode(t, err, record.CodeConflict)
		_, err = d.Move(l.Context(), p.id, record.Move{Dir: h.data("z"), Found: true})
		wantCode(t, err, record.CodeConflict)
		l.must(os.Remove(h.data("x")))
		l.must(os.Rename(h.data("y"), h.data("x")))
		time.Sleep(2 * restTime)
		if _, err := d.Torrent(p.id); err == nil {
			t.Error("it is still there")
		}
		if got := l.names(h.data()); len(got) != 0 {
			t.Errorf("left: %q", got)
		}
		stop()
	})
}

// A check finds what is wrong, and it is fetched again.
func TestCheck(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 300_000)
		h := l.home()
		d, stop := h.start()
		h.fetched(d, p)
		row, err := d.Check(l.Context(), p.id)
		l.must(err)
		h.until(d, p.id, record.StateSeeding)
		if n := h.count(d, p.id, "checked"); n != 1 {
			t.Errorf("checked %d times, want 1: %+v", n, row)
		}
		b, err := os.ReadFile(h.data("film"))
		l.must(err)
		b[100_000] ^= 1
		l.must(os.WriteFile(h.data("film"), b, 0o666))
		_, err = d.Check(l.Context(), p.id)
		l.must(err)
		row = h.until(d, p.id, record.StateStalled)
		if row.Completed != nil || row.Verified >= row.Wanted || row.Verified < 200_000 {
			t.Errorf("after the check of a damaged file: %+v", row)
		}
		// And so it is for the next daemon.
		stop()
		d, stop = h.start()
		h.until(d, p.id, record.StateStalled)
		addr, gone := l.seed(p)
		n, err := d.AddPeers(l.Context(), p.id, addrs(addr))
		l.must(err)
		if n != 1 {
			t.Errorf("%d peers taken, want 1", n)
		}
		h.until(d, p.id, record.StateSeeding)
		l.wantSame(h.data("film"), p.path)
		gone()
		stop()
	})
}

// A torrent that is paused stays so when it was checked.
func TestCheckPaused(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 300_000)
		h := l.home()
		d, stop := h.start()
		h.fetched(d, p)
		_, err := d.Pause(l.Context(), p.id)
		l.must(err)
		_, err = d.Check(l.Context(), p.id)
		l.must(err)
		time.Sleep(time.Minute)
		if row := h.row(d, p.id); row.State != record.StatePaused || h.count(d, p.id, "checked") != 1 {
			t.Errorf("after the check: %+v", row)
		}
		stop()
	})
}

// Files that are not selected are not fetched; those that are wanted later are.
func TestSelection(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.files("album", map[string]int{"a": 100_000, "b": 80_000, "c": 60_000})
		addr, gone := l.seed(p)
		h := l.home()
		d, stop := h.start()
		row, _, err := d.Add(l.Context(), record.Add{Raw: p.raw, Peers: []string{addr}, Files: "a,c", Priorities: []record.FilePriority{{Files: "c", Priority: "high"}}})
		l.must(err)
		if row.Wanted != 160_000 {
			t.Errorf("%d bytes wanted, want 160000", row.Wanted)
		}
		h.until(d, p.id, record.StateSeeding)
		files, err := d.Files(p.id)
		l.must(err)
		if files[1].Priority != "skip" || files[1].Complete || files[2].Priority != "high" || !files[2].Complete {
			t.Errorf("files %+v", files)
		}
		wantCode(t, d.SetFiles(l.Context(), p.id, []record.FilePriority{{Files: "9", Priority: "low"}}), "usage")
		wantCode(t, d.SetFiles(l.Context(), p.id, []record.FilePriority{{Files: "0-", Priority: "skip"}}), record.CodeInvalid)
		l.must(d.SetFiles(l.Context(), p.id, []record.FilePriority{{Files: "b", Priority: "normal"}}))
		h.untilSo(d, p.id, "whole", func(t *record.Torrent) bool { return t.State == record.StateSeeding && t.Verified == 240_000 })
		l.wantSame(h.data("album", "b"), p.path+"/b")
		gone()
		stop()
	})
}

// A patch changes what it names, and nothing if a part of it cannot be.
func TestPatch(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 100_000)
		h := l.home()
		d, stop := h.start()
		row, _, err := d.Add(l.Context(), record.Add{Raw: p.raw, Paused: true, Labels: []string{"b", "a"}})
		l.must(err)
		_, err = d.Patch(l.Context(), p.id, record.Patch{Labels: record.Some([]string{"x"}), Trackers: record.Some([][]string{{"ftp://x"}})}, 0)
		wantCode(t, err, "usage")
		if got := h.row(d, p.id); got != row {
			t.Errorf("a patch that was refused has changed %+v", got)
		}
		next, err := d.Patch(l.Context(), p.id, record.Patch{
			Name: record.Some("My film"), Labels: record.Some([]string{"x"}), Trackers: record.Some([][]string{{"http://t.example/ann?passkey=12345678901234567890"}}),
			Limits: record.Some(record.LimitsPatch{MaxDown: record.Some(int64(5))}),
		}, row.Revision)
		l.must(err)
		if next.Name != "My film" || next.Labels[0] != "x" || next.Tracker != "t.example" || next.Limits.MaxDown != 5 || next.Revision <= row.Revision {
			t.Errorf("patched %+v", next)
		}
		_, err = d.Patch(l.Context(), p.id, record.Patch{Paused: record.Some(false)}, row.Revision)
		wantCode(t, err, record.CodeStale)
		open, err := d.Trackers(p.id, false)
		l.must(err)
		secret, err := d.Trackers(p.id, true)
		l.must(err)
		if open[0].URL == secret[0].URL || len(secret) != 1 {
			t.Errorf("trackers %+v and %+v", open, secret)
		}
		next, err = d.Patch(l.Context(), p.id, record.Patch{Name: record.Opt[string]{Set: true, Null: true}}, 0)
		l.must(err)
		if next.Name != "film" {
			t.Errorf("named %q", next.Name)
		}
		stop()
	})
}

// What a request may not do.
func TestRefused(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 100_000)
		h := l.home()
		d, stop := h.start()
		l.must(os.Symlink(l.dir, h.data("link")))
		for _, tt := range []struct {
			add  record.Add
			code string
		}{
			{record.Add{Raw: p.raw, Dir: l.dir}, record.CodeForbidden},
			{record.Add{Raw: p.raw, Dir: h.data("..")}, record.CodeForbidden},
			{record.Add{Raw: p.raw, Dir: h.data("link")}, record.CodeForbidden},
			{record.Add{Raw: p.raw, Dir: h.data("link", "below")}, record.CodeForbidden},
			{record.Add{Raw: p.raw, Name: "../x"}, record.CodeInvalid},
			{record.Add{Raw: p.raw, Files: "nothing"}, "usage"},
			{record.Add{Raw: p.raw, Labels: []string{"a\x1b[m"}}, record.CodeInvalid},
			{record.Add{Raw: p.raw, Trackers: []string{"file:///etc/passwd"}}, "usage"},
			{record.Add{Raw: p.raw, SHA256: []string{"12"}}, "usage"},
			{record.Add{Raw: []byte("de")}, "malformed"},
			{record.Add{Raw: []byte("<html>")}, "malformed"},
			{record.Add{}, record.CodeInvalid},
			{record.Add{Source: p.path}, record.CodeInvalid},
			{record.Add{Source: "-", LocalPath: true}, record.CodeInvalid},
			{record.Add{Source: "http://127.0.0.1:1/x.torrent"}, "fetch"},
			{record.Add{Source: "http://10.1.2.3/x.torrent"}, "fetch"},
		} {
			_, _, err := d.Add(l.Context(), tt.add)
			if err == nil {
				t.Errorf("%+v was taken", tt.add)
				continue
			}
			wantCode(t, err, tt.code)
		}
		if n := len(d.List().Torrents); n != 0 {
			t.Errorf("%d torrents", n)
		}
		_, err := d.Dirs(l.dir)
		wantCode(t, err, record.CodeForbidden)
		_, err = d.Dirs(h.data("link"))
		wantCode(t, err, record.CodeForbidden)
		_, err = d.Pause(l.Context(), p.id)
		wantCode(t, err, record.CodeNotFound)
		stop()
	})
}

// A full disk is a failure that ends by itself.
func TestNoSpace(t *testing.T) {
	inLab(t, func(l *lab) {
		p := l.file("film", 300_000)
		addr, gone := l.seed(p)
		defer gone()
		h := l.home()
		full := &fullDisk{}
		full.full.Store(true)
		h.storage = full
		d, stop := h.start()
		_, _, err := d.Add(l.Context(), record.Add{Raw: p.raw, Peers: []string{addr}})
		l.must(err)
		row := h.until(d, p.id, record.StateFailed)
		if row.Error == nil || row.Error.Code != "no_space" || row.Error.Detail == "" {
			t.Errorf("failed with %+v", row.Error)
		}
		stop()
		d, stop = h.start()
		h.until(d, p.id, record.StateFailed)
		full.full.Store(false)
		h.until(d, p.id, record.StateSeeding)
		l.wantSame(h.data("film"), p.path)
		stop()
	})
}
