package piece

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// client is a fake connection with a goroutine of its own: it asks, answers
// itself, and does everything that real peers do at the worst moment.
type client struct {
	s    *swarm
	p    *Peer
	addr netip.AddrPort
	wake chan struct{}
	rng  *rand.Rand
	liar bool
}

func (s *swarm) connect(k int, stop <-chan struct{}) {
	c := &client{s: s, wake: make(chan struct{}, 1), rng: rand.New(rand.NewPCG(uint64(k), 1)), liar: k%7 == 3}
	for life := 0; ; life++ {
		c.addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(life), 0, byte(k)}), 1)
		c.p = s.m.Join(c.addr, Hooks{Wake: c.poke, Cancel: func(Block) { c.poke() }, Interest: func(bool) { c.poke() }})
		if k%3 == 0 {
			s.m.SetHaveAll(c.p)
		} else {
			field := NewBitset(s.layout.Pieces())
			for i := range uint32(s.layout.Pieces()) {
				if c.rng.IntN(3) > 0 {
					field.Set(i)
				}
			}
			if err := s.m.SetBitfield(c.p, field.appendWire(nil, s.layout.Pieces())); err != nil {
				s.t.Error(err)
			}
		}
		s.m.Unchoked(c.p)
		ended := c.run(stop)
		s.m.Leave(c.p)
		if ended {
			return
		}
	}
}

func (c *client) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run reports whether the test is over, else the connection broke.
func (c *client) run(stop <-chan struct{}) bool {
	m := c.s.m
	var asked []Block
	for {
		asked = m.Pick(c.p, asked, 1+c.rng.IntN(20), time.Now())
		if len(asked) == 0 {
			select {
			case <-c.wake:
			case <-stop:
				return true
			}
			continue
		}
		for len(asked) > 0 {
			switch x := c.rng.IntN(400); {
			case x == 0:
				return false
			case x == 1:
				m.Choked(c.p, false)
				m.Unchoked(c.p)
				asked = asked[:0]
				continue
			case x == 2:
				m.Snub(c.p)
				m.Unsnub(c.p)
			case x == 3 && !c.s.m.remoteSeed(c.p):
				if err := m.SetHave(c.p, uint32(c.rng.IntN(c.s.layout.Pieces()))); err != nil {
					c.s.t.Error(err)
				}
			case x < 20:
				m.Reject(c.p, asked[0].index, asked[0].begin, asked[0].length)
				asked = asked[1:]
				continue
			}
			c.answer(asked[0])
			asked = asked[1:]
		}
	}
}

func (c *client) answer(b Block) {
	m := c.s.m
	sl, err := m.Claim(c.p, b.index, b.begin, b.length)
	if err != nil {
		if !errors.Is(err, ErrUnwanted) {
			c.s.t.Error(err)
		}
		return
	}
	off := c.s.layout.Offset(b.Index()) + int64(b.Begin())
	copy(sl.Bytes(), c.s.data[off:off+int64(b.Len())])
	if c.liar && c.rng.IntN(10) == 0 {
		sl.Bytes()[0] ^= 1
	}
	if c.rng.IntN(100) == 0 {
		m.Abort(c.p, sl)
		return
	}
	m.Commit(c.p, sl, time.Now())
}

// TestManyConnections lets many goroutines loose on one manager. With a small
// budget pieces are spilled all the time.
func TestManyConnections(t *testing.T) {
	for _, c := range []struct {
		name         string
		total, piece int64
		slabs        int
	}{
		{"plenty of memory", 24 << 20, 256 << 10, 4096},
		{"little memory", 8 << 20, 512 << 10, 24},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSwarm(t, c.total, c.piece, budget(c.slabs))
			stop := make(chan struct{})
			var all sync.WaitGroup
			for k := range 24 {
				all.Go(func() { s.connect(k, stop) })
			}
			all.Go(func() { // the loop of the torrent
				tick := time.NewTicker(5 * time.Millisecond)
				defer tick.Stop()
				for {
					select {
					case <-tick.C:
						s.m.Tick(time.Now())
						s.m.Stats()
						s.m.AppendBitfield(nil)
					case <-stop:
						return
					}
				}
			})
			for !s.m.Done() {
				s.mu.Lock()
				for _, r := range s.results {
					if r.Err != nil {
						t.Error(r.Err)
					}
					for _, g := range r.Guilty {
						if k := int(g.Addr().As4()[3]); k%7 != 3 {
							t.Errorf("%v is honest", g)
						}
					}
				}
				s.results = s.results[:0]
				s.mu.Unlock()
				<-s.verdict
			}
			close(stop)
			all.Wait()
			s.wantDone()
			if err := s.m.invariants(0); err != nil {
				t.Error(err)
			}
			if s.pool.used != 0 {
				t.Errorf("%d slabs are lost", s.pool.used)
			}
		})
	}
}

// TestCloseUnderFire closes a manager while everybody is busy with it.
func TestCloseUnderFire(t *testing.T) {
	for range 20 {
		s := newSwarm(t, 4<<20, 64<<10, budget(100))
		stop := make(chan struct{})
		var all sync.WaitGroup
		for k := range 6 {
			all.Go(func() { s.connect(k, stop) })
		}
		<-s.verdict
		s.m.Close()
		close(stop)
		all.Wait()
		s.workers.Close()
		if s.pool.used != 0 {
			t.Fatalf("%d slabs are lost", s.pool.used)
		}
	}
}
