package peer

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// drain downloads everything from addr and keeps nothing: what uploads are
// measured against, in a process of its own.
func drain(addr string) {
	if err := drainAll(addr); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func drainAll(addr string) error {
	const blocks = 1 << 20 / piece.BlockSize
	c, err := net.Dial("tcp4", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	hello := wire.AppendHandshake(nil, wire.Handshake{Features: wire.FeatureFast, PeerID: wire.NewPeerID("-DR0000-")})
	hello = wire.Append(hello, wire.Message{ID: wire.HaveNone})
	c.Write(wire.Append(hello, wire.Message{ID: wire.Interested}))
	r := bufio.NewReaderSize(c, 256<<10)
	if _, err := r.Discard(wire.HandshakeLen); err != nil {
		return err
	}
	unchoked := false
	for next, got := 0, 0; got < benchPieces*blocks; {
		if unchoked && next-got <= 128 && next < benchPieces*blocks {
			var out []byte
			for ; next-got < 256 && next < benchPieces*blocks; next++ {
				out = wire.Append(out, wire.Message{ID: wire.Request,
					Index: uint32(next / blocks), Begin: uint32(next % blocks * piece.BlockSize), Length: piece.BlockSize})
			}
			if _, err := c.Write(out); err != nil {
				return err
			}
		}
		b, err := r.Peek(5)
		if err != nil {
			return err
		}
		unchoked = unchoked || b[4] == byte(wire.Unchoke)
		if b[4] == byte(wire.Piece) {
			got++
		}
		if _, err := r.Discard(4 + int(binary.BigEndian.Uint32(b))); err != nil {
			return err
		}
	}
	return nil
}

// benchFile is a file of 1 GiB in the page cache.
func benchFile(b *testing.B) *os.File {
	f, err := os.Create(filepath.Join(b.TempDir(), "data"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	data := blastData()
	for range (benchPieces << 20) / len(data) {
		if _, err := f.Write(data); err != nil {
			b.Fatal(err)
		}
	}
	return f
}

// drained runs serve with a connection to a process that drains it.
func drained(b *testing.B, serve func(net.Conn)) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), drainEnv+"="+l.Addr().String())
	cmd.Stdout = os.Stdout
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	serve(c)
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkUpload serves 1 GiB from a file in the page cache, and again with a
// bare server that reads the same file 256 KiB at a time and writes that, with
// headers, when as much was asked for. x-floor is the processor time of the one
// divided by that of the other.
func BenchmarkUpload(b *testing.B) {
	f := benchFile(b)
	l, _ := piece.NewLayout(benchPieces<<20, 1<<20)
	w := piece.NewWorkers(1)
	defer w.Close()
	m := piece.NewManager(piece.Config{Layout: l, Digest: func(int) piece.Digest { return piece.SHA1([20]byte{}) }, Store: voidStore{}, Workers: w, Pool: piece.NewPool(1 << 20)})
	defer m.Close()
	have := make([]byte, benchPieces/8)
	for i := range have {
		have[i] = 0xff
	}
	if err := m.Resume(have); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(2 * benchPieces << 20)
	b.ReportAllocs()
	var ours, floor time.Duration
	for b.Loop() {
		start := cpuTime()
		drained(b, func(nc net.Conn) { benchUpload(b, nc, m, l, f) })
		middle := cpuTime()
		drained(b, func(c net.Conn) {
			defer c.Close()
			if err := floorUpload(c, f); err != nil {
				b.Fatal(err)
			}
		})
		ours += middle - start
		floor += cpuTime() - middle
	}
	reportCPU(b, ours)
	b.ReportMetric(floor.Seconds()/float64(b.N), "floor-cpu-s/GiB")
	b.ReportMetric(ours.Seconds()/floor.Seconds(), "x-floor")
}

// benchUpload serves one remote until it has gone.
func benchUpload(b *testing.B, nc net.Conn, m *piece.Manager, l *piece.Layout, f io.ReaderAt) {
	out := benchHandshake()
	in, err := Accept(context.Background(), nc, func([20]byte) (wire.Handshake, bool) { return out, true })
	if err != nil {
		b.Fatal(err)
	}
	var c *Conn
	c = New(Config{Conn: nc, Addr: netip.MustParseAddrPort(nc.RemoteAddr().String()), Incoming: true, Local: out, Remote: in,
		Manager: m, Layout: l, Store: f,
		Events: Events{Interested: func(on bool) { c.Choke(!on) }}})
	c.Run(context.Background())
}

func floorUpload(c net.Conn, f io.ReaderAt) error {
	const batch = 16
	r := bufio.NewReaderSize(c, 64<<10)
	if _, err := r.Discard(wire.HandshakeLen + 10); err != nil {
		return err
	}
	out := wire.AppendHandshake(nil, wire.Handshake{Features: wire.FeatureFast})
	c.Write(wire.Append(out, wire.Message{ID: wire.Unchoke}))
	buf, head := make([]byte, batch*piece.BlockSize), make([]byte, 0, batch*wire.PieceHeaderLen)
	var vec net.Buffers
	for n := range benchPieces << 20 / piece.BlockSize {
		if _, err := r.Discard(requestLen); err != nil {
			return err
		}
		at := len(head)
		head = wire.AppendPieceHeader(head, uint32(n/64), uint32(n%64*piece.BlockSize), piece.BlockSize)
		k := n % batch * piece.BlockSize
		if vec = append(vec, head[at:], buf[k:k+piece.BlockSize]); n%batch < batch-1 {
			continue
		}
		if _, err := f.ReadAt(buf, int64(n+1-batch)*piece.BlockSize); err != nil {
			return err
		}
		v := vec
		if _, err := v.WriteTo(c); err != nil {
			return err
		}
		vec, head = vec[:0], head[:0]
	}
	return nil
}
