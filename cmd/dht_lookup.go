package cmd

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"gotor/cmd/record"
	"gotor/tracker/dht"
)

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

// runDHTLookup finds nodes.
func runDHTLookup(ctx context.Context, o *dhtTargetOptions, s *streams) error {
	c, err := o.open(s)
	if err != nil {
		return err
	}
	defer c.close()
	limited, cancel := o.limited(ctx)
	defer cancel()
	res, err := c.find(limited, func(ctx context.Context) dht.Result { return c.node.FindNode(ctx, o.target) })
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case len(res.Closest) == 0:
		return record.Errorf(record.ExitNoPeers, "no node answered within %v", o.timeout.or(dhtTime))
	case o.json:
		rec := record.DHTLookup{V: record.Version, Target: o.target.String(), Nodes: []record.DHTLookupNode{}, Hops: res.Hops, Search: effort(res)}
		for _, n := range res.Closest {
			rec.Nodes = append(rec.Nodes, record.DHTLookupNode{ID: n.ID.String(), Address: n.Addr.String()})
		}
		return writeJSON(s.out, rec)
	}
	var b strings.Builder
	for _, n := range res.Closest {
		fmt.Fprintf(&b, "%v %v\n", n.ID, n.Addr)
	}
	_, err = io.WriteString(s.out, b.String())
	// The effort is talk: stdout has a node in each line, and nothing else.
	s.console.Note(tally(res))
	return err
}
