package peer

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"testing"
)

// source is the read side of a connection that delivers data in bits of most.
type source struct {
	net.Conn
	data  []byte
	most  int
	reads int
}

func (s *source) Read(p []byte) (int, error) {
	s.reads++
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.most)], s.data)
	s.data = s.data[n:]
	return n, nil
}

func testInbuf(s *source) *inbuf {
	return newInbuf(s, new(Buffers), func() {}, func(int) {})
}

// Whatever is read in whatever way, the bytes come in order.
func TestInbufOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, most := range []int{1, 7, 1000, 5000, 1 << 20} {
		want := randomBytes(rng, min(4<<20, most*20_000))
		in := testInbuf(&source{data: want, most: most})
		checkOrder(t, rng, in, want)
	}
}

// The same over TCP, where many buffers are read into at once.
func TestInbufOrderTCP(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		want := randomBytes(rng, 4<<20)
		near, far := tcpPair(t)
		go func() {
			rng := rand.New(rand.NewPCG(3, 4))
			for rest := want; len(rest) > 0; {
				n, err := far.Write(rest[:min(len(rest), 1+rng.IntN(300_000))])
				if err != nil {
					return
				}
				rest = rest[n:]
			}
			far.Close()
		}()
		checkOrder(t, rng, newInbuf(near, new(Buffers), func() {}, func(int) {}), want)
	}
}

func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// tcpPair returns the two ends of a connection over loopback.
func tcpPair(t testing.TB) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

// checkOrder reads all of want from in, in random ways.
func checkOrder(t *testing.T, rng *rand.Rand, in *inbuf, want []byte) {
	t.Helper()
	var got []byte
	for len(got) < len(want) {
		left := len(want) - len(got)
		n := min(left, 1+rng.IntN(40_000))
		p, err := readSomehow(in, rng.IntN(4), n)
		if err != nil {
			t.Fatal(err)
		}
		if p == nil { // dropped
			p = want[len(got):][:n]
		}
		got = append(got, p...)
	}
	if !bytes.Equal(got, want) {
		t.Error("wrong bytes")
	}
	if _, err := in.peek(1); err != io.EOF {
		t.Error(err)
	}
	in.close()
	if n := in.mem.grown.Load(); n != 0 {
		t.Errorf("%d bytes of buffers are missing", n)
	}
}

// readSomehow takes up to n bytes in one of the four ways there are; nil means
// that n bytes were dropped.
func readSomehow(in *inbuf, way, n int) (p []byte, err error) {
	switch way {
	case 0:
		n = min(n, maxPeek)
		if p, err = in.peek(n); err == nil {
			in.skip(n)
		}
	case 1:
		p = make([]byte, n)
		err = in.readFull(p)
	case 2:
		p, err = in.body(n)
	case 3:
		err = in.discard(n)
	}
	return p, err
}

func TestInbufGrowsAndShrinks(t *testing.T) {
	s := &source{data: make([]byte, 4<<20), most: 1 << 30}
	in := testInbuf(s)
	if err := in.discard(2 << 20); err != nil {
		t.Fatal(err)
	}
	if in.class != largeBuffer {
		t.Errorf("class %d after two megabytes in full reads", in.class)
	}
	s.most = 100
	if err := in.discard(1 << 20); err != nil {
		t.Fatal(err)
	}
	if in.class != smallBuffer {
		t.Errorf("class %d after a megabyte in small reads", in.class)
	}
}

// A thousand connections that deliver cannot have 256 KiB each.
func TestBufferBudget(t *testing.T) {
	mem := new(Buffers)
	var all []*inbuf
	for range 300 {
		in := newInbuf(&source{data: make([]byte, 2<<20), most: 1 << 30}, mem, func() {}, func(int) {})
		if err := in.discard(1 << 20); err != nil {
			t.Fatal(err)
		}
		all = append(all, in)
		if n := mem.grown.Load(); n > growBudget {
			t.Fatalf("%d bytes", n)
		}
	}
	for _, in := range all {
		in.close()
	}
	if n := mem.grown.Load(); n != 0 {
		t.Errorf("%d bytes are missing", n)
	}
}

func TestBufferReleasedTwice(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	mem := new(Buffers)
	x := mem.get(1)
	mem.put(x)
	mem.put(x)
}

func TestClassFor(t *testing.T) {
	for n, want := range map[int]int{0: 0, 4096: 0, 4097: 1, 16384: 1, 65536: 2, 65537: 3, 256 << 10: 3, 256<<10 + 1: 4, maxBatch: 4, 1 << 20: 4} {
		if got := classFor(n); got != want {
			t.Errorf("classFor(%d) = %d, want %d", n, got, want)
		}
	}
}

func TestInbufErrors(t *testing.T) {
	for name, read := range map[string]func(*inbuf) error{
		"peek":     func(in *inbuf) error { _, err := in.peek(101); return err },
		"readFull": func(in *inbuf) error { return in.readFull(make([]byte, 101)) },
		"direct":   func(in *inbuf) error { return in.readFull(make([]byte, 1<<20)) },
		"discard":  func(in *inbuf) error { return in.discard(101) },
		"body":     func(in *inbuf) error { _, err := in.body(1 << 20); return err },
	} {
		in := testInbuf(&source{data: make([]byte, 100), most: 1 << 20})
		if err := read(in); err != io.EOF {
			t.Errorf("%s: %v", name, err)
		}
	}
}
