package torrent

import (
	"bufio"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// The floor is what a Go program has to pay for a download at the very least:
// the bytes through loopback TCP from a blast, SHA-1 by two workers, the bytes
// to the disk. A download is judged by its ratio to the floor of the same run;
// the seeder is the same in both, and its CPU time is in both.
//
//	go test ./torrent -run '^$' -bench 'Floor|Download'
//
// GOTOR_BENCH_SIZE changes the size, in bytes; TMPDIR changes the disk.
//
// With many files, ext4 needs care: it does not use an inode again within
// minutes of its deletion, and searches past all such inodes of the block group
// for every new file (recently_deleted in fs/ext4/ialloc.c). After 10,000
// deletions nearby, a new file costs 500 microseconds instead of 20. So give
// each run of those benchmarks a TMPDIR in another part of the disk, or on tmpfs.

const (
	floorPiece   = 1 << 20
	floorDepth   = 256 // requests in flight
	floorWorkers = 2
)

// benchData is what the benchmarks download. It is made once for all of them.
type benchData struct {
	Payload []byte
	Hashes  [][20]byte // of pieces of floorPiece bytes
	Files   []benchFile
}

// benchFile is a file of a benchmark's torrent, with a path for the local
// system.
type benchFile struct {
	Path           string
	Offset, Length int64
}

// benchOne is one large file.
var benchOne = sync.OnceValue(func() *benchData {
	size := int64(1 << 30)
	if n, err := strconv.ParseInt(os.Getenv("GOTOR_BENCH_SIZE"), 10, 64); err == nil && n > 0 {
		size = n
	}
	return newBenchData([]benchFile{{"one.bin", 0, size}})
})

// benchTree is 10,000 files of 1 to 100 KiB in 100 folders.
var benchTree = sync.OnceValue(func() *benchData {
	rng := rand.New(rand.NewPCG(5, 6))
	files := make([]benchFile, 10_000)
	var offset int64
	for i := range files {
		n := 1<<10 + rng.Int64N(99<<10+1)
		files[i] = benchFile{filepath.Join(fmt.Sprintf("d%02d", i/100), fmt.Sprintf("f%05d.bin", i)), offset, n}
		offset += n
	}
	return newBenchData(files)
})

func newBenchData(files []benchFile) *benchData {
	last := files[len(files)-1]
	d := &benchData{Payload: blastPayload(int(last.Offset + last.Length)), Files: files}
	d.Hashes = make([][20]byte, (len(d.Payload)+floorPiece-1)/floorPiece)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.NumCPU() {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(d.Hashes)); i = next.Add(1) - 1 {
				d.Hashes[i] = sha1.Sum(d.piece(int(i)))
			}
		})
	}
	wg.Wait()
	return d
}

func (d *benchData) piece(i int) []byte {
	return d.Payload[i*floorPiece : min((i+1)*floorPiece, len(d.Payload))]
}

func (d *benchData) seeder() blastConfig {
	return blastConfig{InfoHash: sha1.Sum([]byte("bench")), Payload: d.Payload, PieceLength: floorPiece}
}

// benchRun measures download, which puts the data into an empty folder, as
// MB/s and as CPU seconds per GiB. A large file is removed after each turn; a
// tree is left to the end, see above.
func benchRun(b *testing.B, d *benchData, download func(dir string) error) {
	b.Helper()
	b.SetBytes(int64(len(d.Payload)))
	var cpu float64
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		dir := filepath.Join(b.TempDir(), strconv.Itoa(i))
		if err := os.Mkdir(dir, 0o777); err != nil {
			b.Fatal(err)
		}
		before := cpuSeconds()
		b.StartTimer()
		err := download(dir)
		b.StopTimer()
		cpu += cpuSeconds() - before
		if err != nil {
			b.Fatal(err)
		}
		if len(d.Files) == 1 {
			if err := os.RemoveAll(dir); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
	}
	gib := float64(b.N) * float64(len(d.Payload)) / (1 << 30)
	b.ReportMetric(cpu/gib, "cpu-s/GiB")
}

// BenchmarkFloor is the floor of a download without fsync.
func BenchmarkFloor(b *testing.B) {
	benchRun(b, benchOne(), func(dir string) error { return floorOne(b, benchOne(), dir, false) })
}

// BenchmarkFloorSync is the floor of a download that is on the disk at its end.
func BenchmarkFloorSync(b *testing.B) {
	benchRun(b, benchOne(), func(dir string) error { return floorOne(b, benchOne(), dir, true) })
}

// BenchmarkFloorFiles is the floor of a download of many small files: each is
// made under another name, written and renamed.
func BenchmarkFloorFiles(b *testing.B) {
	benchRun(b, benchTree(), func(dir string) error { return floorFiles(b, benchTree(), dir) })
}

// The floors write what they should.
func TestFloor(t *testing.T) {
	d := newBenchData([]benchFile{{"a", 0, 3_000_000}, {filepath.Join("d", "b"), 3_000_000, 10}, {"c", 3_000_010, 2_000_000}})
	one := &benchData{Payload: d.Payload, Hashes: d.Hashes, Files: []benchFile{{"one", 0, int64(len(d.Payload))}}}
	dir := t.TempDir()
	if err := errors.Join(floorOne(t, one, dir, true), floorFiles(t, d, dir)); err != nil {
		t.Fatal(err)
	}
	for _, f := range append(d.Files, one.Files...) {
		got, err := os.ReadFile(filepath.Join(dir, f.Path))
		if err != nil || string(got) != string(d.Payload[f.Offset:f.Offset+f.Length]) {
			t.Errorf("%s: %d bytes are not the file (%v)", f.Path, len(got), err)
		}
	}
}

// floorOne downloads into one file.
func floorOne(tb testing.TB, d *benchData, dir string, sync bool) error {
	f, err := os.Create(filepath.Join(dir, d.Files[0].Path))
	if err != nil {
		return err
	}
	defer f.Close()
	err = floorDownload(tb, d, func(piece []byte, offset int64) error {
		_, err := f.WriteAt(piece, offset)
		return err
	})
	if err == nil && sync {
		err = f.Sync()
	}
	return err
}

// floorFiles downloads into all files.
func floorFiles(tb testing.TB, d *benchData, dir string) error {
	left := make([]atomic.Int64, len(d.Files)) // bytes of each file
	made := make(map[string]bool)
	for i, f := range d.Files {
		left[i].Store(f.Length)
		if sub := filepath.Dir(filepath.Join(dir, f.Path)); !made[sub] {
			made[sub] = true
			if err := os.MkdirAll(sub, 0o777); err != nil {
				return err
			}
		}
	}
	return floorDownload(tb, d, func(piece []byte, offset int64) error {
		end := offset + int64(len(piece))
		for i := fileAt(d.Files, offset); i < len(d.Files) && d.Files[i].Offset < end; i++ {
			f := d.Files[i]
			from, to := max(f.Offset, offset), min(f.Offset+f.Length, end)
			path := filepath.Join(dir, f.Path)
			if err := floorWrite(path+".part", piece[from-offset:to-offset], from-f.Offset); err != nil {
				return err
			}
			if left[i].Add(from-to) == 0 {
				if err := os.Rename(path+".part", path); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// fileAt returns the file that has the byte at offset.
func fileAt(files []benchFile, offset int64) int {
	lo, hi := 0, len(files)
	for lo < hi {
		if mid := (lo + hi) / 2; files[mid].Offset+files[mid].Length <= offset {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func floorWrite(path string, b []byte, offset int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, offset)
	return errors.Join(err, f.Close())
}

// floorJob is a piece that has arrived.
type floorJob struct {
	index int
	buf   []byte
}

// floorDownload gets all pieces from a seeder over loopback; two workers check
// them and call write.
func floorDownload(tb testing.TB, d *benchData, write func(piece []byte, offset int64) error) error {
	seeder := startBlast(tb, nil, d.seeder())
	defer seeder.Stop()
	c, err := net.Dial("tcp", seeder.Addr().String())
	if err != nil {
		return err
	}
	defer c.Close()

	pool := sync.Pool{New: func() any { return new([floorPiece]byte) }}
	jobs := make(chan floorJob, 4)
	errs := make([]error, floorWorkers)
	var wg sync.WaitGroup
	for w := range errs {
		wg.Go(func() {
			for j := range jobs {
				if sha1.Sum(j.buf) != d.Hashes[j.index] {
					errs[w] = fmt.Errorf("piece %d is bad", j.index)
				} else if err := write(j.buf, int64(j.index)*floorPiece); err != nil {
					errs[w] = err
				}
				pool.Put((*[floorPiece]byte)(j.buf[:floorPiece]))
			}
		})
	}
	next := 0
	leech := floorLeech{InfoHash: seeder.cfg.InfoHash, Depth: floorDepth, Piece: func() (int, []byte, bool) {
		if next == len(d.Hashes) {
			return 0, nil, false
		}
		next++
		return next - 1, pool.Get().(*[floorPiece]byte)[:len(d.piece(next-1))], true
	}, Done: func(i int, b []byte) { jobs <- floorJob{i, b} }}
	err = leech.run(c)
	close(jobs)
	wg.Wait()
	return errors.Join(append(errs, err)...)
}

// floorLeech is the least leecher there is: it asks one seeder for one piece
// after the other.
type floorLeech struct {
	InfoHash [20]byte
	Depth    int                        // requests in flight
	Piece    func() (int, []byte, bool) // the next piece to get, and where to; false: no more
	Done     func(int, []byte)          // a piece has arrived

	asking  *floorPart // of which some blocks are not asked for yet
	open    map[int]*floorPart
	flying  int
	request []byte
}

// floorPart is a piece on its way.
type floorPart struct {
	index       int
	buf         []byte
	asked, left int
}

const floorBlock = 16 << 10

func (f *floorLeech) run(c net.Conn) error {
	hello := "\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x04" + string(f.InfoHash[:]) + "-FL0001-............" + "\x00\x00\x00\x01\x02"
	if _, err := io.WriteString(c, hello); err != nil {
		return err
	}
	r := bufio.NewReaderSize(c, 256<<10)
	if _, err := r.Discard(68); err != nil {
		return err
	}
	f.open = make(map[int]*floorPart)
	for choked := true; ; {
		var h [5]byte
		if _, err := io.ReadFull(r, h[:]); err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(h[:4])) - 1
		var err error
		switch h[4] {
		case 1:
			choked = false
		case 7:
			err = f.block(r, n-8)
		default:
			_, err = r.Discard(n)
		}
		if err == nil && !choked && f.flying <= f.Depth/2 {
			err = f.ask(c)
		}
		if err != nil {
			return err
		}
		if !choked && f.flying == 0 {
			return nil
		}
	}
}

// ask sends as many requests as are missing, in one write.
func (f *floorLeech) ask(c net.Conn) error {
	f.request = f.request[:0]
	for f.flying < f.Depth {
		if f.asking == nil {
			i, buf, ok := f.Piece()
			if !ok {
				break
			}
			f.asking = &floorPart{index: i, buf: buf, left: len(buf)}
			f.open[i] = f.asking
		}
		p := f.asking
		n := min(floorBlock, len(p.buf)-p.asked)
		f.request = append(f.request, 0, 0, 0, 13, 6)
		for _, v := range []int{p.index, p.asked, n} {
			f.request = binary.BigEndian.AppendUint32(f.request, uint32(v))
		}
		f.flying++
		if p.asked += n; p.asked == len(p.buf) {
			f.asking = nil
		}
	}
	if len(f.request) == 0 {
		return nil
	}
	_, err := c.Write(f.request)
	return err
}

// block reads n bytes of payload to where they belong.
func (f *floorLeech) block(r *bufio.Reader, n int) error {
	var h [8]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return err
	}
	index, begin := int(binary.BigEndian.Uint32(h[:])), int(binary.BigEndian.Uint32(h[4:]))
	p := f.open[index]
	if p == nil {
		return fmt.Errorf("piece %d was not asked for", index)
	}
	if _, err := io.ReadFull(r, p.buf[begin:begin+n]); err != nil {
		return err
	}
	f.flying--
	if p.left -= n; p.left == 0 {
		delete(f.open, index)
		f.Done(index, p.buf)
	}
	return nil
}
