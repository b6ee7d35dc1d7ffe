package torrent

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// simFull reports whether the swarms have the sizes that the targets are stated
// for, as for make sim, or small ones.
func simFull() bool { return os.Getenv("GOTOR_SIM") == "full" }

// alike are n peers with the same bandwidth, some 10 to 30 ms from the middle
// of the net.
func alike(rng *rand.Rand, n int, up, down int64) []simPeer {
	all := make([]simPeer, n)
	for i := range all {
		all[i] = simPeer{Up: up, Down: down, Latency: time.Duration(5+rng.IntN(11)) * time.Millisecond, Kind: "peer"}
	}
	return all
}

// simFlash is a seed and n peers like it, that come at once.
func simFlash(random uint64, n, size int) simSwarm {
	rng := rand.New(rand.NewPCG(random, 2))
	return simSwarm{Name: fmt.Sprintf("flash crowd %d", n), Random: random, Size: size,
		Seed: simPeer{Up: 20 * mbit, Latency: 10 * time.Millisecond}, Peers: alike(rng, n, 20*mbit, 100*mbit)}
}

func TestSimFlash(t *testing.T) {
	fmt.Fprintln(t.Output(), simHeader)
	n, size := 16, 8*mib
	if simFull() {
		n, size = 100, 64*mib
	}
	simFlash(1, n, size).run(t)
}

func TestSimEight(t *testing.T) {
	fmt.Fprintln(t.Output(), simHeader)
	size := 8 * mib
	if simFull() {
		size = 64 * mib
	}
	simFlash(1, 8, size).run(t)
}
