package torrent

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gotor/peer/simnet"
)

// webFleet is many clients that begin together, with one web server behind them:
// Seed is its line. Nobody else has anything.
type webFleet struct {
	simSwarm
	sent     atomic.Int64 // by the server
	requests atomic.Int64
}

// countingWriter counts what is handed to the network.
type countingWriter struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (w countingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.n.Add(int64(n))
	return n, err
}

// run lets the fleet happen and prints a row of the table.
func (f *webFleet) run(t *testing.T) *simResult {
	t.Helper()
	start, cpu := time.Now(), cpuSeconds()
	f.Grain = simGrain
	r := &simResult{simSwarm: &f.simSwarm, finish: make([]time.Duration, len(f.Peers))}
	synctest.Test(t, func(t *testing.T) { f.play(newSimRun(t, r)) })
	r.real, r.cpu, r.sent = time.Since(start), cpuSeconds()-cpu, f.sent.Load()
	fmt.Fprintf(t.Output(), "%v\n  %d requests\n", r, f.requests.Load())
	return r
}

func (f *webFleet) play(r *simRun) {
	url := f.serve(r)
	for i := range r.Peers {
		r.Peers[i].Spec = func(s *order) { s.Mirrors = []Mirror{{URL: url}} }
	}
	r.start = time.Now()
	var peers sync.WaitGroup
	for i := range r.Peers {
		peers.Go(func() { r.live(i) })
	}
	peers.Wait()
	r.end = time.Since(r.start)
	for _, t := range r.all[:len(r.Peers)] {
		r.wasted += t.Snapshot().Wasted
	}
	for _, c := range r.open {
		r.clients.Go(func() { c.Close() })
	}
	r.clients.Wait()
}

// serve starts the web server and returns its URL.
func (f *webFleet) serve(r *simRun) string {
	h := r.net.Host(r.addr(len(r.Peers)+1), simnet.HostOptions{Up: r.Seed.Up, Down: r.Seed.Down, Latency: r.Seed.Latency, SendBuffer: 64 << 10})
	at := netip.AddrPortFrom(h.Addr(), 80).String()
	l, err := h.Listen(r.Context(), "tcp", at)
	if err != nil {
		r.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		f.requests.Add(1)
		http.ServeContent(countingWriter{w, &f.sent}, q, "", time.Time{}, bytes.NewReader(r.payload.bytes))
	})}
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			r.Error(err)
		}
	}()
	r.Cleanup(func() { srv.Close() })
	return "http://" + strings.TrimSuffix(at, ":80") + "/payload"
}

// newWebFleet makes n clients whose lines are all alike, as the server's is: it
// takes 8 s to send one copy.
func newWebFleet(name string, n, size, pieceLength int) *webFleet {
	line := simPeer{Up: int64(size) / 8, Down: int64(size) / 8, Latency: 2 * time.Millisecond}
	return &webFleet{simSwarm: simSwarm{
		Name: name, Random: 1, Size: size, PieceLength: pieceLength, Seed: line, Peers: slices.Repeat([]simPeer{line}, n), OneNet: true,
	}}
}

// check holds a fleet against its promise: the server sends two copies at most,
// and nobody waits for more than three times as long as one would alone.
func (f *webFleet) check(t *testing.T) {
	t.Helper()
	r := f.run(t)
	if copies := float64(r.sent) / float64(r.Size); copies > 2 {
		t.Errorf("the server sent %.2f copies to %d clients", copies, len(f.Peers))
	}
	if r.end > 24*time.Second {
		t.Errorf("the last one was done after %v; alone it takes 8 s", r.end)
	}
}

func TestWebFleet(t *testing.T) {
	n, size := 20, 32*mib
	if testing.Short() || simRace {
		n, size = 8, 16*mib
	}
	newWebFleet("20 and a mirror", n, size, 128<<10).check(t)
}

// TestSimWebFleet is the same with 100, in make sim.
func TestSimWebFleet(t *testing.T) {
	if os.Getenv("GOTOR_SIM") != "full" {
		t.Skip("it takes minutes: GOTOR_SIM=full runs it")
	}
	newWebFleet("100 and a mirror", 100, 128*mib, 256<<10).check(t)
}
