package simnet

import (
	"sync"
	"testing"
	"time"
)

// A send buffer bounds what waits at the uplink, however wide the window; and
// neither of the two limits may keep the stream from its full rate.
func TestSendBuffer(t *testing.T) {
	const size = 2_000_000
	for _, buffer := range []int{1448, 20_000, 64 << 10, 1 << 20} {
		for _, window := range []int{20_000, 256 << 10} {
			simulate(t, func(w *world) {
				a := w.host(1, HostOptions{Up: 1_000_000, Latency: ms, SendBuffer: buffer})
				c, s := w.connect(a, w.host(2, HostOptions{Latency: ms, Window: window}))
				var wg sync.WaitGroup
				wg.Go(func() {
					for sent := 0; sent < size; sent += 10_000 {
						n, err := c.Write(make([]byte, 10_000))
						w.ok(err)
						if waits := int64(sent+n) - a.Stats().Sent; waits > int64(min(buffer, window)) {
							w.Errorf("buffer %d: %d bytes wait at the uplink", buffer, waits)
							return
						}
					}
					c.CloseWrite()
				})
				w.drain(&wg, s, func(n int) {
					if got := w.elapsed() - 2*ms; n != size || !near(got, 2*time.Second) {
						w.Errorf("buffer %d, window %d: %d bytes in %v, want %d in 2 s", buffer, window, n, got, size)
					}
				})
				wg.Wait()
			})
		}
	}
}

// Times that are rounded must not cost bandwidth.
func TestGrain(t *testing.T) {
	simulate(t, func(w *world) {
		w.Net = New(Options{Grain: 5 * ms})
		c, s := w.connect(w.host(1, HostOptions{Up: 1_000_000, Latency: 3 * ms}), w.host(2, HostOptions{Down: 4_000_000}))
		var wg sync.WaitGroup
		w.pump(&wg, c, 3_000_000)
		w.drain(&wg, s, func(int) {
			got := w.elapsed()
			if !near(got, 3*time.Second) || got%(5*ms) != 0 {
				w.Errorf("3 MB in %v, want 3 s and a multiple of 5 ms", got)
			}
		})
		wg.Wait()
	})
}
