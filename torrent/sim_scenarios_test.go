package torrent

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// simCase is a swarm in two sizes: a small one for go test, and the one that
// the targets are stated for, with GOTOR_SIM=full.
type simCase struct {
	name  string
	seeds int  // how many random seeds the full size gets; 0: 1
	race  bool // runs under the race detector, too
	// target is the ratio that the full size is to keep to, in the median; 0: none.
	target float64
	make   func(s *sketch)
	check  func(t *testing.T, r *simResult) // of the full size, which lasts for some rounds of choking; may be nil
}

// sketch is a swarm in the making.
type sketch struct {
	simSwarm
	rng  *rand.Rand
	full bool
}

// pick returns one of two sizes.
func (s *sketch) pick(small, full int) int {
	if s.full {
		return full
	}
	return small
}

// add adds n peers with lines of up and down bytes per second, 5 to 15 ms from
// the middle of the net.
func (s *sketch) add(kind string, n int, up, down int64, change func(*simPeer)) {
	for range n {
		p := simPeer{Up: up, Down: down, Latency: time.Duration(5+s.rng.IntN(11)) * time.Millisecond, Kind: kind}
		if change != nil {
			change(&p)
		}
		s.Peers = append(s.Peers, p)
	}
	// Kinds arrive, and are listed by the tracker, in no order.
	s.rng.Shuffle(len(s.Peers), func(i, j int) { s.Peers[i], s.Peers[j] = s.Peers[j], s.Peers[i] })
}

func leaves(p *simPeer) { p.Leaves = true }

// rider makes a peer that gives next to nothing.
func rider(p *simPeer) {
	p.Rider, p.Config = true, func(c *Config) { c.MaxUp = 1 << 10 }
}

// The seed is like the peers of most cases: 20 Mbit/s up.
var simCases = []simCase{
	{name: "flash crowd", seeds: 10, target: 1.20, make: func(s *sketch) {
		s.add("peer", s.pick(16, 100), 20*mbit, 100*mbit, nil)
	}},
	{name: "eight", seeds: 10, race: true, target: 1.15, make: func(s *sketch) {
		s.add("peer", 8, 20*mbit, 100*mbit, nil)
	}, check: func(t *testing.T, r *simResult) {
		if copies := float64(r.sent) / float64(r.Size); copies > 1.4 {
			t.Errorf("the seed sent %.2f copies", copies)
		}
	}},
	{name: "mixed lines", target: 1.25, make: func(s *sketch) {
		n := s.pick(20, 200)
		s.add("1 Mbit/s", n*20/100, 1*mbit, 16*mbit, nil)
		s.add("5 Mbit/s", n*25/100, 5*mbit, 50*mbit, nil)
		s.add("10 Mbit/s", n*25/100, 10*mbit, 50*mbit, nil)
		s.add("20 Mbit/s", n*20/100, 20*mbit, 100*mbit, nil)
		s.add("50 Mbit/s", n*10/100, 50*mbit, 250*mbit, nil)
	}},
	{name: "poisson", make: func(s *sketch) {
		at, mean := time.Duration(0), float64(time.Second)*float64(s.pick(300, 1000))/1000
		s.add("peer", s.pick(12, 60), 20*mbit, 100*mbit, func(p *simPeer) {
			p.Arrive = at
			at += time.Duration(s.rng.ExpFloat64() * mean)
		})
	}},
	{name: "free riders", make: func(s *sketch) {
		n := s.pick(15, 50)
		s.add("gives", n*4/5, 20*mbit, 100*mbit, nil)
		s.add("free rider", n/5, 20*mbit, 100*mbit, rider)
	}, check: func(t *testing.T, r *simResult) {
		give, ride := quantile(r.of("gives"), 0.5), quantile(r.of("free rider"), 0.5)
		if ride < give*95/100 { // where the seed is what all wait for, all are done together
			t.Errorf("free riders are done after %v, before those who give, after %v", ride, give)
		}
	}},
	{name: "all leave", make: func(s *sketch) {
		s.add("peer", s.pick(12, 50), 20*mbit, 100*mbit, leaves)
	}},
	{name: "seed leaves", race: true, make: func(s *sketch) {
		s.SeedLeaves = true
		s.add("peer", s.pick(12, 50), 20*mbit, 100*mbit, nil)
	}},
	{name: "corrupt peers", race: true, make: func(s *sketch) {
		n := s.pick(10, 50)
		s.add("good", n*9/10, 20*mbit, 100*mbit, nil)
		s.add("corrupt", n/10, 20*mbit, 100*mbit, func(p *simPeer) { p.Corrupt, p.Bystander = true, true })
	}},
	{name: "slow seed", make: slowSeed},
	{name: "slow super-seed", make: func(s *sketch) {
		slowSeed(s)
		s.Seed.Spec = func(sp *order) { sp.SuperSeed = true }
	}},
	{name: "super-seed", make: func(s *sketch) {
		s.add("peer", s.pick(12, 50), 20*mbit, 100*mbit, nil)
		s.Seed.Spec = func(sp *order) { sp.SuperSeed = true }
	}},
	{name: "four pieces", race: true, make: func(s *sketch) {
		s.Size = s.pick(4, 16) * mib
		s.PieceLength = s.Size / 4
		s.add("peer", s.pick(8, 20), 20*mbit, 100*mbit, nil)
	}, check: func(t *testing.T, r *simResult) {
		if least := r.relayed(); r.end > 2*least {
			t.Errorf("the last peer is done after %v, whole pieces take %v", r.end, least)
		}
	}},
	{name: "one leecher", make: func(s *sketch) {
		s.add("peer", 1, 20*mbit, 100*mbit, nil)
	}},
	{name: "slow peers", make: func(s *sketch) {
		n := s.pick(10, 50)
		s.add("fast", n*4/5, 20*mbit, 100*mbit, nil)
		s.add("slow", n/5, 1*mbit, 4*mbit, nil)
	}},
	{name: "far peers", make: func(s *sketch) {
		s.add("peer", s.pick(10, 50), 20*mbit, 100*mbit, func(p *simPeer) {
			p.Latency = time.Duration(50+s.rng.IntN(100)) * time.Millisecond
		})
	}},
	{name: "machine room", make: func(s *sketch) {
		s.OneNet, s.Grain, s.Size = true, 100*time.Microsecond, s.pick(8, 256)*mib
		s.Seed.Up, s.Seed.Latency = 1000*mbit, 100*time.Microsecond
		s.add("peer", s.pick(8, 50), 1000*mbit, 1000*mbit, func(p *simPeer) { p.Latency = 100 * time.Microsecond })
	}},
}

func slowSeed(s *sketch) {
	s.Seed.Up = int64(s.pick(10, 5)) * mbit
	s.add("peer", s.pick(10, 30), 20*mbit, 100*mbit, nil)
}

// swarm draws the swarm for a random seed.
func (c *simCase) swarm(random uint64, full bool) simSwarm {
	s := &sketch{rng: rand.New(rand.NewPCG(random, 2)), full: full}
	s.simSwarm = simSwarm{Name: c.name, Random: random, Size: s.pick(8, 64) * mib,
		Seed: simPeer{Up: 20 * mbit, Latency: 10 * time.Millisecond}}
	if !full {
		s.PieceLength = 64 << 10
	}
	c.make(s)
	return s.simSwarm
}

// TestSim runs every case. In all of them everybody finishes, and not much
// later than is possible at all: a third later, and 15 s to get going. With
// GOTOR_SIM=full it prints the table of make sim; GOTOR_SIM_SEEDS overrides the
// number of runs of each case.
func TestSim(t *testing.T) {
	full := os.Getenv("GOTOR_SIM") == "full"
	for _, c := range simCases {
		t.Run(c.name, func(t *testing.T) {
			if simRace && !c.race {
				t.Skip("slow under the race detector")
			}
			fmt.Fprintln(t.Output(), simHeader)
			seeds := 1
			if full {
				seeds = max(1, c.seeds)
			}
			if n, err := strconv.Atoi(os.Getenv("GOTOR_SIM_SEEDS")); err == nil {
				seeds = n
			}
			var ratios []float64
			for random := range max(1, seeds) {
				r := c.swarm(uint64(random+1), full).run(t)
				ratios = append(ratios, r.ratio())
				if late := r.end - max(r.bound(), r.relayed())*4/3; late > 15*time.Second {
					t.Errorf("the last peer is done %v too late", late-15*time.Second)
				}
				if c.check != nil && full && !t.Failed() {
					c.check(t, r)
				}
			}
			c.summarize(t, ratios, full)
		})
	}
}

// summarize prints the median ratio of all runs of a case.
func (c *simCase) summarize(t *testing.T, ratios []float64, full bool) {
	n := len(ratios)
	slices.Sort(ratios)
	median := (ratios[n/2] + ratios[(n-1)/2]) / 2
	if n > 1 {
		fmt.Fprintf(t.Output(), "%s: median ratio of %d runs %.3f, %.3f to %.3f\n", c.name, n, median, ratios[0], ratios[n-1])
	}
	if full && c.target > 0 {
		fmt.Fprintf(t.Output(), "%s: target %.2f, met: %v\n", c.name, c.target, median <= c.target)
	}
}
