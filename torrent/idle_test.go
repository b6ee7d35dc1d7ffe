package torrent

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"gotor/torrent/metainfo"
)

// idleSeeds makes orders of n seeds of 1,500 pieces and five files each, which are
// there, and known to be right.
func (l *lab) idleSeeds(n int) (orders []order) {
	const pieces, pieceLength = 1500, 16 << 10
	dir := l.TempDir()
	var files []metainfo.File
	var seen []fs.FileInfo
	for i := range 5 {
		name := filepath.Join(dir, fmt.Sprint(i))
		l.must(os.WriteFile(name, nil, 0o600))
		l.must(os.Truncate(name, pieces/5*pieceLength))
		l.must(os.Chtimes(name, time.Unix(1e9, 0), time.Unix(1e9, 0)))
		fi, err := os.Lstat(name)
		l.must(err)
		files, seen = append(files, metainfo.File{Path: []string{fmt.Sprint(i)}, Length: fi.Size()}), append(seen, fi)
	}
	raw := rawTorrent(make([]byte, pieces*pieceLength), pieceLength, files, l.tracker.URL)
	for i := range n {
		own := bytes.Replace(raw, []byte("7:payload"), fmt.Appendf(nil, "7:p%06d", i), 1)
		m, err := metainfo.Parse(own)
		l.must(err)
		orders = append(orders, order{Source: Source{Meta: m, Raw: own, Local: true},
			Spec: Spec{Place: Place{Dir: dir, Flat: true}, Seeding: Seeding{Seed: true, SeedOnly: true}, Hooks: Hooks{Verified: seen}}})
	}
	return orders
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// A seed that nobody wants anything of costs a goroutine while it is awake, and
// nothing but some bytes while it sleeps.
func TestIdleSeeds(t *testing.T) {
	const n = 500
	inLab(t, func(l *lab) {
		orders := l.idleSeeds(n)
		c := l.client(Config{Archive: new(attic)})
		empty, base := heap(), runtime.NumGoroutine()
		var seeds []*Torrent
		for _, o := range orders {
			seeds = append(seeds, l.mustGet(c, o))
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		awake, routines := heap(), runtime.NumGoroutine()-base
		cpu := cpuSeconds()
		time.Sleep(time.Minute)
		synctest.Wait()
		t.Logf("awake: %.1f goroutines and %d KiB each, %.1f ms of CPU for each minute of %d", float64(routines)/n, (awake-empty)/n>>10, (cpuSeconds()-cpu)*1e3, n)
		if routines > n+20 {
			t.Errorf("%d goroutines for %d seeds that nobody wants anything of", routines, n)
		}
		if each := (awake - empty) / n; each > 64<<10 {
			t.Errorf("each takes %d bytes", each)
		}
		for _, s := range seeds {
			s.Sleep()
		}
		for _, s := range seeds {
			<-s.Stopped()
		}
		clear(seeds)
		synctest.Wait()
		asleep, routines := heap(), runtime.NumGoroutine()-base
		t.Logf("asleep: %d goroutines in all, %d bytes each", routines, (asleep-empty)/n)
		if routines > 20 || (asleep-empty)/n > 8<<10 {
			t.Error("what sleeps is not gone")
		}
		runtime.KeepAlive(orders)
	})
}
