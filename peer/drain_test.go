package peer

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"gotor/peer/wire"
	"gotor/piece"
)

// miser is a net.Conn that takes so many bytes and then fails.
type miser struct {
	echo
	takes int
	err   error
}

func (m *miser) Write(p []byte) (int, error) {
	n := min(len(p), m.takes)
	m.takes -= n
	if n < len(p) {
		return n, m.err
	}
	return n, nil
}

// payloadOf returns how many of the first n bytes of a stream of messages belong
// to blocks.
func payloadOf(stream []byte, n int) (payload int64) {
	for at := 0; at < n; {
		end := at + 4 + int(stream[at+1])<<16 + int(stream[at+2])<<8 + int(stream[at+3])
		if wire.ID(stream[at+4]) == wire.Piece && n > at+wire.PieceHeaderLen {
			payload += int64(min(n, end) - at - wire.PieceHeaderLen)
		}
		at = end
	}
	return payload
}

// What the connection took of a batch counts, wherever it was cut off; headers
// and messages never do.
func TestUploadCutOffIsCounted(t *testing.T) {
	gone := errors.New("gone")
	const blocks = 5
	batch := func(takes int) (*Conn, []byte) {
		c := uploadConn(t)
		rec := &recorder{Conn: new(echo), most: 1 << 30}
		c.cfg.Conn = rec
		c.wr.up.size = maxBatch
		c.out.msgs.ctl = c.out.msgs.ctl[:0]
		c.DontHave(3) // goes nowhere
		c.Suggest(2)
		for i := range uint32(blocks) {
			c.out.reqs.push(mustBlock(t, c, 1, i*2*piece.BlockSize)) // no neighbours
		}
		if takes >= 0 {
			c.cfg.Conn = &miser{takes: takes, err: gone}
		}
		_, err := c.wr.turn(time.Now())
		if takes >= 0 && !errors.Is(err, gone) {
			t.Fatal(err)
		}
		c.wr.up.release()
		return c, rec.got.Bytes()
	}
	whole, stream := batch(-1)
	if up := whole.Stats().Uploaded; up != blocks*piece.BlockSize || len(stream) <= blocks*piece.BlockSize {
		t.Fatalf("%d bytes uploaded of %d written", up, len(stream))
	}
	const message = 4 + piece.BlockSize + 9
	first := len(stream) - blocks*message // of the first block's header
	for _, cut := range []int{0, 1, first, first + 1, first + 13, first + 14, first + message - 1, first + message,
		first + message + 5, first + 3*message + 1000, len(stream) - 1} {
		c, _ := batch(cut)
		if up, want := c.Stats().Uploaded, payloadOf(stream, cut); up != want {
			t.Errorf("cut off after %d bytes: %d uploaded, want %d", cut, up, want)
		}
	}
}

func mustBlock(t *testing.T, c *Conn, index, begin uint32) piece.Block {
	t.Helper()
	b, ok := c.cfg.Layout.Block(index, begin, piece.BlockSize)
	if !ok {
		t.Fatal("no such block")
	}
	return b
}

// The same over TCP, where a vector is written: what the remote can still read
// after the end is what we have counted.
func TestUploadCutOffIsCountedTCP(t *testing.T) {
	near, far := tcpPair(t)
	near.(*net.TCPConn).SetWriteBuffer(16 << 10)
	far.(*net.TCPConn).SetReadBuffer(16 << 10)
	c := uploadConn(t)
	h := wire.Handshake{Features: wire.FeatureFast}
	running := make(chan error, 1)
	seed := New(Config{Conn: near, Addr: netip.MustParseAddrPort("127.0.0.1:6881"), Local: h, Remote: h,
		Manager: c.cfg.Manager, Layout: c.cfg.Layout, Store: zeroStore{}})
	seed.wr.up.size = maxBatch
	go func() { running <- seed.Run(t.Context()) }()
	seed.Choke(false)
	var ask []byte
	for i := range uint32(3 * 64) {
		ask = wire.Append(ask, requestFor(i/64, i%64*piece.BlockSize, piece.BlockSize))
	}
	if _, err := far.Write(ask); err != nil {
		t.Fatal(err)
	}
	stream := make([]byte, 4<<20)
	n, err := io.ReadFull(far, stream[:100_000]) // it is in the middle of it now
	if err != nil {
		t.Fatal(err)
	}
	seed.Close(nil)
	<-running
	for err == nil {
		var k int
		k, err = far.Read(stream[n:])
		n += k
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	if up, want := seed.Stats().Uploaded, payloadOf(stream, n); up != want || n == len(stream) {
		t.Errorf("%d bytes uploaded, the remote was sent %d", up, want)
	}
}

// A remote that reads next to nothing is given up, although it never stops. Its
// batch, and its slot, are free after a time that follows from the size of the
// batch.
func TestUploadToRemoteThatDrips(t *testing.T) {
	for name, o := range map[string]struct {
		bytes int // that it reads
		every time.Duration
		kept  bool
	}{
		"a byte now and then": {bytes: 1, every: 20 * time.Second},
		"a tenth of the rate": {bytes: minDrain, every: 10 * time.Second},
		"twice the rate":      {bytes: 2 * minDrain, every: time.Second, kept: true},
		"barely the rate":     {bytes: 20 * minDrain, every: 20 * time.Second, kept: true},
	} {
		t.Run(name, func(t *testing.T) {
			converse(t, options{haveAll: true, window: 32 << 10, pieceLength: 1 << 20}, func(tc *testConn) {
				tc.unchoked()
				for i := range uint32(2) {
					tc.send(requestFor(0, i*(128<<10), 128<<10)) // each becomes a batch
				}
				const all = 2 * (128<<10 + wire.PieceHeaderLen)
				bound := writeTimeout + 128<<10*time.Second/minDrain
				start, read := time.Now(), 0
				for read+o.bytes <= all && !tc.over() {
					tc.advance(o.every)
					tc.far.Write(wire.AppendKeepAlive(nil))
					tc.far.SetReadDeadline(time.Now().Add(testPatience))
					n, _ := io.ReadFull(tc.far, make([]byte, o.bytes))
					read += n
				}
				took := time.Since(start)
				if o.kept {
					tc.wantOpen()
					return
				}
				tc.wantEnded(ErrSilent)
				if took > bound+2*o.every {
					t.Errorf("ended after %v, want %v at most", took, bound)
				}
				if n := tc.mem.lent.Load(); n != 0 {
					t.Errorf("%d bytes of its batch are held", n)
				}
			})
		})
	}
}

// over reports whether the connection has ended.
func (tc *testConn) over() bool {
	tc.settle()
	select {
	case <-tc.ended:
		return true
	default:
		return false
	}
}

// A batch of which nothing can be read gives its memory back.
func TestRefusedBatchIsReleased(t *testing.T) {
	converse(t, options{haveAll: true}, func(tc *testConn) {
		tc.unchoked()
		tc.store.mu.Lock()
		tc.store.fail = errors.New("disk on fire")
		tc.store.mu.Unlock()
		for range 50 {
			r := requestFor(3, 0, 100)
			tc.send(r)
			tc.want(rejectOf(r))
		}
		if n := tc.mem.lent.Load(); n != 0 {
			t.Errorf("%d bytes are held", n)
		}
	})
}
