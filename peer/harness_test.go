package peer

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gotor/peer/simnet"
	"gotor/peer/wire"
	"gotor/piece"
)

// memStore is a torrent's bytes in memory.
type memStore struct {
	mu   sync.Mutex
	data []byte
	fail error // what reading returns
}

func (s *memStore) ReadAt(p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return 0, s.fail
	}
	if n := copy(p, s.data[min(off, int64(len(s.data))):]); n < len(p) {
		return n, io.EOF
	}
	return len(p), nil
}

func (s *memStore) WriteVec(bufs [][]byte, off int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range bufs {
		off += int64(copy(s.data[off:], b))
	}
	return nil
}

// options say what a test starts from. The zero value: a torrent of 8 pieces of
// four blocks, of which we have nothing, and a remote that speaks BEP 6 and 10.
type options struct {
	pieces      int   // default 8
	pieceLength int64 // default 64 KiB
	cut         int64 // bytes that the last piece is shorter
	have        []int // pieces we have
	haveAll     bool
	plain       bool // the remote has no reserved bits
	noExt       bool // only BEP 6
	noFast      bool // only BEP 10
	budget      int64
	latency     time.Duration // one way
	window      int           // bytes in flight each way
	config      func(*Config)
}

func (o *options) features() wire.Features {
	switch {
	case o.plain:
		return 0
	case o.noExt:
		return wire.FeatureFast
	case o.noFast:
		return wire.FeatureExtended
	}
	return wire.FeatureFast | wire.FeatureExtended
}

// testConn is a Conn under test, and the remote that the test plays.
type testConn struct {
	*testing.T
	*Conn
	far     net.Conn // the remote's end
	r       *bufio.Reader
	layout  *piece.Layout
	manager *piece.Manager
	store   *memStore
	data    []byte // the truth
	ended   chan struct{}
	err     error // of Run, once ended
	stop    context.CancelCauseFunc
}

var (
	ourAddr   = netip.MustParseAddr("10.0.0.1")
	theirAddr = netip.MustParseAddr("10.0.0.2")
)

// converse runs f in a bubble with a connection whose opening messages have
// been read and checked.
func converse(t *testing.T, o options, f func(tc *testConn)) {
	t.Helper()
	connect(t, o, func(tc *testConn) {
		tc.skipOpening()
		f(tc)
	})
}

// connect runs f in a bubble with a connection that has just begun to run.
func connect(t *testing.T, o options, f func(tc *testConn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		tc := newTestConn(t, o)
		defer tc.close()
		f(tc)
	})
}

func newTestConn(t *testing.T, o options) *testConn {
	t.Helper()
	if o.pieces == 0 {
		o.pieces = 8
	}
	if o.pieceLength == 0 {
		o.pieceLength = 64 << 10
	}
	if o.budget == 0 {
		o.budget = 64 << 20
	}
	tc := &testConn{T: t, ended: make(chan struct{})}
	var err error
	if tc.layout, err = piece.NewLayout(int64(o.pieces)*o.pieceLength-o.cut, o.pieceLength); err != nil {
		t.Fatal(err)
	}
	tc.data = make([]byte, tc.layout.Total())
	rand.NewChaCha8([32]byte{1}).Read(tc.data)
	tc.store = &memStore{data: make([]byte, len(tc.data))}
	workers := piece.NewWorkers(1)
	t.Cleanup(workers.Close)
	tc.manager = piece.NewManager(piece.Config{
		Layout: tc.layout, Store: tc.store, Workers: workers, Pool: piece.NewPool(o.budget),
		Rand:   rand.New(rand.NewPCG(1, 2)),
		Digest: func(i int) piece.Digest { return piece.SHA1(sha1.Sum(tc.pieceData(i))) },
	})
	t.Cleanup(tc.manager.Close)
	tc.setHave(o)
	ours := tc.dial(o)
	cfg := Config{
		Conn: ours, Addr: netip.AddrPortFrom(theirAddr, 6881), Manager: tc.manager, Layout: tc.layout, Store: tc.store,
		Local:  wire.Handshake{Features: wire.FeatureFast | wire.FeatureExtended, PeerID: wire.NewPeerID("-GT0000-")},
		Remote: wire.Handshake{Features: o.features(), PeerID: wire.NewPeerID("-TR4050-")},
		Name:   "gotor/test",
	}
	if o.config != nil {
		o.config(&cfg)
	}
	tc.Conn = New(cfg)
	ctx, stop := context.WithCancelCause(t.Context())
	tc.stop = stop
	go func() {
		tc.err = tc.Conn.Run(ctx)
		close(tc.ended)
	}()
	return tc
}

func (tc *testConn) setHave(o options) {
	bits := make([]byte, (o.pieces+7)/8)
	for i := range o.pieces {
		if o.haveAll {
			o.have = append(o.have, i)
		}
	}
	for _, i := range o.have {
		bits[i/8] |= 0x80 >> (i % 8)
		copy(tc.store.data[tc.layout.Offset(i):], tc.pieceData(i))
	}
	if err := tc.manager.Resume(bits); err != nil {
		tc.Fatal(err)
	}
}

// dial connects both ends and returns ours.
func (tc *testConn) dial(o options) net.Conn {
	n := simnet.New(simnet.Options{Seed: 1})
	us := n.Host(ourAddr, simnet.HostOptions{Latency: o.latency / 2, Window: o.window})
	them := n.Host(theirAddr, simnet.HostOptions{Latency: o.latency / 2, Window: o.window})
	l, err := them.Listen(tc.Context(), "tcp", ":6881")
	if err != nil {
		tc.Fatal(err)
	}
	ours, err := us.DialContext(tc.Context(), "tcp", "10.0.0.2:6881")
	if err != nil {
		tc.Fatal(err)
	}
	if tc.far, err = l.Accept(); err != nil {
		tc.Fatal(err)
	}
	l.Close()
	tc.r = bufio.NewReaderSize(tc.far, 64<<10)
	return ours
}

func (tc *testConn) close() {
	tc.Close(nil)
	tc.far.Close()
	<-tc.ended
	if errors.Is(tc.err, ErrBug) {
		tc.Error(tc.err)
	}
}

func (tc *testConn) pieceData(i int) []byte {
	return tc.data[tc.layout.Offset(i):][:tc.layout.PieceLen(i)]
}

// skipOpening reads what a Conn says first.
func (tc *testConn) skipOpening() {
	tc.Helper()
	if tc.ext {
		if m := tc.next(); m.ID != wire.Extended || m.Ext != wire.ExtHandshakeID {
			tc.Fatalf("first message is %v, want the extension handshake", m.ID)
		}
	}
	have := tc.manager.HaveCount()
	if !tc.fast && have == 0 {
		return
	}
	switch m := tc.next(); {
	case tc.fast && have == 0 && m.ID == wire.HaveNone:
	case tc.fast && have == tc.layout.Pieces() && m.ID == wire.HaveAll:
	case m.ID == wire.Bitfield:
	default:
		tc.Fatalf("we have %d pieces and say %v", have, m.ID)
	}
}

// send has the remote send messages, in one write.
func (tc *testConn) send(msgs ...wire.Message) {
	tc.Helper()
	var b []byte
	for _, m := range msgs {
		b = wire.Append(b, m)
	}
	tc.sendRaw(b)
}

func (tc *testConn) sendRaw(b []byte) {
	tc.Helper()
	if _, err := tc.far.Write(b); err != nil {
		tc.Fatal("the remote cannot write:", err)
	}
}

// sendExt has the remote send its extension handshake.
func (tc *testConn) sendExt(h wire.ExtHandshake) {
	tc.Helper()
	tc.sendRaw(wire.AppendExtHandshake(nil, h))
}

// message reads one message; ok is false for a keep-alive.
func (tc *testConn) message() (m wire.Message, ok bool, err error) {
	b, err := tc.r.Peek(4)
	if err != nil {
		return m, false, err
	}
	body := make([]byte, binary.BigEndian.Uint32(b))
	tc.r.Discard(4)
	if len(body) == 0 {
		return m, false, nil
	}
	if _, err := io.ReadFull(tc.r, body); err != nil {
		return m, false, err
	}
	m, err = wire.Parse(body)
	return m, true, err
}

// patience is how long a test waits for a message, in virtual time.
const testPatience = time.Second

// next returns the next message that is not a keep-alive.
func (tc *testConn) next() wire.Message {
	tc.Helper()
	tc.far.SetReadDeadline(time.Now().Add(testPatience))
	for {
		m, ok, err := tc.message()
		if err != nil {
			tc.Fatalf("no message: %v (%v)", err, tc.cause)
		}
		if ok {
			return m
		}
	}
}

// want checks that exactly these messages come next.
func (tc *testConn) want(want ...wire.Message) {
	tc.Helper()
	for _, w := range want {
		got := tc.next()
		if w.Payload == nil || bytes.Equal(w.Payload, got.Payload) {
			w.Payload = got.Payload[:0]
			got.Payload = w.Payload
		}
		if diff := cmp.Diff(w, got); diff != "" {
			tc.Fatalf("want %v, got %v (-want +got)\n%s", w.ID, got.ID, diff)
		}
	}
}

// wantKeepAlive checks that a keep-alive comes within d.
func (tc *testConn) wantKeepAlive(d time.Duration) {
	tc.Helper()
	tc.far.SetReadDeadline(time.Now().Add(d))
	m, ok, err := tc.message()
	if err != nil || ok {
		tc.Fatalf("want a keep-alive, got %v, %v", m.ID, err)
	}
}

// wantIdle checks that nothing comes for d.
func (tc *testConn) wantIdle(d time.Duration) {
	tc.Helper()
	tc.far.SetReadDeadline(time.Now().Add(d))
	if m, ok, err := tc.message(); !errors.Is(err, os.ErrDeadlineExceeded) {
		tc.Fatalf("want silence, got %v %v %v", m.ID, ok, err)
	}
}

// wantRequests reads n requests and checks that they make sense.
func (tc *testConn) wantRequests(n int) []wire.Message {
	tc.Helper()
	reqs := make([]wire.Message, n)
	for i := range reqs {
		m := tc.next()
		if m.ID != wire.Request {
			tc.Fatalf("message %d is %v, want a request", i, m.ID)
		}
		if _, ok := tc.layout.Block(m.Index, m.Begin, m.Length); !ok || m.Length > piece.BlockSize {
			tc.Fatalf("request for %d+%d of piece %d", m.Begin, m.Length, m.Index)
		}
		reqs[i] = m
	}
	return reqs
}

// give has the remote answer requests.
func (tc *testConn) give(reqs ...wire.Message) {
	tc.Helper()
	for _, r := range reqs {
		tc.send(tc.answerTo(r))
	}
}

// answerTo returns the piece message that answers a request.
func (tc *testConn) answerTo(r wire.Message) wire.Message {
	off := tc.layout.Offset(int(r.Index)) + int64(r.Begin)
	return wire.Message{ID: wire.Piece, Index: r.Index, Begin: r.Begin, Payload: tc.data[off : off+int64(r.Length)]}
}

// advance lets time pass and everybody come to rest.
func (tc *testConn) advance(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// settle lets everybody come to rest.
func (tc *testConn) settle() { synctest.Wait() }

// wantClosed checks that the connection has ended for a reason whose text
// contains all words. What it still sends is dropped.
func (tc *testConn) wantClosed(target error, words ...string) {
	tc.Helper()
	tc.far.SetReadDeadline(time.Now().Add(testPatience))
	if _, err := io.Copy(io.Discard, tc.r); errors.Is(err, os.ErrDeadlineExceeded) {
		tc.Fatal("the connection is still open")
	}
	<-tc.ended
	if !errors.Is(tc.err, target) {
		tc.Fatalf("ended with %v, want %v", tc.err, target)
	}
	for _, w := range words {
		if !strings.Contains(tc.err.Error(), w) {
			tc.Errorf("ended with %q, want %q in it", tc.err, w)
		}
	}
	if strings.ContainsAny(tc.err.Error(), "\n\x1b") {
		tc.Errorf("error with control characters: %q", tc.err)
	}
}

// wantOpen checks that the connection is alive.
func (tc *testConn) wantOpen() {
	tc.Helper()
	tc.settle()
	select {
	case <-tc.ended:
		tc.Fatal("ended with", tc.err)
	default:
	}
}
