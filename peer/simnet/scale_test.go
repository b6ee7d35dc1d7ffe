package simnet

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestEventQueue(t *testing.T) {
	var q eventQueue
	rng := rand.New(rand.NewPCG(3, 4))
	var want []int64
	for range 1000 {
		at := rng.Int64N(100)
		q.push(at, nil, 0)
		want = append(want, at)
		if rng.IntN(3) == 0 {
			i := slices.Index(want, slices.Min(want))
			if got := q.pop().at; got != want[i] {
				t.Fatalf("popped %d, want %d", got, want[i])
			}
			want = slices.Delete(want, i, i+1)
		}
	}
	slices.Sort(want)
	var last event
	for _, at := range want {
		e := q.pop()
		if e.at != at || e.before(&last) {
			t.Fatalf("popped %d after %d, want %d", e.at, last.at, at)
		}
		last = e
	}
}

// ring has each of the hosts download size bytes, in equal parts from its
// `fan` neighbours, all at the same time, in blocks of 16 KiB, over lines of
// 20 Mbit/s up. It returns the virtual time that took.
func ring(t *testing.T, hosts, fan, size int) (took time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, Net: New(Options{}), start: time.Now()}
		all := make([]*Host, hosts)
		for i := range all {
			all[i] = w.host(i, HostOptions{Up: 2_500_000, Down: 12_500_000, Latency: time.Duration(5+i%20) * ms})
		}
		var wg sync.WaitGroup
		for i, h := range all {
			l := w.listen(h, ":6881")
			wg.Go(func() {
				for range fan {
					c, err := l.Accept()
					w.ok(err)
					w.pump(&wg, c.(*conn), size/fan)
				}
				w.ok(l.Close())
			})
			for k := range fan {
				wg.Go(func() {
					from := addr((i + 1 + k) % hosts)
					c := w.dial(h, netip.AddrPortFrom(from, 6881).String())
					w.drain(&wg, c, func(n int) {
						if n != size/fan {
							w.Errorf("%d bytes from %v", n, from)
						}
					})
				})
			}
		}
		wg.Wait()
		took = time.Since(w.start)
	})
	return took
}

func TestManyHosts(t *testing.T) {
	const size = 256 << 10
	got := ring(t, 200, 4, size)
	// The first byte needs three journeys of at most 48 ms.
	least := time.Duration(size * time.Second / 2_500_000)
	if got < least || got > least+200*ms {
		t.Errorf("200 hosts took %v for 256 KiB each, want %v and a little", got, least)
	}
}

// BenchmarkNet reports how many bytes are simulated in a real second, with
// GOTOR_SIM_HOSTS hosts that download GOTOR_SIM_SIZE bytes each.
func BenchmarkNet(b *testing.B) {
	hosts, size := envInt("GOTOR_SIM_HOSTS", 200), envInt("GOTOR_SIM_SIZE", 64<<20)
	b.SetBytes(int64(hosts * size))
	for b.Loop() {
		// Bubbles are for tests, so the benchmark runs one.
		var took time.Duration
		ok := testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{
			{Name: b.Name(), F: func(t *testing.T) { took = ring(t, hosts, 4, size) }},
		})
		if !ok {
			b.Fatal("the simulation failed")
		}
		b.ReportMetric(took.Seconds(), "virtual-s")
	}
}

func envInt(name string, def int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return def
}
