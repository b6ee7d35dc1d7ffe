package simnet

import (
	"net/netip"
	"testing"
	"time"
)

func TestJitterReorders(t *testing.T) {
	const n = 200
	run := func(seed uint64) (order []byte) {
		simulate(t, func(w *world) {
			w.Net = New(Options{Seed: seed})
			a := w.socket(w.host(1, HostOptions{Latency: ms, Jitter: 10 * ms}), ":1")
			b := w.socket(w.host(2, HostOptions{Latency: ms}), ":1")
			for i := range n {
				_, err := a.WriteToUDPAddrPort([]byte{byte(i)}, netip.AddrPortFrom(addr(2), 1))
				w.ok(err)
				time.Sleep(ms)
			}
			buf := make([]byte, 1)
			for range n {
				b.SetReadDeadline(time.Now().Add(time.Second))
				_, _, err := b.ReadFromUDPAddrPort(buf)
				w.ok(err)
				order = append(order, buf[0])
			}
		})
		return order
	}
	first := run(1)
	late, seen := 0, make(map[byte]bool)
	for i := range first {
		seen[first[i]] = true
		if i > 0 && first[i] < first[i-1] {
			late++
		}
	}
	if len(seen) != n || late < n/10 {
		t.Errorf("%d of %d datagrams came, %d overtaken", len(seen), n, late)
	}
	if again := run(1); string(again) != string(first) {
		t.Error("the same seed gave another order")
	}
	if other := run(2); string(other) == string(first) {
		t.Error("another seed gave the same order")
	}
}

// A loss costs a stream the time of a round trip, and what comes after it the
// rest of that.
func TestStreamLoss(t *testing.T) {
	const n = 500
	run := func(loss float64) (late int, took time.Duration) {
		simulate(t, func(w *world) {
			a := w.host(1, HostOptions{Latency: 20 * ms, Loss: loss})
			c, s := w.connect(a, w.host(2, HostOptions{Latency: 20 * ms}))
			sent := make([]time.Time, n)
			go func() {
				for i := range sent {
					sent[i] = time.Now()
					w.write(c, string([]byte{byte(i), byte(i >> 8)}))
					time.Sleep(10 * ms)
				}
				w.ok(c.CloseWrite())
			}()
			for i := range sent {
				w.wantRead(s, string([]byte{byte(i), byte(i >> 8)}))
				switch d := time.Since(sent[i]); {
				case d < 40*ms || d > 120*ms:
					w.Fatalf("message %d took %v, want 40 ms and at most 80 ms more", i, d)
				case d == 120*ms:
					late++
				}
			}
			w.wantEOF(s)
			took = w.elapsed()
		})
		return late, took
	}
	if late, _ := run(0); late != 0 {
		t.Errorf("%d messages late without loss", late)
	}
	late, took := run(0.04)
	if late < n/50 || late > n/10 {
		t.Errorf("%d of %d messages late, want some 4 %%", late, n)
	}
	if late2, took2 := run(0.04); late2 != late || took2 != took {
		t.Errorf("the same seed gave %d late in %v, and %d in %v", late, took, late2, took2)
	}
}
