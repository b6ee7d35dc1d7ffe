package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gotor/tracker/dht"
)

// dhtPingOptions are the flags of dht ping.
type dhtPingOptions struct {
	dhtAsk
	node string // HOST:PORT
}

// newDHTPingCmd describes dht ping; runF is runDHTPing, or a test's function.
func newDHTPingCmd(s *streams, runF func(context.Context, *dhtPingOptions, *streams) error) *cobra.Command {
	o := new(dhtPingOptions)
	c := &cobra.Command{
		Use:   "ping [flags] HOST:PORT",
		Short: "Ask a node whether it lives",
		Long: `Ping asks a node whether it lives, and prints its address, its id and the time
that the answer took. A host with several addresses is asked at all of them, and
the first answer counts.`,
		Example: examples("gotor dht ping router.bittorrent.com:6881"),
		Args:    wantArgs(1, 1, "one HOST:PORT"),
		PreRunE: func(*cobra.Command, []string) error { return o.check() },
		RunE: func(c *cobra.Command, args []string) error {
			o.node = args[0]
			return runF(c.Context(), o, s)
		},
	}
	o.addFlags(c)
	return c
}

// dhtPingRecord is the object of dht ping --json.
type dhtPingRecord struct {
	V       int     `json:"v"`
	Address string  `json:"address"`
	ID      string  `json:"id"`
	Seconds float64 `json:"seconds"`
}

// runDHTPing asks one node.
func runDHTPing(ctx context.Context, o *dhtPingOptions, s *streams) error {
	limited, cancel := o.limited(ctx)
	defer cancel()
	addrs, err := hostAddrs(limited, o.node, net.DefaultResolver)
	if err != nil {
		return err
	}
	c, err := openDHT(dhtSetup{dhtSocket: o.dhtSocket, named: addrs})
	if err != nil {
		return err
	}
	defer c.close()
	a, pong, err := firstPong(limited, c, addrs)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, dht.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return codef(exitNoPeers, "%s does not answer: check address and port, and whether UDP gets through", o.node)
	case err != nil:
		return fmt.Errorf("%s: %w", o.node, err)
	case o.json:
		return writeJSON(s.out, dhtPingRecord{eventVersion, a.String(), pong.ID.String(), pong.Time.Seconds()})
	}
	_, err = fmt.Fprintf(s.out, "%v %v %v\n", a, pong.ID, pong.Time.Round(time.Microsecond))
	return err
}

// hostAddrs looks one HOST:PORT of the command line up.
func hostAddrs(ctx context.Context, host string, r resolver) ([]netip.AddrPort, error) {
	addrs, err := parsePeer(ctx, host, r)
	if err != nil && exitCode(err) == exitUsage {
		return nil, usagef("%q is no address of a node: write HOST:PORT, or [ADDRESS]:PORT for IPv6", clip(host))
	}
	if err != nil {
		return nil, codef(exitNoPeers, "%s: %w", clip(host), errors.Unwrap(err))
	}
	return addrs, nil
}

// firstPong pings addresses side by side and returns the first answer, or else one
// of the errors.
func firstPong(ctx context.Context, c *dhtClient, addrs []netip.AddrPort) (at netip.AddrPort, pong dht.Pong, err error) {
	err = usagef("the node has no address of the family that may be used")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex // guards the results
	var wg sync.WaitGroup
	for _, a := range addrs {
		if !c.uses(a) {
			continue
		}
		wg.Go(func() {
			p, e := c.pong(ctx, a)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				at, pong, err = a, p, e
			}
			if e == nil {
				cancel()
			}
		})
	}
	wg.Wait()
	return at, pong, err
}

// dhtTargetOptions are the flags of dht lookup and dht get-peers.
type dhtTargetOptions struct {
	dhtSearch
	target dht.ID
}

// newDHTLookupCmd describes dht lookup; runF is runDHTLookup, or a test's function.
func newDHTLookupCmd(s *streams, runF func(context.Context, *dhtTargetOptions, *streams) error) *cobra.Command {
	return newTargetCmd(&cobra.Command{
		Use:   "lookup [flags] ID",
		Short: "Find the nodes closest to an id",
		Long: `Lookup finds the nodes whose ids are closest to an id, which is written as an
info-hash is, and prints them: id and address, closest first. There are at most 8
in each of the two networks, IPv4 and IPv6.`,
		Example: examples("gotor dht lookup 0123456789abcdef0123456789abcdef01234567"),
		Args:    wantArgs(1, 1, "one ID"),
	}, s, runF)
}

// newDHTPeersCmd describes dht get-peers; runF is runDHTPeers, or a test's function.
func newDHTPeersCmd(s *streams, runF func(context.Context, *dhtTargetOptions, *streams) error) *cobra.Command {
	return newTargetCmd(&cobra.Command{
		Use:   "get-peers [flags] INFOHASH",
		Short: "Find the peers of a torrent",
		Long: `Get-peers looks for the peers of a torrent and prints the address of each as
soon as it is found, one per line. Nobody has tried whether they are there.
INFOHASH is hexadecimal or base32, or a magnet link.`,
		Example: examples("gotor dht get-peers 'magnet:?xt=urn:btih:...'",
			"gotor dht get-peers --json INFOHASH | jq -r '.peer // empty'"),
		Args: wantArgs(1, 1, "one INFOHASH"),
	}, s, runF)
}

// newTargetCmd adds what the two have in common.
func newTargetCmd(c *cobra.Command, s *streams, runF func(context.Context, *dhtTargetOptions, *streams) error) *cobra.Command {
	o := new(dhtTargetOptions)
	c.PreRunE = func(*cobra.Command, []string) error { return o.check() }
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if o.target, err = parseTarget(args[0]); err != nil {
			return err
		}
		return runF(c.Context(), o, s)
	}
	o.addFlags(c)
	return c
}

// dhtLookupRecord is the object of dht lookup --json.
type dhtLookupRecord struct {
	V        int             `json:"v"`
	Target   string          `json:"target"`
	Nodes    []dhtNodeRecord `json:"nodes"` // closest first
	Hops     int             `json:"hops"`
	Asked    int             `json:"asked"`
	Answered int             `json:"answered"`
	Seconds  float64         `json:"seconds"`
}

// dhtNodeRecord is a node in it.
type dhtNodeRecord struct {
	ID      string `json:"id"`
	Address string `json:"address"`
}

// runDHTLookup finds nodes.
func runDHTLookup(ctx context.Context, o *dhtTargetOptions, s *streams) error {
	c, err := o.open(s)
	if err != nil {
		return err
	}
	defer c.close()
	limited, cancel := o.limited(ctx)
	defer cancel()
	res, err := c.find(limited, func(ctx context.Context) dht.Result { return c.FindNode(ctx, o.target) })
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case len(res.Closest) == 0:
		return codef(exitNoPeers, "no node answered within %v", o.timeout.or(dhtTime))
	case o.json:
		rec := dhtLookupRecord{eventVersion, o.target.String(), []dhtNodeRecord{}, res.Hops, res.Queried, res.Answered, res.Elapsed.Seconds()}
		for _, n := range res.Closest {
			rec.Nodes = append(rec.Nodes, dhtNodeRecord{n.ID.String(), n.Addr.String()})
		}
		return writeJSON(s.out, rec)
	}
	var b strings.Builder
	for _, n := range res.Closest {
		fmt.Fprintf(&b, "%v %v\n", n.ID, n.Addr)
	}
	_, err = io.WriteString(s.out, b.String())
	s.console.note(tally(res))
	return err
}

// dhtPeerRecord is a line of dht get-peers --json.
type dhtPeerRecord struct {
	V     int    `json:"v"`
	Event string `json:"event"` // "peer"
	Peer  string `json:"peer"`
}

// dhtPeersRecord is the last line.
type dhtPeersRecord struct {
	V        int     `json:"v"`
	Event    string  `json:"event"` // "peers"
	InfoHash string  `json:"info_hash"`
	Peers    int     `json:"peers"`
	Asked    int     `json:"asked"`
	Answered int     `json:"answered"`
	Seconds  float64 `json:"seconds"`
}

// foundPeers is more than a lookup finds, so that the node never waits for whoever
// reads our output.
const foundPeers = 4096

// runDHTPeers prints peers while they are found.
func runDHTPeers(ctx context.Context, o *dhtTargetOptions, s *streams) error {
	c, err := o.open(s)
	if err != nil {
		return err
	}
	defer c.close()
	limited, cancel := o.limited(ctx)
	defer cancel()
	found := make(chan []netip.AddrPort, foundPeers)
	var res dht.Result
	go func() { // ends with the lookup, which cancel ends
		defer close(found)
		res, err = c.find(limited, func(ctx context.Context) dht.Result {
			return c.GetPeers(ctx, o.target, dht.PeersOptions{}, func(peers []netip.AddrPort) { found <- peers })
		})
	}()
	var gone error // the reader of our output
	for peers := range found {
		if gone == nil {
			if gone = o.print(s, peers); gone != nil {
				cancel()
			}
		}
	}
	switch {
	case gone != nil:
		return gone
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	}
	return o.conclude(s, res)
}

// print writes peers, each in a line.
func (o *dhtTargetOptions) print(s *streams, peers []netip.AddrPort) error {
	for _, p := range peers {
		var err error
		if o.json {
			err = writeJSON(s.out, dhtPeerRecord{eventVersion, "peer", p.String()})
		} else {
			_, err = io.WriteString(s.out, p.String()+"\n")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// conclude tells how the search for peers ended.
func (o *dhtTargetOptions) conclude(s *streams, res dht.Result) error {
	if o.json {
		rec := dhtPeersRecord{eventVersion, "peers", o.target.String(), res.Peers, res.Queried, res.Answered, res.Elapsed.Seconds()}
		if err := writeJSON(s.out, rec); err != nil {
			return err
		}
	} else if res.Peers > 0 {
		s.console.note(count(res.Peers, "peer") + "; " + tally(res))
	}
	if res.Peers == 0 {
		return codef(exitNoPeers, "the DHT knows no peers of %v (%s)", o.target, tally(res))
	}
	return nil
}
