package cmd

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent/network"
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
		Long: `Ping asks a node whether it lives, and prints its address, its id, the time that
the answer took and the version of the node's program, if it says. A host with
several addresses is asked at all of them, and the first answer counts.`,
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

// runDHTPing asks one node.
func runDHTPing(ctx context.Context, o *dhtPingOptions, s *streams) error {
	limited, cancel := o.limited(ctx)
	defer cancel()
	// Looked up before the socket is opened, which decides about the families to use.
	addrs, err := hostAddrs(limited, o.node, machine())
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
		return record.Errorf(record.ExitNoPeers, "%s does not answer: check address and port, and whether UDP gets through", o.node)
	case err != nil:
		return fmt.Errorf("%s: %w", o.node, err)
	case o.json:
		return writeJSON(s.out, record.DHTPing{V: record.Version, Address: a.String(), ID: pong.ID.String(),
			Seconds: pong.Time.Seconds(), Version: programOf(pong.Version)})
	}
	line := fmt.Sprintf("%v %v %v %s", a, pong.ID, pong.Time.Round(time.Microsecond), programOf(pong.Version))
	_, err = io.WriteString(s.out, strings.TrimSpace(line)+"\n")
	return err
}

// programOf is the version of a node for people: two letters, as most begin with
// (BEP 5), and the rest, or all if it is otherwise, as hexadecimal digits.
func programOf(version string) string {
	letter := func(c byte) bool { return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' }
	if len(version) > 2 && letter(version[0]) && letter(version[1]) {
		return version[:2] + "-" + hex.EncodeToString([]byte(version[2:]))
	}
	return hex.EncodeToString([]byte(version))
}

// hostAddrs looks one HOST:PORT of the command line up.
func hostAddrs(ctx context.Context, host string, r network.Resolver) ([]netip.AddrPort, error) {
	addrs, err := resolveNode(ctx, host, r)
	if err != nil && record.CodeOf(err) == record.ExitUsage {
		return nil, record.Usagef("%q is no address of a node: write HOST:PORT, or [ADDRESS]:PORT for IPv6", job.Clip(host))
	}
	if err != nil {
		return nil, record.Errorf(record.ExitNoPeers, "%s: %w", job.Clip(host), errors.Unwrap(err))
	}
	return addrs, nil
}

// firstPong pings addresses side by side and returns the first answer, or else one
// of the errors.
func firstPong(ctx context.Context, c *dhtClient, addrs []netip.AddrPort) (at netip.AddrPort, pong dht.Pong, err error) {
	err = record.Usagef("the node has no address of the family that may be used")
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
