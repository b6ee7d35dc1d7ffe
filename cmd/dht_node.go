package cmd

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"gotor/cmd/record"
	"gotor/cmd/ui"
	"gotor/torrent"
)

// How often a node tells how it is, and looks up again the names of bootstrap
// nodes that could not be found; and how often it saves what it knows.
const (
	nodeTells = time.Minute
	nodeSaves = 15 * time.Minute
)

// dhtNodeOptions are the flags of dht node.
type dhtNodeOptions struct {
	dhtSocket
	dhtOptions
	quiet, json bool
}

const dhtNodeLong = `Node runs a node of the DHT until it is interrupted, which is code 0. A private
DHT begins with one that is started with --dht-bootstrap none; all others, and
every gotor that is to use that network, are told to enter by its address with
--dht-bootstrap HOST:PORT.

Once it listens it says so on stderr, and once a minute how many nodes it knows
(not with -q). With a --port, it saves them in the cache folder, so that the next
start on that port finds back by itself.`

// newDHTNodeCmd describes dht node; runF is runDHTNode, or a test's function.
func newDHTNodeCmd(s *streams, runF func(context.Context, *dhtNodeOptions, *streams) error) *cobra.Command {
	o := new(dhtNodeOptions)
	c := &cobra.Command{
		Use:   "node [flags]",
		Short: "Run a node, for instance to begin a private DHT",
		Long:  dhtNodeLong,
		Example: examples("gotor dht node --port 6881 --dht-bootstrap none",
			"gotor dht node --dht-bootstrap 10.0.0.5:6881"),
		Args:    wantArgs(0, 0, "no arguments"),
		PreRunE: func(*cobra.Command, []string) error { return o.check() },
		RunE:    func(c *cobra.Command, _ []string) error { return runF(c.Context(), o, s) },
	}
	f := c.Flags()
	o.familyOptions.addFlags(f)
	f.Var(&o.port, "port", "listen on this UDP `PORT`; auto: on any")
	o.dhtOptions.addFlags(f)
	f.BoolVarP(&o.quiet, "quiet", "q", false, "do not tell every minute how many nodes are known")
	f.BoolVar(&o.json, "json", false, "tell it on stdout as JSON, one object per line")
	return c
}

func (o *dhtNodeOptions) check() error {
	if o.port < 0 { // which would do for a question, and not for a node
		return record.Usagef("--port none leaves the node nothing to listen on")
	}
	if _, err := o.nodes(); err != nil {
		return err
	}
	return o.familyOptions.check()
}

// runDHTNode runs a node until ctx is done.
func runDHTNode(ctx context.Context, o *dhtNodeOptions, s *streams) error {
	set := dhtSetup{dhtSocket: o.dhtSocket, answer: true}
	var err error
	if set.boot, err = o.nodes(); err != nil {
		return err
	}
	// With the nodes of the last run, a network survives the nodes that one enters by.
	file := o.nodeFile(s)
	set.state = torrent.LoadDHT(file)
	c, err := openDHT(set)
	if err != nil {
		return err
	}
	defer c.close()
	// Before it knows anybody: others may enter by this node, the first of a network.
	if err := o.tell(s, c, "listening"); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	entered := make(chan struct{})
	go func() { // ends with ctx at the latest
		defer close(entered)
		c.introduce(ctx, machine(), nodeTells)
	}()
	err = o.watch(ctx, s, c, file)
	cancel()
	<-entered
	return err
}

// watch tells and saves until ctx is done.
func (o *dhtNodeOptions) watch(ctx context.Context, s *streams, c *dhtClient, file string) error {
	tells, saves := time.NewTicker(nodeTells), time.NewTicker(nodeSaves)
	defer tells.Stop()
	defer saves.Stop()
	for {
		select {
		case <-tells.C:
			if o.quiet {
				continue
			}
			if err := o.tell(s, c, "nodes"); err != nil {
				return err
			}
		case <-saves.C:
			saveNodes(c, file)
		case <-ctx.Done(): // a node ends because somebody ends it: that is no failure
			saveNodes(c, file)
			return nil
		}
	}
}

// tell prints where the node listens, or what it knows.
func (o *dhtNodeOptions) tell(s *streams, c *dhtClient, event string) error {
	at, stats := c.addresses(), c.node.Stats()
	if o.json {
		return writeJSON(s.out, record.DHTStatus{
			V: record.Version, Event: event, Time: s.now(), Port: c.port(), Addresses: at,
			Nodes: stats.Nodes4 + stats.Nodes6, Good: stats.Good4 + stats.Good6,
			Queries: stats.Queries, Torrents: stats.Torrents, Items: stats.Items,
		})
	}
	if event == "listening" {
		s.console.Note(fmt.Sprintf("listening on UDP port %d; others enter with --dht-bootstrap %s", c.port(), at[0]))
		return nil
	}
	s.console.Note(fmt.Sprintf("%s known, %d good; %d queries answered; %s and %s kept for others", ui.Count(stats.Nodes4+stats.Nodes6, "node"),
		stats.Good4+stats.Good6, stats.Queries, ui.Count(stats.Torrents, "torrent"), ui.Count(stats.Items, "value")))
	return nil
}

// addresses are where others may reach the node; loopback on a machine that has
// no network.
func (c *dhtClient) addresses() (all []string) {
	add := func(a netip.Addr) {
		if a.Is4() && c.v4 || a.Is6() && c.v6 {
			all = append(all, netip.AddrPortFrom(a, uint16(c.port())).String())
		}
	}
	for _, p := range machineAddrs() {
		add(p.Addr())
	}
	if len(all) > 0 {
		return all
	}
	add(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	add(netip.IPv6Loopback())
	return all
}
