package piece

import (
	"slices"
	"testing"
	"time"
)

// simulate runs a swarm and reports on it.
func simulate(t *testing.T, c simConfig) simReport {
	t.Helper()
	if c.delay == 0 {
		c.delay = 10 * time.Millisecond
	}
	if c.haveDelay == 0 {
		c.haveDelay = 100 * time.Millisecond
	}
	s := newSimSwarm(t, c)
	s.run(time.Hour)
	for _, n := range s.nodes {
		if n.m != nil {
			if err := n.m.invariants(0); err != nil {
				t.Error(err)
			}
		}
	}
	return s.report()
}

// sparingly leaves out large swarms under the race detector.
func sparingly(t *testing.T, c simConfig) {
	if simRace && len(c.leechers) > 8 {
		t.Skip("a simulation has one goroutine: nothing for the race detector, which makes it ten times as slow")
	}
}

// median runs the swarm with several random seeds and returns the medians.
func median(t *testing.T, c simConfig, runs int) simReport {
	t.Helper()
	var ratio, copies, wasted []float64
	for k := range runs {
		c.seed = uint64(k)
		r := simulate(t, c)
		ratio, copies, wasted = append(ratio, r.ratio), append(copies, r.copies), append(wasted, r.wasted)
	}
	mid := func(x []float64) float64 { slices.Sort(x); return x[len(x)/2] }
	return simReport{ratio: mid(ratio), copies: mid(copies), wasted: mid(wasted)}
}

// mixedUplinks are n leechers from 2 to 50 Mbit/s.
func mixedUplinks(n int) []float64 {
	u := make([]float64, n)
	for k := range u {
		u[k] = []float64{2, 5, 20, 50}[k%4] * 1e6 / 8
	}
	return u
}

// TestSwarmsNearTheBound: when the uplink of the seed is what everybody waits
// for, it sends little more than one copy, and the last leecher is done soon
// after.
func TestSwarmsNearTheBound(t *testing.T) {
	crowd := 30
	if !testing.Short() {
		crowd = 100
	}
	for _, c := range []struct {
		name          string
		cfg           simConfig
		runs          int
		worst, copies float64
		wasted        float64
	}{
		{"8 leechers", simConfig{leechers: uplinks(8, 20), slots: 8}, 5, 1.1, 1.08, 0.01},
		{"8 leechers, late news, unfair streams", simConfig{leechers: uplinks(8, 20), slots: 8, jitter: 250 * time.Millisecond, unfair: true}, 5, 1.12, 1.1, 0.02},
		{"8 leechers, 300 ms apart", simConfig{leechers: uplinks(8, 20), slots: 8, delay: 150 * time.Millisecond}, 3, 1.15, 1.12, 0.06},
		{"a crowd", simConfig{leechers: uplinks(crowd, 20), slots: 4}, 1, 1.22, 1.22, 0.01},
	} {
		t.Run(c.name, func(t *testing.T) {
			sparingly(t, c.cfg)
			c.cfg.total, c.cfg.piece, c.cfg.seeds = 64*mib, 256<<10, uplinks(1, 20)
			r := median(t, c.cfg, c.runs)
			t.Logf("%.3f times the bound, %.3f copies, %.2f %% wasted", r.ratio, r.copies, 100*r.wasted)
			if r.ratio > c.worst || r.copies > c.copies || r.wasted > c.wasted {
				t.Errorf("want at most %.2f times the bound, %.2f copies, %.0f %% wasted", c.worst, c.copies, 100*c.wasted)
			}
		})
	}
}

// TestFellowsDoNoHarm: swarms that sharing out is not made for take no longer
// than if nobody knew anybody.
func TestFellowsDoNoHarm(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  simConfig
	}{
		{"one leecher, three seeds", simConfig{seeds: uplinks(3, 20), leechers: uplinks(1, 20)}},
		{"two leechers, three seeds, one slow", simConfig{seeds: uplinks(3, 20), leechers: []float64{2e6 / 8, 20e6 / 8}}},
		{"one piece", simConfig{total: 256 << 10, seeds: uplinks(1, 20), leechers: uplinks(8, 20)}},
		{"four pieces", simConfig{total: mib, seeds: uplinks(1, 20), leechers: uplinks(8, 20)}},
		{"large pieces", simConfig{piece: 4 * mib, seeds: uplinks(1, 20), leechers: uplinks(8, 20)}},
		{"a fast seed", simConfig{seeds: uplinks(1, 200), leechers: uplinks(8, 20)}},
		{"a very fast seed, slow leechers", simConfig{seeds: uplinks(1, 1000), leechers: uplinks(8, 2)}},
		{"a slow seed", simConfig{seeds: uplinks(1, 2), leechers: uplinks(8, 20)}},
		{"three seeds", simConfig{seeds: uplinks(3, 20), leechers: uplinks(8, 20)}},
		{"free riders", simConfig{seeds: uplinks(1, 20), leechers: uplinks(12, 20), riders: 3}},
		{"half of another kind", simConfig{seeds: uplinks(1, 20), leechers: uplinks(12, 20), plain: 6}},
		{"bandwidths of all kinds", simConfig{seeds: uplinks(1, 20), leechers: mixedUplinks(24), slots: 4}},
		{"not everybody is connected", simConfig{seeds: uplinks(1, 20), leechers: uplinks(24, 20), slots: 4, degree: 8}},
		{"far away", simConfig{seeds: uplinks(1, 20), leechers: uplinks(8, 20), delay: 300 * time.Millisecond}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sparingly(t, c.cfg)
			if c.cfg.total == 0 {
				c.cfg.total = 32 * mib
			}
			if c.cfg.piece == 0 {
				c.cfg.piece = 256 << 10
			}
			if c.cfg.slots == 0 {
				c.cfg.slots = 8
			}
			with := median(t, c.cfg, 3)
			c.cfg.plain = len(c.cfg.leechers)
			without := median(t, c.cfg, 3)
			t.Logf("%.3f times the bound and %.3f copies, without %.3f and %.3f", with.ratio, with.copies, without.ratio, without.copies)
			if with.ratio > 1.05*without.ratio+0.01 {
				t.Errorf("%.3f times the bound, want at most what it takes without: %.3f", with.ratio, without.ratio)
			}
		})
	}
}
