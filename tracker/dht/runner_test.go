package dht

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// wire connects Runners: packets are delivered at once, or get lost.
type wire struct {
	mu      sync.Mutex
	runners map[netip.AddrPort]*Runner
}

func (w *wire) start(t *testing.T, addr string, cfg Config, state []byte) *Runner {
	from := netip.MustParseAddrPort(addr)
	cfg.Send = func(packet []byte, to netip.AddrPort) {
		w.mu.Lock()
		r := w.runners[to]
		w.mu.Unlock()
		if r != nil {
			r.Deliver(packet, from)
		}
	}
	r := NewRunner(cfg, state)
	t.Cleanup(r.Close)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runners[from] = r
	return r
}

func TestRunnersFindEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{runners: map[netip.AddrPort]*Runner{}}
		first := netip.MustParseAddrPort("127.0.0.1:1000")
		var all []*Runner
		for i := range 12 {
			r := w.start(t, "127.0.0.1:"+itoa(1000+i), Config{IPv4: true}, nil)
			if i > 0 {
				r.Bootstrap([]netip.AddrPort{first})
			}
			all = append(all, r)
			time.Sleep(time.Second)
		}
		ctx := t.Context()
		r := all[3].GetPeers(ctx, idM, PeersOptions{Announce: true, ImpliedPort: true}, nil)
		if r.Err != nil || r.Stored != 8 {
			t.Fatalf("announced: %+v", r)
		}
		var peers []netip.AddrPort
		r = all[9].GetPeers(ctx, idM, PeersOptions{}, func(p []netip.AddrPort) { peers = append(peers, p...) })
		if r.Err != nil || !slices.Equal(peers, []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1003")}) {
			t.Errorf("found %v: %+v", peers, r)
		}
		it := mustSign(t, "", "5:hello", 1)
		if r := all[1].Put(ctx, it, nil); r.Stored != 8 {
			t.Errorf("put: %+v", r)
		}
		if r := all[2].Get(ctx, it.Target(), nil); r.Item == nil || string(r.Item.Value) != "5:hello" {
			t.Errorf("got %+v", r)
		}
		if r := all[4].FindNode(ctx, idM); len(r.Closest) != 8 {
			t.Errorf("found nodes %v", r.Closest)
		}
		if pong, err := all[5].Ping(ctx, first); err != nil || pong.ID == (ID{}) {
			t.Errorf("pinged: %v, %v", pong, err)
		}
		if s := all[5].Stats(); s.Good4 < 8 || s.Received == 0 {
			t.Errorf("stats %+v", s)
		}
		// What one has saved is enough for another to start with.
		heir := w.start(t, "127.0.0.1:2000", Config{IPv4: true, ReadOnly: true}, all[6].State())
		if r := heir.GetPeers(ctx, idM, PeersOptions{}, nil); r.Peers != 1 {
			t.Errorf("from saved state: %+v", r)
		}
		if r := w.start(t, "127.0.0.1:2001", Config{}, []byte("damaged")); r.Stats().Nodes4 != 0 {
			t.Error("a damaged state has nodes")
		}
	})
}

// The longest item gets to somebody whom nobody has heard of before, in spite of
// the limit for strangers.
func TestRunnerGetsLongestItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{runners: map[netip.AddrPort]*Runner{}}
		gate := []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1000")}
		w.start(t, "127.0.0.1:1000", Config{IPv4: true}, nil)
		writer := w.start(t, "127.0.0.1:1001", Config{IPv4: true, ReadOnly: true}, nil)
		writer.Bootstrap(gate)
		it := mustSign(t, "salt", "996:"+strings.Repeat("x", 996), 1)
		if r := writer.Put(t.Context(), it, nil); r.Stored != 1 {
			t.Fatalf("put: %+v", r)
		}
		stranger := w.start(t, "127.0.0.1:1002", Config{IPv4: true, ReadOnly: true, Version: "Gt\x00\x01"}, nil)
		stranger.Bootstrap(gate)
		if r := stranger.Get(t.Context(), it.Target(), []byte("salt")); r.Item == nil || string(r.Item.Value) != string(it.Value) {
			t.Errorf("got %+v", r)
		}
	})
}

// A pong tells the version of the node's program, if it says.
func TestPingTellsVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{runners: map[netip.AddrPort]*Runner{}}
		asker := w.start(t, "127.0.0.1:1000", Config{IPv4: true, ReadOnly: true}, nil)
		for addr, version := range map[string]string{"127.0.0.1:1001": "Gt\x00\x01", "127.0.0.1:1002": "", "127.0.0.1:1003": "a version without end"} {
			w.start(t, addr, Config{IPv4: true, Version: version}, nil)
			pong, err := asker.Ping(t.Context(), netip.MustParseAddrPort(addr))
			if want := version[:min(len(version), maxVersion)]; err != nil || pong.Version != want {
				t.Errorf("%q, %v; want %q", pong.Version, err, want)
			}
		}
	})
}

func TestRunnerContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{runners: map[netip.AddrPort]*Runner{}}
		r := w.start(t, "127.0.0.1:1000", Config{}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if res := r.FindNode(ctx, idM); !errors.Is(res.Err, ErrCancelled) || time.Since(start) != time.Second {
			t.Errorf("ended with %v after %v", res.Err, time.Since(start))
		}
		if _, err := r.Ping(ctx, eve); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("pinged with an ended context: %v", err)
		}
		if _, err := r.Ping(t.Context(), eve); !errors.Is(err, ErrTimeout) {
			t.Errorf("pinged nobody: %v", err)
		}
		if s := r.Stats(); s.Lookups != 0 {
			t.Errorf("%d lookups run after the end of their context", s.Lookups)
		}
	})
}

// Close ends what is under way, and everything after it at once.
func TestRunnerClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{runners: map[netip.AddrPort]*Runner{}}
		r := w.start(t, "127.0.0.1:1000", Config{}, nil)
		results := make(chan error, 2)
		go func() { results <- r.FindNode(context.Background(), idM).Err }()
		go func() { _, err := r.Ping(context.Background(), eve); results <- err }()
		synctest.Wait()
		r.Close()
		for range 2 {
			if err := <-results; !errors.Is(err, ErrClosed) {
				t.Errorf("ended with %v", err)
			}
		}
		r.Close()
		if res := r.FindNode(context.Background(), idM); !errors.Is(res.Err, ErrClosed) {
			t.Errorf("after Close: %v", res.Err)
		}
		if _, err := r.Ping(context.Background(), eve); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if r.State() != nil || r.Stats() != (Stats{}) || r.Do(func(time.Time, *Node) {}) {
			t.Error("a closed Runner answers")
		}
		r.Bootstrap([]netip.AddrPort{eve})
		for range runnerQueue + 1 { // nobody takes them any more
			r.Deliver([]byte(golden["ping"]), eve)
		}
	})
}

// Packets that the node has no time for are dropped, not waited for.
func TestDeliverDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := make(chan struct{})
		r := NewRunner(Config{Send: func([]byte, netip.AddrPort) {}}, nil)
		defer r.Close()
		r.Do(func(time.Time, *Node) { <-busy })
		taken := 0
		for range 2 * runnerQueue {
			if r.Deliver([]byte("garbage"), eve) {
				taken++
			}
		}
		if taken != runnerQueue {
			t.Errorf("%d packets wait, want %d", taken, runnerQueue)
		}
		if r.Deliver(make([]byte, largePacket+1), eve) {
			t.Error("a packet that is too long was taken")
		}
		close(busy)
		synctest.Wait()
		if s := r.Stats(); s.Received != runnerQueue {
			t.Errorf("%d packets were received", s.Received)
		}
	})
}

// A packet belongs to the caller again when Deliver returns.
func TestDeliverCopies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := 0
		r := NewRunner(Config{Send: func([]byte, netip.AddrPort) { answers++ }}, nil)
		defer r.Close()
		busy := make(chan struct{})
		r.Do(func(time.Time, *Node) { <-busy })
		packet := []byte(roPing)
		r.Deliver(packet, eve)
		clear(packet)
		close(busy)
		synctest.Wait()
		r.Stats()
		if answers != 1 {
			t.Error("the packet changed on its way")
		}
	})
}

// A panic in a Runner is told; the Runner is closed then, and nobody waits for
// its answers any more.
func TestRunnerBug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan any, 1)
		r := NewRunner(Config{
			IPv4: true, Bug: func(v any) { told <- v },
			Send: func([]byte, netip.AddrPort) { time.Sleep(time.Second); panic("oops") },
		}, nil)
		waits := make(chan error, 1)
		go func() {
			_, err := r.Ping(t.Context(), netip.MustParseAddrPort("127.0.0.1:1"))
			waits <- err
		}()
		if v := <-told; v != "oops" {
			t.Errorf("told of %v", v)
		}
		if err := <-waits; !errors.Is(err, ErrClosed) {
			t.Errorf("a call that waited got %v", err)
		}
		if res := r.FindNode(t.Context(), idM); !errors.Is(res.Err, ErrClosed) || r.State() != nil {
			t.Errorf("a later call got %v", res.Err)
		}
		r.Close()
	})
}
