package piece

import (
	"crypto/sha1"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"
)

// discard is a Store for benchmarks.
type discard struct{}

func (discard) ReadAt(p []byte, _ int64) (int, error) { return len(p), nil }
func (discard) WriteVec([][]byte, int64) error        { return nil }

// bench is a torrent of zeros: slabs need no filling, so that what is measured
// is the manager and the hash.
type bench struct {
	m     *Manager
	jobs  *swarm // for drain
	peers []*Peer
	asked [][]Block
	now   time.Time
}

func newBench(b testing.TB, pieces, peers int) *bench { return newBenchOf(b, pieces, 256<<10, peers) }

func newBenchOf(b testing.TB, pieces int, pieceLength int64, peers int) *bench {
	l, err := NewLayout(int64(pieces)*pieceLength, pieceLength)
	if err != nil {
		b.Fatal(err)
	}
	sum := sha1.Sum(make([]byte, pieceLength))
	w := &Workers{}
	w.wake.L = &w.mu
	x := &bench{jobs: &swarm{workers: w}, now: time.Unix(1000, 0)}
	x.m = NewManager(Config{
		Layout: l, Digest: func(int) Digest { return SHA1(sum) }, Store: discard{},
		Pool: NewPool(64 << 20), Workers: w,
		OnPiece: func(r Result) {
			if !r.OK {
				b.Fatal("bad piece")
			}
		},
	})
	field := make([]byte, (pieces+7)/8)
	for k := range peers {
		p := x.m.Join(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(k)}), 1), Hooks{})
		if k == 0 {
			x.m.SetHaveAll(p)
		} else {
			randomField(field, pieces)
			if err := x.m.SetBitfield(p, field); err != nil {
				b.Fatal(err)
			}
		}
		x.m.Unchoked(p)
		x.peers = append(x.peers, p)
	}
	x.asked = make([][]Block, peers)
	return x
}

// randomField fills a bitfield of n pieces; about half of them are there.
func randomField(b []byte, n int) {
	r := rand.New(rand.NewPCG(3, rand.Uint64()))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	if n&7 != 0 {
		b[len(b)-1] &= 0xff << (8 - n&7)
	}
}

// turn lets peer k ask for up to 16 blocks and give them. It returns how many.
func (x *bench) turn(k int) int {
	p := x.peers[k]
	x.asked[k] = x.m.Pick(p, x.asked[k][:0], 16, x.now)
	for _, b := range x.asked[k] {
		s, err := x.m.Claim(p, b.index, b.begin, b.length)
		if err != nil {
			panic(err)
		}
		x.now = x.now.Add(10 * time.Microsecond)
		x.m.Commit(p, s, x.now)
	}
	if x.jobs.workers.next < len(x.jobs.workers.queue) {
		x.jobs.drainWith(benchWorker)
	}
	return len(x.asked[k])
}

var benchWorker = newWorker()

// BenchmarkBlock is the whole life of one block: pick, claim, commit, hash and
// a write that does nothing. floor is SHA-1 over as many bytes.
func BenchmarkBlock(b *testing.B) {
	b.Run("floor", func(b *testing.B) {
		sha, bufs := sha1.New(), make([][]byte, 32)
		for i := range bufs {
			bufs[i] = make([]byte, BlockSize)
		}
		b.SetBytes(BlockSize)
		b.ResetTimer()
		for i := range b.N {
			sha.Write(bufs[i%len(bufs)])
		}
	})
	for _, pieces := range []int{1_000, 100_000, 1_000_000} {
		for _, peers := range []int{1, 50} {
			b.Run(fmt.Sprintf("pieces=%d/peers=%d", pieces, peers), func(b *testing.B) {
				b.SetBytes(BlockSize)
				b.ReportAllocs()
				b.StopTimer()
				x := newBench(b, pieces, peers)
				b.StartTimer()
				for n, k := 0, 0; n < b.N; k++ {
					if x.m.Done() {
						b.StopTimer()
						x.m.Close()
						x = newBench(b, pieces, peers)
						b.StartTimer()
					}
					n += x.turn(k % peers)
				}
				b.StopTimer()
				x.m.Close()
			})
		}
	}
}

// BenchmarkPiece is the worst case: pieces of one byte, so that next to nothing
// but the manager's work for a block and a piece remains.
func BenchmarkPiece(b *testing.B) {
	for _, peers := range []int{1, 50} {
		b.Run(fmt.Sprintf("peers=%d", peers), func(b *testing.B) {
			b.ReportAllocs()
			b.StopTimer()
			x := newBenchOf(b, 1_000_000, 1, peers)
			b.StartTimer()
			for n, k := 0, 0; n < b.N; k++ {
				if x.m.Done() {
					b.StopTimer()
					x.m.Close()
					x = newBenchOf(b, 1_000_000, 1, peers)
					b.StartTimer()
				}
				n += x.turn(k % peers)
			}
			b.StopTimer()
			x.m.Close()
		})
	}
}

// BenchmarkStart is a torrent of a million pieces and 50 peers, from nothing to
// the first block picked from each.
func BenchmarkStart(b *testing.B) {
	const pieces = 1_000_000
	for b.Loop() {
		var before, after runtime.MemStats
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&before)
		b.StartTimer()
		x := newBench(b, pieces, 50)
		for k := range x.peers {
			if x.turn(k) == 0 {
				b.Fatal("nothing to pick")
			}
		}
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB-live")
		b.ReportMetric(float64(after.Sys)/(1<<20), "MiB-process")
		x.m.Close()
		b.StartTimer()
	}
}
