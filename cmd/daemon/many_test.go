package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gotor/cmd/record"
	"gotor/torrent/metainfo"
	"gotor/torrent/session"
)

// manyEntries puts so many torrents into the session of a home: complete ones that
// seed, and every fourth of another kind.
func (h *home) manyEntries(n int) {
	h.Helper()
	l := h.lab
	p := l.file("film", 40_000)
	store, err := session.Open(filepath.Join(h.dir, "state", "session"), session.Options{})
	l.must(err)
	now := time.Now().UTC()
	var ops []session.Op
	for i := range n {
		raw := slices.Concat([]byte("d8:announce24:http://10.0.0.250:80/ann4:info"), infoNamed(l, p.raw, i), []byte("e"))
		m, err := metainfo.Parse(raw)
		l.must(err)
		e := session.Entry{ID: idOf(m.InfoHash[:]), Place: session.Place{Dir: h.data()}, Added: now, Completed: now}
		l.must(describe(&e, m))
		switch i % 8 {
		case 1:
			e.Paused = true
		case 3:
			e.Ended = true
		case 5:
			e.Completed, e.Paused = time.Time{}, true
		case 7:
			e.Failed = &session.Failure{Code: "other", Detail: "it failed", Since: now}
		}
		e.Tiers = m.Trackers // so that the metainfo is not asked for
		ops = append(ops, session.Add(e))
	}
	l.must(store.Commit(l.Context(), ops...))
	l.must(store.Close())
}

// infoNamed is the info dictionary of a torrent, with another name.
func infoNamed(l *lab, raw []byte, i int) []byte {
	l.Helper()
	m, err := metainfo.Parse(raw)
	l.must(err)
	return slices.Concat(m.Info[:len(m.Info)-1], fmt.Appendf(nil, "6:source6:%06de", i))
}

// Two thousand torrents that nobody uses have no goroutine, no open file and no timer
// of their own, and little memory.
func TestManyAsleep(t *testing.T) {
	const many = 2000
	inLab(t, func(l *lab) {
		before := goroutines()
		h := l.home()
		h.manyEntries(many)
		one := l.home()
		one.manyEntries(1)
		_, stop := one.start()
		time.Sleep(time.Minute)
		idle, files := goroutines(), openFiles()
		stop()

		var was, is runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&was)
		d, stop := h.start()
		if n := len(d.List().Torrents); n != many {
			t.Fatalf("%d torrents, want %d", n, many)
		}
		time.Sleep(20 * time.Minute) // all were announced
		runtime.GC()
		runtime.ReadMemStats(&is)
		if n := goroutines(); n > idle {
			t.Errorf("%d goroutines, and %d with one torrent", n, idle)
		}
		if n := openFiles(); n > files {
			t.Errorf("%d open files, and %d with one torrent", n, files)
		}
		if d.Stats().Active != 0 {
			t.Errorf("%d are awake", d.Stats().Active)
		}
		t.Logf("%d bytes of memory for each of %d torrents", (int64(is.HeapAlloc)-int64(was.HeapAlloc))/many, many)
		if each := (int64(is.HeapAlloc) - int64(was.HeapAlloc)) / many; each > 16<<10 {
			t.Errorf("%d bytes of memory for each", each)
		}
		counts := d.List().Counts.State
		if counts[record.StateSeeding] != many/2 || counts[record.StatePaused] != many/4 || counts[record.StateFailed] != many/8 || counts[record.StateCompleted] != many/8 {
			t.Errorf("counts %v", counts)
		}
		stop()
		synctest.Wait()
		if n := goroutines(); n > before { // one of another test may have ended meanwhile
			t.Errorf("%d goroutines at the end, %d at the start", n, before)
		}
	})
}

// openFiles is how many the process has; 0 where that cannot be seen.
func openFiles() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}
