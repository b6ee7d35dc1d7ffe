package torrent

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gotor/peer/simnet"
)

// blast is a seeder that costs next to nothing, so that a benchmark of a
// leecher in the same process measures the leecher: it answers all requests
// that it has read so far with one writev out of memory. It knows the fast and
// the extension protocol, no choking, no limits, and whatever fault its config
// asks for.
type blast struct {
	tb   testing.TB
	l    net.Listener
	cfg  blastConfig
	addr netip.AddrPort
	wg   sync.WaitGroup

	sent    atomic.Int64 // bytes of payload
	blocks  atomic.Int64 // whole or in part
	stalled atomic.Bool

	mu    sync.Mutex
	conns map[net.Conn]bool
	peers int // handshakes done
	over  bool
}

// blastConfig says what a blast serves, and how badly.
type blastConfig struct {
	InfoHash    [20]byte
	Payload     []byte // the whole torrent as one stream
	PieceLength int

	Have         func(piece int) bool        // nil: every piece
	Corrupt      func(piece, begin int) bool // blocks that get a wrong byte; nil: none
	CloseAfter   int64                       // bytes, of all connections: then the seeder dies, inside a block; 0: never
	StallAfter   int64                       // bytes: then it says nothing more; 0: never
	UnchokeAfter time.Duration               // 0: with the handshake
	Plain        bool                        // neither fast nor extension protocol
}

const (
	blastReqQ  = 2000
	blastBatch = 256 // blocks in one writev
)

var errBlastOver = errors.New("the seeder is over")

// startBlast serves on l, or on a free port of 127.0.0.1 when l is nil, until
// the test ends.
func startBlast(tb testing.TB, l net.Listener, cfg blastConfig) *blast {
	tb.Helper()
	if l == nil {
		var err error
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			tb.Fatal(err)
		}
	}
	b := &blast{tb: tb, l: l, cfg: cfg, conns: make(map[net.Conn]bool)}
	b.addr = netip.MustParseAddrPort(l.Addr().String())
	b.wg.Go(b.accept)
	tb.Cleanup(b.Stop)
	return b
}

// Addr is where the seeder listens. On a wildcard listener of a simnet host,
// only the port is of use.
func (b *blast) Addr() netip.AddrPort { return b.addr }

// Sent is how many bytes of payload went out.
func (b *blast) Sent() int64 { return b.sent.Load() }

// Peers is how many connections got as far as the handshake.
func (b *blast) Peers() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.peers
}

// Stop ends the seeder and waits for its goroutines.
func (b *blast) Stop() {
	b.die()
	b.wg.Wait()
}

func (b *blast) die() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	b.l.Close()
	for c := range b.conns {
		c.Close()
	}
}

func (b *blast) accept() {
	for {
		c, err := b.l.Accept()
		if err != nil {
			return
		}
		b.mu.Lock()
		b.conns[c] = true
		if b.over {
			c.Close()
		}
		b.mu.Unlock()
		b.wg.Go(func() {
			b.serve(c)
			b.mu.Lock()
			delete(b.conns, c)
			b.mu.Unlock()
			c.Close()
		})
	}
}

func (b *blast) pieces() int {
	return (len(b.cfg.Payload) + b.cfg.PieceLength - 1) / b.cfg.PieceLength
}

func (b *blast) has(piece int) bool { return b.cfg.Have == nil || b.cfg.Have(piece) }

// serve answers one peer until it goes away.
func (b *blast) serve(c net.Conn) {
	s := &blastConn{blast: b, c: c, r: bufio.NewReaderSize(c, 64<<10)}
	if err := s.handshake(); err != nil {
		return
	}
	for {
		if err := s.answer(); err != nil {
			return
		}
	}
}

// blastConn is one connection of a blast.
type blastConn struct {
	*blast
	c       net.Conn
	r       *bufio.Reader
	fast    bool
	headers []byte
	out     [][]byte // headers and payload in turns
	bufs    net.Buffers
}

// handshake reads theirs and sends, in one write, ours with all that follows
// up to unchoke.
func (s *blastConn) handshake() error {
	var theirs [68]byte
	if _, err := io.ReadFull(s.r, theirs[:]); err != nil {
		return err
	}
	if string(theirs[:20]) != "\x13BitTorrent protocol" || [20]byte(theirs[28:48]) != s.cfg.InfoHash {
		return fmt.Errorf("not for us: %q", theirs[:])
	}
	s.mu.Lock()
	s.peers++
	id := fmt.Sprintf("-BL0001-%05d%07d", s.addr.Port(), s.peers)
	s.mu.Unlock()
	s.fast = theirs[27]&0x04 != 0 && !s.cfg.Plain

	hello := append([]byte(nil), theirs[:20]...)
	if s.cfg.Plain {
		hello = append(hello, make([]byte, 8)...)
	} else {
		hello = append(hello, 0, 0, 0, 0, 0, 0x10, 0, 0x04)
	}
	hello = append(append(hello, s.cfg.InfoHash[:]...), id...)
	if theirs[25]&0x10 != 0 && !s.cfg.Plain {
		hello = blastMessage(hello, 20, []byte(fmt.Sprintf("\x00d1:mde4:reqqi%de1:v5:blaste", blastReqQ)))
	}
	if s.fast && s.cfg.Have == nil {
		hello = blastMessage(hello, 14, nil) // have all
	} else {
		hello = blastMessage(hello, 5, s.bitfield())
	}
	unchoke := blastMessage(nil, 1, nil)
	if s.cfg.UnchokeAfter == 0 {
		hello = append(hello, unchoke...)
	} else {
		// Beside the other writes: nobody asks before.
		time.AfterFunc(s.cfg.UnchokeAfter, func() { s.c.Write(unchoke) })
	}
	_, err := s.c.Write(hello)
	return err
}

func (b *blast) bitfield() []byte {
	bits := make([]byte, (b.pieces()+7)/8)
	for i := range b.pieces() {
		if b.has(i) {
			bits[i/8] |= 0x80 >> (i % 8)
		}
	}
	return bits
}

func blastMessage(dst []byte, id byte, body []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(1+len(body)))
	return append(append(dst, id), body...)
}

// answer waits for a message and handles it with all others that have arrived
// whole, up to a batch.
func (s *blastConn) answer() error {
	s.headers, s.out = s.headers[:0], s.out[:0]
	if cap(s.headers) == 0 {
		s.headers = make([]byte, 0, blastBatch*17) // never grows: out points into it
	}
	err := s.take()
	for err == nil && len(s.out) < 2*blastBatch-2 && s.whole() {
		err = s.take()
	}
	if len(s.out) == 0 {
		return err
	}
	s.bufs = net.Buffers(s.out)
	if _, werr := s.bufs.WriteTo(s.c); werr != nil {
		return werr
	}
	if err == errBlastOver {
		s.die()
	}
	return err
}

// whole reports whether a whole message is in the buffer.
func (s *blastConn) whole() bool {
	if s.r.Buffered() < 4 {
		return false
	}
	h, _ := s.r.Peek(4)
	return s.r.Buffered()-4 >= int(binary.BigEndian.Uint32(h))
}

// take handles one message, of which only requests count.
func (s *blastConn) take() error {
	h, err := s.r.Peek(4)
	if err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(h)
	if n > 1<<20 {
		s.tb.Errorf("the leecher sends a message of %d bytes", n)
		return errBlastOver
	}
	if n == 13 {
		m, err := s.r.Peek(17)
		if err != nil {
			return err
		}
		if m[4] == 6 {
			err = s.request(m[5:17])
		}
		if err != nil {
			return err
		}
	}
	_, err = s.r.Discard(4 + int(n))
	return err
}

// request queues the answer to one request: index, begin, length.
func (s *blastConn) request(req []byte) error {
	index, begin, length := int(binary.BigEndian.Uint32(req)), int(binary.BigEndian.Uint32(req[4:])), int(binary.BigEndian.Uint32(req[8:]))
	at := index*s.cfg.PieceLength + begin
	if begin+length > s.cfg.PieceLength || at+length > len(s.cfg.Payload) || length < 1 || length > 128<<10 || !s.has(index) {
		s.tb.Errorf("the leecher asks for %d bytes at %d of piece %d", length, begin, index)
		return errBlastOver
	}
	if s.stalled.Load() {
		return nil
	}
	s.blocks.Add(1)
	total := s.sent.Add(int64(length))
	block := s.cfg.Payload[at : at+length]
	if s.cfg.Corrupt != nil && s.cfg.Corrupt(index, begin) {
		block = bytes.Clone(block)
		block[length/2] ^= 0x55
	}
	var err error
	for _, limit := range []int64{s.cfg.CloseAfter, s.cfg.StallAfter} {
		if limit == 0 || total < limit {
			continue
		}
		block = block[:max(0, length-int(total-limit))]
		if limit == s.cfg.CloseAfter {
			err = errBlastOver
		} else {
			s.stalled.Store(true)
		}
		s.sent.Add(-int64(length - len(block)))
		break
	}
	head := len(s.headers)
	s.headers = binary.BigEndian.AppendUint32(s.headers, uint32(9+length))
	s.headers = append(append(s.headers, 7), req[:8]...)
	s.out = append(s.out, s.headers[head:], block)
	return err
}

// blastTracker is an HTTP tracker that gives out the peers it was made with.
type blastTracker struct {
	URL string

	mu    sync.Mutex
	peers []netip.AddrPort
	fail  string
	// external has answers tell those who ask their address (BEP 24).
	external bool
	events   []blastEvent
}

// blastEvent is an announce that came.
type blastEvent struct {
	Event                      string // started, completed, stopped or none
	InfoHash, PeerID           string
	Port, NumWant              int
	Left, Downloaded, Uploaded int64
	At                         time.Time
}

// startTracker serves announces on l, or on a free port of 127.0.0.1 when l is
// nil, until the test ends.
func startTracker(tb testing.TB, l net.Listener, peers ...netip.AddrPort) *blastTracker {
	tb.Helper()
	if l == nil {
		var err error
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			tb.Fatal(err)
		}
	}
	t := &blastTracker{URL: "http://" + l.Addr().String() + "/announce", peers: peers}
	srv := &http.Server{Handler: http.HandlerFunc(t.announce)}
	var wg sync.WaitGroup
	wg.Go(func() { srv.Serve(l) })
	tb.Cleanup(func() {
		srv.Close()
		wg.Wait()
	})
	return t
}

// SetPeers changes what is given out.
func (t *blastTracker) SetPeers(peers ...netip.AddrPort) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.peers = peers
}

// Fail makes every later answer a failure with that reason; "" ends it.
func (t *blastTracker) Fail(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fail = reason
}

// Events returns the announces until now, in order.
func (t *blastTracker) Events() []blastEvent {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.events)
}

func (t *blastTracker) announce(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	number := func(key string) int64 {
		n, _ := strconv.ParseInt(q.Get(key), 10, 64)
		return n
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events = append(t.events, blastEvent{
		Event: q.Get("event"), InfoHash: q.Get("info_hash"), PeerID: q.Get("peer_id"),
		Port: int(number("port")), NumWant: int(number("numwant")),
		Left: number("left"), Downloaded: number("downloaded"), Uploaded: number("uploaded"),
		At: time.Now(),
	})
	if t.fail != "" {
		fmt.Fprintf(w, "d14:failure reason%d:%se", len(t.fail), t.fail)
		return
	}
	var v4, v6 []byte
	for _, p := range t.peers {
		if a := p.Addr().Unmap(); a.Is4() {
			v4 = binary.BigEndian.AppendUint16(append(v4, a.AsSlice()...), p.Port())
		} else {
			v6 = binary.BigEndian.AppendUint16(append(v6, a.AsSlice()...), p.Port())
		}
	}
	external := ""
	if t.external {
		a := netip.MustParseAddrPort(r.RemoteAddr).Addr().Unmap()
		external = fmt.Sprintf("11:external ip%d:%s", a.BitLen()/8, a.AsSlice())
	}
	fmt.Fprintf(w, "d"+external+"8:intervali1800e5:peers%d:%s6:peers6%d:%se", len(v4), v4, len(v6), v6)
}

// Below: the tools above, used by the least leecher there is (see floor_test.go).

func blastPayload(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// fetch downloads the pieces with numbers in want from a blast and returns the
// bytes that came, by piece.
func fetch(c net.Conn, cfg blastConfig, want ...int) (map[int][]byte, error) {
	defer c.Close()
	got := make(map[int][]byte)
	f := floorLeech{InfoHash: cfg.InfoHash, Depth: 16, Piece: func() (int, []byte, bool) {
		if len(want) == 0 {
			return 0, nil, false
		}
		i := want[0]
		want = want[1:]
		return i, make([]byte, min(cfg.PieceLength, len(cfg.Payload)-i*cfg.PieceLength)), true
	}, Done: func(i int, b []byte) { got[i] = b }}
	return got, f.run(c)
}

func testBlastConfig() blastConfig {
	return blastConfig{InfoHash: sha1.Sum([]byte("blast")), Payload: blastPayload(300_001), PieceLength: 64 << 10}
}

func wantPieces(t *testing.T, cfg blastConfig, got map[int][]byte, want ...int) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d pieces came, want %d", len(got), len(want))
	}
	for _, i := range want {
		if !bytes.Equal(got[i], cfg.Payload[i*cfg.PieceLength:][:len(got[i])]) || len(got[i]) == 0 {
			t.Errorf("piece %d is wrong", i)
		}
	}
}

func TestBlast(t *testing.T) {
	for _, plain := range []bool{false, true} {
		cfg := testBlastConfig()
		cfg.Plain = plain
		b := startBlast(t, nil, cfg)
		c, err := net.Dial("tcp", b.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		got, err := fetch(c, cfg, 0, 4, 2, 3, 1)
		if err != nil {
			t.Fatal(err)
		}
		wantPieces(t, cfg, got, 0, 1, 2, 3, 4)
		if b.Sent() != 300_001 || b.Peers() != 1 {
			t.Errorf("sent %d bytes to %d peers", b.Sent(), b.Peers())
		}
	}
}

// On a simulated network, with every fault.
func TestBlastFaults(t *testing.T) {
	try := func(cfg blastConfig, check func(b *blast, c net.Conn)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			n := simnet.New(simnet.Options{})
			h := n.Host(netip.MustParseAddr("10.0.0.1"), simnet.HostOptions{Latency: time.Millisecond})
			l, err := h.Listen(t.Context(), "tcp", "10.0.0.1:6881")
			if err != nil {
				t.Fatal(err)
			}
			b := startBlast(t, l, cfg)
			c, err := h.DialContext(t.Context(), "tcp", b.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			check(b, c)
		})
	}

	cfg := testBlastConfig()
	cfg.Have = func(i int) bool { return i%2 == 1 }
	try(cfg, func(b *blast, c net.Conn) {
		got, err := fetch(c, cfg, 1, 3)
		if err != nil {
			t.Fatal(err)
		}
		wantPieces(t, cfg, got, 1, 3)
		if bits := b.bitfield(); !bytes.Equal(bits, []byte{0x50}) {
			t.Errorf("bitfield %x", bits)
		}
	})

	cfg = testBlastConfig()
	cfg.Corrupt = func(piece, begin int) bool { return piece == 1 && begin == 16<<10 }
	try(cfg, func(b *blast, c net.Conn) {
		got, err := fetch(c, cfg, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		good := cfg.Payload[64<<10 : 128<<10]
		if wrong := got[1]; bytes.Equal(wrong, good) || !bytes.Equal(wrong[:16<<10], good[:16<<10]) || !bytes.Equal(wrong[32<<10:], good[32<<10:]) {
			t.Error("not exactly the second block is corrupt")
		}
		wantPieces(t, cfg, map[int][]byte{0: got[0]}, 0)
	})

	cfg = testBlastConfig()
	cfg.CloseAfter = 100_000
	try(cfg, func(b *blast, c net.Conn) {
		got, err := fetch(c, cfg, 0, 1, 2)
		if !errors.Is(err, io.ErrUnexpectedEOF) || b.Sent() != 100_000 {
			t.Errorf("%v after %d bytes, want the end after 100000", err, b.Sent())
		}
		wantPieces(t, cfg, got, 0)
	})

	cfg = testBlastConfig()
	cfg.StallAfter, cfg.UnchokeAfter = 100_000, time.Minute
	try(cfg, func(b *blast, c net.Conn) {
		start := time.Now()
		c.SetDeadline(start.Add(time.Hour))
		got, err := fetch(c, cfg, 0, 1, 2)
		if ne, ok := err.(net.Error); !ok || !ne.Timeout() || b.Sent() != 100_000 {
			t.Errorf("%v after %d bytes, want silence after 100000", err, b.Sent())
		}
		if took := time.Since(start); took != time.Hour {
			t.Errorf("gave up after %v", took)
		}
		wantPieces(t, cfg, got, 0)
	})
}

func TestBlastTracker(t *testing.T) {
	tr := startTracker(t, nil, netip.MustParseAddrPort("10.0.0.1:258"), netip.MustParseAddrPort("[2001:db8::1]:3"))
	announce := func() string {
		resp, err := http.Get(tr.URL + "?info_hash=" + url.QueryEscape(string(make([]byte, 20))) + "&event=started&left=7&port=6881")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if got, want := announce(), "d8:intervali1800e5:peers6:\x0a\x00\x00\x01\x01\x026:peers618: \x01\x0d\xb8"+string(make([]byte, 11))+"\x01\x00\x03e"; got != want {
		t.Errorf("answer %q, want %q", got, want)
	}
	tr.SetPeers()
	if got, want := announce(), "d8:intervali1800e5:peers0:6:peers60:e"; got != want {
		t.Errorf("answer %q, want %q", got, want)
	}
	tr.Fail("go away")
	if got, want := announce(), "d14:failure reason7:go awaye"; got != want {
		t.Errorf("answer %q, want %q", got, want)
	}
	e := tr.Events()
	if len(e) != 3 || e[0].Event != "started" || e[0].Left != 7 || e[0].Port != 6881 || e[0].InfoHash != string(make([]byte, 20)) {
		t.Errorf("events %+v", e)
	}
}
