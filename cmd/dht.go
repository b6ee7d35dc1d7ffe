package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/ui"
	"gotor/torrent"
	"gotor/torrent/metainfo"
	"gotor/tracker/dht"
)

const dhtLong = `Dht looks into the DHT, the tracker that is distributed among the peers (BEP 5).

All commands but node ask without answering others (BEP 43), and use the nodes
that downloads have come to know; --dht-bootstrap HOST:PORT keeps them to the
network of that node. Code 5 means that nobody answered, or that nothing was
found in time.`

// newDHTCmd describes dht, which is nothing without one of its commands.
func newDHTCmd(s *streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "dht COMMAND",
		Short: "Look into the DHT, or run a node of it",
		Long:  dhtLong,
		Args:  dhtArgs,
		RunE:  func(*cobra.Command, []string) error { return record.Usagef("no command given; see gotor dht --help") },

		SuggestionsMinimumDistance: 2,
	}
	for _, sub := range []*cobra.Command{
		newDHTPingCmd(s, runDHTPing), newDHTLookupCmd(s, runDHTLookup), newDHTPeersCmd(s, runDHTPeers),
		newDHTPutCmd(s, runDHTPut), newDHTGetCmd(s, runDHTGet), newDHTNodeCmd(s, runDHTNode),
	} {
		sub.DisableFlagsInUseLine = true
		sub.ValidArgsFunction = cobra.NoFileCompletions
		c.AddCommand(sub)
	}
	return c
}

// dhtArgs sees what is no command of dht.
func dhtArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return record.Usagef("unknown command %q; did you mean gotor dht %s?", job.Clip(args[0]), strings.Join(near, " or "))
	}
	return record.Usagef("unknown command %q; see gotor dht --help", job.Clip(args[0]))
}

// dhtTime bounds a question to the DHT by default.
const dhtTime = 30 * time.Second

// dhtAsk are the flags of every command that asks the DHT something.
type dhtAsk struct {
	dhtSocket
	timeout timeValue // 0: no limit
	json    bool
}

func (o *dhtAsk) addFlags(c *cobra.Command) {
	f := c.Flags()
	o.dhtSocket.addFlags(f)
	f.Var(&o.timeout, "timeout", "give up after that time (default: 30s)")
	f.BoolVar(&o.json, "json", false, "print JSON, one object per line")
}

// limited is ctx with the time limit.
func (o *dhtAsk) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if limit := o.timeout.or(dhtTime); limit > 0 {
		return context.WithTimeout(ctx, limit)
	}
	return context.WithCancel(ctx)
}

// dhtSearch are the flags of every command that looks for something in the DHT.
type dhtSearch struct {
	dhtAsk
	dhtOptions
}

func (o *dhtSearch) addFlags(c *cobra.Command) {
	o.dhtAsk.addFlags(c)
	o.dhtOptions.addFlags(c.Flags())
}

func (o *dhtSearch) check() error {
	if _, err := o.nodes(); err != nil {
		return err
	}
	return o.familyOptions.check()
}

// open makes the node that asks.
func (o *dhtSearch) open(s *streams) (*dhtClient, error) {
	return openDHTWith(o.dhtSocket, &o.dhtOptions, s)
}

// openDHTWith makes a node that asks.
func openDHTWith(socket dhtSocket, o *dhtOptions, s *streams) (*dhtClient, error) {
	set := dhtSetup{dhtSocket: socket}
	var err error
	if set.boot, err = o.nodes(); err != nil {
		return nil, err
	}
	set.state = torrent.LoadDHT(o.state(s))
	return openDHT(set)
}

// parseTarget reads an info-hash in any of its forms. Torrents of version 2 are
// known by the first 20 bytes of theirs (BEP 52).
func parseTarget(arg string) (dht.ID, error) {
	link, err := metainfo.ParseLink(arg)
	switch {
	case err != nil && job.HasScheme(arg, "magnet:"):
		return dht.ID{}, fmt.Errorf("%s: %w", job.Label(arg), err)
	case err != nil:
		return dht.ID{}, record.Usagef("%q is no info-hash: give 40 hexadecimal digits, 32 of base32, or a magnet link", job.Clip(arg))
	case link.HasV1:
		return link.InfoHash, nil
	case link.HasV2:
		return dht.ID(link.InfoHashV2[:20]), nil
	}
	return dht.ID{}, record.Usagef("the link has a public key instead of an info-hash; gotor dht get tells what is stored under it")
}

// tally says how much asking a result took, and whether more would have been asked.
func tally(res dht.Result) string {
	text := fmt.Sprintf("%s asked, %d answered, %v", ui.Count(res.Queried, "node"), res.Answered, res.Elapsed.Round(time.Millisecond))
	if errors.Is(res.Err, dht.ErrCancelled) {
		text += ", then time was up"
	}
	return text
}

// effort is the same for programs.
func effort(res dht.Result) record.Search {
	return record.Search{Asked: res.Queried, Answered: res.Answered, Seconds: res.Elapsed.Seconds()}
}
