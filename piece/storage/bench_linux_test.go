package storage

import (
	"crypto/sha1"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The benchmarks run the Store and the bare system calls in turns and report
// the Store's numbers, the floor's, and the ratios of wall and CPU time, so that
// a noisy machine spoils both alike.
//
//	go test ./piece/storage -run '^$' -bench . -benchtime 5x

// duel takes turns, each time in the other order, and keeps the best of each.
type duel struct {
	b         *testing.B
	wall, cpu [2]time.Duration
	sinceW    time.Time
	sinceC    time.Duration
	n         int
	before    func() // not measured
}

// round runs the floor and the Store once each.
func (d *duel) round(floor, store func()) {
	who := []func(){floor, store}
	first := d.n % 2
	d.n++
	for _, i := range []int{first, 1 - first} {
		if d.before != nil {
			d.before()
		}
		d.start()
		who[i]()
		d.stop(i)
	}
}

func (d *duel) start() { d.sinceW, d.sinceC = time.Now(), cpuTime() }

func (d *duel) stop(who int) {
	wall, cpu := time.Since(d.sinceW), cpuTime()-d.sinceC
	if d.n == 1 {
		d.wall[who], d.cpu[who] = wall, cpu
	}
	d.wall[who], d.cpu[who] = min(d.wall[who], wall), min(d.cpu[who], cpu)
}

func (d *duel) report() {
	d.b.ReportMetric(0, "ns/op")
	for i, who := range []string{"floor", "store"} {
		d.b.ReportMetric(float64(d.wall[i].Microseconds())/1e3, who+"-ms")
		d.b.ReportMetric(float64(d.cpu[i].Microseconds())/1e3, who+"-cpu-ms")
	}
	d.b.ReportMetric(float64(d.wall[1])/float64(d.wall[0]), "wall-ratio")
	d.b.ReportMetric(float64(d.cpu[1])/float64(d.cpu[0]), "cpu-ratio")
}

func cpuTime() time.Duration {
	var ru unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &ru); err != nil {
		return 0
	}
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}

// slabs returns n bytes of noise in buffers of 16 KiB, as a piece comes.
func slabs(n int) [][]byte {
	var out [][]byte
	rng := rand.New(rand.NewPCG(3, 4))
	for ; n > 0; n -= 16 << 10 {
		p := make([]byte, min(n, 16<<10))
		for i := range p {
			p[i] = byte(rng.Uint32())
		}
		out = append(out, p)
	}
	return out
}

// BenchmarkWriteVec writes pieces of 1 MiB over a file that is in the page
// cache, against a bare pwritev.
func BenchmarkWriteVec(b *testing.B) {
	const piece, pieces = 1 << 20, 64
	bufs := slabs(piece)
	c := newTC(b, File{Path: "f", Length: pieces * piece, Wanted: true})
	c.open()
	bare, err := os.Create(filepath.Join(c.spec.Dir, "bare"))
	check(b, err)
	defer bare.Close()
	round := func(write func(off int64) error) {
		for i := range int64(pieces) {
			check(b, write(i*piece))
		}
	}
	viaStore := func(off int64) error { return c.s.WriteVec(bufs, off) }
	viaCall := func(off int64) error {
		_, err := unix.Pwritev(int(bare.Fd()), bufs, off)
		return err
	}
	round(viaStore)
	round(viaCall)
	d := &duel{b: b}
	for b.Loop() {
		d.round(func() { round(viaCall) }, func() { round(viaStore) })
	}
	d.report()
}

// tree is 10,000 files of 1 to 100 KiB in 100 folders.
func tree() (files []File, total int64) {
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 10_000 {
		n := 1024 + rng.Int64N(99<<10)
		files = append(files, File{Path: fmt.Sprintf("name/d%02d/f%05d.bin", i/100, i), Length: n, Offset: total, Wanted: true})
		total += n
	}
	return files, total
}

// BenchmarkTree makes such a tree from pieces of 1 MiB, against creating,
// writing, renaming and closing each file by its path. Trees are deleted last:
// ext4 makes files slowly after it has deleted many.
func BenchmarkTree(b *testing.B) {
	files, total := tree()
	bufs := slabs(1 << 20)
	d := &duel{b: b}
	for b.Loop() {
		bare, dir := b.TempDir(), b.TempDir()
		d.round(func() { bareTree(b, bare, files, bufs) }, func() { storeTree(b, dir, files, total, bufs) })
	}
	d.report()
}

func storeTree(b *testing.B, dir string, files []File, total int64, bufs [][]byte) {
	const piece = 1 << 20
	s, err := Open(Spec{Dir: dir, Name: "name", Files: files, TotalLength: total, NoSync: true})
	check(b, err)
	next := 0
	var done []int
	for off := int64(0); off < total; off += piece {
		n := min(piece, total-off)
		check(b, s.WriteVec(bufs[:n>>14], off))
		if tail := n & (16<<10 - 1); tail > 0 {
			check(b, s.WriteVec([][]byte{bufs[0][:tail]}, off+n-tail))
		}
		for done = done[:0]; next < len(files) && files[next].Offset+files[next].Length <= off+n; next++ {
			done = append(done, next)
		}
		check(b, s.Finish(done))
	}
	check(b, s.RemoveState())
	check(b, s.Close())
}

// BenchmarkTreeSynced makes the tree durable as well: a goroutine finishes what
// is complete, in batches, while the writing goes on. The floor writes all, syncs
// the file system, and renames all.
func BenchmarkTreeSynced(b *testing.B) {
	files, total := tree()
	bufs := slabs(1 << 20)
	d := &duel{b: b}
	for b.Loop() {
		bare, dir := b.TempDir(), b.TempDir()
		d.round(func() { bareTreeSynced(b, bare, files, bufs) }, func() { storeTreeSynced(b, dir, files, total, bufs) })
	}
	d.report()
}

func storeTreeSynced(b *testing.B, dir string, files []File, total int64, bufs [][]byte) {
	const piece = 1 << 20
	s, err := Open(Spec{Dir: dir, Name: "name", Files: files, TotalLength: total})
	check(b, err)
	complete := make(chan int, len(files))
	var wg sync.WaitGroup
	wg.Go(func() { finishAsTheyCome(b, s, complete) })
	next := 0
	for off := int64(0); off < total; off += piece {
		n := min(piece, total-off)
		hash(bufs)
		check(b, s.WriteVec(bufs[:n>>14], off))
		if tail := n & (16<<10 - 1); tail > 0 {
			check(b, s.WriteVec([][]byte{bufs[0][:tail]}, off+n-tail))
		}
		for ; next < len(files) && files[next].Offset+files[next].Length <= off+n; next++ {
			complete <- next
		}
	}
	close(complete)
	wg.Wait()
	check(b, s.RemoveState())
	check(b, s.Close())
}

func finishAsTheyCome(b *testing.B, s *Store, complete chan int) {
	var batch []int
	for i := range complete {
		batch = append(batch[:0], i)
		for len(complete) > 0 {
			batch = append(batch, <-complete)
		}
		if err := s.Finish(batch); err != nil {
			b.Error(err)
		}
	}
}

func bareTreeSynced(b *testing.B, dir string, files []File, bufs [][]byte) {
	for i := range 100 {
		check(b, os.MkdirAll(fmt.Sprintf("%s/name/d%02d", dir, i), 0o777))
	}
	top, err := os.Open(dir)
	check(b, err)
	defer top.Close()
	done := int64(0)
	for _, f := range files {
		h, err := os.OpenFile(filepath.Join(dir, f.Path)+".part", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		check(b, err)
		_, err = unix.Pwritev(int(h.Fd()), part16(bufs, f.Length), 0)
		check(b, err)
		check(b, h.Close())
		for ; done < f.Offset+f.Length; done += 1 << 20 {
			hash(bufs)
		}
	}
	check(b, unix.Syncfs(int(top.Fd())))
	for _, f := range files {
		path := filepath.Join(dir, f.Path)
		check(b, os.Rename(path+".part", path))
	}
	check(b, unix.Syncfs(int(top.Fd())))
}

// part16 returns the first n bytes of bufs.
func part16(bufs [][]byte, n int64) [][]byte {
	var iov [][]byte
	for ; n > 0; n -= 16 << 10 {
		iov = append(iov, bufs[len(iov)][:min(n, 16<<10)])
	}
	return iov
}

// bareTree writes each file from the same memory with one pwritev.
func bareTree(b *testing.B, dir string, files []File, bufs [][]byte) {
	for i := range 100 {
		check(b, os.MkdirAll(fmt.Sprintf("%s/name/d%02d", dir, i), 0o777))
	}
	for _, f := range files {
		path := filepath.Join(dir, f.Path)
		h, err := os.OpenFile(path+".part", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		check(b, err)
		_, err = unix.Pwritev(int(h.Fd()), part16(bufs, f.Length), 0)
		check(b, err)
		check(b, os.Rename(path+".part", path))
		check(b, h.Close())
	}
}

// BenchmarkSynced hashes and writes 1 GiB in pieces of 1 MiB and makes it
// durable, against writing and one fsync at the end.
func BenchmarkSynced(b *testing.B) {
	b.Run("sequential", func(b *testing.B) { benchSynced(b, false) })
	b.Run("random", func(b *testing.B) { benchSynced(b, true) })
}

func benchSynced(b *testing.B, random bool) {
	const piece, pieces = 1 << 20, 1024
	bufs := slabs(piece)
	order := rand.New(rand.NewPCG(7, 8)).Perm(pieces)
	each := func(write func(off int64) error) {
		for i := range pieces {
			if random {
				i = order[i]
			}
			hash(bufs)
			check(b, write(int64(i)*piece))
		}
	}
	d := &duel{b: b, before: func() { touchMemory(b, 2<<30) }}
	for b.Loop() {
		dir := b.TempDir()
		d.round(func() {
			path := filepath.Join(dir, "bare")
			f, err := os.Create(path + ".part")
			check(b, err)
			each(func(off int64) error { _, err := unix.Pwritev(int(f.Fd()), bufs, off); return err })
			check(b, f.Sync())
			check(b, f.Close())
			check(b, os.Rename(path+".part", path))
		}, func() {
			s, err := Open(Spec{Dir: dir, Name: "f", TotalLength: pieces * piece,
				Files: []File{{Path: "f", Length: pieces * piece, Wanted: true}}})
			check(b, err)
			each(func(off int64) error { return s.WriteVec(bufs, off) })
			check(b, s.Finish(nil))
			check(b, s.Close())
		})
		check(b, os.RemoveAll(dir))
	}
	d.report()
}

func hash(bufs [][]byte) {
	h := sha1.New()
	for _, p := range bufs {
		h.Write(p)
	}
	h.Sum(nil)
}

// touchMemory makes the kernel own n bytes of memory and gives them back: in a
// virtual machine the first touch of a page costs more than all we measure.
func touchMemory(b *testing.B, n int) {
	m, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	check(b, err)
	for i := 0; i < n; i += 4096 {
		m[i] = 1
	}
	check(b, unix.Munmap(m))
}
