package torrent

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"
)

// trace prints what the swarm does every two seconds, if GOTOR_SIM_TRACE is
// set, until the channel is closed; "kinds" has it look at each kind of peer too.
func (r *simRun) trace() chan<- struct{} {
	over := make(chan struct{})
	if os.Getenv("GOTOR_SIM_TRACE") == "" {
		return over
	}
	const every = 2 * time.Second
	fmt.Fprintln(r.Output(), "  time  seed up%  copies  peers up%  spread  least  median  most  done  waste%  conns  unchoked")
	r.clients.Go(func() {
		var lastSeed, lastUp int64
		var last map[string]kindTrace
		for {
			select {
			case <-over:
				return
			case <-time.After(every):
			}
			lastSeed, lastUp = r.traceLine(every, lastSeed, lastUp)
			if os.Getenv("GOTOR_SIM_TRACE") == "kinds" {
				last = r.traceKinds(every, last)
			}
		}
	})
	return over
}

// traceLine prints one line of the trace. Wasted bytes count from the start.
func (r *simRun) traceLine(every time.Duration, lastSeed, lastUp int64) (seed, up int64) {
	r.mu.Lock()
	all := slices.Clone(r.all)
	r.mu.Unlock()
	var got []int64
	var capacity, wasted int64
	done, conns, unchoked, n := 0, 0, 0, 0
	for i, t := range all[:len(r.Peers)] {
		if t == nil {
			continue
		}
		s := t.Snapshot()
		n++
		up += s.Uploaded
		wasted += s.Wasted
		conns += s.Peers
		unchoked += s.Unchoked
		capacity += r.Peers[i].Up
		got = append(got, s.Verified)
		if s.Verified == int64(r.Size) {
			done++
		}
	}
	seed = all[len(r.Peers)].Snapshot().Uploaded
	if n == 0 {
		return seed, up
	}
	slices.Sort(got)
	share := func(n int64) float64 { return 100 * float64(n) / float64(r.Size) }
	r.payload.mu.Lock()
	spread := 100 * r.payload.spread / len(r.payload.copies)
	r.payload.mu.Unlock()
	fmt.Fprintf(r.Output(), "%6.1f %8.1f %8.3f %9.1f %6d%% %5.1f%% %6.1f%% %4.0f%% %5d %6.1f%% %6.1f %8.1f\n", time.Since(r.start).Seconds(),
		100*float64(seed-lastSeed)/every.Seconds()/float64(r.Seed.Up), share(seed)/100,
		100*float64(up-lastUp)/every.Seconds()/float64(max(1, capacity)), spread,
		share(got[0]), share(got[n/2]), share(got[n-1]), done, share(wasted)/float64(n), float64(conns)/float64(n), float64(unchoked)/float64(n))
	return seed, up
}

// kindTrace sums up the peers of one kind, or adds up what they have done.
type kindTrace struct {
	n                     int
	up, down              int64 // bytes so far
	canUp, canDown        int64 // bytes per second
	wanted                int64 // bytes verified
	slots, used, asking   int   // slots, those given, and those whose holders have requests waiting
	waiting, reward, lent int
	from                  map[string]int // holders of slots, by kind
}

// traceKinds prints a line for each kind: how much of its lines is used, how far it
// is, and per peer its slots, how many are given, and to how many that ask for
// something; then to whom.
func (r *simRun) traceKinds(every time.Duration, last map[string]kindTrace) map[string]kindTrace {
	r.mu.Lock()
	all := slices.Clone(r.all[:len(r.Peers)])
	r.mu.Unlock()
	now := make(map[string]kindTrace)
	for i, t := range all {
		if t == nil {
			continue
		}
		p := &r.Peers[i]
		k := now[p.Kind]
		if k.from == nil {
			k.from = make(map[string]int)
		}
		s := t.Snapshot()
		k.n++
		k.up, k.down, k.wanted = k.up+s.Uploaded, k.down+s.Downloaded, k.wanted+s.Verified
		k.canUp, k.canDown = k.canUp+p.Up, k.canDown+p.Down
		r.askSlots(t, &k)
		now[p.Kind] = k
	}
	for _, kind := range r.kinds() {
		k, was := now[kind], last[kind]
		if k.n == 0 {
			continue
		}
		rate := func(n, can int64) float64 { return 100 * float64(n) / every.Seconds() / float64(max(1, can)) }
		each := func(n int) float64 { return float64(n) / float64(k.n) }
		row := fmt.Sprintf("         %-12s up %5.1f%% down %5.1f%% has %5.1f%% slots %4.1f used %4.1f asking %4.1f rewards %4.1f lent %4.1f waiting %4.1f; serves",
			kind, rate(k.up-was.up, k.canUp), rate(k.down-was.down, k.canDown), 100*float64(k.wanted)/float64(k.n)/float64(r.Size),
			each(k.slots), each(k.used), each(k.asking), each(k.reward), each(k.lent), each(k.waiting))
		for _, to := range r.kinds() {
			row += fmt.Sprintf(" %.1f", each(k.from[to]))
		}
		fmt.Fprintln(r.Output(), row)
	}
	return now
}

// askSlots adds up the slots of one client.
func (r *simRun) askSlots(t *Torrent, k *kindTrace) {
	told := make(chan struct{})
	if !t.core.post(func(time.Time) {
		defer close(told)
		c := t.peers.choker
		n, lent := c.Slots()
		k.slots, k.used, k.lent = k.slots+n-lent, k.used+c.Used(), k.lent+lent
		for _, m := range t.peers.members {
			switch p := &m.choking; {
			case p.Unchoked():
				if m.conn.Stats().Queued > 0 {
					k.asking++
				}
				if p.Rewarded() {
					k.reward++
				}
				k.from[r.kindAt(m.addr)]++
			case p.Waiting():
				k.waiting++
			}
		}
	}) {
		return
	}
	<-told
}

// kindAt is the kind of the peer with an address of addr.
func (r *simRun) kindAt(a netip.AddrPort) string {
	for i := range r.Peers {
		if r.addr(i+1) == a.Addr().Unmap() {
			return r.Peers[i].Kind
		}
	}
	return "seed"
}
