package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/torrent"
	"gotor/torrent/network"
	"gotor/tracker/dht"
)

const (
	dhtResolveTime = 5 * time.Second // for the name of a bootstrap node
	dhtPings       = 2               // a packet may get lost; each waits 5 s for its answer
	dhtPacket      = 2048            // longer than any packet of the DHT
	dhtReadErrors  = 1000            // in a row end the receiving
)

// dhtSocket are the flags of what has a UDP port for the DHT.
type dhtSocket struct {
	familyOptions
	port portValue
}

func (o *dhtSocket) addFlags(f *pflag.FlagSet) {
	o.familyOptions.addFlags(f)
	f.Var(&o.port, "port", "send from this UDP `PORT`; auto: from any")
}

// families chooses the networks to take part in. Without an address in a network
// every question there would be waited for in vain, and a machine has often no
// IPv6; named are addresses of the user's own choice, which count as well.
func (o *dhtSocket) families(own []netip.Prefix, named []netip.AddrPort) (v4, v6 bool) {
	for _, p := range own {
		v4 = v4 || p.Addr().Is4()
		v6 = v6 || p.Addr().Is6() && !p.Addr().IsPrivate() // fc00::/7 leads to nobody out there
	}
	for _, a := range named {
		v4 = v4 || a.Addr().Is4()
		v6 = v6 || a.Addr().Is6()
	}
	switch {
	case o.IPv4Only:
		return true, false
	case o.IPv6Only:
		return false, true
	}
	return v4 || !v6, v6
}

// udpNetwork is what a socket for these families is opened for.
func udpNetwork(v4, v6 bool) string {
	switch {
	case !v6:
		return "udp4"
	case !v4:
		return "udp6"
	}
	return "udp" // one socket for both
}

// literals are those of some HOST:PORT that need no looking up.
func literals(hosts []string) (addrs []netip.AddrPort) {
	for _, h := range hosts {
		if a, err := netip.ParseAddrPort(h); err == nil {
			addrs = append(addrs, netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
		}
	}
	return addrs
}

// dhtClient is a node of the DHT with a socket of its own. Its receiver, a
// goroutine, is started by openDHT; close ends it and the node, and waits.
type dhtClient struct {
	node     *dht.Runner
	conn     net.PacketConn
	v4, v6   bool
	boot     []string // HOST:PORT of the nodes to enter by
	received chan struct{}

	// local: nodes may lead us into private networks, as one is there whom the user
	// has named, who was saved, or who has written to us.
	local atomic.Bool

	// known: there are nodes to ask, saved ones or one by which we have entered.
	// It belongs to whoever calls find.
	known bool
}

// dhtSetup is how a dhtClient starts.
type dhtSetup struct {
	dhtSocket
	boot   []string
	named  []netip.AddrPort // to be asked anyway
	state  []byte           // saved nodes, or nil
	answer bool             // others are answered (not BEP 43)
}

// openDHT opens the socket and starts node and receiver.
func openDHT(set dhtSetup) (*dhtClient, error) {
	c := &dhtClient{boot: set.boot, received: make(chan struct{})}
	c.v4, c.v6 = set.families(machineAddrs(), append(literals(set.boot), set.named...))
	for _, a := range set.named {
		c.trust(a.Addr())
	}
	if set.answer && !set.IPv4Only && !set.IPv6Only {
		c.v4, c.v6 = true, true // others may come from anywhere
	}
	port := max(int(set.port), 0)
	conn, err := machine().ListenPacket(context.Background(), udpNetwork(c.v4, c.v6), fmt.Sprintf(":%d", port))
	if err != nil {
		return nil, portError(port, err)
	}
	c.conn = conn
	c.node = dht.NewRunner(dht.Config{
		Send: c.send, IPv4: c.v4, IPv6: c.v6, ReadOnly: !set.answer, Version: torrent.DHTVersion,
		FreshID: !set.answer, // the saved nodes serve every gotor of this user
	}, set.state)
	stats := c.node.Stats()
	c.known = stats.Nodes4+stats.Nodes6 > 0
	if stats.Local > 0 {
		c.local.Store(true)
	}
	go c.receive()
	return c, nil
}

// portError says what to do when there is no port.
func portError(port int, err error) error {
	if port != 0 && errors.Is(err, syscall.EADDRINUSE) {
		return record.Errorf(record.ExitOther, "UDP port %d is taken: choose another with --port, or stop the program that has it", port)
	}
	return record.Errorf(record.ExitOther, "cannot open UDP port %d, choose another with --port: %w", port, err)
}

// send drops what cannot be sent: the node sees to lost packets.
func (c *dhtClient) send(packet []byte, to netip.AddrPort) {
	if !network.Reachable(to.Addr(), c.local.Load()) {
		return // somebody far away has named it
	}
	_, _ = c.conn.WriteTo(packet, net.UDPAddrFromAddrPort(to))
}

// receive hands packets to the node until the socket is closed. Most errors are
// about a packet of ours that nobody took: the socket still works.
func (c *dhtClient) receive() {
	defer close(c.received)
	buf := make([]byte, dhtPacket)
	for bad := 0; bad < dhtReadErrors; bad++ {
		n, addr, err := c.conn.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			bad = -1
			from := addr.(*net.UDPAddr).AddrPort()
			c.trust(from.Addr())
			c.node.Deliver(buf[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
		}
	}
}

// trust notes whom private addresses may come from. No router lets one in from
// outside.
func (c *dhtClient) trust(ip netip.Addr) {
	if network.Classify(ip) == network.Private {
		c.local.Store(true)
	}
}

// close ends all lookups and closes the socket.
func (c *dhtClient) close() {
	c.node.Close()
	c.conn.Close()
	<-c.received
}

// port is the number of our UDP port.
func (c *dhtClient) port() int { return c.conn.LocalAddr().(*net.UDPAddr).Port }

// uses reports whether an address is of a network that we take part in.
func (c *dhtClient) uses(a netip.AddrPort) bool {
	return a.Port() != 0 && (c.v4 && a.Addr().Is4() || c.v6 && a.Addr().Is6())
}

// resolveNode returns the addresses of HOST:PORT. What is not of this form is wrong
// usage; the reason why a name is not found is wrapped once.
func resolveNode(ctx context.Context, item string, r network.Resolver) ([]netip.AddrPort, error) {
	if _, err := job.ParsePeer(item); err != nil {
		return nil, err
	}
	addrs, err := network.Resolve(ctx, r, item)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", item, err)
	}
	return addrs, nil
}

// resolve returns the addresses of HOST:PORT that can be used.
func (c *dhtClient) resolve(ctx context.Context, host string, r network.Resolver) []netip.AddrPort {
	ctx, cancel := context.WithTimeout(ctx, dhtResolveTime)
	defer cancel()
	all, err := resolveNode(ctx, host, r)
	if err != nil {
		return nil // the other bootstrap nodes may do
	}
	var usable []netip.AddrPort
	for _, a := range all {
		if c.uses(a) {
			c.trust(a.Addr())
			usable = append(usable, a)
		}
	}
	return usable
}

// pong pings until there is an answer, a few times.
func (c *dhtClient) pong(ctx context.Context, a netip.AddrPort) (p dht.Pong, err error) {
	for range dhtPings {
		if p, err = c.node.Ping(ctx, a); !errors.Is(err, dht.ErrTimeout) {
			break
		}
	}
	return p, err
}

// errEntered ends the waiting for bootstrap nodes: one has answered.
var errEntered = errors.New("a node has answered")

// enter asks all bootstrap nodes side by side, each as soon as its name is
// looked up, and returns when one has answered.
func (c *dhtClient) enter(ctx context.Context, r network.Resolver) error {
	if len(c.boot) == 0 {
		return record.Errorf(record.ExitNoPeers, "no node of the DHT is known: name one with --dht-bootstrap HOST:PORT")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, host := range c.boot {
		wg.Go(func() {
			addrs := c.resolve(ctx, host, r)
			c.node.Bootstrap(addrs)
			for _, a := range addrs {
				wg.Go(func() {
					if _, err := c.pong(ctx, a); err == nil {
						cancel(errEntered)
					}
				})
			}
		})
	}
	wg.Wait()
	switch cause := context.Cause(ctx); {
	case cause == errEntered:
		return nil
	case cause == nil, errors.Is(cause, context.DeadlineExceeded):
		return record.Errorf(record.ExitNoPeers, "no node of the DHT answers: check the network, or name another node with --dht-bootstrap HOST:PORT")
	}
	return ctx.Err()
}

// introduce names the bootstrap nodes to the node, which asks them for as long as
// it knows too few others. Names that cannot be looked up are tried again now and
// then, until ctx is done.
func (c *dhtClient) introduce(ctx context.Context, r network.Resolver, again time.Duration) {
	pending := c.boot
	timer := time.NewTimer(again)
	defer timer.Stop()
	for {
		found := make([][]netip.AddrPort, len(pending))
		var wg sync.WaitGroup
		for i, host := range pending {
			wg.Go(func() { found[i] = c.resolve(ctx, host, r) })
		}
		wg.Wait()
		var failed []string
		for i, host := range pending {
			if len(found[i]) == 0 {
				failed = append(failed, host)
			}
			c.node.Bootstrap(found[i])
		}
		if pending = failed; len(pending) == 0 {
			return
		}
		timer.Reset(again)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

// find runs a lookup: with the nodes that are known if one of them answers, else
// through the bootstrap nodes. An error means that nobody was there to ask, or
// that ctx has ended before anybody was found. One call at a time.
func (c *dhtClient) find(ctx context.Context, look func(context.Context) dht.Result) (dht.Result, error) {
	if c.known {
		if res := look(ctx); !errors.Is(res.Err, dht.ErrNoNodes) {
			return res, unlessEnded(res.Err)
		}
	}
	if err := c.enter(ctx, machine()); err != nil {
		return dht.Result{}, err
	}
	c.known = true
	res := look(ctx)
	return res, unlessEnded(res.Err)
}

// unlessEnded is the error of a lookup but for the end of its time: what was found
// until then counts.
func unlessEnded(err error) error {
	switch {
	case errors.Is(err, dht.ErrCancelled):
		return nil
	case errors.Is(err, dht.ErrNoNodes):
		return record.Errorf(record.ExitNoPeers, "no node of the DHT answers any more")
	case err != nil:
		return fmt.Errorf("the lookup failed: %w", err)
	}
	return nil
}
