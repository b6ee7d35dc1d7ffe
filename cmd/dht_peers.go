package cmd

import (
	"context"
	"io"
	"net/netip"

	"github.com/spf13/cobra"

	"gotor/cmd/record"
	"gotor/cmd/ui"
	"gotor/tracker/dht"
)

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
			return c.node.GetPeers(ctx, o.target, dht.PeersOptions{}, func(peers []netip.AddrPort) { found <- peers })
		})
	}()
	var gone error // the reader of our output
	// The channel is read to its end even when nobody reads us: the lookup must be able
	// to end before its client is closed.
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
			err = writeJSON(s.out, record.DHTPeer{V: record.Version, Event: "peer", Peer: p.String()})
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
		rec := record.DHTPeers{V: record.Version, Event: "peers", InfoHash: o.target.String(), Peers: res.Peers, Search: effort(res)}
		if err := writeJSON(s.out, rec); err != nil {
			return err
		}
	} else if res.Peers > 0 {
		s.console.Note(ui.Count(res.Peers, "peer") + "; " + tally(res))
	}
	if res.Peers == 0 {
		return record.Errorf(record.ExitNoPeers, "the DHT knows no peers of %v (%s)", o.target, tally(res))
	}
	return nil
}
