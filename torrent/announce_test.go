package torrent

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gotor/torrent/metainfo"
	"gotor/torrent/network"
)

// noted is an HTTP tracker that counts connections and what it is told.
type noted struct {
	url   string
	conns *atomic.Int32
	mu    sync.Mutex
	told  map[string]int // by event
	mute  bool           // it does not answer any more
}

func (n *noted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	n.told[r.URL.Query().Get("event")]++
	mute := n.mute
	n.mu.Unlock()
	if mute {
		<-r.Context().Done()
		return
	}
	w.Write([]byte("d8:intervali1800e5:peers0:e"))
}

// heard is how often it was told of an event.
func (n *noted) heard(event string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.told[event]
}

// noted starts one.
func (l *lab) noted() *noted {
	l.Helper()
	a, h := l.host()
	listener, err := h.Listen(l.Context(), "tcp", ":80")
	if err != nil {
		l.Fatal(err)
	}
	n := &noted{url: fmt.Sprintf("http://%v/announce", a), conns: new(atomic.Int32), told: make(map[string]int)}
	s := &http.Server{Handler: n}
	go s.Serve(countingListener{listener, n.conns})
	l.Cleanup(func() { s.Close() })
	return n
}

// several are torrents that nobody has, at some trackers.
func (l *lab) several(n int, trackers ...string) (all []*metainfo.Torrent) {
	for i := range n {
		m := l.single([]byte(fmt.Sprintf("%10d", i)), 16<<10)
		m.Name = fmt.Sprintf("payload-%d", i)
		m.Trackers = [][]string{trackers}
		all = append(all, m)
	}
	return all
}

// The torrents of a process share the connections to a tracker, whoever named it.
func TestTorrentsShareTrackers(t *testing.T) {
	inLab(t, func(l *lab) {
		at, c := l.noted(), l.client(Config{Port: -1})
		for i, m := range l.several(3, at.url) {
			src := Source{Meta: m}
			if i == 2 {
				m.Trackers, src.Trackers = nil, []string{at.url}
			}
			l.add(c, order{Source: src})
			time.Sleep(time.Second) // of the bubble's clock
		}
		if at.heard("started") != 3 || at.conns.Load() != 1 {
			t.Errorf("%d announces over %d connections", at.heard("started"), at.conns.Load())
		}
	})
}

// packetCounter counts the sockets that are opened.
type packetCounter struct {
	network.Network
	opened atomic.Int32
}

func (n *packetCounter) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	n.opened.Add(1)
	return n.Network.ListenPacket(ctx, network, address)
}

// Over UDP they share a socket, with the trackers of the user.
func TestTorrentsShareSocket(t *testing.T) {
	inLab(t, func(l *lab) {
		_, h := l.host()
		n := &packetCounter{Network: h}
		c, err := NewClient(Config{Network: n, Port: -1, Name: "gotor/test", KeyDir: l.keys()})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for _, m := range l.several(4, "udp://10.0.0.200:80/announce") {
			l.add(c, order{Source: Source{Meta: m, Trackers: []string{"udp://10.0.0.201:80/announce"}}})
		}
		time.Sleep(time.Minute)
		if got := n.opened.Load(); got != 1 {
			t.Errorf("%d sockets", got)
		}
	})
}

// At exit all torrents say goodbye in one time, to trackers that answer and to those
// that do not.
func TestOneGoodbye(t *testing.T) {
	inLab(t, func(l *lab) {
		good, mute, c := l.noted(), l.noted(), l.client(Config{Port: -1})
		const n = 20
		for _, m := range l.several(n, good.url, mute.url) {
			l.add(c, order{Source: Source{Meta: m}})
		}
		time.Sleep(time.Minute)
		mute.mu.Lock()
		mute.mute = true
		mute.mu.Unlock()
		began := time.Now()
		c.Close()
		if took := time.Since(began); took > goodbyeTime {
			t.Errorf("it took %v", took)
		}
		if good.heard("stopped") != n || mute.heard("stopped") != n {
			t.Errorf("%d and %d goodbyes", good.heard("stopped"), mute.heard("stopped"))
		}
	})
}

func TestFarewell(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f, now := farewell{going: ctx}, time.Unix(1000, 0)
	if a, b := f.until(now), f.until(now.Add(time.Hour)); a != now.Add(goodbyeTime) || b != a.Add(time.Hour) {
		t.Errorf("torrents that go alone: %v, %v", a, b)
	}
	cancel()
	first := f.until(now)
	if later := f.until(now.Add(time.Second)); first != now.Add(goodbyeTime) || later != first {
		t.Errorf("all together: %v, then %v", first, later)
	}
}
