package torrent

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gotor/peer/simnet"
)

// simSwarm is a swarm of real Clients on a simulated internet: one seed, and
// peers that want what it has. Times are virtual, so that they may be asserted.
//
// The random seed fixes the payload, the lines, the arrivals and the tracker's
// answers. It does not fix the clients' own choices (their generators are
// seeded by the runtime) nor the order in which goroutines of one instant run:
// two runs differ by some per cent.
type simSwarm struct {
	Name        string
	Random      uint64
	Size        int // bytes
	PieceLength int // 0: 256 KiB
	Seed        simPeer
	Peers       []simPeer
	// SeedLeaves has the seed stop when every piece has a copy elsewhere.
	SeedLeaves bool
	Grain      time.Duration // times are rounded up to it; 0: simGrain
	OneNet     bool          // all have addresses of one network of 256, as in a machine room
}

// simPeer is one client of a swarm and its line.
type simPeer struct {
	Up, Down int64 // bytes per second; 0: no limit
	Latency  time.Duration
	Arrive   time.Duration // after the start
	Leaves   bool          // when complete; else it goes on as a seed
	Corrupt  bool          // uploads wrong bytes
	Rider    bool          // takes without giving
	// Bystander peers need not finish, and nobody waits for them.
	Bystander bool
	Config    func(*Config) // further changes
	Spec      func(*order)
	Kind      string // groups peers in the report
}

const (
	mbit = 125_000 // bytes per second
	mib  = 1 << 20

	// simAnnounced is how many peers a tracker tells at a time.
	simAnnounced = 50

	// simGrain is short against the latencies, and long enough that a good part
	// of the lines have something to do at the same time.
	simGrain = time.Millisecond
)

// bound is the least time in which all peers can be served, by Kumar and Ross
// (2006): the seed must send everything once, each line must take everything,
// and all uplinks together, from when their owners are there, must carry a copy
// for each. For peers that come at once it is max(F/u_s, F/d_min, N*F/(u_s+sum u_i)).
func (s *simSwarm) bound() time.Duration {
	size := float64(s.Size)
	least, wanted := size/float64(s.Seed.Up), 0.0
	for _, p := range s.Peers {
		if p.Bystander {
			continue
		}
		wanted += size
		if p.Down > 0 {
			least = max(least, p.Arrive.Seconds()+size/float64(p.Down))
		}
	}
	return time.Duration(max(least, s.carried(wanted)) * float64(time.Second))
}

// carried is when all uplinks together can have sent n bytes, in seconds.
func (s *simSwarm) carried(n float64) float64 {
	low, high := 0.0, 1e9
	for high-low > 1e-3 {
		t := (low + high) / 2
		sent := t * float64(s.Seed.Up)
		for _, p := range s.Peers {
			sent += max(0, t-p.Arrive.Seconds()) * float64(p.gives())
		}
		if sent < n {
			low = t
		} else {
			high = t
		}
	}
	return high
}

// relayed is the least time in which the piece that the seed sends last can be
// with everybody. A piece cannot be passed on before it is whole, so it leaves the
// seed after F/u_s, and from then on those who have it become twice as many in no
// less than the fastest line needs for one copy: the seed and the first peer serve
// two more, these four serve four... For equal uplinks and M pieces that makes
// M+log2(N) times one piece, which is what can be reached (Mundinger, Weber and
// Weiss, "Optimal scheduling of peer-to-peer file dissemination", 2008). It is
// next to nothing above F/u_s when pieces are many, and twice as much for four
// pieces and 20 peers, where the bound of Kumar and Ross, in which bytes are
// passed on one by one, is out of reach.
func (s *simSwarm) relayed() time.Duration {
	fastest, peers := s.Seed.Up, 0
	for _, p := range s.Peers {
		fastest = max(fastest, p.gives())
		if !p.Bystander {
			peers++
		}
	}
	doublings := 0
	for have := 2; have < peers+1; have *= 2 { // the seed and the first peer
		doublings++
	}
	last := float64(s.Size)/float64(s.Seed.Up) + float64(doublings)*float64(s.PieceLength)/float64(fastest)
	return time.Duration(last * float64(time.Second))
}

// gives is the bandwidth that p brings to the swarm.
func (p *simPeer) gives() int64 {
	if p.Rider || p.Corrupt {
		return 0
	}
	return p.Up
}

// simResult is what came of a swarm.
type simResult struct {
	*simSwarm
	finish []time.Duration // of each peer, since its arrival; 0: it did not
	end    time.Duration   // of the last, since the start
	whole  time.Duration   // when every piece had a copy elsewhere
	sent   int64           // payload bytes of the seed
	wasted int64           // bytes that peers received in vain
	real   time.Duration
	cpu    float64 // seconds
}

// at returns the finish time at quantile q, from 0 to 1.
func (r *simResult) at(q float64) time.Duration { return quantile(r.of(""), q) }

func quantile(all []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

func (r *simResult) ratio() float64 { return r.end.Seconds() / r.bound().Seconds() }

// of returns the finish times of one kind of peers, or of all.
func (r *simResult) of(kind string) (d []time.Duration) {
	for i, p := range r.Peers {
		if (kind == "" || p.Kind == kind) && !p.Bystander {
			d = append(d, r.finish[i])
		}
	}
	return d
}

const simHeader = "scenario             seed    N   first  median    last   bound  ratio  copies  waste   real    cpu"

func (r *simResult) String() string {
	size := float64(r.Size)
	row := fmt.Sprintf("%-20s %4d %4d %7.1f %7.1f %7.1f %7.1f  %5.3f  %6.3f %5.1f%% %6.1f %6.1f", r.Name, r.Random, len(r.of("")),
		r.at(0).Seconds(), r.at(0.5).Seconds(), r.end.Seconds(), r.bound().Seconds(), r.ratio(), float64(r.sent)/size,
		100*float64(r.wasted)/size/float64(len(r.Peers)), r.real.Seconds(), r.cpu)
	for _, kind := range r.kinds() {
		if d := r.of(kind); len(d) > 0 && len(d) < len(r.of("")) {
			row += fmt.Sprintf("\n  %-18s      %4d %7.1f %7.1f %7.1f", kind, len(d), quantile(d, 0).Seconds(), quantile(d, 0.5).Seconds(), quantile(d, 1).Seconds())
		}
	}
	return row
}

// kinds returns the kinds of peers, short names first.
func (r *simResult) kinds() (kinds []string) {
	for _, p := range r.Peers {
		if !slices.Contains(kinds, p.Kind) {
			kinds = append(kinds, p.Kind)
		}
	}
	slices.SortFunc(kinds, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	return kinds
}

// run lets the swarm happen, and prints a row of the table. All peers must
// finish.
func (s simSwarm) run(t *testing.T) *simResult {
	t.Helper()
	if s.PieceLength == 0 {
		s.PieceLength = 256 << 10
	}
	if s.Grain == 0 {
		s.Grain = simGrain
	}
	start, cpu := time.Now(), cpuSeconds()
	r := &simResult{simSwarm: &s, finish: make([]time.Duration, len(s.Peers))}
	synctest.Test(t, func(t *testing.T) { newSimRun(t, r).play() })
	r.real, r.cpu = time.Since(start), cpuSeconds()-cpu
	fmt.Fprintln(t.Output(), r)
	return r
}

// simRun is a swarm while it runs.
type simRun struct {
	*testing.T
	*simResult
	net     *simnet.Net
	payload *simPayload
	start   time.Time
	clients sync.WaitGroup

	mu   sync.Mutex
	all  []*Torrent
	open []*Client
}

func newSimRun(t *testing.T, r *simResult) *simRun {
	run := &simRun{T: t, simResult: r, net: simnet.New(simnet.Options{Seed: r.Random, Grain: r.Grain}), start: time.Now(),
		all: make([]*Torrent, len(r.Peers)+1)}
	url := startSimTracker(t, run.net.Host(run.addr(0), simnet.HostOptions{Latency: 10 * time.Millisecond}), r.Random)
	var err error
	if run.payload, err = newSimPayload(r.Random, r.Size, r.PieceLength, t.Errorf, url); err != nil {
		t.Fatal(err)
	}
	return run
}

// addr is the address of the i'th host: each in a network of its own, since
// BEP 6 and BEP 40 go by networks, or all in one.
func (r *simRun) addr(i int) netip.Addr {
	if r.OneNet {
		return netip.AddrFrom4([4]byte{10, 1, 1, byte(i)})
	}
	return netip.AddrFrom4([4]byte{100, byte(i >> 8), byte(i), 10})
}

// play starts everybody and waits until the peers are done.
func (r *simRun) play() {
	seed := r.join(len(r.Peers), &r.Seed, true)
	<-seed.Done()
	if r.SeedLeaves {
		r.clients.Go(func() {
			<-r.payload.whole
			r.sent = seed.Snapshot().Uploaded
			seed.Stop()
		})
	}
	r.start = time.Now()
	over := r.trace()
	ended := make(chan struct{})
	r.clients.Go(func() {
		select {
		case <-r.payload.whole:
			r.whole = time.Since(r.start)
		case <-ended:
		}
	})
	var peers sync.WaitGroup
	for i, p := range r.Peers {
		if p.Bystander {
			r.clients.Go(func() { r.live(i) })
		} else {
			peers.Go(func() { r.live(i) })
		}
	}
	peers.Wait()
	r.end = time.Since(r.start)
	close(over)
	close(ended)
	r.sent = max(r.sent, seed.Snapshot().Uploaded)
	for _, t := range r.all[:len(r.Peers)] {
		r.wasted += t.Snapshot().Wasted
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.open {
		r.clients.Go(func() { c.Close() })
	}
	r.clients.Wait()
}

// live is the life of one peer.
func (r *simRun) live(i int) {
	p := &r.Peers[i]
	time.Sleep(p.Arrive)
	t := r.join(i, p, false)
	<-t.Done()
	if err := t.Err(); err == nil {
		r.finish[i] = time.Since(r.start) - p.Arrive
	} else if !p.Bystander {
		r.Errorf("%s: peer %d (%s) failed: %v; %+v", r.simSwarm.Name, i, p.Kind, err, t.Snapshot())
	}
}

// join starts a client with a host of its own.
func (r *simRun) join(i int, p *simPeer, full bool) *Torrent {
	store := &mirror{simPayload: r.payload, full: full, corrupt: p.Corrupt}
	h := r.net.Host(r.addr(i+1), simnet.HostOptions{Up: p.Up, Down: p.Down, Latency: p.Latency, SendBuffer: 32 << 10})
	cfg := Config{Network: h, Storage: store, Name: "gotor/sim", Workers: 1, Port: 6881}
	spec := order{Source: Source{Meta: r.payload.meta, Local: r.OneNet},
		Spec: Spec{Place: Place{Dir: "unused", NoSync: true}, Limits: Limits{Timeout: r.patience()}, Seeding: Seeding{Seed: full || !p.Leaves, SeedOnly: full}}}
	if p.Config != nil {
		p.Config(&cfg)
	}
	if p.Spec != nil {
		p.Spec(&spec)
	}
	c, err := NewClient(cfg)
	if err != nil {
		r.Error(err)
		panic(err)
	}
	t, err := spec.begin(c)
	if err != nil {
		r.Error(err)
		panic(err)
	}
	r.mu.Lock()
	r.all[i] = t
	r.open = append(r.open, c)
	r.mu.Unlock()
	return t
}

// patience is when a peer that is not done never will be.
func (r *simRun) patience() time.Duration { return 20*r.bound() + 10*time.Minute }

// simTracker is a tracker that tells everybody some of the others, at random.
type simTracker struct {
	mu    sync.Mutex
	rng   *rand.Rand
	known []netip.AddrPort
}

func newSimTracker(random uint64) *simTracker {
	return &simTracker{rng: rand.New(rand.NewPCG(random, 1))}
}

// startSimTracker serves HTTP on h until the test ends, and returns the URL.
func startSimTracker(t *testing.T, h *simnet.Host, random uint64) string {
	at := netip.AddrPortFrom(h.Addr(), 80).String()
	l, err := h.Listen(t.Context(), "tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	tr := newSimTracker(random)
	srv := &http.Server{Handler: http.HandlerFunc(tr.announce)}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		srv.Close()
		wg.Wait()
	})
	return "http://" + at + "/announce"
}

func (tr *simTracker) announce(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	port, _ := strconv.ParseUint(q.Get("port"), 10, 16)
	from := netip.AddrPortFrom(netip.MustParseAddrPort(r.RemoteAddr).Addr(), uint16(port))
	want, err := strconv.Atoi(q.Get("numwant"))
	if err != nil {
		want = simAnnounced
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if i := slices.Index(tr.known, from); i >= 0 {
		tr.known = slices.Delete(tr.known, i, i+1)
	}
	var peers []byte
	if q.Get("event") != "stopped" {
		for _, i := range tr.rng.Perm(len(tr.known))[:min(want, simAnnounced, len(tr.known))] {
			a := tr.known[i]
			peers = binary.BigEndian.AppendUint16(append(peers, a.Addr().AsSlice()...), a.Port())
		}
		tr.known = append(tr.known, from)
	}
	fmt.Fprintf(w, "d8:intervali1800e5:peers%d:%se", len(peers), peers)
}
