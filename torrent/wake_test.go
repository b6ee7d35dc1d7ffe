package torrent

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// However many want however many torrents, few are woken at a time, each once, and
// nobody waits for ever.
func TestWakesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Client{ctx: context.Background()}
		var calls atomic.Int32
		hold := make(chan struct{})
		c.wakes = wakes{client: c, wake: func(h [20]byte) *Torrent {
			calls.Add(1)
			<-hold
			return &Torrent{core: &core{client: c, ids: ids{v1: h}}}
		}}
		var all sync.WaitGroup
		var found atomic.Int32
		for i := range 3 * maxWaking {
			for range 2 * maxCallers {
				all.Go(func() {
					if t := c.wakes.knock([20]byte{byte(i)}, netip.AddrFrom4([4]byte{203, 0, byte(i), 1})); t != nil {
						found.Add(1)
					}
				})
			}
		}
		synctest.Wait()
		if n := calls.Load(); n != maxWaking {
			t.Errorf("%d torrents are woken at a time", n)
		}
		time.Sleep(wakeTime)
		synctest.Wait() // only those that were asked are left
		close(hold)
		all.Wait()
		if n := found.Load(); n != maxWaking {
			t.Errorf("%d had what they wanted; those who waited too long should not", n)
		}
		if n := len(c.wakes.going); n != 0 {
			t.Errorf("%d calls are not over", n)
		}
	})
}

// A host may wake some torrents, then it has to wait; others may go on. Hashes that
// nobody knows cost nobody's turn.
func TestWakePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		known := true
		c := &Client{ctx: context.Background()}
		c.wakes = wakes{client: c, wake: func(h [20]byte) *Torrent {
			if !known {
				return nil
			}
			return &Torrent{core: &core{client: c, ids: ids{v1: h}}}
		}}
		host := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{203, byte(i >> 8), byte(i), 1}) }
		wake := func(host netip.Addr, n int) (woken int) {
			for i := range n {
				if c.wakes.knock([20]byte{byte(i)}, host) != nil {
					woken++
				}
			}
			return woken
		}
		known = false
		wake(host(1), 10_000)
		known = true
		if n := wake(host(1), 50); n != hostBurst {
			t.Errorf("a host wakes %d at once", n)
		}
		if n := wake(host(2), 1); n != 1 {
			t.Error("another host has no turn")
		}
		time.Sleep(hostEvery)
		if n := wake(host(1), 50); n != 1 {
			t.Errorf("it wakes %d after %v", n, hostEvery)
		}
		if n := wake(netip.MustParseAddr("192.168.1.1"), 50); n != 50 {
			t.Errorf("a router wakes %d for its hosts", n)
		}
		time.Sleep(wakeBurst * wakeEvery)
		all := 0
		for i := range 4 * wakeBurst {
			all += wake(host(100+i), 1)
		}
		if all != wakeBurst {
			t.Errorf("all hosts together wake %d at once", all)
		}
		time.Sleep(hostBurst * hostEvery)
		for i := range 70 {
			wake(host(1000+i), 1)
		}
		if n := len(c.wakes.pace.hosts); n > 128 {
			t.Errorf("%d hosts are remembered", n)
		}
	})
}

// An answer that is not of this client, or of another torrent, is none.
func TestWakeWrong(t *testing.T) {
	c, other := &Client{ctx: context.Background()}, &Client{}
	for name, answer := range map[string]*Torrent{
		"another client":  {core: &core{client: other, ids: ids{v1: [20]byte{1}}}},
		"another torrent": {core: &core{client: c, ids: ids{v1: [20]byte{2}}}},
	} {
		c.wakes = wakes{client: c, wake: func([20]byte) *Torrent { return answer }}
		if c.wakes.knock([20]byte{1}, netip.Addr{}) != nil {
			t.Errorf("%s is taken", name)
		}
	}
	c.wakes = wakes{client: c}
	if c.wakes.knock([20]byte{1}, netip.Addr{}) != nil {
		t.Error("somebody sleeps although nobody wakes them")
	}
}
