package tracker

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// crowd is many torrents at the trackers of one fake internet.
type crowd struct {
	*swarm
	torrents []*Announcer
	answers  chan int // the number of a torrent that got an answer
}

// join starts n torrents with tiers, and hashes that begin with their number.
func (c *crowd) join(n int, tiers [][]string) {
	c.answers = make(chan int, 10*n)
	for i := range n {
		a := NewAnnouncer(AnnouncerConfig{
			Client: c.c, Trackers: List{Tiers: tiers}, Rand: testRand(1),
			Request: func(Event) Request { return Request{InfoHash: [20]byte{byte(i)}, Left: 1, Port: 6881} },
			Peers:   func(string, []netip.AddrPort) { c.answers <- i },
		})
		c.torrents = append(c.torrents, a)
		a.Start()
	}
}

// leave stops all at the same time and gives them two seconds.
func (c *crowd) leave() {
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for _, a := range c.torrents {
		wg.Go(func() { a.Stop(ctx) })
	}
	wg.Wait()
}

// busyTracker counts what is under way at it.
type busyTracker struct {
	mu        sync.Mutex
	now, most int
	told      map[string]int // by event
	slow      func(r *http.Request) <-chan time.Time
}

func (b *busyTracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.now++
	b.most = max(b.most, b.now)
	b.told[r.URL.Query().Get("event")]++
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		b.now--
		b.mu.Unlock()
	}()
	select {
	case <-b.slow(r):
		io.WriteString(w, peersBody("1.2.3.4:5"))
	case <-r.Context().Done():
	}
}

// heard is how often it was told of an event.
func (b *busyTracker) heard(event string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.told[event]
}

// peak is how many were under way at a time.
func (b *busyTracker) peak() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.most
}

func after(d time.Duration) func(*http.Request) <-chan time.Time {
	return func(*http.Request) <-chan time.Time { return time.After(d) }
}

// busy serves one at 192.0.2.1.
func (c *crowd) busy(slow func(*http.Request) <-chan time.Time) (*busyTracker, string) {
	b := &busyTracker{told: make(map[string]int), slow: slow}
	c.n.serve(c.t, "192.0.2.1:80", b.ServeHTTP)
	return b, "http://192.0.2.1/announce"
}

// Two hundred torrents announce to one tracker, a few at a time over as few
// connections, and say goodbye to it in time.
func TestCrowdAtOneTracker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{swarm: newSwarm(t)}
		b, u := c.busy(after(100 * time.Millisecond))
		c.join(200, [][]string{{u}})
		time.Sleep(10 * time.Second)
		if len(c.answers) != 200 || b.heard("started") != 200 {
			t.Errorf("%d torrents have peers, %d have announced", len(c.answers), b.heard("started"))
		}
		if b.peak() > perHost {
			t.Errorf("%d at a time", b.peak())
		}
		if n := len(c.n.dialed()); n > perHost {
			t.Errorf("%d connections", n)
		}
		c.leave()
		if b.heard("stopped") != 200 || b.peak() > byes*perHost {
			t.Errorf("%d were told that we go, %d at a time", b.heard("stopped"), b.peak())
		}
	})
}

// The same over UDP: one socket.
func TestCrowdAtOneSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{swarm: newSwarm(t)}
		u := &udpTracker{peers: addrPorts("1.2.3.4:5")}
		u.at(c.n, "192.0.2.1:80")
		c.join(200, [][]string{{"udp://192.0.2.1:80"}})
		time.Sleep(10 * time.Second)
		if len(c.answers) != 200 || c.n.opened() != 1 {
			t.Errorf("%d torrents have peers, %d sockets", len(c.answers), c.n.opened())
		}
		c.leave()
		u.mu.Lock()
		defer u.mu.Unlock()
		if n := len(u.ids); n != 1 {
			t.Errorf("it was asked for %d connection ids", n)
		}
	})
}

// One that is not answered, and a tracker that is silent, keep nobody waiting.
func TestCrowdGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{swarm: newSwarm(t)}
		_, u := c.busy(func(r *http.Request) <-chan time.Time {
			if r.URL.Query().Get("info_hash")[0] == 0 {
				return nil // never
			}
			return time.After(10 * time.Millisecond)
		})
		c.n.hole("192.0.2.2:80")
		c.join(200, [][]string{{u}, {"http://192.0.2.2/announce"}, {"udp://192.0.2.3:80"}})
		time.Sleep(5 * time.Second)
		if len(c.answers) != 199 {
			t.Errorf("%d torrents have peers, want 199", len(c.answers))
		}
		c.leave()
	})
}

// Who has another tracker does not wait for long in the line of one that is silent.
func TestCrowdTurnsElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{swarm: newSwarm(t)}
		_, u := c.busy(after(0))
		c.n.hole("192.0.2.2:80")
		c.join(100, [][]string{{"http://192.0.2.2/announce", "http://192.0.2.2/announce?again"}, {u}})
		time.Sleep(40 * time.Second)
		if len(c.answers) < 100 {
			t.Errorf("%d torrents have peers", len(c.answers))
		}
		c.leave()
	})
}

// A tracker that is too slow to answer is told of a stop all the same, by all that
// it may know.
func TestCrowdLeavesSlowTracker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{swarm: newSwarm(t)}
		b, u := c.busy(after(5 * time.Second))
		c.join(5*perHost, [][]string{{u}})
		time.Sleep(time.Second)
		if b.heard("started") != perHost {
			t.Fatalf("%d were announced", b.heard("started"))
		}
		c.leave()
		if b.heard("stopped") != perHost {
			t.Errorf("it was told of %d of %d", b.heard("stopped"), perHost)
		}
	})
}

// What waits for its turn ends with its announcer, or with the client.
func TestWaitingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{swarm: newSwarm(t)}
		_, u := c.busy(func(*http.Request) <-chan time.Time { return nil })
		c.join(2*hostBurst, [][]string{{u}}) // some are kept by the pace alone
		synctest.Wait()
		c.c.Close()
		synctest.Wait()
		for i, a := range c.torrents {
			if s := a.Status()[0]; s.State != StateFailed {
				t.Errorf("torrent %d: %s", i, s.State)
			}
		}
		c.leave()
	})
}

// states counts the torrents by what they do with their tracker number i.
func (c *crowd) states(i int) map[State]int {
	n := make(map[State]int)
	for _, a := range c.torrents {
		n[a.Status()[i].State]++
	}
	return n
}

// Two thousand torrents begin at the same time: all have announced within half a
// minute, no faster than the pace of a host, over few connections; who waits says so,
// and has no goroutine for it.
func TestCrowdOfThousands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{swarm: newSwarm(t)}
		b, u := c.busy(after(50 * time.Millisecond))
		before := runtime.NumGoroutine()
		c.join(2000, [][]string{{u}})
		synctest.Wait()
		if n := c.states(0); n[StateQueued] != 2000-perHost || n[StateAnnouncing] != perHost {
			t.Errorf("states %v", n)
		}
		if n := runtime.NumGoroutine() - before; n > 2000+10*perHost {
			t.Errorf("%d goroutines for 2000 torrents", n)
		}
		time.Sleep(30 * time.Second)
		if n := c.states(0); n[StateOK] != 2000 || b.heard("started") != 2000 {
			t.Errorf("after 30 s: %v", n)
		}
		if n := len(c.n.dialed()); n > perHost || b.peak() > perHost {
			t.Errorf("%d connections, %d at a time", n, b.peak())
		}
		c.leave()
	})
}

// At a tracker that is silent all fail, each by itself and about when the first does;
// those at others are not kept waiting. When it comes back, so do they.
func TestCrowdAtSilentTracker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{swarm: newSwarm(t)}
		var awake atomic.Bool
		b, u := c.busy(func(*http.Request) <-chan time.Time {
			if awake.Load() {
				return time.After(10 * time.Millisecond)
			}
			return nil
		})
		c.n.serve(t, "192.0.2.9:80", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, peersBody("1.2.3.4:5")) })
		c.join(200, [][]string{{u}, {"udp://192.0.2.3:80"}, {"http://192.0.2.9/announce"}})
		time.Sleep(10 * time.Second)
		if n := c.states(2); n[StateOK] != 200 {
			t.Errorf("at the one that answers: %v", n)
		}
		time.Sleep(11 * time.Second)
		n := c.states(0)
		if n[StateFailed] < 198 || b.heard("started") > 3*perHost {
			t.Errorf("at the silent one: %v after %d requests", n, b.heard("started"))
		}
		time.Sleep(time.Minute)
		if n := c.states(1); n[StateFailed] < 198 {
			t.Errorf("at the silent one over UDP: %v", n)
		}
		awake.Store(true)
		time.Sleep(3 * time.Minute)
		if n := c.states(0); n[StateOK] != 200 {
			t.Errorf("after it came back: %v", n)
		}
		c.leave()
	})
}
