package peer

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// The benchmarks run against a seeder in a process of its own, so that the
// processor time they report is the downloader's alone. Its data repeats, so
// that it needs next to nothing itself.
const (
	blastEnv    = "GOTOR_TEST_BLAST"
	drainEnv    = "GOTOR_TEST_DRAIN"
	blastPeriod = 16 << 20
)

// TestMain turns the test binary into one of the other sides when asked to.
func TestMain(m *testing.M) {
	if os.Getenv(blastEnv) != "" {
		blast()
		return
	}
	if addr := os.Getenv(drainEnv); addr != "" {
		drain(addr)
		return
	}
	os.Exit(m.Run())
}

// blastData is what the seeder serves, over and over.
func blastData() []byte {
	b := make([]byte, blastPeriod)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

func blast() {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(l.Addr())
	go func() { // the parent is gone when it closes our input
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	data := blastData()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go blastServe(c, data)
	}
}

// blastServe answers a handshake and then every request. Pieces must be 1 MiB.
func blastServe(c net.Conn, data []byte) {
	defer c.Close()
	r := bufio.NewReaderSize(c, 64<<10)
	hello := make([]byte, wire.HandshakeLen)
	if _, err := io.ReadFull(r, hello); err != nil {
		return
	}
	h, _ := wire.ParseHandshake(hello)
	h.PeerID = wire.NewPeerID("-BL0001-")
	h.Features &= wire.FeatureFast | wire.FeatureExtended
	out := wire.AppendHandshake(nil, h)
	out = wire.AppendExtHandshake(out, wire.ExtHandshake{ReqQ: 2000})
	out = wire.Append(out, wire.Message{ID: wire.HaveAll})
	out = wire.Append(out, wire.Message{ID: wire.Unchoke})
	c.Write(out)
	var head []byte
	var vec net.Buffers
	for {
		p, err := r.Peek(4)
		if err != nil {
			return
		}
		n := int(binary.BigEndian.Uint32(p)) + 4
		if p, err = r.Peek(n); err != nil {
			return
		}
		if m, err := wire.Parse(p[4:]); err == nil && m.ID == wire.Request {
			at := len(head)
			head = wire.AppendPieceHeader(head, m.Index, m.Begin, m.Length)
			off := (int(m.Index)<<20 + int(m.Begin)) % blastPeriod
			vec = append(vec, head[at:], data[off:off+int(m.Length)])
		}
		r.Discard(n)
		if len(vec) > 0 && (r.Buffered() < requestLen || len(vec) >= 256) {
			v := vec
			if _, err := v.WriteTo(c); err != nil {
				return
			}
			vec, head = vec[:0], head[:0]
		}
	}
}

// startBlast starts the seeder process and returns its address.
func startBlast(b testing.TB) string {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), blastEnv+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); cmd.Wait() })
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(addr)
}

const benchPieces = 1024 // of 1 MiB

// voidStore takes writes and forgets them.
type voidStore struct{}

func (voidStore) ReadAt(p []byte, off int64) (int, error) { return 0, io.EOF }
func (voidStore) WriteVec(bufs [][]byte, off int64) error { return nil }

func benchHandshake() wire.Handshake {
	return wire.Handshake{Features: wire.FeatureFast | wire.FeatureExtended, PeerID: wire.NewPeerID("-GT0000-")}
}

// BenchmarkConn downloads 1 GiB over n connections: socket, hash, no disk.
func BenchmarkConn(b *testing.B) {
	for _, n := range []int{1, 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchConn(b, n) })
	}
}

func benchConn(b *testing.B, conns int) {
	addr := startBlast(b)
	data := blastData()
	sums := make([][20]byte, blastPeriod>>20)
	for i := range sums {
		sums[i] = sha1.Sum(data[i<<20 : (i+1)<<20])
	}
	b.SetBytes(benchPieces << 20)
	b.ReportAllocs()
	cpu := cpuTime()
	for b.Loop() {
		l, _ := piece.NewLayout(benchPieces<<20, 1<<20)
		w := piece.NewWorkers(2)
		done := make(chan struct{})
		var left atomic.Int64
		left.Store(benchPieces)
		m := piece.NewManager(piece.Config{
			Layout: l, Store: voidStore{}, Pool: piece.NewPool(64 << 20), Workers: w,
			Digest: func(i int) piece.Digest { return piece.SHA1(sums[i%len(sums)]) },
			OnPiece: func(r piece.Result) {
				if !r.OK {
					b.Error("bad piece", r)
				}
				if left.Add(-1) == 0 {
					close(done)
				}
			},
		})
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		mem := new(Buffers)
		for range conns {
			nc, err := net.Dial("tcp4", addr)
			if err != nil {
				b.Fatal(err)
			}
			out := benchHandshake()
			in, err := Handshake(ctx, nc, out)
			if err != nil {
				b.Fatal(err)
			}
			c := New(Config{Conn: nc, Addr: netip.MustParseAddrPort(addr), Local: out, Remote: in,
				Manager: m, Layout: l, Store: voidStore{}, Buffers: mem})
			wg.Go(func() {
				if err := c.Run(ctx); ctx.Err() == nil {
					b.Error(err)
				}
			})
		}
		<-done
		cancel()
		wg.Wait()
		m.Close()
		w.Close()
	}
	reportCPU(b, cpuTime()-cpu)
}

func reportCPU(b *testing.B, cpu time.Duration) {
	b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/GiB")
}

// BenchmarkFloorRead reads the same stream and does nothing with it.
func BenchmarkFloorRead(b *testing.B) { benchFloor(b, 1, nil) }

// BenchmarkFloor reads the same stream, hashes each piece on two goroutines,
// and forgets it: what BenchmarkConn cannot do without.
func BenchmarkFloor(b *testing.B) {
	for _, n := range []int{1, 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchFloor(b, n, func(p []byte) { sha1.Sum(p) }) })
	}
}

func benchFloor(b *testing.B, conns int, hash func([]byte)) {
	addr := startBlast(b)
	b.SetBytes(benchPieces << 20)
	cpu := cpuTime()
	for b.Loop() {
		todo := make(chan []byte, 4)
		pool := sync.Pool{New: func() any { return new([1 << 20]byte) }}
		var hashers, readers sync.WaitGroup
		for range 2 {
			hashers.Go(func() {
				for p := range todo {
					if hash != nil {
						hash(p)
					}
					pool.Put((*[1 << 20]byte)(p))
				}
			})
		}
		for k := range conns {
			readers.Go(func() {
				if err := floorRead(addr, k*benchPieces/conns, (k+1)*benchPieces/conns, &pool, todo); err != nil {
					b.Error(err)
				}
			})
		}
		readers.Wait()
		close(todo)
		hashers.Wait()
	}
	reportCPU(b, cpuTime()-cpu)
}

// floorRead fetches whole pieces with a fixed pipeline of 256 blocks.
func floorRead(addr string, from, to int, pool *sync.Pool, todo chan<- []byte) error {
	const blocks = 1 << 20 / piece.BlockSize
	c, err := net.Dial("tcp4", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.Write(wire.AppendHandshake(nil, wire.Handshake{Features: wire.FeatureFast, PeerID: wire.NewPeerID("-FL0000-")}))
	r := bufio.NewReaderSize(c, 256<<10)
	if _, err := r.Peek(wire.HandshakeLen + 4); err != nil {
		return err
	}
	var hello []byte
	r.Discard(wire.HandshakeLen)
	for next, got := from*blocks, from*blocks; got < to*blocks; {
		if next-got <= 128 && next < to*blocks {
			var out []byte
			for ; next-got < 256 && next < to*blocks; next++ {
				out = wire.Append(out, wire.Message{ID: wire.Request,
					Index: uint32(next / blocks), Begin: uint32(next % blocks * piece.BlockSize), Length: piece.BlockSize})
			}
			if _, err := c.Write(out); err != nil {
				return err
			}
		}
		buf := pool.Get().(*[1 << 20]byte)[:]
		for at := 0; at < len(buf); {
			if hello, err = r.Peek(5); err != nil {
				return err
			}
			if hello[4] != byte(wire.Piece) {
				r.Discard(4 + int(binary.BigEndian.Uint32(hello)))
				continue
			}
			r.Discard(wire.PieceHeaderLen)
			if _, err := io.ReadFull(r, buf[at:at+piece.BlockSize]); err != nil {
				return err
			}
			at += piece.BlockSize
		}
		got += blocks
		todo <- buf
	}
	return nil
}
