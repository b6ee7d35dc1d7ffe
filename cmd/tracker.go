package cmd

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"gotor/cmd/job"
	"gotor/cmd/record"
	"gotor/cmd/ui"
	"gotor/tracker/server"
)

// trackerOptions are the flags of tracker.
type trackerOptions struct {
	listen      string
	interval    timeValue
	allow       []string
	maxTorrents int
	maxTracked  int
}

// newTrackerCmd describes tracker; runF is runTracker, or a test's function.
func newTrackerCmd(s *streams, runF func(context.Context, *trackerOptions, *streams) error) *cobra.Command {
	o := new(trackerOptions)
	c := &cobra.Command{
		Use:   "tracker [flags]",
		Short: "Run a small tracker for private swarms",
		Long: `Tracker is a place for peers to find each other, over HTTP and UDP on one port.
Once it listens it prints its announce URLs on stdout, one per line, best first;
give one of them to gotor create --tracker. It runs until it is interrupted,
which is code 0, and keeps nothing on disk.

It serves any torrent, or with --allow only those listed. Peers are told each
other's addresses, private ones too. Do not put it behind a reverse proxy: it
would take the proxy for every peer.`,
		Example: examples("gotor tracker &", "gotor tracker --listen 10.0.0.5:6969 --allow build.torrent",
			"gotor tracker --listen 127.0.0.1:0 | head -n 1"),
		Args: wantArgs(0, 0, "no arguments"), ValidArgsFunction: cobra.NoFileCompletions,
		PreRunE: func(*cobra.Command, []string) error { return o.check() },
		RunE:    func(c *cobra.Command, _ []string) error { return runF(c.Context(), o, s) },
	}
	f := c.Flags()
	f.StringVar(&o.listen, "listen", ":6969", "listen on `[HOST]:PORT`; port 0 takes a free one")
	f.Var(&o.interval, "interval", "how often peers are to announce, 10s to 1h (default: 2m)")
	f.StringArrayVar(&o.allow, "allow", nil, "serve only `TORRENT`: a .torrent file or an info-hash; may be repeated")
	f.IntVar(&o.maxTorrents, "max-torrents", server.DefaultMaxTorrents, "know at most `N` torrents")
	f.IntVar(&o.maxTracked, "max-tracked", server.DefaultMaxPeers, "know at most `N` peers of all torrents together")
	return c
}

// check finds what is wrong with the flags together or beyond their types.
func (o *trackerOptions) check() error {
	if d := o.interval.or(server.DefaultInterval); d < server.MinInterval || d > server.MaxInterval {
		return record.Usagef("--interval is %v; it can be from %v to %v", d, server.MinInterval, server.MaxInterval)
	}
	// Without bounds, anybody who can reach the port could fill the memory.
	if o.maxTorrents < 1 || o.maxTracked < 1 {
		return record.Usagef("--max-torrents and --max-tracked must be at least 1")
	}
	_, port, err := net.SplitHostPort(o.listen)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return record.Usagef("--listen %q is not an address; write HOST:PORT, or :PORT for all addresses", job.Clip(o.listen))
	}
	return nil
}

// runTracker serves until ctx is done.
func runTracker(ctx context.Context, o *trackerOptions, s *streams) error {
	allow, err := o.allowed(ctx, s)
	if err != nil {
		return err
	}
	l, pc, err := listenBoth(ctx, o.listen)
	if err != nil {
		return record.WithCode(record.ExitOther, err)
	}
	own := machineAddrs() // for the URLs, and for the server to tell its own networks by
	srv := server.New(server.Config{
		Interval: o.interval.or(server.DefaultInterval), MaxTorrents: o.maxTorrents, MaxPeers: o.maxTracked, Allow: allow, Addrs: own,
	})
	// Printed once both sockets are open: a script may start a client as soon as it has
	// read the first line.
	if _, err := io.WriteString(s.out, announceURLs(l.Addr(), own)); err != nil {
		l.Close()
		pc.Close()
		return err
	}
	if err := srv.Serve(ctx, l, pc); err != nil {
		return record.WithCode(record.ExitOther, fmt.Errorf("the tracker has stopped: %w", err))
	}
	st := srv.Stats()
	s.console.Note(fmt.Sprintf("tracker: %s, %s, %d refused; %s of %s were known at the end", ui.Count(int(st.Announces), "announce"),
		ui.Count(int(st.Scrapes), "scrape"), st.Refused, ui.Count(st.Peers, "peer"), ui.Count(st.Torrents, "torrent")))
	return nil
}

// allowed reads --allow; nil if everything is.
func (o *trackerOptions) allowed(ctx context.Context, s *streams) ([][20]byte, error) {
	var hashes [][20]byte
	l := s.loader(job.Family{})
	for _, arg := range o.allow {
		// A file that is called like a hash is a file, as everywhere.
		if _, err := os.Stat(arg); err != nil && isHex(arg) {
			b, _ := hex.DecodeString(arg)
			hashes = append(hashes, [20]byte(b)) // BEP 52: of a v2 hash the first 20 bytes
			continue
		}
		src, err := l.Load(ctx, arg)
		if err != nil {
			return nil, err
		}
		if src.Meta.HasV1 {
			hashes = append(hashes, src.Meta.InfoHash)
		}
		if src.Meta.HasV2 {
			hashes = append(hashes, [20]byte(src.Meta.InfoHashV2[:20]))
		}
	}
	return hashes, nil
}

// isHex reports whether arg is an info-hash in hexadecimal digits.
func isHex(arg string) bool { return len(arg) != 32 && job.IsHash(arg) }

// bindTries is how often a free port is looked for that is free for UDP, too.
const bindTries = 10

// listenBoth listens on one port for TCP and UDP. The errors say what to do.
func listenBoth(ctx context.Context, addr string) (net.Listener, net.PacketConn, error) {
	door := machine()
	_, port, _ := net.SplitHostPort(addr)
	for try := 1; ; try++ {
		l, err := door.Listen(ctx, "tcp", addr)
		if err != nil {
			return nil, nil, listenError(addr, err)
		}
		pc, err := door.ListenPacket(ctx, "udp", l.Addr().String())
		if err == nil {
			return l, pc, nil
		}
		// The system chose a port that is free for TCP, and somebody has it for UDP: that
		// is luck, which another try may better. A port that was asked for stays what it is.
		l.Close()
		if n, _ := strconv.Atoi(port); n != 0 || try == bindTries {
			return nil, nil, listenError(addr, err)
		}
	}
}

// listenError says what to do when an address cannot be had.
func listenError(addr string, err error) error {
	// The address and the call are in our sentence already.
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		err = sys.Err
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("cannot listen on %s: another program does; choose another port with --listen, or stop it", addr)
	}
	return fmt.Errorf("cannot listen on %s, choose another address with --listen: %w", addr, err)
}

// machineAddrs are the addresses of this machine that others may reach, with
// their networks: IPv4 first, as it is more often let through.
func machineAddrs() []netip.Prefix {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil // then nothing better is known than loopback
	}
	var out []netip.Prefix
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Addr().IsGlobalUnicast() {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b netip.Prefix) int { return a.Addr().BitLen() - b.Addr().BitLen() })
	return out
}

// announceURLs are the URLs of a tracker at an address, one per line. For a
// wildcard they are those of the machine's addresses, or loopback if it has none.
func announceURLs(at net.Addr, own []netip.Prefix) string {
	listen := at.(*net.TCPAddr).AddrPort()
	addr := listen.Addr().Unmap()
	addrs := []netip.Addr{addr}
	if addr.IsUnspecified() {
		addrs = addrs[:0]
		for _, p := range own {
			if addr.Is6() || p.Addr().Is4() { // [::] takes IPv4, too; 0.0.0.0 no IPv6
				addrs = append(addrs, p.Addr())
			}
		}
		if len(addrs) == 0 {
			addrs = append(addrs, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
		}
	}
	var b strings.Builder
	for _, a := range addrs {
		host := netip.AddrPortFrom(a, listen.Port())
		fmt.Fprintf(&b, "http://%s/announce\nudp://%s/announce\n", host, host)
	}
	return b.String()
}
