package server

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"gotor/tracker"
)

// fill enters n peers of different addresses, spread over torrents.
func fill(t testing.TB, b *book, n, torrents int) {
	t.Helper()
	for i := range n {
		a := numbered(i, torrents)
		if _, _, err := b.announce(b.start, &a, nil); err != nil {
			t.Fatal(err)
		}
	}
	if b.peers != n || len(b.torrents) != torrents {
		t.Fatalf("%d peers of %d torrents", b.peers, len(b.torrents))
	}
}

// numbered is the announce of the i-th peer of many.
func numbered(i, torrents int) announce {
	a := announce{port: 6881, seed: i%10 == 0, want: 0, from: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})}
	be.PutUint32(a.id[:], uint32(i))
	be.PutUint32(a.hash[:], uint32(i%torrents))
	return a
}

// roomy is a book of the default size.
func roomy() *book {
	cfg := Config{MaxPeers: DefaultMaxPeers, MaxTorrents: DefaultMaxTorrents, Interval: DefaultInterval}
	l := cfg.limits()
	l.swarm = l.peers
	return newBook(time.Now(), l, nil, rand.New(rand.NewPCG(1, 2)))
}

// heap is how many bytes f leaves behind.
func heap(f func()) int {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return int(after.HeapAlloc) - int(before.HeapAlloc)
}

// A full book stays within what the package comment says, however its peers are
// spread: in one swarm, in swarms of ten, and alone.
func TestMemory(t *testing.T) {
	for _, c := range []struct{ torrents, peers, most int }{
		{1, DefaultMaxPeers, 200},
		{DefaultMaxTorrents, DefaultMaxPeers, 280},
		{DefaultMaxTorrents, DefaultMaxTorrents, 1000},
	} {
		b := roomy()
		n := heap(func() { fill(t, b, c.peers, c.torrents) })
		t.Logf("%d peers of %d torrents: %.1f MiB, %d bytes a peer", c.peers, c.torrents, float64(n)/(1<<20), n/c.peers)
		if n > c.most*c.peers {
			t.Errorf("%d bytes a peer, want at most %d", n/c.peers, c.most)
		}
		runtime.KeepAlive(b)
	}
}

// An announce of a peer that is known allocates nothing, however large its
// swarm and the answer are, and over UDP neither do reading and answering.
func TestAnnounceAllocates(t *testing.T) {
	b := roomy()
	fill(t, b, 10_000, 1)
	room := make([]contact, 0, maxWant)
	i := 0
	if n := testing.AllocsPerRun(1000, func() {
		a := numbered(i%10_000, 1)
		a.want = maxWant
		i++
		if _, got, err := b.announce(b.start, &a, room); err != nil || len(got) != maxWant {
			t.Fatal(err, len(got))
		}
	}); n != 0 {
		t.Errorf("%v allocations in the book", n)
	}
	u := udp(Config{})
	now, from := time.Unix(1_700_000_000, 0), netip.MustParseAddr("10.0.0.1")
	packet := udpAnnounce(u.tokens.make(now, from), 1, 'x', 5, 0, [4]byte{}, -1, 1000)
	if n := testing.AllocsPerRun(1000, func() {
		if len(u.answer(now, packet, from)) != 20 {
			t.Fatal("no answer")
		}
	}); n != 0 {
		t.Errorf("%v allocations over UDP", n)
	}
}

// BenchmarkBook is the announce of a known peer in a full book: 50 peers out of
// a swarm of 100,000, and out of one of 10.
func BenchmarkBook(b *testing.B) {
	for _, torrents := range []int{1, DefaultMaxTorrents} {
		b.Run(fmt.Sprintf("torrents=%d", torrents), func(b *testing.B) {
			book := roomy()
			fill(b, book, DefaultMaxPeers, torrents)
			room := make([]contact, 0, maxWant)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				a := numbered(i%DefaultMaxPeers, torrents)
				a.want = stdWant
				if _, _, err := book.announce(book.start, &a, room); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// filled is a server with 1,000 peers of torrent x.
func filled(b *testing.B) *Server {
	s := New(Config{})
	for i := range 1000 {
		a := numbered(i, 1)
		a.hash = hashOf('x')
		if _, err := s.announce(&a, nil); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// BenchmarkUDP is an announce as a datagram, without the socket: parse, check
// the connection id, look up, encode 50 peers.
func BenchmarkUDP(b *testing.B) {
	u := filled(b).newUDP(netip.Addr{})
	now, from := time.Now(), netip.MustParseAddr("10.0.0.1")
	packet := udpAnnounce(u.tokens.make(now, from), 1, 'x', 5, 0, [4]byte{}, -1, 6881)
	b.ReportAllocs()
	for b.Loop() {
		if len(u.answer(now, packet, from)) != 320 {
			b.Fatal("not 50 peers")
		}
	}
}

// BenchmarkHTTP is an announce through the handler, without net/http's share.
func BenchmarkHTTP(b *testing.B) {
	s := filled(b)
	req := httptest.NewRequest(http.MethodGet, announcePath("-GT0001-aaaaaaaaaaaa", 6881, "&left=5&compact=1&numwant=50"), nil)
	req.RemoteAddr = "10.0.0.1:5000"
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.ResponseRecorder{}
		s.handle(&w, req)
	}
	if st := s.Stats(); st.Refused != 0 {
		b.Fatalf("%+v", st)
	}
}

// BenchmarkLoopback is announces per second of one process with itself, by our
// own client: a new connection each over HTTP, one datagram each way over UDP.
func BenchmarkLoopback(b *testing.B) {
	for _, scheme := range []string{"http", "udp"} {
		b.Run(scheme, func(b *testing.B) {
			r, c := start(b, Config{}, "127.0.0.1"), newClient(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Announce(b.Context(), nil, r.url(scheme), request(1000, 0, tracker.EventNone)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkUDPSocket is the UDP half with its socket, and a peer of it that does
// no more than write and read.
func BenchmarkUDPSocket(b *testing.B) {
	r := start(b, Config{}, "127.0.0.1")
	c, err := net.Dial("udp", r.host)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	ask := func(p []byte) []byte {
		buf := make([]byte, 2048)
		c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Write(p); err != nil {
			b.Fatal(err)
		}
		n, err := c.Read(buf)
		if err != nil {
			b.Fatal(err)
		}
		return buf[:n]
	}
	id := be.Uint64(ask(be.AppendUint32(be.AppendUint32(be.AppendUint64(nil, protocolID), actConnect), 7))[8:])
	packet := udpAnnounce(id, 1, 'x', 5, 0, [4]byte{}, -1, 6881)
	for b.Loop() {
		ask(packet)
	}
}
