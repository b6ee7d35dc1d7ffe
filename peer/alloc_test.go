package peer

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// requestLen is the size of a whole request message (BEP 3).
const requestLen = 4 + 1 + 3*4

// echo is a seed without a network: what is requested in Write can be Read. Its
// data are zeros. It is used by one goroutine and allocates nothing.
type echo struct {
	asked [4096]wire.Message
	n     int // asked so far; a ring
	next  int // answered so far
	head  [wire.PieceHeaderLen]byte
	at    int // bytes of the current answer that were read
}

func (e *echo) Write(p []byte) (int, error) {
	for at := 0; len(p)-at >= requestLen; {
		n := 4 + int(binary.BigEndian.Uint32(p[at:]))
		if n > len(p)-at {
			break // of an upload, in which there are no requests
		}
		if m, err := wire.Parse(p[at+4 : at+n]); err == nil && m.ID == wire.Request {
			e.asked[e.n%len(e.asked)] = m
			e.n++
		}
		at += n
	}
	return len(p), nil
}

func (e *echo) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if e.next == e.n {
			if n == 0 {
				return 0, io.EOF
			}
			return n, nil
		}
		r := e.asked[e.next%len(e.asked)]
		wire.AppendPieceHeader(e.head[:0], r.Index, r.Begin, r.Length)
		if e.at < len(e.head) {
			k := copy(p[n:], e.head[e.at:])
			e.at += k
			n += k
			continue
		}
		k := min(len(p)-n, len(e.head)+int(r.Length)-e.at)
		clear(p[n : n+k])
		n += k
		if e.at += k; e.at == len(e.head)+int(r.Length) {
			e.at = 0
			e.next++
		}
	}
	return n, nil
}

func (e *echo) Close() error                     { return nil }
func (e *echo) LocalAddr() net.Addr              { return nil }
func (e *echo) RemoteAddr() net.Addr             { return nil }
func (e *echo) SetDeadline(time.Time) error      { return nil }
func (e *echo) SetReadDeadline(time.Time) error  { return nil }
func (e *echo) SetWriteDeadline(time.Time) error { return nil }

// zeroSum is the SHA-1 of a MiB of zeros.
var zeroSum = [20]byte{0x3b, 0x71, 0xf4, 0x3f, 0xf3, 0x0f, 0x4b, 0x15, 0xb5, 0xcd,
	0x85, 0xdd, 0x9e, 0x95, 0xeb, 0xc7, 0xe8, 0x4e, 0xb5, 0xa3}

// stepConn is a Conn whose two goroutines the test plays by itself.
func stepConn(t testing.TB, pieces int) (*Conn, *echo, chan struct{}) {
	l, err := piece.NewLayout(int64(pieces)<<20, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	w := piece.NewWorkers(1)
	t.Cleanup(w.Close)
	verified := make(chan struct{}, pieces)
	m := piece.NewManager(piece.Config{
		Layout: l, Store: voidStore{}, Workers: w, Pool: piece.NewPool(8 << 20),
		Digest: func(int) piece.Digest { return piece.SHA1(zeroSum) },
		OnPiece: func(r piece.Result) {
			if !r.OK {
				t.Error("piece failed", r)
			}
			verified <- struct{}{}
		},
	})
	t.Cleanup(m.Close)
	e := new(echo)
	h := wire.Handshake{Features: wire.FeatureFast}
	c := New(Config{Conn: e, Addr: netip.MustParseAddrPort("10.0.0.2:6881"), Local: h, Remote: h, Manager: m, Layout: l, Store: voidStore{}})
	c.join()
	c.rd.open()
	if err := c.rd.handle(wire.Message{ID: wire.HaveAll}); err != nil {
		t.Fatal(err)
	}
	if err := c.rd.handle(wire.Message{ID: wire.Unchoke}); err != nil {
		t.Fatal(err)
	}
	return c, e, verified
}

// hungry reports whether the writer has something to do: at first when the
// pipeline is low, then only if nothing is outstanding at all.
func (c *Conn) hungry(first bool) bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.ask.pipe.low() && (first || c.out.ask.pipe.left == 0)
}

// step downloads n blocks.
func step(t testing.TB, c *Conn, n int) {
	for range n {
		if c.rd.in.buffered() == 0 {
			c.rd.account() // as before a read, which would not wait here
		}
		for first := true; c.hungry(first); first = false {
			if !first { // the worker has all the memory
				<-c.wake
			}
			if _, err := c.wr.turn(time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.rd.readMessage(); err != nil {
			t.Fatal(err)
		}
	}
}

// No block costs an allocation, from the pick of its request to the commit.
func TestNoAllocationsForABlock(t *testing.T) {
	const perRun = 512
	c, _, verified := stepConn(t, 1024)
	step(t, c, 64*64) // everything has its size now
	n := testing.AllocsPerRun(20, func() { step(t, c, perRun) })
	if n > 2*perRun/64 && !raceDetector { // a piece may cost a little; it has 64 blocks
		t.Errorf("%.0f allocations for %d blocks", n, perRun)
	}
	if len(verified) == 0 {
		t.Error("no piece was verified")
	}
}

// BenchmarkBlock is what a block costs beside the system calls: request, parse,
// claim, copy, commit; and its SHA-1, on the same processors.
func BenchmarkBlock(b *testing.B) {
	c, _, _ := stepConn(b, 1<<20)
	b.SetBytes(piece.BlockSize)
	b.ReportAllocs()
	b.ResetTimer()
	step(b, c, b.N)
}

// uploadConn is a stepConn that has everything and may be asked for it.
func uploadConn(t testing.TB) *Conn {
	c, _, _ := stepConn(t, 4)
	if err := c.cfg.Manager.Resume([]byte{0xf0}); err != nil {
		t.Fatal(err)
	}
	c.cfg.Store = zeroStore{}
	c.Choke(false)
	return c
}

// zeroStore is a torrent of zeros.
type zeroStore struct{}

func (zeroStore) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

func uploadStep(t testing.TB, c *Conn, requests int) {
	for i := range uint32(requests) {
		if err := c.rd.handle(wire.Message{ID: wire.Request, Index: 1, Begin: i % 64 * piece.BlockSize, Length: piece.BlockSize}); err != nil {
			t.Fatal(err)
		}
	}
	for more := true; more; {
		var err error
		if more, err = c.wr.turn(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNoAllocationsForAnUpload(t *testing.T) {
	c := uploadConn(t)
	uploadStep(t, c, 400)
	if n := testing.AllocsPerRun(20, func() { uploadStep(t, c, 400) }); n > 4 && !raceDetector {
		t.Errorf("%.0f allocations for 400 blocks", n)
	}
	if up := c.Stats().Uploaded; up != 22*400*piece.BlockSize {
		t.Errorf("%d bytes uploaded", up)
	}
}

// memoryInUse returns the bytes of heap and stacks after a collection.
func memoryInUse() int64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc + s.StackInuse)
}
